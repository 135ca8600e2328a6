package dev.millrace.test;

import java.util.ArrayList;
import java.util.List;

/** The crashes that a test has asked for and that have not happened yet. */
final class Crashes {

    /** Before or after the handler of the next attempt of a kind. */
    record Request(When when, String kind) {

        @Override
        public String toString() {
            return "crash%s(\"%s\")".formatted(when == When.BEFORE ? "Before" : "After", kind);
        }
    }

    enum When {
        BEFORE,
        AFTER
    }

    private final List<Request> open = new ArrayList<>();

    synchronized void ask(When when, String kind) {
        open.add(new Request(when, kind));
    }

    /** Whether to crash now. Each request is for one attempt. */
    synchronized boolean due(When when, String kind) {
        return open.remove(new Request(when, kind));
    }

    /** What has not happened, in the order in which it was asked for. */
    synchronized List<Request> open() {
        return List.copyOf(open);
    }
}
