package dev.millrace.simulation.store;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.simulation.checker.FollowedOnce.Sight;
import dev.millrace.simulation.database.Table;
import dev.millrace.simulation.store.Rows.BatchRow;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Outcome;
import dev.millrace.simulation.store.Rows.Tally;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Batches and their parts as all see them: what is committed, for who checks, and is no transaction. */
final class BatchSights {

    private final Tables tables;
    private final List<Table<?, ?>> dependsOn;
    private Map<JobId, Sight> known = Map.of();
    private long changes = -1;

    BatchSights(Tables tables) {
        this.tables = tables;
        this.dependsOn = List.of(
                tables.batches,
                tables.batchParts,
                tables.batchCounts,
                tables.log,
                tables.outcomes,
                tables.batched,
                tables.timers,
                tables.parked);
    }

    Map<JobId, Sight> all() {
        long now = dependsOn.stream().mapToLong(Table::changes).sum();
        if (now == changes) return known;
        var batches = tables.batches.committed();
        known = batches.isEmpty() ? Map.of() : sights(batches);
        changes = now;
        return known;
    }

    private Map<JobId, Sight> sights(List<BatchRow> batches) {
        var jobs = jobs();
        var parts = new HashMap<JobId, List<JobId>>();
        for (var row : tables.batchParts.committed())
            parts.computeIfAbsent(row.key().batch(), first -> new ArrayList<>()).addAll(row.jobs());
        var counts = new HashMap<JobId, Tally>();
        for (var count : tables.batchCounts.committed()) counts.merge(count.batch(), count.ended(), Tally::plus);
        var sights = new LinkedHashMap<JobId, Sight>();
        for (var batch : batches) {
            var own = parts.getOrDefault(batch.id(), List.of());
            sights.put(batch.id(), sight(batch, List.copyOf(own), counts.getOrDefault(batch.id(), Tally.NONE), jobs));
        }
        return sights;
    }

    private static Sight sight(BatchRow batch, List<JobId> parts, Tally counted, Jobs jobs) {
        var ended = new HashMap<JobId, State>();
        var open = new HashSet<JobId>();
        for (var part : parts) {
            var state = jobs.ended.get(part);
            if (state != null) ended.put(part, state);
            else if (jobs.kept.contains(part)) open.add(part);
        }
        return new Sight(
                batch.parts(),
                parts,
                counted.completed(),
                counted.discarded(),
                counted.cancelled(),
                batch.followedAt() != null,
                jobs.waitForNoTime.contains(batch.id()),
                jobs.begun.getOrDefault(batch.id(), 0),
                ended,
                open);
    }

    /**
     * What is kept of all jobs.
     *
     * @param kept those of whose first run anything is there
     * @param ended how that run ended
     * @param begun how often it has begun: deliveries that are the first, and were not born ended
     * @param waitForNoTime those that follow a batch, and wait for it
     */
    private record Jobs(
            Set<JobId> kept, Map<JobId, State> ended, Map<JobId, Integer> begun, Set<JobId> waitForNoTime) {}

    private Jobs jobs() {
        var jobs = new Jobs(new HashSet<>(), new HashMap<>(), new HashMap<>(), new HashSet<>());
        for (var timer : tables.timers.committed()) {
            if (timer.turn().run() == 1) jobs.kept.add(timer.asked().job());
            if (timer.forNoTime()) jobs.waitForNoTime.add(timer.asked().job());
        }
        for (var parked : tables.parked.committed())
            if (parked.turn().run() == 1) jobs.kept.add(parked.asked().job());
        var batched = new HashMap<DeliveryKey, Outcome>();
        for (var outcome : tables.batched.committed()) batched.put(outcome.key(), outcome);
        for (var row : tables.log.committed()) {
            if (row.turn().run() > 1) continue;
            var job = row.asked().job();
            jobs.kept.add(job);
            if (row.turn().no() == 1 && !bornEnded(row.place().stream())) jobs.begun.merge(job, 1, Integer::sum);
            var ending = ending(DeliveryKey.of(row.place()), batched);
            if (ending != null && ending.last()) jobs.ended.put(job, ending.state());
        }
        return jobs;
    }

    private boolean bornEnded(int stream) {
        var row = tables.streams.committed(stream);
        return row != null && row.shard() == Tables.ENDED;
    }

    private @Nullable Outcome ending(DeliveryKey key, Map<DeliveryKey, Outcome> batched) {
        var alone = tables.outcomes.committed(key);
        return alone != null ? alone : batched.get(key);
    }
}
