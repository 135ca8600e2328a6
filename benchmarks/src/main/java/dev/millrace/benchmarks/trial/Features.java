package dev.millrace.benchmarks.trial;

import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.Limit;
import dev.millrace.Millrace;
import dev.millrace.Node;
import dev.millrace.Reduce;
import dev.millrace.benchmarks.contender.Load;
import dev.millrace.benchmarks.trial.MillraceContender.Noop;
import dev.millrace.postgres.PostgresStore;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.function.LongFunction;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * What each feature costs the jobs that use it. Slices of jobs take turns, those of one feature after those of another, to and fro, on one node that runs
 * all the time: each is enqueued in bulk, and timed until its last outcome has been acknowledged.
 */
final class Features implements Trial {

    private static final int CONNECTIONS = 24;

    /** Transactions of handlers at once: as many as two cores and one disk have use for. */
    private static final int TRANSACTIONS = 8;

    private static final long SLICE = 10_000;
    private static final long PARTS = 1_000;
    private static final Duration SOON = Duration.ofMillis(1);
    private static final Duration LOOK = Duration.ofMillis(1);

    /** A job whose handler gives something back. */
    @Kind("bench-result")
    record Giving(String load) implements Job<String> {}

    /** A job whose outcome is committed with what its handler writes, which is nothing. */
    @Kind("bench-transact")
    record Transacting(String load) implements Job<Void> {}

    private static final long KEYS = 10_000;
    private static final Limit TWO = Limit.named("bench").concurrency(2);

    /** A job of one of many tenants. */
    @Kind("bench-tenants")
    record TenantNoop(long n, String load) implements Job<Void> {

        TenantNoop(long n) {
            this(n, Load.payload(n));
        }

        @Override
        public JobOptions options(JobOptions o) {
            return o.tenant("tenant-" + n % KEYS).tag("red").tag("round");
        }
    }

    /** A job that runs after the one before it of its key. */
    @Kind("bench-ordered")
    record OrderedNoop(long n, String load) implements Job<Void> {

        OrderedNoop(long n) {
            this(n, Load.payload(n));
        }

        @Override
        public JobOptions options(JobOptions o) {
            return o.inOrder(n % KEYS);
        }
    }

    /** A job of which two of its key may run at once. */
    @Kind("bench-limited")
    record LimitedNoop(long n, String load) implements Job<Void> {

        LimitedNoop(long n) {
            this(n, Load.payload(n));
        }

        @Override
        public JobOptions options(JobOptions o) {
            return o.limit(TWO, n % KEYS);
        }
    }

    /** Never reached: what it costs to count. */
    private static final Limit MANY =
            Limit.named("bench-rate").rate(1_000, Duration.ofSeconds(1)).burst(1_000);

    /** A job whose key may start a thousand in a second. */
    @Kind("bench-rated")
    record RatedNoop(long n, String load) implements Job<Void> {

        RatedNoop(long n) {
            this(n, Load.payload(n));
        }

        @Override
        public JobOptions options(JobOptions o) {
            return o.limit(MANY, n % KEYS);
        }
    }

    /** What follows a batch. */
    @Kind("bench-whole")
    record Whole(long first) implements Reduce<Void, Void> {}

    /** A feature, and where its figures go. */
    private enum Feature {
        PLAIN(Metric.PLAIN_DONE, Metric.PLAIN_DONE),
        LABELLED(Metric.LABELLED_DONE, Metric.LABELLED_RATIO),
        TENANTS(Metric.TENANTS_DONE, Metric.TENANTS_RATIO),
        RESULT(Metric.RESULT_DONE, Metric.RESULT_RATIO),
        UNIQUE(Metric.UNIQUE_DONE, Metric.UNIQUE_RATIO),
        ORDERED(Metric.ORDERED_DONE, Metric.ORDERED_RATIO),
        LIMITED(Metric.LIMITED_DONE, Metric.LIMITED_RATIO),
        RATED(Metric.RATED_DONE, Metric.RATED_RATIO),
        BATCH(Metric.BATCH_DONE, Metric.BATCH_RATIO),
        DELAYED(Metric.DELAYED_DONE, Metric.DELAYED_RATIO),
        TRANSACT(Metric.TRANSACT_DONE, Metric.TRANSACT_RATIO);

        private final Metric rate;
        private final Metric ratio;

        Feature(Metric rate, Metric ratio) {
            this.rate = rate;
            this.ratio = ratio;
        }
    }

    @Override
    public Findings play(Stage stage) throws Exception {
        try (var pool = Database.pool(stage.ground(), CONNECTIONS);
                var millrace = Millrace.on(
                        new PostgresStore(pool).withSchema(stage.ground().schema()), stage.world());
                var node = millrace.node()
                        .name("bench")
                        .slots(stage.sizes().slots())
                        .handle(Noop.class, job -> {})
                        .handle(Giving.class, Giving::load)
                        .handle(UniqueNoop.class, job -> {})
                        .handle(TenantNoop.class, job -> {})
                        .handle(OrderedNoop.class, job -> {})
                        .handle(LimitedNoop.class, job -> {})
                        .handle(RatedNoop.class, job -> {})
                        .transact(Transacting.class, (job, tx) -> {})
                        .concurrency(TRANSACTIONS)
                        .reduce(Whole.class, (job, parts, attempt) -> {})
                        .start()) {
            return new Turns(stage, millrace, node).play();
        }
    }

