package dev.millrace.benchmarks.peers;

import dev.millrace.benchmarks.contender.Contender;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.benchmarks.contender.Ground;

/** Quartz with its JDBC job store: a job is a trigger, which is acquired, fired and deleted under one lock. */
public final class Quartz implements Contender {

    @Override
    public String name() {
        return "quartz";
    }

    @Override
    public Entry open(Ground ground) throws Exception {
        return QuartzEntry.open(ground);
    }
}
