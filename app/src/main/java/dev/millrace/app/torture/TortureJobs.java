package dev.millrace.app.torture;

import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.Reduce;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The kinds of a torture run. Their handlers are in {@link TortureNode}. */
final class TortureJobs {

    private static final long EXACT_LONGEST_MILLIS = 300;
    private static final long FLAKY_LONGEST_MILLIS = 1_000;

    private TortureJobs() {}

    /** Takes a while and writes an effect on its own connection: it may happen again after a crash. */
    @Kind("torture-effect")
    record Effect(int n, long millis, String schema) implements Job<Integer> {}

    /** Takes a while and writes its effect in the transaction of its outcome: it happens exactly once. */
    @Kind("torture-exact")
    record Exact(int n, long millis, String schema) implements Job<Integer> {}

    /** Fails at its first attempt and does well at the second. */
    @Kind("torture-flaky")
    record Flaky(int n, long millis, String schema) implements Job<Integer> {}

    /** Fails at each of its two attempts. */
    @Kind("torture-hopeless")
    record Hopeless(int n, String schema) implements Job<Integer> {}

    /** What all nodes' schedule leads to, each second: a slot of it must be one job. */
    @Kind(TICK)
    record Tick(Instant slot) implements Job<Void> {}

    static final String TICK = "torture-tick";

    /** A part of a batch. One in six fails for good, one in six at its first attempt. */
    @Kind("torture-part")
    record Part(int batch, int n) implements Job<Integer> {}

    /** A part whose outcome is committed with what its handler writes. */
    @Kind("torture-exact-part")
    record ExactPart(int batch, int n) implements Job<Integer> {}

    /** What follows the parts of a batch: how many of them failed. */
    @Kind("torture-whole")
    record Whole(int batch) implements Reduce<Integer, Integer> {}

    /** A job in line that fails at its first attempt, now and then: those behind it wait. */
    @Kind("torture-step")
    record Step(int key, int n) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.inOrder(key);
        }
    }

    /** A job in line whose outcome is committed with what its handler writes: its number. */
    @Kind("torture-exact-step")
    record ExactStep(int key, int n, String schema) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.inOrder(key);
        }
    }

    private static final int KEYS = 6;
    private static final int STEP_EVERY = 4;

    /** The n-th job in line: each key in its turn. */
    static Job<Void> inLine(int n, String schema) {
        int key = n % KEYS;
        return n / KEYS % STEP_EVERY == 1 ? new Step(key, n) : new ExactStep(key, n, schema);
    }

    private static final int PARTS = 12;

    /** The parts of a batch. */
    static Stream<Job<Integer>> parts(int batch) {
        return IntStream.range(0, PARTS).mapToObj(n -> n % 6 == 4 ? new ExactPart(batch, n) : new Part(batch, n));
    }

    /** The jobs of a run, in the order in which they are sent. */
    static List<Job<Integer>> of(TorturePlan plan, String schema) {
        var random = new Random(plan.seed());
        return IntStream.range(0, plan.jobs())
                .mapToObj(n -> job(n, schema, random))
                .toList();
    }

    private static Job<Integer> job(int n, String schema, Random random) {
        double exponent =
                random.nextDouble() * Math.log((double) TorturePlan.LONGEST_MILLIS / TorturePlan.SHORTEST_MILLIS);
        long millis = Math.round(TorturePlan.SHORTEST_MILLIS * Math.exp(exponent));
        return switch (n % 20) {
            case 3, 13 -> new Exact(n, Math.min(millis, EXACT_LONGEST_MILLIS), schema);
            case 7 -> new Flaky(n, Math.min(millis, FLAKY_LONGEST_MILLIS), schema);
            case 17 -> new Hopeless(n, schema);
            default -> new Effect(n, millis, schema);
        };
    }

    static String kind(Job<Integer> job) {
        return job.getClass().getAnnotation(Kind.class).value();
    }
}
