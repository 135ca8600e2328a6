package dev.millrace.simulation.trace;

import dev.millrace.Store;
import dev.millrace.store.Storage;
import dev.millrace.world.World;
import java.util.function.Consumer;

/**
 * A store that tells what is done to it, and is otherwise the store that it was given.
 *
 * @param sink called by many threads, in the midst of their steps: it must be safe for that, must not block for long, and should not
 *     throw
 */
public record TracingStore(Store store, Consumer<? super TraceEvent> sink) implements Store {

    @Override
    public Storage open(World world) {
        return new TracingStorage(store.open(world), world, sink);
    }
}
