package dev.millrace.node;

import dev.millrace.Failure;
import dev.millrace.store.Delivery;
import dev.millrace.store.Expiry;
import java.io.PrintWriter;
import java.io.StringWriter;

/** Failures that are not a handler's: the engine's own words. */
final class Failures {

    private Failures() {}

    /** The expiry that its sender gave it passed before it could start. */
    static Failure expired(Delivery delivery) {
        return Expiry.failure(delivery.no(), delivery.attempt(), delivery.rescues());
    }

    /** Something of the engine threw where nothing may. */
    static Failure engine(Throwable bug, int attempt) {
        var trace = new StringWriter();
        bug.printStackTrace(new PrintWriter(trace));
        var type = bug.getClass().getName();
        return new Failure(type, "engine: " + bug.getMessage(), "engine:" + type, attempt, trace.toString());
    }

    /** The store refused to write the outcome itself. */
    static Failure unwritable(RuntimeException refused, int attempt) {
        return new Failure(
                "unwritable outcome",
                "engine: the handler ended, but its outcome could not be written: " + refused.getMessage(),
                "engine:unwritable",
                attempt,
                "");
    }
}
