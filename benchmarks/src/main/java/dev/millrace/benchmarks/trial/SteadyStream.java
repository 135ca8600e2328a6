package dev.millrace.benchmarks.trial;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Millrace;
import dev.millrace.Node;
import dev.millrace.benchmarks.trial.MillraceContender.Noop;
import dev.millrace.postgres.PostgresStore;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.LongStream;

/**
 * Jobs that do nothing arrive in small bulks at a steady beat, and a node in the same process runs them. Pick-up is counted from the
 * return of a bulk's enqueue; a job that starts before that counts as picked up at once. One thread sends, others may look.
 */
final class SteadyStream implements AutoCloseable {

    private static final int CONNECTIONS = 12;
    private static final Duration LOOK = Duration.ofMillis(5);

    /** How many bulks are remembered: those of 20 minutes, whatever waits. */
    private static final int REMEMBERED = 1 << 16;

    private final Stage stage;
    private final Pace pace;
    private final HikariDataSource pool;
    private final Millrace millrace;
    private final Node node;
    private final AtomicLongArray taken = new AtomicLongArray(REMEMBERED);
    private final AtomicLong bulks = new AtomicLong();
    private volatile Latencies latencies = new Latencies();

    private SteadyStream(Stage stage, HikariDataSource pool) {
        this.stage = stage;
        this.pace = new Pace(stage.sizes().perSecond());
        this.pool = pool;
        this.millrace =
                Millrace.on(new PostgresStore(pool).withSchema(stage.ground().schema()), stage.world());
        this.node = millrace.node()
                .name("bench")
                .slots(stage.sizes().slots())
                .handle(Noop.class, job -> started(job.n()))
                .start();
    }

    /** Its node runs from now on. */
    static SteadyStream open(Stage stage) {
        var pool = Database.pool(stage.ground(), CONNECTIONS);
        try {
            return new SteadyStream(stage, pool);
        } catch (RuntimeException e) {
            pool.close();
            throw e;
        }
    }

    /** How many jobs were sent. */
    long sent() {
        return pace.first(bulks.get());
    }

    /** How many have ended, as the database has acknowledged. */
    long done() {
        return node.status().counts().completed();
    }

    /** From now on pick-ups are counted there. */
    void into(Latencies latencies) {
        this.latencies = latencies;
    }

    private void started(long n) {
        long at = taken.get((int) (pace.bulkOf(n) % REMEMBERED));
        latencies.add(at == 0 ? 0 : stage.world().nanoTime() - at);
    }

    /** Sends for so long. If the database can't keep up, fewer arrive: a bulk waits for the one before. */
    void send(double seconds) throws InterruptedException {
        var world = stage.world();
        long began = world.nanoTime();
        for (long beat = 0; beat * Pace.BEAT.toNanos() < seconds * 1e9; beat++) {
            long due = began + beat * Pace.BEAT.toNanos();
            long now = world.nanoTime();
            if (due > now) world.sleep(Duration.ofNanos(due - now));
            long bulk = bulks.get();
            int place = (int) (bulk % REMEMBERED);
            taken.set(place, 0);
            millrace.enqueueAll(
                    LongStream.range(pace.first(bulk), pace.first(bulk + 1)).mapToObj(Noop::of));
            taken.set(place, world.nanoTime());
            bulks.incrementAndGet();
            stage.narrator().at("bulks", beat, (long) (seconds * 1e9 / Pace.BEAT.toNanos()));
            if (stage.seconds(began) > seconds) break; // it can't keep up: what was done by now counts
        }
    }

    /** Waits until all that was sent is done, but for no longer than a phase may take. */
    void drain() throws InterruptedException {
        long began = stage.world().nanoTime();
        while (done() < sent() && !stage.over(began)) stage.rest(LOOK);
    }

    @Override
    public void close() {
        try (pool) {
            millrace.close();
        }
    }
}
