package dev.millrace;

import dev.millrace.store.Ending;
import dev.millrace.store.Payload;
import dev.millrace.world.World;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Makes endings of what a handler returned or threw.
 *
 * @param kind for messages
 * @param keepResult for how long a result can be had; null if as long as its job
 */
record Judge(
        KindName kind,
        Retry policy,
        Payloads payloads,
        World world,
        @Nullable Duration keepResult) {

    /** One whose results are kept as long as their jobs. */
    Judge(KindName kind, Retry policy, Payloads payloads, World world) {
        this(kind, policy, payloads, world, null);
    }

    /**
     * What the handler decided.
     *
     * <p>A result that can't be stored discards the job: the work is done, and doing it again would give the same result.
     */
    Ending decided(Outcome<?> outcome, int attempt) {
        return switch (outcome) {
            case Outcome.Done<?> done -> done(done.result(), attempt);
            case Outcome.Retry<?> again ->
                retry(Failures.of("retry", again.reason(), attempt), Retry.spread(again.delay(), world.random()));
            case Outcome.Snooze<?> later -> new Ending.Snoozed(later.delay(), later.reason());
            case Outcome.Cancel<?> cancel -> new Ending.Cancelled(cancel.reason());
            case Outcome.Discard<?> refused ->
                new Ending.Discarded(Failures.of("discarded", refused.reason(), attempt));
        };
    }

    private Ending done(@Nullable Object result, int attempt) {
        try {
            return new Ending.Done(result == null ? null : result(result));
        } catch (RuntimeException | StackOverflowError unwritable) {
            return new Ending.Discarded(
                    Failures.of(unwritable, "its work is done, but its result can't be stored", attempt));
        }
    }

    /** A result as it is stored. */
    Payload result(Object result) {
        var kept = payloads.kept("The result of kind " + kind.name(), result, Bounds.RESULT_BYTES, "return its key");
        return keepResult == null ? kept : ShortLived.of(kept, world.now(), keepResult);
    }

    /** What the handler threw. */
    Ending failed(Throwable thrown, int attempt) {
        if (thrown instanceof ReportedFailure reported) {
            if (reported.isLast()) return new Ending.Discarded(Failures.of(reported, attempt));
            var after = reported.after();
            if (after.isPresent())
                return retry(Failures.of(reported, attempt), Retry.spread(after.get(), world.random()));
        }
        try {
            return switch (policy.judge(thrown)) {
                case Retry.Verdict.BackOff backOff -> failed(Failures.of(thrown, attempt));
                case Retry.Verdict.Never never -> new Ending.Discarded(Failures.of(thrown, attempt));
                case Retry.Verdict.Decided(var outcome) -> ruled(outcome, thrown, attempt);
            };
        } catch (OutOfMemoryError nothingLeft) {
            return failed(Failures.outOfMemory(attempt));
        } catch (RuntimeException | StackOverflowError brokenRule) {
            thrown.addSuppressed(brokenRule);
            return failed(Failures.of(thrown, "its rule in Retry.on threw " + brokenRule, attempt));
        }
    }

    private Ending ruled(Outcome<?> outcome, Throwable thrown, int attempt) {
        return switch (outcome) {
            case Outcome.Done<?> done ->
                failed(Failures.of(thrown, "its rule in Retry.on gave done(…), which only a handler can", attempt));
            case Outcome.Retry<?> again ->
                retry(Failures.of(thrown, again.reason(), attempt), Retry.spread(again.delay(), world.random()));
            case Outcome.Snooze<?> later -> new Ending.Snoozed(later.delay(), later.reason());
            case Outcome.Cancel<?> cancel -> new Ending.Cancelled(cancel.reason());
            case Outcome.Discard<?> refused -> new Ending.Discarded(Failures.of(thrown, refused.reason(), attempt));
        };
    }

    /** Another attempt after the back-off, if the policy grants one. */
    Ending failed(Failure failure) {
        return retry(failure, policy.backOff(failure.attempt(), world.random()));
    }

    private Ending retry(Failure failure, Duration delay) {
        return policy.grantsAnother(failure.attempt())
                ? new Ending.Retry(failure, delay)
                : new Ending.Discarded(failure);
    }

    /** It ran into its deadline. */
    Ending timedOut(int attempt, Duration deadline) {
        var failure = Failures.of(
                "timed out",
                "it ran longer than its deadline of %s without a heartbeat".formatted(Words.duration(deadline)),
                attempt);
        return policy.grantsAnother(attempt)
                ? new Ending.TimedOut(failure, policy.backOff(attempt, world.random()))
                : new Ending.Discarded(failure);
    }
}
