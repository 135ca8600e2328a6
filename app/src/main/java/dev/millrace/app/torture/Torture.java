package dev.millrace.app.torture;

import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.app.torture.TortureJobs.Effect;
import dev.millrace.app.torture.TortureJobs.Exact;
import dev.millrace.app.torture.TortureJobs.Flaky;
import dev.millrace.app.torture.TortureJobs.Hopeless;
import dev.millrace.app.torture.TortureLedger.Sent;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.store.StoreException;
import dev.millrace.world.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * One run: jobs arrive all the time, one node after the other is killed and replaced, one is frozen beyond its lease and woken; then
 * everything is let finish, and counted. In a schema of its own, which is dropped at the end.
 */
public final class Torture {

    /** How much longer than a lease a node is frozen. */
    private static final Duration FREEZE = Duration.ofSeconds(16);

    /** A woken node is not killed for so long: it must have time to find out that it was deposed, and to say so. */
    private static final Duration SPARED = Duration.ofSeconds(5);

    private static final Duration TICK = Duration.ofMillis(100);
    private static final Duration LAST_JOBS = Duration.ofSeconds(90);
    private static final long EXACT_LONGEST_MILLIS = 300;
    private static final int PRODUCERS = 16;

    private final TorturePlan plan;
    private final DataSource dataSource;
    private final Map<String, String> environment;
    private final World world;
    private final Consumer<String> narrator;
    private final Random chance;
    private final AtomicLong unknown = new AtomicLong();
    private int kills;
    private int freezes;
    private boolean kept;

    /**
     * A run on this database.
     *
     * @param environment how a node process reaches the same database: TORTURE_DATABASE, TORTURE_USER, TORTURE_PASSWORD
     * @param narrator hears what happens, a line at a time
     */
    Torture(
            TorturePlan plan,
            DataSource dataSource,
            Map<String, String> environment,
            World world,
            Consumer<String> narrator) {
        this.plan = plan;
        this.dataSource = dataSource;
        this.environment = environment;
        this.world = world;
        this.narrator = narrator;
        this.chance = new Random(plan.seed());
    }

    TortureReport run() throws SQLException, IOException, InterruptedException {
        var schema = TortureLedger.freshSchema(new UUID(world.random().nextLong(), 0));
        var ledger = new TortureLedger(dataSource, schema);
        var logs = Files.createTempDirectory(schema);
        long began = world.nanoTime();
        try (var millrace = Millrace.on(new PostgresStore(dataSource).withSchema(schema), world);
                var herd = new Herd(environment, schema, plan.slots(), logs)) {
            ledger.create();
            for (int i = 0; i < plan.nodes(); i++) herd.start();
            narrator.accept("%d jobs in %d s on %d nodes, seed %d, schema %s"
                    .formatted(plan.jobs(), plan.seconds(), plan.nodes(), plan.seed(), schema));
            torment(millrace, ledger, herd, schema);
            finish(ledger, herd);
            var report = report(ledger, herd, Duration.ofNanos(world.nanoTime() - began));
            if (!report.kept())
                narrator.accept("the schema %s and the logs in %s are kept for a look".formatted(schema, logs));
            return report;
        } finally {
            if (kept) {
                ledger.drop();
                delete(logs);
            }
        }
    }

    private static void delete(Path logs) throws IOException {
        try (var files = Files.list(logs)) {
            for (var file : files.toList()) Files.delete(file);
        }
        Files.delete(logs);
    }

    // ---- jobs and disasters

    private void torment(Millrace millrace, TortureLedger ledger, Herd herd, String schema)
            throws SQLException, InterruptedException {
        long start = world.nanoTime();
        long length = Duration.ofSeconds(plan.seconds()).toNanos();
        long nextKill = plan.killEvery().toNanos();
        long freezeAt = length / 3;
        long wakeAt = Long.MAX_VALUE;
        Herd.@Nullable Member frozen = null;
        Herd.@Nullable Member spared = null;
        long spareUntil = 0;
        try (var producers = new Producers(millrace, ledger, schema, start)) {
            for (long elapsed = 0;
                    elapsed < length || frozen != null || !producers.done();
                    elapsed = world.nanoTime() - start) {
                replaceFallen(ledger, herd);
                if (elapsed >= nextKill && elapsed < length) {
                    nextKill += plan.killEvery().toNanos();
                    kill(ledger, herd, elapsed < spareUntil ? spared : frozen);
                }
                if (elapsed >= freezeAt && freezes == 0 && !herd.atWork().isEmpty()) {
                    frozen = pick(herd.atWork());
                    herd.freeze(frozen);
                    ledger.ended(frozen.pid());
                    freezes++;
                    wakeAt = elapsed + FREEZE.toNanos();
                    narrator.accept("froze %s".formatted(frozen.name()));
                }
                if (frozen != null && elapsed >= wakeAt) {
                    herd.wake(frozen);
                    narrator.accept("woke %s".formatted(frozen.name()));
                    spared = frozen;
                    spareUntil = elapsed + SPARED.toNanos();
                    frozen = null;
                }
                world.sleep(TICK);
            }
        }
    }

    private void replaceFallen(TortureLedger ledger, Herd herd) throws SQLException {
        for (var fallen : herd.fallen()) {
            narrator.accept("%s ended by itself; a new one takes its place".formatted(fallen.name()));
            ledger.ended(fallen.pid());
            herd.start();
        }
    }

