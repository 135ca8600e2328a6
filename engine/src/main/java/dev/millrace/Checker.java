package dev.millrace;

import dev.millrace.Decoder.Undecodable;
import dev.millrace.QueueView.Depth;
import dev.millrace.store.Records;
import dev.millrace.store.Records.Waiting;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads jobs that wait as a node would, and runs none of them. */
final class Checker {

    /** Of each kind and version at a start: what is wrong with all of them is found in one, and what is with one in twenty nearly surely. */
    private static final int AT_A_START = 50;

    /** Jobs that are looked at, at a start: some milliseconds of the database. */
    private static final int NEAR = 1_000;

    /** Jobs that are looked at before a deploy, when nobody waits for a node: a queue that is as deep as is counted anywhere is counted to its end. */
    private static final int FAR = 10 * QueueView.EXACT_UP_TO;

    private final Records records;
    private final Map<String, Decoder> decoders;

    /** @param decoders how the node reads payloads, by kind */
    Checker(Records records, Map<String, Decoder> decoders) {
        this.records = records;
        this.decoders = decoders;
    }

    /** As much as who deploys wants to know. */
    Check check(Collection<String> queues, Check.Options options) {
        return check(
                options.everyQueue
                        ? records.queues().stream().map(QueueView::name).toList()
                        : options.queues.isEmpty() ? queues : options.queues,
                options.sample,
                FAR);
    }

    /** As much as a start may cost. What this node does not handle is left to others. */
    Check atStart(Collection<String> queues) {
        var check = check(queues, AT_A_START, NEAR);
        return new Check(check.kinds().stream().filter(Check.OfKind::handled).toList(), check.complete());
    }

    private Check check(Collection<String> queues, int most, int reach) {
        var sample = records.sample(queues, most, reach);
        var given = new HashMap<KindName, List<Waiting>>();
        for (var job : sample.jobs())
            given.computeIfAbsent(new KindName(job.kind(), job.kindVersion()), kind -> new ArrayList<>())
                    .add(job);
        var found = new ArrayList<Check.OfKind>();
        for (var met : sample.met()) {
            var kind = new KindName(met.kind(), met.kindVersion());
            found.add(check(kind, new Depth(met.count(), sample.complete()), given.getOrDefault(kind, List.of())));
        }
        return new Check(found, sample.complete());
    }

    private Check.OfKind check(KindName kind, Depth waiting, List<Waiting> jobs) {
        var decoder = decoders.get(kind.name());
        int refused = 0;
        @Nullable JobId example = null;
        @Nullable String why = null;
        for (var job : jobs) {
            var wrong = wrongWith(job, decoder);
            if (wrong == null) continue;
            refused++;
            if (example != null) continue;
            example = job.job();
            why = Bounds.shown(wrong);
        }
        return new Check.OfKind(
                kind.name(), kind.version(), waiting, jobs.size(), refused, decoder != null, example, why);
    }

    private static @Nullable String wrongWith(Waiting job, @Nullable Decoder decoder) {
        if (decoder == null)
            return "This node has no handler for kind %s. Register one, or leave its queue to nodes that do."
                    .formatted(job.kind());
        try {
            decoder.job(job.kindVersion(), job.payload());
            return null;
        } catch (Undecodable refused) {
            return refused.why();
        }
    }
}
