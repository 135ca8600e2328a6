package dev.millrace.store;

import dev.millrace.LogLevel;
import java.time.Instant;

/** What a running handler tells about itself, on its way into the store. */
public sealed interface Note {

    Delivery delivery();

    /** A line of its log. */
    record Line(Delivery delivery, Instant at, LogLevel level, String text) implements Note {}

    /** How far it is; a later one replaces an earlier one. */
    record Progress(Delivery delivery, Instant at, long done, long total) implements Note {}
}
