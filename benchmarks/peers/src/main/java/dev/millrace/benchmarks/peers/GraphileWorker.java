package dev.millrace.benchmarks.peers;

import dev.millrace.benchmarks.contender.Contender;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.benchmarks.contender.Ground;
import java.io.IOException;
import java.sql.SQLException;

/**
 * graphile-worker, on Node: jobs are taken by SQL functions, locked and deleted in batches. Its handlers run in a process of
 * their own and only tell which jobs they ran, so a handler that is given here is called once the word has come.
 */
public final class GraphileWorker implements Contender {

    @Override
    public String name() {
        return "graphile-worker";
    }

    @Override
    public Entry open(Ground ground) throws IOException, InterruptedException, SQLException {
        var version = Version.of("graphile-worker");
        return GraphileWorkerEntry.open(ground, NodePackage.installed("graphile-worker", version), version);
    }
}
