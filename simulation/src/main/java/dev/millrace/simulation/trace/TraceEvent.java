package dev.millrace.simulation.trace;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import dev.millrace.store.Settled;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One thing that a node, or a producer, did to the store, told after it was answered; or the start of a handler, told before it runs.
 *
 * <p>A step took effect between {@code at.asked} and {@code at.nanos}. A process that is killed in between tells nothing of a step that
 * may have taken effect: what is missing in a trace proves nothing, what is in it happened.
 */
public sealed interface TraceEvent {

    Stamp at();

    /**
     * Who, and when.
     *
     * @param node null for a producer without a node, and before a node has joined
     * @param epoch 0 if there is no node
     * @param asked the monotonic clock before the step
     * @param nanos the monotonic clock when it had been answered. Processes of one machine may share this clock's origin; nothing else
     *     tells two traces' order
     * @param wall the node's wall clock, which may be wrong: shown, never compared
     */
    record Stamp(@Nullable NodeId node, int epoch, long asked, long nanos, Instant wall) {}

    // ---- life of a node

    /** It is a node from now on. */
    record Joined(Stamp at, String name, long pid, int slots) implements TraceEvent {}

    /** A beat went through. */
    record Beat(Stamp at) implements TraceEvent {}

    /** It said good-bye. */
    record Left(Stamp at) implements TraceEvent {}

    /** It tried to depose a peer, having seen this epoch and beat of it. */
    record Deposed(Stamp at, NodeId dead, int deadEpoch, long beat, boolean won) implements TraceEvent {}

    /** It took back deliveries of a dead node. */
    record TookBack(Stamp at, NodeId dead, List<Case> cases) implements TraceEvent {}

    /** What became of one delivery that was taken back. */
    record Case(JobId job, int rescues, int charged, boolean discarded) {}

    // ---- claim

    /**
     * A claim was answered.
     *
     * @param want how many it had asked for; 0 if this is the answer to a lost one
     * @param resolved whether this is the answer to a claim whose first answer was lost
     */
    record Claimed(Stamp at, ClaimToken token, int stream, long ordinal, int want, boolean resolved, List<Place> places)
            implements TraceEvent {}

    /** It read the payloads of claimed deliveries. */
    record Read(Stamp at, ClaimToken token, List<Held> held) implements TraceEvent {}

    /** A delivery as its holder read it. */
    record Held(
            Place place,
            JobId job,
            int run,
            int no,
            int attempt,
            int rescues,
            int charged,
            boolean expired,
            boolean cancelled,
            boolean gone) {

        /** Whether it has an outcome already: it is nothing to its holder. */
        public boolean over() {
            return cancelled || gone;
        }
    }

    /** These starts are marked. */
    record Marked(Stamp at, List<Place> places) implements TraceEvent {}

    /** These marked starts have outlived their youth. */
    record Outlived(Stamp at, List<Place> places) implements TraceEvent {}

    /** A handler is about to run. */
    record Started(Stamp at, ClaimToken token, Held held) implements TraceEvent {}

    /** It said what it holds, all claims up to this ordinal covered. */
    record Manifested(Stamp at, long no, long upto, List<Place> open) implements TraceEvent {}

    // ---- end

    /** A flush was answered. */
    record Flushed(Stamp at, List<End> ends) implements TraceEvent {}

    /**
     * How one delivery ended.
     *
     * @param ending the ending's name: {@code done}, {@code retry}, {@code timed_out}, {@code snoozed}, {@code cancelled},
     *     {@code discarded}, {@code handed_back}, {@code parked}
     * @param leadsTo the state of the job that follows if it won
     * @param verdict what the store said
     */
    record End(
            Place place,
            ClaimToken token,
            JobId job,
            int run,
            int no,
            int attempt,
            String ending,
            State leadsTo,
            Settled verdict) {}

    /** An outcome was written in a handler's own transaction, whose commit is still to come. */
    record Completing(Stamp at, Place place, ClaimToken token, JobId job) implements TraceEvent {}

    // ---- waiting

    /** It moved timers into the log. */
    record Promoted(Stamp at, int count) implements TraceEvent {}

    /** It moved parked deliveries back into their streams. */
    record Released(Stamp at, int count) implements TraceEvent {}

    /** A checkpoint was written; in the caller's transaction if {@code joined}, whose commit is still to come. */
    record Checkpointed(Stamp at, Place place, JobId job, int run, int no, boolean joined) implements TraceEvent {}

    // ---- intake

    /**
     * An enqueue returned.
     *
     * @param job the job that stands for it
     * @param existed whether it was there before, under its idempotency key
     */
    record Enqueued(Stamp at, JobId job, String queue, String kind, boolean existed) implements TraceEvent {}

    // ---- what did not go through

    /** The store refused a step, because the node was deposed or the delivery had ended: nothing was written. */
    record Refused(Stamp at, String step) implements TraceEvent {}

    /**
     * Nobody knows whether a step took effect.
     *
     * @param about the token of a claim, the id of a job, or empty
     */
    record Unanswered(Stamp at, String step, String about) implements TraceEvent {}

    /** A step failed, and wrote nothing. */
    record Failed(Stamp at, String step, String why) implements TraceEvent {}
}
