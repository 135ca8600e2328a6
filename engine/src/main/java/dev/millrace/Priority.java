package dev.millrace;

import java.util.Locale;

/**
 * How soon a job is claimed among the jobs of its queue. A lower band is not starved: every tenth claim of a node begins with one of the
 * lower bands, each in its turn.
 */
public enum Priority {
    /** Before everything else: a person is waiting. */
    URGENT(0),
    /** Before ordinary work. */
    HIGH(1),
    /** The default. */
    NORMAL(2),
    /** When there is room: imports, back-fills, re-indexing. */
    BULK(3);

    private final int rank;

    Priority(int rank) {
        this.rank = rank;
    }

    /** Its number in stored rows: 0 for the first to be claimed, 3 for the last. */
    public int rank() {
        return rank;
    }

    /**
     * The priority with this number.
     *
     * @throws MillraceException if there is none
     */
    public static Priority ofRank(int rank) {
        for (var priority : values()) if (priority.rank == rank) return priority;
        throw new MillraceException("There is no priority with the number %d; they go from 0 to 3.".formatted(rank));
    }

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
        throw new MillraceException("\"%s\" is not a priority. The priorities are urgent, high, normal and bulk."
                .formatted(Words.cut(wireName, 80)));
    }
}
