package dev.millrace;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a pause meets as it is said. Immutable.
 *
 * @param scope what is paused
 * @param until when the pause ends by itself, on the store's clock; null if it lasts until it is resumed
 * @param meets whether anything of the scope waits now; of a schedule, whether there is one of this name
 * @param other what waits now, or is there, and is spelled much like the scope, where nothing of the scope was found: {@code sync ("product","42")} for {@code
 *     sync ("product",42)}. Null if there is no such thing
 */
public record Paused(
        Scope scope,
        @Nullable Instant until,
        Meets meets,
        @Nullable Scope other) {

    /** Whether anything of a scope waits now. The look is bounded: the newest thousand jobs of each state in which jobs wait. */
    public enum Meets {

        /** Something does. */
        SOMETHING,

        /** Nothing does. */
        NOTHING,

        /** Nothing was found, and not all that waits was looked at, or it could not be. */
        UNKNOWN
    }

    /** For people: what is to be known of a pause of which nothing was found to wait; empty if something was. */
    public String note() {
        var what = scope instanceof Scope.OfSchedule
                ? "There is no schedule of this name now."
                : meets == Meets.UNKNOWN
                        ? "Among the newest jobs that wait none belongs to it."
                        : "Nothing that waits now belongs to it.";
        if (meets == Meets.SOMETHING) return "";
        return other == null
                ? what
                : "%s The %s %s is spelled otherwise, and is not paused by this."
                        .formatted(what, other.type(), other.name());
    }
}
