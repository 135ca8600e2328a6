package dev.millrace;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A pause. Immutable.
 *
 * @param by who said it last; null if that is not kept
 * @param since when it was said last, on the store's clock; null if that is not kept
 * @param until when it ends by itself, on the store's clock; null if it lasts until it is resumed
 */
public record PauseView(
        Scope scope,
        String reason,
        @Nullable String by,
        @Nullable Instant since,
        @Nullable Instant until) {}
