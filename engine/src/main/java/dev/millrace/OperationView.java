package dev.millrace;

import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.KeptChange;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A change of many jobs as it stands now. Immutable.
 *
 * @param what requeue, cancel, reschedule, edit, delete, or undo
 * @param how what is said beside that, in a few words, such as a priority or a time; null if nothing is. A patch is not told: it may say what payloads say
 * @param undoes the operation that it takes back; null if it is no undo
 * @param by who began it
 * @param endedAt null while there is more to do
 * @param planned how many jobs it was to be about when it was planned
 * @param perSecond not more jobs in a second; 0 is as fast as it goes
 * @param matched jobs that it met, so far: fewer than planned, if others have changed since
 * @param changed how many of them were changed
 * @param left how many were left as they were, by the reason for it
 * @param stopped who ended it before it was done, and why; null if nobody did
 */
public record OperationView(
        UUID id,
        String what,
        @Nullable String how,
        @Nullable UUID undoes,
        String by,
        String reason,
        Instant at,
        @Nullable Instant endedAt,
        long planned,
        int perSecond,
        long matched,
        long changed,
        Map<String, Long> left,
        @Nullable Stopped stopped) {

    /** That somebody ended it before it was done. */
    public record Stopped(String by, String reason) {}

    static OperationView of(KeptChange kept) {
        var change = kept.change();
        return new OperationView(
                change.id(),
                change.undoes() == null ? word(change.action()) : "undo",
                change.undoes() == null ? how(change) : null,
                change.undoes(),
                change.by(),
                change.reason(),
                kept.at(),
                kept.endedAt(),
                change.planned(),
                change.perSecond(),
                kept.progress().matched(),
                kept.progress().changed(),
                Map.copyOf(kept.left()),
                kept.stopped() == null
                        ? null
                        : new Stopped(kept.stopped().by(), kept.stopped().reason()));
    }

    static String word(Action action) {
        return switch (action) {
            case REQUEUE -> "requeue";
            case CANCEL -> "cancel";
            case RESCHEDULE -> "reschedule";
            case EDIT -> "edit";
            case DELETE -> "delete";
        };
    }

    private static @Nullable String how(Change change) {
        var said = change.details();
        var priority = said.priority();
        var delay = said.delay();
        if (priority != null) return "priority " + priority.wireName();
        if (said.runAt() != null) return "to " + said.runAt();
        if (delay != null) return Words.duration(delay.abs()) + (delay.isNegative() ? " earlier" : " later");
        return change.action() != Action.EDIT ? null : said.patch() == null ? "by a function" : "by a patch";
    }
}
