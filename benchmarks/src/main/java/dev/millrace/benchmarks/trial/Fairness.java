package dev.millrace.benchmarks.trial;

import dev.millrace.Handler;
import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Node;
import dev.millrace.postgres.PostgresStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * A thousand tenants enqueue a job each second or so, about half of what a node can run. Then one more tenant comes with so many jobs that they wait for longer than the trial lasts. Told is how
 * long the others' jobs wait for their start before and meanwhile, and at last how much of the slots the one has got.
 *
 * <p>Of all others' jobs together, and of the tenant that waits longest: among a thousand tenants, ten that always stand behind the flood would be no more than one job in a hundred. Of a single one
 * the median is told, since 99 of 100 would be the longest of its few jobs, and one hiccup would decide.
 */
final class Fairness implements Trial {

    private static final int CONNECTIONS = 12;
    private static final int TENANTS = 1_000;
    private static final Duration TAKES = Duration.ofMillis(10);
    private static final Duration BEAT = Duration.ofMillis(10);
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration LOOK = Duration.ofMillis(5);
    private static final int BULK = 5_000;

    /** A tenant with fewer jobs has no median worth the name. */
    private static final int ENOUGH = 20;

    /** A job of one of many tenants. */
    @Kind("bench-light")
    record Light(int n) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.tenant("tenant-" + n % TENANTS);
        }
    }

    /** A job of the one who has many. */
    @Kind("bench-heavy")
    record Heavy(long n) implements Job<Void> {}

    @Override
    public Findings play(Stage stage) throws Exception {
        try (var pool = Database.pool(stage.ground(), CONNECTIONS);
                var millrace = Millrace.on(
                        new PostgresStore(pool).withSchema(stage.ground().schema()), stage.world())) {
            var others = new Others(stage, millrace);
            var heavy = new AtomicInteger();
            try (var node = node(stage, millrace, others, heavy)) {
                node.status();
                var quiet = others.send();
                long began = stage.world().nanoTime();
                for (long sent = 0; sent < stage.sizes().jobs(); sent += BULK)
                    millrace.enqueueAll(
                            LongStream.range(
                                            sent,
                                            Math.min(sent + BULK, stage.sizes().jobs()))
                                    .mapToObj(Heavy::new),
                            o -> o.tenant("flood"));
                var flooded = others.send();
                double seconds = stage.seconds(began);
                boolean waits = heavy.get() < stage.sizes().jobs();
                var values = new EnumMap<Metric, Double>(Metric.class);
                values.put(Metric.QUIET_P50, quiet.all.millis(0.5));
                values.put(Metric.QUIET_P99, quiet.all.millis(0.99));
                values.put(Metric.FLOODED_P50, flooded.all.millis(0.5));
                values.put(Metric.FLOODED_P99, flooded.all.millis(0.99));
                values.put(Metric.FLOODED_RATIO, flooded.all.millis(0.99) / quiet.all.millis(0.99));
                values.put(Metric.FLOOD_RUN, heavy.get() / seconds);
                quiet.worst().ifPresent(worst -> values.put(Metric.QUIET_WORST_P50, worst));
                flooded.worst().ifPresent(worst -> values.put(Metric.FLOODED_WORST_P50, worst));
                stage.narrator()
                        .say(
                                "others wait %.1f ms and %.1f ms before, %.1f and %.1f ms beside the flood (median, 99 of 100), whoever waits longest %.1f and %.1f ms (its median); of the flood %,.0f jobs/s run%s"
                                        .formatted(
                                                values.get(Metric.QUIET_P50),
                                                values.get(Metric.QUIET_P99),
                                                values.get(Metric.FLOODED_P50),
                                                values.get(Metric.FLOODED_P99),
                                                quiet.worst().orElse(Double.NaN),
                                                flooded.worst().orElse(Double.NaN),
                                                values.get(Metric.FLOOD_RUN),
                                                waits ? "" : "; it was over before the end"));
                return Findings.of(values, MillraceContender.card(stage.sizes().slots()), flooded.counted());
            }
        }
    }

    private static Node node(Stage stage, Millrace millrace, Others others, AtomicInteger heavy) {
        Handler.PlainAction<Heavy> runs = job -> {
            heavy.incrementAndGet();
            stage.rest(TAKES);
        };
        return millrace.node()
                .name("bench")
                .slots(stage.sizes().slots())
                .handle(Light.class, others::run)
                .handle(Heavy.class, runs)
                .start();
    }

    /** How long the jobs of tenants waited. */
    static final class Waits {

        final Latencies all = new Latencies();
        private final Map<Integer, List<Long>> ofTenants = new HashMap<>();

        void add(int tenant, long nanos) {
            all.add(nanos);
            ofTenants.computeIfAbsent(tenant, first -> new ArrayList<>()).add(nanos);
        }

        private Stream<List<Long>> withEnough() {
            return ofTenants.values().stream().filter(waits -> waits.size() >= ENOUGH);
        }

        /** The median of the tenant that has the longest, in milliseconds; empty if none has enough jobs. */
        OptionalDouble worst() {
            return withEnough().mapToDouble(Waits::median).max();
        }

        private static double median(List<Long> waits) {
            var sorted = waits.stream().sorted().toList();
            return Math.max(0, sorted.get((sorted.size() - 1) / 2)) / 1e6;
        }

        String counted() {
            return "99 of 100 is of all others' jobs together; %,d of %,d tenants have %d jobs or more, and of these the one with the longest median is told apart"
                    .formatted(withEnough().count(), ofTenants.size(), ENOUGH);
        }
    }

    /** The tenants who have little to do. */
    private static final class Others {

        private final Stage stage;
        private final Millrace millrace;
        private final int jobs;
        private final AtomicLongArray started;
        private int sent;

        Others(Stage stage, Millrace millrace) {
            this.stage = stage;
            this.millrace = millrace;
            this.jobs =
                    2 * stage.sizes().perSecond() * Math.max(1, stage.sizes().seconds()) + 2 * BULK;
            this.started = new AtomicLongArray(jobs);
        }

        void run(Light job) throws InterruptedException {
            started.compareAndSet(job.n(), 0, stage.world().nanoTime());
            stage.rest(TAKES);
        }

        /** Sends for so long as sizes say, and returns how long each waited from the return of its enqueue to its start. */
        Waits send() throws InterruptedException {
            var world = stage.world();
            var committed = new ArrayList<Long>();
            int first = sent;
            long began = world.nanoTime();
            double each = stage.sizes().perSecond() * (BEAT.toNanos() / 1e9);
            double owed = 0;
            for (long beat = 0; stage.seconds(began) < stage.sizes().seconds(); beat++) {
                long due = began + beat * BEAT.toNanos();
                long now = world.nanoTime();
                if (due > now) world.sleep(Duration.ofNanos(due - now));
                owed += each;
                int some = Math.min((int) owed, jobs - sent);
                if (some == 0) continue;
                owed -= some;
                millrace.enqueueAll(IntStream.range(sent, sent + some).mapToObj(Light::new));
                for (int i = 0; i < some; i++) committed.add(world.nanoTime());
                sent += some;
                stage.narrator().at("jobs of others", sent - first, jobs / 2);
            }
            var waits = new Waits();
            long waited = world.nanoTime();
            for (int n = first; n < sent; n++) {
                while (started.get(n) == 0 && world.nanoTime() - waited < PATIENCE.toNanos()) world.sleep(LOOK);
                long at = started.get(n);
                waits.add(n % TENANTS, (at == 0 ? world.nanoTime() : at) - committed.get(n - first));
            }
            return waits;
        }
    }
}
