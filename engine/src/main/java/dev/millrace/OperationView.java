package dev.millrace;

import dev.millrace.store.Bulk.KeptChange;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A change of many jobs as it stands now. Immutable.
 *
 * @param what requeue, cancel, or undo
 * @param undoes the operation that it takes back; null if it is no undo
 * @param by who began it
 * @param endedAt null while there is more to do
 * @param planned how many jobs it was to be about when it was planned
 * @param perSecond not more jobs in a second; 0 is as fast as it goes
 * @param matched jobs that it met, so far: fewer than planned, if others have changed since
 * @param changed how many of them were changed
 * @param left how many were left as they were, by the reason for it
 */
public record OperationView(
        UUID id,
        String what,
        @Nullable UUID undoes,
        String by,
        String reason,
        Instant at,
        @Nullable Instant endedAt,
        long planned,
        int perSecond,
        long matched,
        long changed,
        Map<String, Long> left) {

    static OperationView of(KeptChange kept) {
        var change = kept.change();
        var what = switch (change.action()) {
            case REQUEUE -> "requeue";
            case CANCEL -> "cancel";
        };
        return new OperationView(
                change.id(),
                change.undoes() == null ? what : "undo",
                change.undoes(),
                change.by(),
                change.reason(),
                kept.at(),
                kept.endedAt(),
                change.planned(),
                change.perSecond(),
                kept.progress().matched(),
                kept.progress().changed(),
                Map.copyOf(kept.left()));
    }
}
