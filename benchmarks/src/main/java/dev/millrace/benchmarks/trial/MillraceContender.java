package dev.millrace.benchmarks.trial;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Node;
import dev.millrace.benchmarks.contender.Card;
import dev.millrace.benchmarks.contender.Contender;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.benchmarks.contender.Ground;
import dev.millrace.benchmarks.contender.Load;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.world.World;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Millrace as a contender: one node, as its documentation shows it. */
final class MillraceContender implements Contender {

    /** A node's own, one for each of the callers, and some for the rest. */
    private static final int CONNECTIONS = 48;

    /** Asks whether to stop once in so many jobs; a power of two less one. */
    private static final long SIGN = 0x3FF;

    @Kind("bench-noop")
    record Noop(String load) implements Job<Void> {

        static Noop of(long n) {
            return new Noop(Load.payload(n));
        }

        long n() {
            return Load.number(load);
        }
    }

    private final World world;
    private final int slots;

    MillraceContender(World world, int slots) {
        this.world = world;
        this.slots = slots;
    }

    @Override
    public String name() {
        return Child.MILLRACE;
    }

    @Override
    public Entry open(Ground ground) {
        var pool = Database.pool(ground, CONNECTIONS);
        try {
            return new Opened(pool, Millrace.on(new PostgresStore(pool).withSchema(ground.schema()), world), slots);
        } catch (RuntimeException e) {
            pool.close();
            throw e;
        }
    }

    static Card card(int slots) {
        var version = MillraceContender.class.getPackage().getImplementationVersion();
        return new Card(version == null ? "of this build" : version, Map.of("slots", Integer.toString(slots)));
    }

    private static final class Opened implements Entry {

        private final HikariDataSource pool;
        private final Millrace millrace;
        private final int slots;
        private final LongAdder taken = new LongAdder();
        private volatile @Nullable Node node;

        Opened(HikariDataSource pool, Millrace millrace, int slots) {
            this.pool = pool;
            this.millrace = millrace;
            this.slots = slots;
        }

        @Override
        public Card card() {
            return MillraceContender.card(slots);
        }

        @Override
        public long enqueueMany(long from, long count, BooleanSupplier stop) {
            int enqueued = millrace.enqueueAll(LongStream.range(from, from + count)
                            .takeWhile(n -> (n & SIGN) != 0 || !stop.getAsBoolean())
                            .mapToObj(Noop::of))
                    .size();
            taken.add(enqueued);
            return enqueued;
        }

        @Override
        public void enqueueOne(long n) {
            millrace.enqueue(Noop.of(n));
            taken.increment();
        }

        @Override
        public void start(LongConsumer handler) {
            node = millrace.node()
                    .name("bench")
                    .slots(slots)
                    .handle(Noop.class, job -> handler.accept(job.n()))
                    .start();
        }

        /** The node counts a job when its outcome has been acknowledged, so nothing needs to be asked of the database. */
        @Override
        public long unfinished() {
            var running = node;
            long done = running == null ? 0 : running.status().counts().completed();
            return Math.max(0, taken.sum() - done);
        }

        @Override
        public void close() {
            try (pool) {
                millrace.close();
            }
        }
    }
}
