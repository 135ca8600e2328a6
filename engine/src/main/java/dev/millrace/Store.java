package dev.millrace;

import dev.millrace.store.Storage;
import dev.millrace.world.World;

/**
 * Where jobs are kept: {@code MemoryStore} for tests and first steps, {@code PostgresStore} for everything else. A store is a value
 * that says where and how; {@code Millrace.on} opens it.
 */
public interface Store {

    /** Opens it. For the engine; users give a store to {@code Millrace.on}. */
    Storage open(World world);
}
