package dev.millrace;

import dev.millrace.memory.Memory;
import dev.millrace.store.Storage;
import dev.millrace.world.World;
import org.jspecify.annotations.Nullable;

/**
 * Jobs in the memory of this process, for tests and first steps: everything the engine promises, except that nothing outlives the
 * process and no job can join a transaction. Opened more than once, it is one store with several nodes on it.
 */
public final class MemoryStore implements Store {

    private final Memory memory = new Memory();
    private final @Nullable Codec codec;

    /** Keeps payloads and results as the values they are; they should be immutable. */
    public MemoryStore() {
        this.codec = null;
    }

    /** Keeps payloads and results as text, as a database would: so a test also shows what does not survive that. */
    public MemoryStore(Codec codec) {
        this.codec = codec;
    }

    @Override
    public Storage open(World world) {
        return memory.open(world, codec);
    }
}
