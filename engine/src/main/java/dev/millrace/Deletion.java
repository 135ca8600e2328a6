package dev.millrace;

import java.time.Instant;
import java.util.UUID;

/**
 * Why an ended job is not told of any more. Immutable.
 *
 * @param operation by which it was deleted; taken back, it is told of again: {@code ops.operation(id)}
 * @param by who began that
 * @param reason why
 * @param at when it was deleted
 */
public record Deletion(UUID operation, String by, String reason, Instant at) {

    /** For people, as the end of a sentence that names the job. */
    String inWords() {
        return "was deleted by %s: %s. Operation %s did it, and can be taken back as long as the job is kept."
                .formatted(by, reason, operation);
    }
}
