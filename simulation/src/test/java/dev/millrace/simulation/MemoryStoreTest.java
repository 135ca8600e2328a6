package dev.millrace.simulation;

import dev.millrace.MemoryStore;
import dev.millrace.simulation.contract.StoreContract;
import dev.millrace.store.Storage;
import java.time.Duration;

class MemoryStoreTest extends StoreContract {

    private final SettableWorld world = new SettableWorld();

    @Override
    protected Storage openStorage() {
        return new MemoryStore().open(world);
    }

    @Override
    protected void letPass(Duration time) {
        world.advance(time);
    }
}
