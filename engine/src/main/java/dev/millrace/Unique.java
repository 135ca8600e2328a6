package dev.millrace;

import dev.millrace.store.UniqueKey;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Lets there be one job of a kind and some values: {@code o -> o.unique(Unique.by(document).debounce(ofSeconds(5), ofMinutes(1)))}. What is said
 * of it holds for the call that says it, so calls that share a key should say the same; a record's {@link Job#options} is the place for that.
 *
 * <p>Whoever enqueues one that is not taken gets the handle of the one that is there. It is decided in the database, in the transaction of the
 * enqueue: two that come at the same time wait for each other, also for a transaction of yours that stays open. Immutable.
 */
public final class Unique {

    /** Characters of a key in the store; of a longer one there is a hash. */
    private static final int KEY = 500;

    private final String values;
    private final UniqueKey.Policy policy;
    private final @Nullable Duration quiet;

    private Unique(String values, UniqueKey.Policy policy, @Nullable Duration quiet) {
        this.values = values;
        this.policy = policy;
        this.quiet = quiet;
    }

    /**
     * One of its kind and these values, until it has ended: completed, cancelled or discarded. It counts while it waits, runs, and waits for another
     * attempt.
     *
     * @param values text, whole and decimal numbers, booleans, enums, UUIDs, URIs, dates and times, and records of these; none at all means one of
     *     the kind
     */
    public static Unique by(Object... values) {
        return new Unique(KeyText.of("unique key", values), new UniqueKey.UntilEnded(), null);
    }

    /**
     * For so long since it was enqueued, whether it has ended or not: a reminder a day. After that the next one is taken, even if the one before has
     * not ended. On the database's clock.
     *
     * @param window from 1 ms to ten years
     */
    public Unique within(Duration window) {
        return saying(new UniqueKey.Within(Bounds.span("A window", window, Bounds.DELAY)), null);
    }

    /**
     * The newest wins, among those that have not started. One that waits for its time (see {@link JobOptions#in}) becomes what is enqueued now and
     * keeps its id; one that is available, or waits for another attempt, is cancelled, and the new one takes its place. One that runs goes on: the
     * new one comes behind it, and both may run at the same time. The new one waits for its turn anew: a key that is replaced more often than its queue
     * comes round never runs, for which {@link #debounce} is made.
     *
     * <p>In a transaction of yours, in bulk, by a schedule and with an idempotency key, what is available is left to run, and the new one comes behind it as
     * well: to withdraw it would hold up the queue until the commit.
     */
    public Unique replace() {
        return saying(new UniqueKey.Replace(), null);
    }

    /**
     * Waits until there was quiet for so long, and then runs once, with what came last: for bursts of changes, each of which asks for the same work.
     * All calls of a burst get the handle of one job. When its time has come, the next call begins a new burst.
     *
     * @param quiet how long no call must come; from 1 ms to ten years
     * @param atMost how long after the first call it runs at the latest, though there was no quiet; not shorter than quiet
     */
    public Unique debounce(Duration quiet, Duration atMost) {
        Bounds.span("The quiet of a debounce", quiet, Bounds.DELAY);
        Bounds.span("The longest wait of a debounce", atMost, Bounds.DELAY);
        if (atMost.compareTo(quiet) < 0)
            throw new MillraceException(
                    "A debounce can't wait for %s of quiet and %s at most: the longest wait is the second one. Is it debounce(%2$s, %1$s)?"
                            .formatted(Words.duration(quiet), Words.duration(atMost)));
        return saying(new UniqueKey.Debounce(atMost), quiet);
    }

    private Unique saying(UniqueKey.Policy other, @Nullable Duration otherQuiet) {
        if (!(policy instanceof UniqueKey.UntilEnded))
            throw new MillraceException(
                    "A key is unique within a time, or replaces, or debounces: one of them. This one says %s and then %s."
                            .formatted(word(policy), word(other)));
        return new Unique(values, other, otherQuiet);
    }

    private static String word(UniqueKey.Policy policy) {
        return switch (policy) {
            case UniqueKey.UntilEnded until -> "until it has ended";
            case UniqueKey.Within(var window) -> "within " + Words.duration(window);
            case UniqueKey.Replace replace -> "replace";
            case UniqueKey.Debounce(var atMost) -> "debounce, at most " + Words.duration(atMost);
        };
    }

    /** How long the job waits for quiet; null if it does not. */
    @Nullable
    Duration quiet() {
        return quiet;
    }

    /** Whether a job that is there may become what is enqueued, or be withdrawn for it. */
    boolean changesOthers() {
        return policy instanceof UniqueKey.Replace || policy instanceof UniqueKey.Debounce;
    }

    /** As the store knows it. */
    UniqueKey of(KindName kind) {
        return new UniqueKey(
                kind.name() + (values.length() <= KEY ? values : "(" + Words.sha256(values) + ")"), policy);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Unique unique
                && values.equals(unique.values)
                && policy.equals(unique.policy)
                && Objects.equals(quiet, unique.quiet);
    }

    @Override
    public int hashCode() {
        return Objects.hash(values, policy, quiet);
    }

    /** For people: the values, and what is said of them. */
    @Override
    public String toString() {
        return "by " + values + " "
                + (quiet == null ? word(policy) : "after " + Words.duration(quiet) + " of quiet, " + word(policy));
    }
}
