package dev.millrace.benchmarks.peers;

import dev.millrace.benchmarks.contender.Contender;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.world.SystemWorld;
import dev.millrace.world.World;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.Stream;

/**
 * Measures peers one by one on the embedded PostgreSQL: bulk enqueue, run, pick-up. For tuning a peer; the comparison is
 * made by the benchmarks. Arguments: how many jobs, then the names of the peers, or none for all.
 */
@SuppressWarnings("try") // to close an entry may be interrupted
final class PeerRates {

    /** The first is slower than the others: it is all new to the JVM. */
    private static final int ROUNDS = 2;

    private static final int PICK_UPS = 300;
    private static final Duration PAUSE = Duration.ofMillis(10);

    private final World world = new SystemWorld();
    private final AtomicLong ran = new AtomicLong();
    private final AtomicLongArray pickedUp = new AtomicLongArray(PICK_UPS);

    private final long jobs;

    private PeerRates(long jobs) {
        this.jobs = jobs;
    }

    public static void main(String[] args) throws Exception {
        long jobs = Long.parseLong(args[0]);
        var names = List.of(args).subList(1, args.length);
        for (var contender : ServiceLoader.load(Contender.class)) {
            if (!names.isEmpty() && !names.contains(contender.name())) continue;
            for (int round = 0; round < ROUNDS; round++) new PeerRates(jobs).measure(contender);
        }
    }

    private void measure(Contender contender) throws Exception {
        try (var server = TestServer.start();
                var entry = contender.open(server.ground(contender.name()))) {
            System.out.println(contender.name() + " " + entry.card());

            var cpu = cpu(server);
            long began = world.nanoTime();
            long taken = entry.enqueueMany(0, jobs, () -> false);
            System.out.printf(
                    "  enqueue %,10.0f/s, %s%n",
                    taken / seconds(began), cpu(server).perJob(cpu, taken));

            cpu = cpu(server);
            began = world.nanoTime();
            entry.start(this::handle);
            awaitRan(jobs);
            while (entry.unfinished() > 0) world.sleep(Duration.ofMillis(5));
            System.out.printf(
                    "  run     %,10.0f/s, %s%n",
                    jobs / seconds(began), cpu(server).perJob(cpu, jobs));

            pickUp(entry);
        }
    }

    /** What was used of processors: by the database, and by us and what we started. It tells more than rates do on a busy machine. */
    private record Cpu(Duration database, Duration peer) {

        String perJob(Cpu before, long jobs) {
            return "%.0f µs of the database's processor time and %.0f µs of the peer's for each"
                    .formatted(
                            database.minus(before.database).toNanos() / 1e3 / jobs,
                            peer.minus(before.peer).toNanos() / 1e3 / jobs);
        }
    }

    private static Cpu cpu(TestServer server) throws SQLException {
        return new Cpu(used(server.process()), used(ProcessHandle.current()));
    }

    private static Duration used(ProcessHandle parent) {
        return Stream.concat(Stream.of(parent), parent.descendants())
                .flatMap(process -> process.info().totalCpuDuration().stream())
                .reduce(Duration.ZERO, Duration::plus);
    }

    private void handle(long n) {
        if (n >= jobs) pickedUp.set((int) (n - jobs), world.nanoTime());
        ran.incrementAndGet();
    }

    private void pickUp(Entry entry) throws Exception {
        world.sleep(Duration.ofSeconds(1));
        var asked = new long[PICK_UPS];
        var took = new long[PICK_UPS];
        for (int i = 0; i < PICK_UPS; i++) {
            asked[i] = world.nanoTime();
            entry.enqueueOne(jobs + i);
            took[i] = world.nanoTime() - asked[i];
            world.sleep(PAUSE);
        }
        awaitRan(jobs + PICK_UPS);
        var waited = new long[PICK_UPS];
        for (int i = 0; i < PICK_UPS; i++) waited[i] = pickedUp.get(i) - asked[i];
        System.out.printf("  pick-up %s, of which the call %s%n", quantiles(waited), quantiles(took));
    }

    private static String quantiles(long[] nanos) {
        Arrays.sort(nanos);
        return "p50 %.1f ms, p99 %.1f ms"
                .formatted(nanos[nanos.length / 2] / 1e6, nanos[nanos.length * 99 / 100] / 1e6);
    }

    private void awaitRan(long all) throws InterruptedException {
        long limit = world.nanoTime() + Duration.ofMinutes(3).toNanos();
        while (ran.get() < all) {
            if (world.nanoTime() > limit)
                throw new IllegalStateException("Only %d of %d ran".formatted(ran.get(), all));
            world.sleep(Duration.ofMillis(1));
        }
    }

    private double seconds(long began) {
        return (world.nanoTime() - began) / 1e9;
    }
}
