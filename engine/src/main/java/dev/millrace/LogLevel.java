package dev.millrace;

import java.util.Locale;

/** How grave a line of a job's log is, from the least to the most: {@code attempt.log(WARNING, "line {} has no price", line)}. */
public enum LogLevel {
    /** Each step, for who looks for a mistake. */
    TRACE,
    /** What helps to find a mistake. */
    DEBUG,
    /** What happened, as it should. */
    INFO,
    /** What should not have happened, and the attempt goes on. */
    WARNING,
    /** What went wrong. */
    ERROR;

    /** Whether it is as grave as that level, or graver. */
    public boolean isAtLeast(LogLevel least) {
        return compareTo(least) >= 0;
    }

    /** The name as it is stored and shown: lower case. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The level with this stored name.
     *
     * @throws MillraceException if there is none
     */
    public static LogLevel of(String wireName) {
        for (var level : values()) if (level.wireName().equals(wireName)) return level;
        throw new MillraceException(
                "\"%s\" is not a level of log lines. The levels are trace, debug, info, warning and error."
                        .formatted(Words.cut(wireName, 80)));
    }
}
