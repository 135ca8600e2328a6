package dev.millrace.store;

import dev.millrace.Failure;
import dev.millrace.State;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a delivery ended, as the node that held it says. */
public sealed interface Ending {

    /** The handler is done. */
    record Done(@Nullable Payload result) implements Ending {}

    /** It failed and attempts remain: the next one after the delay. */
    record Retry(Failure failure, Duration delay) implements Ending {}

    /** It took longer than its deadline; another attempt follows after the delay. */
    record TimedOut(Failure failure, Duration delay) implements Ending {}

    /** Postponed by its handler; costs no attempt. */
    record Snoozed(Duration delay, @Nullable String reason) implements Ending {}

    /** Withdrawn. */
    record Cancelled(String reason) implements Ending {}

    /** Refused for good, attempts used up, or expired. */
    record Discarded(Failure failure) implements Ending {}

    /** Claimed, never started: back to the front. */
    record HandedBack() implements Ending {}

    /** This node can't run it now. It waits outside the streams until a node that can releases it. */
    record Parked(Parking parking, String detail) implements Ending {

        private static final String MORE = "more of its order or its limit wait before it than a node holds";

        /** {@linkplain Parking#BEHIND Behind} others. */
        public static Parked behind() {
            return new Parked(Parking.BEHIND, MORE);
        }

        /** Whether this is the detail of one that is parked behind others. */
        public static boolean tellsOfBehind(@Nullable String detail) {
            return MORE.equals(detail);
        }
    }

    /** Why a delivery is parked. */
    enum Parking {
        /** No handler for its kind or version. */
        UNKNOWN_KIND,
        /** Its payload does not fit its kind. */
        UNDECODABLE,
        /** Its kind runs as often as this node allows. */
        LIMIT,
        /** Its kind or queue is paused. */
        PAUSED,
        /** More of its line wait than the owner of its keyed shard holds. It is {@linkplain Ownership#recall recalled} by who owns the shard then, and by nobody else. */
        BEHIND
    }

    /** The state of the job that follows from it. */
    default State leadsTo() {
        return switch (this) {
            case Done done -> State.COMPLETED;
            case Retry retry -> State.RETRYABLE;
            case TimedOut late -> State.RETRYABLE;
            case Snoozed snoozed -> State.SCHEDULED;
            case Cancelled cancelled -> State.CANCELLED;
            case Discarded discarded -> State.DISCARDED;
            case HandedBack back -> State.AVAILABLE;
            case Parked parked -> State.AVAILABLE;
        };
    }
}
