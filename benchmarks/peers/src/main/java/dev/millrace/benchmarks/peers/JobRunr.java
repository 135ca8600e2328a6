package dev.millrace.benchmarks.peers;

import dev.millrace.benchmarks.contender.Contender;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.benchmarks.contender.Ground;

/** JobRunr, the free edition: one table; a job is a JSON document that is rewritten at each change of its state. */
public final class JobRunr implements Contender {

    @Override
    public String name() {
        return "jobrunr";
    }

    @Override
    public Entry open(Ground ground) {
        return JobRunrEntry.open(ground);
    }
}
