package dev.millrace.memory;

import dev.millrace.Failure;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.NodeId;
import dev.millrace.store.Payload;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How a delivery ended. There is one at most, and whoever writes it has won.
 *
 * @param word the protocol's name for it
 * @param token the claim that a flush wrote it for; null if somebody else ended the delivery
 * @param node who wrote it: the node that held the delivery, or its rescuer; null if it was no node
 */
record Outcome(
        String word,
        Instant at,
        @Nullable ClaimToken token,
        @Nullable NodeId node,
        @Nullable Instant startedAt,
        @Nullable Duration took,
        @Nullable String reason,
        @Nullable Failure failure,
        @Nullable Payload result) {

    /** As the node says that held it. */
    static Outcome of(Ended ended, NodeId node, Instant now) {
        return new Outcome(
                word(ended.ending()),
                now,
                ended.delivery().token(),
                node,
                ended.startedAt(),
                ended.took(),
                reason(ended.ending()),
                failure(ended.ending()),
                ended.ending() instanceof Ending.Done(var result) ? result : null);
    }

    /** Withdrawn by somebody who did not hold it. */
    static Outcome cancelled(String reason, Instant now) {
        return new Outcome("cancelled", now, null, null, null, null, reason, null, null);
    }

    /** Ended for good by somebody who did not hold it. */
    static Outcome discarded(@Nullable NodeId node, Failure failure, Instant now) {
        return new Outcome("discarded", now, null, node, null, null, failure.message(), failure, null);
    }

    /** It waits elsewhere: an operator's word, before a node had it. */
    static Outcome moved(String reason, Instant now) {
        return new Outcome("moved", now, null, null, null, null, reason, null, null);
    }

    /** Taken back from a dead node. */
    static Outcome rescued(NodeId by, NodeId dead, Instant now) {
        return new Outcome("rescued", now, null, by, null, null, "node %s died".formatted(dead), null, null);
    }

    private static String word(Ending ending) {
        return switch (ending) {
            case Ending.Done done -> "done";
            case Ending.Retry retry -> "retry";
            case Ending.TimedOut late -> "timed_out";
            case Ending.Snoozed snoozed -> "snooze";
            case Ending.Cancelled cancelled -> "cancelled";
            case Ending.Discarded discarded -> "discarded";
            case Ending.HandedBack back -> "handed_back";
            case Ending.Parked parked -> "parked";
        };
    }

    private static @Nullable String reason(Ending ending) {
        return switch (ending) {
            case Ending.Snoozed(var delay, var reason) -> reason;
            case Ending.Cancelled(var reason) -> reason;
            case Ending.Parked(var parking, var detail) -> detail;
            case Ending.Done done -> null;
            case Ending.Retry retry -> null;
            case Ending.TimedOut late -> null;
            case Ending.Discarded discarded -> null;
            case Ending.HandedBack back -> null;
        };
    }

    private static @Nullable Failure failure(Ending ending) {
        return switch (ending) {
            case Ending.Retry(var failure, var delay) -> failure;
            case Ending.TimedOut(var failure, var delay) -> failure;
            case Ending.Discarded(var failure) -> failure;
            case Ending.Done done -> null;
            case Ending.Snoozed snoozed -> null;
            case Ending.Cancelled cancelled -> null;
            case Ending.HandedBack back -> null;
            case Ending.Parked parked -> null;
        };
    }
}
