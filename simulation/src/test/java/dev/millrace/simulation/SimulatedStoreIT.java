package dev.millrace.simulation;

import dev.millrace.simulation.contract.StoreContract;
import dev.millrace.simulation.database.Database;
import dev.millrace.simulation.store.SimulatedStore;
import dev.millrace.simulation.time.Timeline;
import dev.millrace.store.Storage;
import java.time.Duration;
import java.util.Set;

/** The store that the simulation plays on keeps the same promises as the others. */
class SimulatedStoreIT extends StoreContract {

    private final SettableWorld world = new SettableWorld();

    @Override
    protected Storage openStorage() {
        var timeline = new Timeline();
        return new SimulatedStore(timeline, new Database(timeline, () -> null), world, Duration.ofDays(7), Set.of());
    }

    @Override
    protected void letPass(Duration time) {
        world.advance(time);
    }
}
