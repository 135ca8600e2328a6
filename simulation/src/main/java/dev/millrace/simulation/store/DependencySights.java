package dev.millrace.simulation.store;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.simulation.checker.AfterOthers.Sight;
import dev.millrace.simulation.database.Table;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Logged;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All jobs as all see them: what is committed, for who checks, and is no transaction. */
final class DependencySights {

    private final Tables tables;
    private final List<Table<?, ?>> dependsOn;
    private Map<JobId, Sight> known = Map.of();
    private long changes = -1;

    DependencySights(Tables tables) {
        this.tables = tables;
        this.dependsOn = List.of(tables.log, tables.outcomes, tables.batched, tables.timers, tables.parked);
    }

    Map<JobId, Sight> all() {
        long now = dependsOn.stream().mapToLong(Table::changes).sum();
        if (now != changes) known = sights();
        changes = now;
        return known;
    }

    private Map<JobId, Sight> sights() {
        var newest = new HashMap<JobId, Logged>();
        for (var row : tables.log.committed())
            newest.merge(row.asked().job(), row, (a, b) -> a.turn().before(b.turn()) ? b : a);
        var batched = new HashMap<DeliveryKey, State>();
        for (var outcome : tables.batched.committed()) batched.put(outcome.key(), outcome.state());
        var sights = new HashMap<JobId, Sight>();
        newest.forEach((job, row) -> {
            var key = DeliveryKey.of(row.place());
            var alone = tables.outcomes.committed(key);
            var state = alone != null ? alone.state() : batched.getOrDefault(key, State.AVAILABLE);
            sights.put(job, new Sight(state, row.turn().run(), false));
        });
        for (var timer : tables.timers.committed()) {
            var state = timer.retry() ? State.RETRYABLE : State.SCHEDULED;
            sights.put(timer.asked().job(), new Sight(state, timer.turn().run(), timer.forNoTime()));
        }
        for (var parked : tables.parked.committed())
            sights.put(
                    parked.asked().job(),
                    new Sight(State.AVAILABLE, parked.turn().run(), false));
        return sights;
    }
}
