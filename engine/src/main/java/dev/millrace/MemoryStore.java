package dev.millrace;

import dev.millrace.memory.Memory;
import dev.millrace.store.Storage;
import dev.millrace.world.World;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Jobs in the memory of this process, for tests and first steps: everything the engine promises, except that nothing outlives the
 * process and no job can join a transaction. Opened more than once, it is one store with several nodes on it.
 */
public final class MemoryStore implements Store {

    private final Memory memory;
    private final @Nullable Codec codec;
    private final Duration idempotencyKeys;

    /** Keeps payloads and results as the values they are; they should be immutable. Values are neither compressed nor encrypted. */
    public MemoryStore() {
        this(new Memory(), null, Memory.IDEMPOTENCY_KEYS);
    }

    /** Keeps payloads and results as text, as a database would: so a test also shows what does not survive that. */
    public MemoryStore(Codec codec) {
        this(new Memory(), codec, Memory.IDEMPOTENCY_KEYS);
    }

    private MemoryStore(Memory memory, @Nullable Codec codec, Duration idempotencyKeys) {
        this.memory = memory;
        this.codec = codec;
        this.idempotencyKeys = idempotencyKeys;
    }

    /** The same jobs, read and written with another codec: as by a process of another build, or with other keys. */
    public MemoryStore withCodec(Codec codec) {
        return new MemoryStore(memory, codec, idempotencyKeys);
    }

    /**
     * The same jobs, with {@linkplain JobOptions#idempotencyKey idempotency keys} that stand for their request this long, by default 24 hours. Where several stores
     * on the same jobs differ, the shortest holds.
     *
     * @param span 1 second to 10 years
     */
    public MemoryStore withIdempotencyKeysFor(Duration span) {
        return new MemoryStore(memory, codec, Bounds.idempotencyKeys(span));
    }

    @Override
    public Storage open(World world) {
        return memory.open(world, codec, idempotencyKeys);
    }
}
