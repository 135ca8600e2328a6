package dev.millrace;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What an attempt decided. Returned from a {@link Handler.Decide}, and given by {@link dev.millrace.Retry#on} for an exception. Immutable.
 *
 * @param <R> what the job gives back
 */
public sealed interface Outcome<R> {

    /**
     * The work is done.
     *
     * @param result what its sender gets; null only if there is nothing to give
     */
    record Done<R>(@Nullable R result) implements Outcome<R> {}

    /** It failed; another attempt follows, if the policy grants one. */
    record Retry<R>(Duration delay, String reason) implements Outcome<R> {
        public Retry {
            Bounds.delay("A retry", delay);
            reason = Bounds.reason("A retry", reason);
        }
    }

    /** Not now; costs no attempt. */
    record Snooze<R>(Duration delay, String reason) implements Outcome<R> {
        public Snooze {
            Bounds.delay("A snooze", delay);
            reason = Bounds.reason("A snooze", reason);
        }
    }

    /** It is not wanted any more. */
    record Cancel<R>(String reason) implements Outcome<R> {
        public Cancel {
            reason = Bounds.reason("A cancel", reason);
        }
    }

    /** It failed, and no further attempt could succeed. */
    record Discard<R>(String reason) implements Outcome<R> {
        public Discard {
            reason = Bounds.reason("A discard", reason);
        }
    }

    /** The work is done, and this is what came of it. */
    static <R> Outcome<R> done(R result) {
        return new Done<>(result);
    }

    /** The work is done, and nothing is given back. */
    static Outcome<Void> done() {
        return new Done<>(null);
    }

    /**
     * Another attempt after this delay, never sooner; up to a tenth of it later, so that many jobs that were told the same do not come
     * back at once. Counts as a failed attempt: when the policy's attempts are used up, the job is discarded.
     */
    static <R> Outcome<R> retry(Duration delay, String reason) {
        return new Retry<>(delay, reason);
    }

    /** Another attempt after this delay. */
    static <R> Outcome<R> retry(Duration delay) {
        return new Retry<>(delay, "its handler asked for another attempt");
    }

    /** Postpones the job by exactly this delay. Costs no attempt, and may be repeated until the job expires. */
    static <R> Outcome<R> snooze(Duration delay, String reason) {
        return new Snooze<>(delay, reason);
    }

    /** Postpones the job by exactly this delay. */
    static <R> Outcome<R> snooze(Duration delay) {
        return new Snooze<>(delay, "its handler postponed it");
    }

    /** Ends the job as cancelled. */
    static <R> Outcome<R> cancel(String reason) {
        return new Cancel<>(reason);
    }

    /** Ends the job as discarded, whatever attempts remain. */
    static <R> Outcome<R> discard(String reason) {
        return new Discard<>(reason);
    }
}
