package dev.millrace.store;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which batch a job is a part of. It stands in a header of the engine's own, so that whatever makes a delivery from another one takes it along. A batch
 * has the id of the job that follows its parts.
 */
public final class PartOf {

    /** No sender can say it: what they name begins with a letter or a digit. */
    public static final String HEADER = ":batch";

    private PartOf() {}

    /** The batch that these headers name; null if none, and if what was written there by hand names no job. */
    public static @Nullable JobId batch(Map<String, String> headers) {
        var id = headers.get(HEADER);
        if (id == null) return null;
        try {
            return JobId.of(id);
        } catch (MillraceException unreadable) {
            return null;
        }
    }
}