    /** The slices, one after the other. */
    private static final class Turns {

        private final Stage stage;
        private final Millrace millrace;
        private final Node node;
        private final EnumMap<Feature, Double> seconds = new EnumMap<>(Feature.class);
        private final EnumMap<Feature, Long> jobs = new EnumMap<>(Feature.class);
        private long enqueued;
        private long completed;

        Turns(Stage stage, Millrace millrace, Node node) {
            this.stage = stage;
            this.millrace = millrace;
            this.node = node;
        }

        Findings play() throws InterruptedException {
            long wanted = stage.sizes().jobs();
            long slice = Math.min(SLICE, wanted);
            makeShards();
            long began = stage.world().nanoTime();
            var order = List.of(Feature.values());
            for (long done = 0; done < wanted && !stage.over(began); done += slice) {
                for (var feature : order) turn(feature, slice);
                order = order.reversed();
                stage.narrator().at("jobs of each feature", done + slice, wanted);
            }
            return Findings.of(values(), MillraceContender.card(stage.sizes().slots()));
        }

        /** The queue's keyed shards are made with its first job that has a key, and found by a node in a second or two: once. */
        private void makeShards() throws InterruptedException {
            enqueue(0, 1, OrderedNoop::new, o -> o);
            completed++;
            awaitAll(stage.world().nanoTime(), "a job with a key");
        }

        private void turn(Feature feature, long slice) throws InterruptedException {
            long began = stage.world().nanoTime();
            long from = enqueued;
            switch (feature) {
                case PLAIN -> enqueue(from, slice, Noop::of, o -> o);
                case LABELLED ->
                    enqueue(
                            from,
                            slice,
                            Noop::of,
                            o -> o.tenant("tenant-7").tag("red").tag("round"));
                case TENANTS -> millrace.enqueueAll(range(from, slice).map(TenantNoop::new));
                case RESULT -> enqueue(from, slice, n -> new Giving(Load.payload(n)), o -> o);
                case UNIQUE -> millrace.enqueueAll(range(from, slice).map(UniqueNoop::new));
                case ORDERED -> millrace.enqueueAll(range(from, slice).map(OrderedNoop::new));
                case LIMITED -> millrace.enqueueAll(range(from, slice).map(LimitedNoop::new));
                case RATED -> millrace.enqueueAll(range(from, slice).map(RatedNoop::new));
                case BATCH -> {
                    for (long first = from; first < from + slice; first += PARTS) {
                        long parts = Math.min(PARTS, from + slice - first);
                        millrace.batch(range(first, parts).map(Noop::of), new Whole(first));
                        completed++; // of the job that follows
                    }
                }
                case DELAYED -> enqueue(from, slice, Noop::of, o -> o.in(SOON));
                case TRANSACT -> enqueue(from, slice, n -> new Transacting(Load.payload(n)), o -> o);
            }
            enqueued += slice;
            completed += slice;
            awaitAll(began, feature.rate.words());
            seconds.merge(feature, stage.seconds(began), Double::sum);
            jobs.merge(feature, slice, Long::sum);
        }

        private void awaitAll(long began, String what) throws InterruptedException {
            while (node.status().counts().completed() < completed) {
                if (stage.over(began))
                    throw new IllegalStateException("%s: %,d of %,d jobs are done"
                            .formatted(what, node.status().counts().completed(), completed));
                stage.rest(LOOK);
            }
        }

        private <J extends Job<?>> void enqueue(
                long from, long slice, LongFunction<J> job, UnaryOperator<JobOptions> options) {
            millrace.enqueueAll(LongStream.range(from, from + slice).mapToObj(job), options);
        }

        private static Stream<Long> range(long from, long count) {
            return LongStream.range(from, from + count).boxed();
        }

        private EnumMap<Metric, Double> values() {
            var values = new EnumMap<Metric, Double>(Metric.class);
            double plain = rate(Feature.PLAIN);
            for (var feature : Feature.values()) {
                double rate = rate(feature);
                if (feature != Feature.PLAIN) values.put(feature.ratio, rate / plain);
                values.put(feature.rate, rate);
                stage.narrator()
                        .say("%s: %,.0f jobs a second, %.2f of plain"
                                .formatted(feature.rate.words(), rate, rate / plain));
            }
            return values;
        }

        private double rate(Feature feature) {
            return jobs.getOrDefault(feature, 0L) / seconds.getOrDefault(feature, 1.0);
        }
    }

    /** A job of which there is one of its number. */
    @Kind("bench-unique")
    record UniqueNoop(long n, String load) implements Job<Void> {

        UniqueNoop(long n) {
            this(n, Load.payload(n));
        }

        @Override
        public JobOptions options(JobOptions o) {
            return o.unique(n);
        }
    }
}
