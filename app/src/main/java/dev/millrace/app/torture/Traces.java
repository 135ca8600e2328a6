package dev.millrace.app.torture;

import dev.millrace.app.wire.Json;
import dev.millrace.simulation.trace.TraceEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * What the check takes from the traces: when each job's handler began, told before the handler did anything, so that no fault of the
 * database delays it; and when any node's beat went through. The processes of a run share a machine, and with it the monotonic clock.
 */
final class Traces {

    private static final Pattern WANTED = Pattern.compile("\"event\":\"(Started|Beat)\"");

    private final Map<String, TreeSet<Long>> starts = new HashMap<>();
    private final TreeSet<Long> beats = new TreeSet<>();

    /** Reads all traces in this folder. The last line of a process that was killed may not be whole. */
    static Traces in(Path logs, RunClock clock) throws IOException {
        var traced = new Traces();
        try (var files = Files.newDirectoryStream(logs, "*.trace.jsonl")) {
            for (var file : files) {
                try (var lines = Files.lines(file)) {
                    lines.filter(line -> WANTED.matcher(line).find()).forEach(line -> traced.read(line, clock));
                }
            }
        }
        return traced;
    }

    private void read(String line, RunClock clock) {
        try {
            var event = TraceJson.read(line);
            long at = clock.ofNanos(event.at().nanos());
            if (event instanceof TraceEvent.Started start) started(start.held().job().toString(), at);
            if (event instanceof TraceEvent.Beat) beat(at);
        } catch (Json.NotJson torn) {
            // it was being written when its process was killed
        }
    }

    void started(String job, long at) {
        starts.computeIfAbsent(job, first -> new TreeSet<>()).add(at);
    }

    void beat(long at) {
        beats.add(at);
    }

    /** The first beat of any node from this moment on; never, as {@link Long#MAX_VALUE}. */
    long beatAfter(long moment) {
        var next = beats.ceiling(moment);
        return next == null ? Long.MAX_VALUE : next;
    }

    /** The job's first start after this moment; never, as {@link Long#MAX_VALUE}. */
    long startAfter(String job, long moment) {
        var known = starts.get(job);
        var next = known == null ? null : known.ceiling(moment);
        return next == null ? Long.MAX_VALUE : next;
    }
}
