package dev.millrace.test;

import dev.millrace.Codec;
import dev.millrace.MillraceException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** How a test is played: {@code o -> o.seed(7).nodes(2)}. Immutable; each method gives a changed copy. */
public final class TestOptions {

    /** The system property that gives the seed of tests that name none: to replay one, or to try others. */
    public static final String SEED_PROPERTY = "millrace.test.seed";

    private static final int MOST_NODES = 100;

    static final TestOptions DEFAULT =
            new TestOptions(1, 1, Instant.parse("2027-01-01T00:00:00Z"), null, Duration.ofSeconds(10));

    final long seed;
    final int nodes;
    final Instant start;
    final @Nullable Codec codec;
    final Duration patience;

    private TestOptions(long seed, int nodes, Instant start, @Nullable Codec codec, Duration patience) {
        this.seed = seed;
        this.nodes = nodes;
        this.start = start;
        this.codec = codec;
        this.patience = patience;
    }

    /** What holds unless a test says otherwise. */
    static TestOptions defaults() {
        var seed = System.getProperty(SEED_PROPERTY);
        return seed == null || seed.isBlank() ? DEFAULT : DEFAULT.seed(number(seed.strip()));
    }

    private static long number(String seed) {
        try {
            return Long.parseLong(seed);
        } catch (NumberFormatException other) {
            throw new MillraceException(
                    "The system property %s is \"%s\", and a seed is a whole number such as 7."
                            .formatted(SEED_PROPERTY, seed),
                    other);
        }
    }

    /**
     * Where chance comes from: jitter, the order of what happens at one moment, who is first. With the same seed everything happens in
     * the same order. Default 1, or the system property {@value #SEED_PROPERTY}.
     */
    public TestOptions seed(long seed) {
        return new TestOptions(seed, nodes, start, codec, patience);
    }

    /** How many nodes run the handlers, each in a process of its own. Default 1. */
    public TestOptions nodes(int nodes) {
        if (nodes < 1 || nodes > MOST_NODES)
            throw new MillraceException("A test can't have %d nodes. It is 1 to %d; without any handlers it has none."
                    .formatted(nodes, MOST_NODES));
        return new TestOptions(seed, nodes, start, codec, patience);
    }

    /** What time it is when the test begins. Default: the beginning of 2027 in UTC. */
    public TestOptions startingAt(Instant start) {
        return new TestOptions(seed, nodes, start, codec, patience);
    }

    /**
     * Keeps payloads, results and checkpoints as text, as a database would, and reads each record back at once: what could not be read
     * later is refused where it was written. Default: no codec; the store keeps the values themselves.
     */
    public TestOptions codec(Codec codec) {
        return new TestOptions(seed, nodes, start, codec, patience);
    }

    /**
     * How long a handler may really take until it ends or sleeps. Then it is taken for one that waits for something that will not come,
     * and the test fails with its stack. Default 10 s.
     */
    public TestOptions patience(Duration realTime) {
        if (realTime.compareTo(Duration.ofMillis(1)) < 0)
            throw new MillraceException("A patience of %s is none. Give handlers 1 ms at least.".formatted(realTime));
        return new TestOptions(seed, nodes, start, codec, realTime);
    }
}
