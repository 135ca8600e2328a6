package dev.millrace.store;

import dev.millrace.Deletion;
import dev.millrace.FailureGroup;
import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.State;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
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
        CANCEL,
        /** A job that no node has waits for another time. */
        RESCHEDULE,
        /** A job that no node has, or that was discarded, gets another payload; of one that was discarded that is a new run. Done by {@link #edit}. */
        EDIT,
        /** A job that has ended is not told of any more. */
        DELETE
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
     * Groups some jobs, which are discarded or retryable, by the fingerprint of their last failure.
     *
     * @param before only older ones than this; null to begin
     * @param look at how many jobs at most, the newest first
     */
    FailurePiece failures(Selection selection, @Nullable JobId before, int look);

    /**
     * A piece of a walk, grouped: one group of a fingerprint, in no order.
     *
     * @param next where to go on; null if there are no more
     */
    record FailurePiece(List<FailureGroup> groups, @Nullable JobId next) {}

    /** Of payloads that are read or put back in one step. */
    long PAYLOAD_BYTES = 4L * 1024 * 1024;

    /**
     * Looks at some jobs, the newest first, and gives those that are selected with their payloads, as many as fit into {@link #PAYLOAD_BYTES}, at least one.
     *
     * @param before only at older ones than this; null to begin
     * @param look at how many at most
     * @param most give so many at most
     */
    PayloadPiece payloads(Selection selection, @Nullable JobId before, int look, int most);

    /**
     * A piece of a walk, with payloads.
     *
     * @param next where to go on; null if there are no more
     */
    record PayloadPiece(List<Editable> jobs, @Nullable JobId next) {}

    /**
     * What a job was asked for.
     *
     * @param run which run of it
     * @param no which delivery of the run it is, or becomes when its wait is over
     */
    record Editable(JobId job, String kind, int kindVersion, int run, int no, Payload payload) {}

    /**
     * Writes down what is to be done. Saying it again changes nothing, and neither does saying another thing under the same id: {@link #change} tells what is
     * kept. It is kept until it has ended and retention has passed since then; what it changed also as long as one that takes it back has not ended.
     */
    void begin(Change change);

    /**
     * What is to be done.
     *
     * @param undoes the change that is taken back, as far as that is possible; null if this is none of that kind
     * @param selection null if it undoes another one
     * @param planned how many jobs it was to be about when it was planned
     * @param perSecond not more jobs in a second; 0 is as fast as it goes. Kept here for whoever goes on with it
     * @param request what was asked for, in words that are the same for the same request: who says an id again is held against them. Null if a build wrote it that
     *     knew none
     */
    record Change(
            UUID id,
            Action action,
            @Nullable UUID undoes,
            @Nullable Selection selection,
            Details details,
            long planned,
            int perSecond,
            String reason,
            String by,
            @Nullable String request) {

        /** One that nobody asked for by an id of their own. */
        public Change(
                UUID id,
                Action action,
                @Nullable UUID undoes,
                @Nullable Selection selection,
                Details details,
                long planned,
                int perSecond,
                String reason,
                String by) {
            this(id, action, undoes, selection, details, planned, perSecond, reason, by, null);
        }

        /** For the history of a job that it changed. */
        public JobHistory.Change told(Instant at) {
            return new JobHistory.Change(
                    id, undoes == null ? action.name().toLowerCase(Locale.ROOT) : "undo", by, reason, at);
        }
    }

    /**
     * What is said beside the verb; what is null is not said.
     *
     * @param priority of the new runs of a requeue; null means that which they had
     * @param runAt the time that rescheduled jobs wait for
     * @param delay how much later than they would have, if there is no such time; negative is earlier. Jobs that wait for no time count from now
     * @param patch how payloads are edited, a JSON merge patch as it is stored; null if by a function that is not kept
     * @param shape what patched payloads are held against by whoever goes on with it; null if whoever began it knew no class of theirs
     */
    record Details(
            @Nullable Priority priority,
            @Nullable Instant runAt,
            @Nullable Duration delay,
            Payload.@Nullable Text patch,
            @Nullable Shape shape) {

        public static final Details NONE = new Details(null, null, null, null, null);

        public static Details priority(@Nullable Priority priority) {
            return new Details(priority, null, null, null, null);
        }

        public static Details at(Instant runAt) {
            return new Details(null, runAt, null, null, null);
        }

        public static Details later(Duration delay) {
            return new Details(null, null, delay, null, null);
        }

        public static Details patch(Payload.@Nullable Text patch) {
            return patch(patch, null);
        }

        public static Details patch(Payload.@Nullable Text patch, @Nullable Shape shape) {
            return new Details(null, null, null, patch, shape);
        }
    }

    /**
     * What payloads of one version of the kind look like, by the class that who began an edit had.
     *
     * @param schema as nodes publish it: {@link Catalogue}
     */
    record Shape(int version, String schema) {}

    /**
     * Does some of it: changes so many jobs at most. Once all is done, it does nothing. What has left the selection since it was planned is not met. A change that
     * edits, has not ended and does not take another one back is done by {@link #edit}. One that takes back an edit puts back no more payloads at once than
     * {@link #payloads} gives.
     *
     * @return empty if there is no such change
     * @throws RuntimeException if it is to be done by {@link #edit}
     */
    Optional<Progress> goOn(UUID change, int most);

    /**
     * How far a change is.
     *
     * @param matched jobs that were to be changed, so far
     * @param changed how many of them were
     */
    record Progress(long matched, long changed, boolean done) {}

    /**
     * Does one step of a change that edits. What the payloads become was worked out by who has their keys; here each job gets it that is still as it was then:
     * in the same delivery, of the same kind, version and payload. Others are left.
     * Does nothing if the change is not at this place any more, since another one has done that step, or if it has ended.
     *
     * @param cursor where the change was when the jobs were looked at
     * @param next where the next step begins; null if there were none left to look at: then the change has ended
     * @return empty if there is no such change
     */
    Optional<Stepped> edit(UUID change, @Nullable JobId cursor, @Nullable JobId next, List<Edited> jobs);

    /**
     * What a job is to become.
     *
     * @param read what it was, when it was looked at
     * @param payload null if it is left as it is
     * @param leftBecause why; null if it is not
     */
    record Edited(
            Editable read,
            @Nullable Payload payload,
            @Nullable String leftBecause) {

        public JobId job() {
            return read.job();
        }
    }

    /**
     * How far a change that edits is.
     *
     * @param cursor where the next step begins; null before the first
     */
    record Stepped(Progress progress, @Nullable JobId cursor) {}

    /**
     * Ends a change where it is: what was done stays done, and nothing more is. A step that is under way is the last one. Said again it changes nothing.
     *
     * @return whether it had not ended before; false if there is no such change
     */
    boolean stop(UUID change, Stopped stopped);

    /** Who ended a change before it was done, and why. */
    record Stopped(String by, String reason) {}

    /** By whom and why an ended job was deleted; empty if it was not, or is not known. */
    Optional<Deletion> deletion(JobId job);

    /** A change as it is kept; empty if there is none with this id. */
    Optional<KeptChange> change(UUID id);

    /** The newest ones first. */
    List<KeptChange> changes(int limit);

    /** Those that have not ended, the oldest ones first. */
    List<KeptChange> unfinished(int limit);

    /**
     * A change as it is kept.
     *
     * @param left how many jobs were left as they were, by the reason for it
     * @param cursor this job and newer ones were looked at; null before the first step
     * @param stopped null if nobody ended it before it was done
     */
    record KeptChange(
            Change change,
            Instant at,
            @Nullable Instant endedAt,
            Progress progress,
            Map<String, Long> left,
            @Nullable JobId cursor,
            @Nullable Stopped stopped) {}
}
