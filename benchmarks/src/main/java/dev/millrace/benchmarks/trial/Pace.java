package dev.millrace.benchmarks.trial;

import java.time.Duration;

/**
 * Jobs that arrive in bulks, a bulk a beat, so many in a second to the job: a bulk has one more than another where they don't divide.
 *
 * @param perSecond jobs in a second, of which a beat has at least one
 */
record Pace(int perSecond) {

    static final Duration BEAT = Duration.ofMillis(20);

    private static final long BEATS = Duration.ofSeconds(1).dividedBy(BEAT);

    Pace {
        perSecond = Math.max(perSecond, (int) BEATS);
    }

    /** The first job of a bulk; both are counted from 0. */
    long first(long bulk) {
        return bulk * perSecond / BEATS;
    }

    /** The bulk that a job came with. */
    long bulkOf(long job) {
        return ((job + 1) * BEATS - 1) / perSecond;
    }
}