    private void kill(TortureLedger ledger, Herd herd, Herd.@Nullable Member spared) throws SQLException {
        var candidates = new ArrayList<>(herd.alive());
        if (spared != null) candidates.remove(spared);
        var victim = pick(candidates);
        herd.kill(victim);
        ledger.ended(victim.pid());
        kills++;
        var heir = herd.start();
        narrator.accept("killed %s, started %s".formatted(victim.name(), heir.name()));
    }

    private Herd.Member pick(List<Herd.Member> members) {
        return members.get(chance.nextInt(members.size()));
    }

    /** Producers that keep the pace however long one enqueue takes; each job when its time has come. */
    private final class Producers implements AutoCloseable {
        private final Millrace millrace;
        private final TortureLedger ledger;
        private final List<Job<Integer>> jobs;
        private final long start;
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicReference<@Nullable Throwable> broken = new AtomicReference<>();
        private final List<Thread> threads = new ArrayList<>();

        private Producers(Millrace millrace, TortureLedger ledger, String schema, long start) {
            this.millrace = millrace;
            this.ledger = ledger;
            this.start = start;
            jobs = IntStream.range(0, plan.jobs()).mapToObj(n -> job(n, schema)).toList();
            for (int i = 0; i < PRODUCERS; i++) {
                threads.add(Thread.ofVirtual().name("torture-producer-" + i).start(this::produce));
            }
        }

        private void produce() {
            try {
                for (int n; (n = next.getAndIncrement()) < jobs.size(); ) {
                    long due = start
                            + (long) ((double) n
                                    / jobs.size()
                                    * Duration.ofSeconds(plan.seconds()).toNanos());
                    long early = due - world.nanoTime();
                    if (early > 0) world.sleep(Duration.ofNanos(early));
                    send(n, jobs.get(n));
                }
            } catch (InterruptedException over) {
                // the run was broken off
            } catch (SQLException | RuntimeException e) {
                broken.set(e);
            }
        }

        private void send(int n, Job<Integer> job) throws SQLException {
            try {
                Handle<Integer> handle = n % 10 == 9
                        ? millrace.enqueue(job, o -> o.in(Duration.ofMillis(100L * (n % 30))))
                        : millrace.enqueue(job);
                ledger.acknowledged(new Sent(handle.id(), n, kind(job)));
            } catch (StoreException.CommitUnknown lost) {
                unknown.incrementAndGet();
            }
        }

        private boolean done() {
            var error = broken.get();
            if (error != null)
                throw new MillraceException("A producer failed: %s".formatted(error.getMessage()), error);
            return threads.stream().noneMatch(Thread::isAlive);
        }

        @Override
        public void close() {
            threads.forEach(Thread::interrupt);
        }
    }

    private Job<Integer> job(int n, String schema) {
        double exponent =
                chance.nextDouble() * Math.log((double) TorturePlan.LONGEST_MILLIS / TorturePlan.SHORTEST_MILLIS);
        long millis = Math.round(TorturePlan.SHORTEST_MILLIS * Math.exp(exponent));
        return switch (n % 20) {
            case 3, 13 -> new Exact(n, Math.min(millis, EXACT_LONGEST_MILLIS), schema);
            case 7 -> new Flaky(n, Math.min(millis, 1_000), schema);
            case 17 -> new Hopeless(n, schema);
            default -> new Effect(n, millis, schema);
        };
    }

    private static String kind(Job<Integer> job) {
        return job.getClass().getAnnotation(dev.millrace.Kind.class).value();
    }

    // ---- the end

    private void finish(TortureLedger ledger, Herd herd) throws SQLException, InterruptedException {
        long patience = world.nanoTime() + LAST_JOBS.toNanos();
        for (long open = ledger.open(); open > 0 && world.nanoTime() < patience; open = ledger.open()) {
            narrator.accept("%d jobs have not ended yet".formatted(open));
            replaceFallen(ledger, herd);
            world.sleep(Duration.ofSeconds(1));
        }
        world.sleep(Duration.ofSeconds(2)); // the last counters of each node
    }

    private TortureReport report(TortureLedger ledger, Herd herd, Duration took) throws SQLException {
        var counters = herd.counters();
        long completed = ledger.ended("done");
        long discarded = ledger.ended("discarded");
        long cancelled = ledger.ended("cancelled");
        var report = new TortureReport(
                plan.seed(),
                plan.seconds(),
                kills,
                freezes,
                plan.jobs() - unknown.get(),
                unknown.get(),
                completed,
                discarded,
                cancelled,
                ledger.rescued(),
                counters.stream().mapToLong(Herd.Counters::refusedWrites).sum(),
                counters.stream().mapToLong(Herd.Counters::lostOutcomes).sum(),
                ledger.open(),
                ledger.outcomeTwice(),
                ledger.wrongEnding(),
                ledger.takenForPoison(),
                ledger.exactNotOnce(),
                ledger.effectTwice(),
                ledger.recoveryMillis(1.0),
                ledger.recoveryMillis(0.5),
                ledger.recoveries(),
                took.toMillis());
        kept = report.kept();
        if (completed + discarded + cancelled + report.lost() < report.acknowledged()) {
            throw new MillraceException(
                    "The count does not add up: %s. This is an error of the torture itself.".formatted(report));
        }
        return report;
    }
}
