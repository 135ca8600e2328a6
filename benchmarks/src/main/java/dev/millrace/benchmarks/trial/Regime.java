package dev.millrace.benchmarks.trial;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.millrace.MillraceException;
import java.util.Arrays;
import java.util.Locale;

/** A way of working that is measured apart, with its usual sizes. */
public enum Regime {
    BURN_DOWN(true, "a backlog of jobs that do nothing is enqueued in bulk, and then run by one node") {
        @Override
        public Sizes sizes() {
            return BASE.withJobs(1_000_000).withSlots(4_000);
        }
    },
    ENQUEUE(true, "jobs are enqueued in bulk, and not run") {
        @Override
        public Sizes sizes() {
            return BASE.withJobs(1_000_000);
        }
    };

    /** Each contender gets a minute for each phase, as the goals say. */
    private static final int LIMIT_SECONDS = 60;

    private static final Sizes BASE = new Sizes(1_000, 1, 1, 100, 0, 100, 1, LIMIT_SECONDS);

    private final boolean peers;
    private final String words;

    Regime(boolean peers, String words) {
        this.peers = peers;
        this.words = words;
    }

    /** What is usual. */
    public abstract Sizes sizes();

    /** Whether peers can play it too. */
    public boolean forPeers() {
        return peers;
    }

    /** Whether there is something to compare with that has no engine at all. */
    public boolean hasRawLimit() {
        return this == BURN_DOWN || this == ENQUEUE;
    }

    /** What happens in it. */
    public String words() {
        return words;
    }

    /** Its name on the command line and in reports. */
    @JsonValue
    public String wireName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The one of this name. */
    @JsonCreator
    public static Regime of(String wireName) {
        return Arrays.stream(values())
                .filter(regime -> regime.wireName().equals(wireName))
                .findFirst()
                .orElseThrow(() -> new MillraceException("There is no regime \"%s\"; there are: %s."
                        .formatted(
                                wireName,
                                String.join(
                                        ", ",
                                        Arrays.stream(values())
                                                .map(Regime::wireName)
                                                .toList()))));
    }
}
