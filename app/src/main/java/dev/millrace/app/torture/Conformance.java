package dev.millrace.app.torture;

import dev.millrace.app.wire.Json;
import dev.millrace.simulation.checker.AttemptsCount;
import dev.millrace.simulation.checker.Broken;
import dev.millrace.simulation.checker.Checker;
import dev.millrace.simulation.checker.ClaimedOnce;
import dev.millrace.simulation.checker.Fenced;
import dev.millrace.simulation.checker.LivingNotDeposed;
import dev.millrace.simulation.checker.OneOutcome;
import dev.millrace.simulation.checker.StartedOnce;
import dev.millrace.simulation.trace.TraceEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Holds what the real processes did to the invariants that simulated ones are held to, by their traces. Those are told after the answer, so
 * that the order of two processes' steps is known only roughly, and a process that was killed tells nothing of its last step; the
 * invariants that need more than that are left to the simulation.
 *
 * @param events that were looked at
 * @param broken how many broke an invariant
 * @param first the first of these, in words
 */
record Conformance(long events, long broken, List<String> first) {

    private static final int TOLD = 10;

    /** More deliveries of one run than any number of faults explains. */
    private static final int MOST_DELIVERIES = 1_000;

    /** Reads all traces in this folder. The last line of a process that was killed may not be whole. */
    static Conformance of(Path logs) throws IOException {
        var events = new ArrayList<TraceEvent>();
        try (var files = Files.newDirectoryStream(logs, "*.trace.jsonl")) {
            for (var file : files) {
                try (var lines = Files.lines(file)) {
                    lines.forEach(line -> read(line, events));
                }
            }
        }
        return of(events);
    }

    private static void read(String line, List<TraceEvent> events) {
        try {
            events.add(TraceJson.read(line));
        } catch (Json.NotJson torn) {
            // it was being written when its process was killed
        }
    }

    static Conformance of(List<TraceEvent> events) {
        var invariants = List.of(
                new ClaimedOnce(false),
                new OneOutcome(false, job -> true, part -> false),
                new Fenced(false),
                new StartedOnce(),
                new AttemptsCount(job -> Integer.MAX_VALUE, MOST_DELIVERIES),
                new LivingNotDeposed(node -> true));
        var ordered = new ArrayList<>(events);
        ordered.sort(Comparator.comparingLong(event -> event.at().nanos()));
        var broken = new ArrayList<String>();
        for (var event : ordered) for (var invariant : invariants) see(invariant, event, broken);
        return new Conformance(
                ordered.size(), broken.size(), List.copyOf(broken.subList(0, Math.min(TOLD, broken.size()))));
    }

    private static void see(Checker invariant, TraceEvent event, List<String> broken) {
        try {
            invariant.see(event);
        } catch (Broken found) {
            broken.add("%s (%s)".formatted(found.getMessage(), event));
        }
    }
}
