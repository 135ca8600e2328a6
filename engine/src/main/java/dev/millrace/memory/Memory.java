package dev.millrace.memory;

import dev.millrace.Codec;
import dev.millrace.store.Storage;
import dev.millrace.store.Storage.Listening;
import dev.millrace.store.Storage.Wakeup;
import dev.millrace.world.World;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a store in memory keeps, shared by all who opened it.
 *
 * <p>One lock guards everything: a step takes it, reads its opener's clock, proves its lease, and then does all it has to do, or
 * throws before it has written anything. That makes each step a transaction, and the order of the steps the only order there is. Who
 * listens is told after the lock is free.
 */
public final class Memory {

    /** Ended jobs that are kept, and then the oldest are forgotten: about 100 MB of small ones. */
    public static final int MAX_ENDED = 100_000;

    /** How long an idempotency key stands for its job, unless an opener says otherwise: longer than any sender goes on repeating. */
    public static final Duration IDEMPOTENCY_KEYS = Duration.ofHours(24);

    private static final Logger LOG = System.getLogger(Memory.class.getName());

    private final ReentrantLock lock = new ReentrantLock();

    /** Who listens, by the hearing that its end is told to. */
    final Map<Listening, Consumer<Wakeup>> listeners = new ConcurrentHashMap<>();

    final Ledger ledger;
    final Keys keys = new Keys();
    final Members members = new Members();
    final Owners owners;
    final Claims claims;
    final Endings endings;
    final Journal journal;
    final Waiting waiting;
    final Pictures pictures;
    final Schedules schedules;
    final UniqueKeys uniqueKeys;
    final Batches batches;
    final BulkChanges bulk;
    final Schemas schemas = new Schemas();
    final FleetNumbers fleet;

    public Memory() {
        this(MAX_ENDED);
    }

    Memory(int maxEnded) {
        ledger = new Ledger(maxEnded);
        owners = new Owners(ledger, members);
        fleet = new FleetNumbers(ledger, members);
        claims = new Claims(ledger, owners);
        endings = new Endings(ledger, members, claims, owners);
        journal = new Journal(claims);
        waiting = new Waiting(ledger, owners);
        pictures = new Pictures(ledger, members);
        uniqueKeys = new UniqueKeys(ledger, endings);
        batches = new Batches(ledger);
        bulk = new BulkChanges(ledger, endings, batches);
        schedules = new Schedules(ledger, members, uniqueKeys);
    }

    /** A storage on this memory, which sees all that others on it did. */
    public Storage open(World world, @Nullable Codec codec) {
        return open(world, codec, IDEMPOTENCY_KEYS);
    }

    /**
     * A storage on this memory, which sees all that others on it did.
     *
     * @param idempotencyKeys how long it has an idempotency key stand for its job
     */
    public Storage open(World world, @Nullable Codec codec, Duration idempotencyKeys) {
        return new MemoryStorage(this, world, codec, idempotencyKeys);
    }

    <T> T step(World world, Function<Instant, T> body) {
        List<Wakeup> hints;
        T answer;
        lock.lock();
        try {
            ledger.begin();
            var now = world.now();
            ledger.endPauses(now);
            answer = body.apply(now);
        } finally {
            hints = ledger.takeHints();
            lock.unlock();
        }
        for (var listener : listeners.values()) for (var hint : hints) tell(listener, hint);
        return answer;
    }

    /** A listener that throws must not make a step look as if it had failed: the step has been taken. */
    private static void tell(Consumer<Wakeup> listener, Wakeup hint) {
        try {
            listener.accept(hint);
        } catch (RuntimeException thrown) {
            LOG.log(
                    Level.WARNING,
                    "A listener of the store threw at " + hint + ". The hint is lost, nothing else.",
                    thrown);
        }
    }
}
