package dev.millrace.benchmarks.peers;

import dev.millrace.benchmarks.contender.Contender;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.benchmarks.contender.Ground;

/** DBOS Transact with a queue: a job is a workflow without steps, whose beginning and outcome are checkpoints. */
public final class Dbos implements Contender {

    @Override
    public String name() {
        return "dbos";
    }

    @Override
    public Entry open(Ground ground) {
        return DbosEntry.open(ground);
    }
}
