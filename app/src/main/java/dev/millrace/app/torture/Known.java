package dev.millrace.app.torture;

import dev.millrace.app.torture.TortureLedger.Sent;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** What the producers know in the end, and what became of what they do not know. For one thread. */
final class Known {

    private final List<Sent> acknowledged;
    private final UUID[] batches;
    private final UUID[] lines;
    private final Set<Integer> unknown;
    private final long refusals;
    private final Set<Integer> taken = new HashSet<>();
    private final Set<Integer> twice = new HashSet<>();

    /** What they know now. */
    Known(Producers producers, SteadyProducer batchProducer, SteadyProducer lineProducer) {
        this.batches = batchProducer.acknowledged();
        this.lines = lineProducer.acknowledged();
        this.acknowledged = producers.acknowledged();
        this.unknown = producers.unknown();
        this.refusals = producers.refused();
    }

    void record(TortureLedger ledger) throws SQLException {
        ledger.sent(acknowledged, true);
    }

    /** Of what is in the log and was not acknowledged, each unknown one may be there once. */
    void adopt(TortureLedger ledger) throws SQLException {
        var rightful = new ArrayList<Sent>();
        for (var stray : ledger.strays()) {
            if (unknown.contains(stray.n()) && taken.add(stray.n())) rightful.add(stray);
            else twice.add(stray.n());
        }
        if (!rightful.isEmpty()) ledger.sent(rightful, false);
    }

    /** Batches whose enqueue returned. */
    UUID[] batches() {
        return batches.clone();
    }

    /** Jobs in line whose enqueue returned. */
    UUID[] lines() {
        return lines.clone();
    }

    int acknowledged() {
        return acknowledged.size();
    }

    /** How many jobs are there that nobody sent, or that were sent and refused. */
    int twice() {
        return twice.size();
    }

    /** What is to be reported of the unknown ones, if so many of those that were taken have not ended. */
    TortureReport.Unknown unknown(long open) {
        return new TortureReport.Unknown(
                unknown.size(), taken.size(), taken.size() - open, unknown.size() - taken.size(), refusals);
    }
}
