package dev.millrace;

import java.util.Locale;

/**
 * How soon a job is claimed among the jobs of its queue. A lower band is not starved: every tenth claim of a node begins at the
 * lowest band.
 */
public enum Priority {
    /** Before everything else: a person is waiting. */
    URGENT,
    /** Before ordinary work. */
    HIGH,
    /** The default. */
    NORMAL,
    /** When there is room: imports, back-fills, re-indexing. */
    BULK;

    /** The name as it is stored and shown: lower case. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The priority with this stored name.
     *
     * @throws MillraceException if there is none
     */
    public static Priority of(String wireName) {
        for (var priority : values()) if (priority.wireName().equals(wireName)) return priority;
        throw new MillraceException(
                "\"%s\" is not a priority. The priorities are urgent, high, normal and bulk.".formatted(wireName));
    }
}
