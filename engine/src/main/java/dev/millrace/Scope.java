package dev.millrace;

/** What a pause applies to. */
public sealed interface Scope {

    /** All jobs of a queue. */
    record Queue(String name) implements Scope {}

    /** All jobs of a kind, in every queue. */
    record OfKind(String name) implements Scope {}

    /** A schedule: it fires nothing. What it has enqueued runs. */
    record OfSchedule(String name) implements Scope {}

    /** All jobs of a queue. */
    static Scope queue(String name) {
        return new Queue(name);
    }

    /** All jobs of a kind, in every queue. */
    static Scope kind(String name) {
        return new OfKind(name);
    }

    /** A schedule: it fires nothing. What it has enqueued runs. */
    static Scope schedule(String name) {
        return new OfSchedule(name);
    }
}
