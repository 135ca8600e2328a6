package dev.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.MemoryStore;
import dev.millrace.simulation.contract.StoreContract;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.simulation.trace.TracingStore;
import dev.millrace.store.Storage;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;

/** A store that is traced is the same store: it passes the whole contract, and what it told meanwhile fits. */
class TracingStoreIT extends StoreContract {

    private final SettableWorld world = new SettableWorld();
    private final List<TraceEvent> told = new CopyOnWriteArrayList<>();

    @Override
    protected Storage openStorage() {
        return new TracingStore(new MemoryStore(), told::add).open(world);
    }

    @Override
    protected void letPass(Duration time) {
        world.advance(time);
    }

    @AfterAll
    void it_told_all_kinds_of_steps() {
        assertThat(told)
                .hasAtLeastOneElementOfType(TraceEvent.Joined.class)
                .hasAtLeastOneElementOfType(TraceEvent.Beat.class)
                .hasAtLeastOneElementOfType(TraceEvent.Claimed.class)
                .hasAtLeastOneElementOfType(TraceEvent.Read.class)
                .hasAtLeastOneElementOfType(TraceEvent.Flushed.class)
                .hasAtLeastOneElementOfType(TraceEvent.Deposed.class)
                .hasAtLeastOneElementOfType(TraceEvent.TookBack.class)
                .hasAtLeastOneElementOfType(TraceEvent.Refused.class)
                .hasAtLeastOneElementOfType(TraceEvent.Enqueued.class);
        assertThat(told)
                .allSatisfy(event -> assertThat(event.at().asked())
                        .isLessThanOrEqualTo(event.at().nanos()));
    }
}
