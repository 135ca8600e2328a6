package dev.millrace.cron;

import java.util.Locale;

/** The fields of an expression, in order. */
enum Field {
    SECOND("second", 0, 59, ""),
    MINUTE("minute", 0, 59, ""),
    HOUR("hour", 0, 23, ""),
    DAY("day of the month", 1, 31, ""),
    MONTH("month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"),
    WEEKDAY("day of the week", 0, 7, "SUNMONTUEWEDTHUFRISAT");

    private static final int LETTERS = 3;

    private final String words;
    private final int least;
    private final int most;
    private final String names;

    Field(String words, int least, int most, String names) {
        this.words = words;
        this.least = least;
        this.most = most;
        this.names = names;
    }

    /** As people call it. */
    String words() {
        return words;
    }

    int least() {
        return least;
    }

    int most() {
        return most;
    }

    /** The number that a name stands for; -1 if it is none. */
    int named(String name) {
        if (name.length() != LETTERS) return -1;
        var sought = name.toUpperCase(Locale.ROOT);
        for (int at = 0; at < names.length(); at += LETTERS)
            if (names.startsWith(sought, at)) return at / LETTERS + least;
        return -1;
    }

    /** What may stand there. */
    String range() {
        var numbers = least + " to " + most;
        return names.isEmpty()
                ? numbers
                : numbers + " or " + names.substring(0, LETTERS) + " to " + names.substring(names.length() - LETTERS);
    }
}
