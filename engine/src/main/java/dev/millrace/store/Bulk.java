package dev.millrace.store;

import dev.millrace.FailureGroup;
import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.State;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Changes of many jobs by one word of an operator. What is to be done is written down first; then it is done some jobs at a time, each time in one
 * transaction with the note of how far it is. Whoever started it may die: anybody can go on with it, and of two who do each does other jobs.
 */
public interface Bulk {

    /** What is done to each job. */
    enum Action {
        /** A new run of a job that has ended. */
        REQUEUE,
        /** A job that no node has is withdrawn. */
        CANCEL
    }

    /**
     * Which jobs; what is null is not asked.
     *
     * @param state discarded, cancelled, scheduled, retryable or available: those that can be found without reading all that is kept
     * @param failedWith the type of the last failure
     * @param fingerprint of the last failure
     * @param text somewhere in the payload, or in what the last failure said; whatever the case of its letters
     * @param since of ended jobs: ended at this moment or later; of others: enqueued
     * @param upto the same, at this moment or earlier
     */
    record Selection(
            State state,
            @Nullable String queue,
            @Nullable String kind,
            @Nullable String tenant,
            @Nullable String tag,
            @Nullable String failedWith,
            @Nullable String fingerprint,
            @Nullable String text,
            @Nullable Instant since,
            @Nullable Instant upto) {}

    /**
     * Looks at some jobs, the newest first, and tells which of them are selected.
     *
     * @param before only at older ones than this; null to begin
     * @param look at how many at most
     */
    Piece select(Selection selection, @Nullable JobId before, int look);

    /**
     * A piece of a walk.
     *
     * @param next where to go on; null if there are no more
     * @param now on the store's clock
     */
    record Piece(List<JobId> jobs, @Nullable JobId next, Instant now) {}

    /**
     * Selected jobs, which are discarded or retryable, grouped by the fingerprint of their last failure, the largest groups first.
     *
     * @param look at how many jobs at most, the newest first
     * @param most groups at most
     */
    List<FailureGroup> failures(Selection selection, int look, int most);

    /** Writes down what is to be done. Saying it again changes nothing. */
    void begin(Change change);

    /**
     * What is to be done.
     *
     * @param undoes the change that is taken back, as far as that is possible; null if this is none of that kind
     * @param selection null if it undoes another one
     * @param priority of the new runs; null means that which they had
     * @param planned how many jobs it was to be about when it was planned
     * @param perSecond not more jobs in a second; 0 is as fast as it goes. Kept here for whoever goes on with it
     */
    record Change(
            UUID id,
            Action action,
            @Nullable UUID undoes,
            @Nullable Selection selection,
            @Nullable Priority priority,
            long planned,
            int perSecond,
            String reason,
            String by) {}

    /**
     * Does some of it: changes so many jobs at most. Once all is done, it does nothing. What has left the selection since it was planned is not met.
     *
     * @return empty if there is no such change
     */
    Optional<Progress> goOn(UUID change, int most);

    /**
     * How far a change is.
     *
     * @param matched jobs that were to be changed, so far
     * @param changed how many of them were
     */
    record Progress(long matched, long changed, boolean done) {}

    /** A change as it is kept; empty if there is none with this id. */
    Optional<KeptChange> change(UUID id);

    /** The newest ones first. */
    List<KeptChange> changes(int limit);

    /**
     * A change as it is kept.
     *
     * @param left how many jobs were left as they were, by the reason for it
     */
    record KeptChange(
            Change change, Instant at, @Nullable Instant endedAt, Progress progress, Map<String, Long> left) {}
}
