package dev.millrace;

import dev.millrace.Decoder.Undecodable;
import dev.millrace.store.Records;
import dev.millrace.store.Records.Waiting;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Reads jobs that wait as a node would, and runs none of them. */
final class Checker {

    /** Of each kind and version: where one of a hundred does not fit, others will be found the same way. */
    private static final int MOST = 200;

    private final Records records;
    private final Map<String, Decoder> decoders;

    /** @param decoders how the node reads payloads, by kind */
    Checker(Records records, Map<String, Decoder> decoders) {
        this.records = records;
        this.decoders = decoders;
    }

    Check check(Collection<String> queues) {
        var sample = records.sample(queues, MOST);
        var kinds = new TreeMap<KindName, List<Waiting>>(
                Comparator.comparing(KindName::name).thenComparingInt(KindName::version));
        for (var job : sample.jobs())
            kinds.computeIfAbsent(new KindName(job.kind(), job.kindVersion()), kind -> new ArrayList<>())
                    .add(job);
        var found = new ArrayList<Check.OfKind>();
        kinds.forEach((kind, jobs) -> found.add(check(kind, jobs)));
        return new Check(found, sample.complete());
    }

    private Check.OfKind check(KindName kind, List<Waiting> jobs) {
        int refused = 0;
        @Nullable JobId example = null;
        @Nullable String why = null;
        for (var job : jobs) {
            var wrong = wrongWith(job);
            if (wrong == null) continue;
            refused++;
            if (example != null) continue;
            example = job.job();
            why = Bounds.shown(wrong);
        }
        return new Check.OfKind(kind.name(), kind.version(), jobs.size(), refused, example, why);
    }

    private @Nullable String wrongWith(Waiting job) {
        var decoder = decoders.get(job.kind());
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
