package dev.millrace.app.console;

import dev.millrace.State;

/** What colour means: a state, and nothing else. Each also has a word beside it. */
public enum Style {
    HEAD("2"),
    DIM("2"),
    STRONG("1"),
    SCHEDULED("35"),
    AVAILABLE("36"),
    RUNNING("34"),
    RETRYABLE("33"),
    COMPLETED("32"),
    CANCELLED("2"),
    DISCARDED("31");

    static final String END = "\u001b[0m";

    private final String code;

    Style(String code) {
        this.code = code;
    }

    String begin() {
        return "\u001b[" + code + "m";
    }

    /** The colour of a state. */
    public static Style of(State state) {
        return switch (state) {
            case SCHEDULED -> SCHEDULED;
            case AVAILABLE -> AVAILABLE;
            case RUNNING -> RUNNING;
            case RETRYABLE -> RETRYABLE;
            case COMPLETED -> COMPLETED;
            case CANCELLED -> CANCELLED;
            case DISCARDED -> DISCARDED;
        };
    }
}
