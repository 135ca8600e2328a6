package dev.millrace.app.torture;

import dev.millrace.app.wire.Json;
import dev.millrace.simulation.trace.TraceEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the check takes from the traces: when each job's handler began, told before the handler did anything, so that no fault of the
 * database delays it; when a node took a delivery that is charged with a death; and when any node's beat went through. The processes of a run share a machine, and with it the monotonic clock.
 */
final class Traces {

    private static final Pattern WANTED = Pattern.compile("\"event\":\"(Started|Beat)\"|\"charged\":[1-9]");

    private final Map<String, TreeSet<Long>> starts = new HashMap<>();
    private final Map<String, TreeSet<Long>> charged = new HashMap<>();
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
            if (event instanceof TraceEvent.Started start)
                started(start.held().job().toString(), at);
            if (event instanceof TraceEvent.Beat) beat(at);
            if (event instanceof TraceEvent.Read read)
                for (var held : read.held())
                    if (held.charged() > 0) charged(held.job().toString(), at);
        } catch (Json.NotJson torn) {
            // it was being written when its process was killed
        }
    }

    void started(String job, long at) {
        starts.computeIfAbsent(job, first -> new TreeSet<>()).add(at);
    }

    /** A node had taken a delivery that is charged with a death, and lets it wait for its turn among few. */
    void charged(String job, long at) {
        charged.computeIfAbsent(job, first -> new TreeSet<>()).add(at);
    }

    void beat(long at) {
        beats.add(at);
    }

    /** The job's first start from this moment on; never, as {@link Long#MAX_VALUE}. */
    long startAfter(String job, long moment) {
        return next(starts.get(job), moment);
    }

    /** When a node had next taken the job as one that is charged; never, as {@link Long#MAX_VALUE}. */
    long chargedAfter(String job, long moment) {
        return next(charged.get(job), moment);
    }

    /** The first beat of any node from this moment on; never, as {@link Long#MAX_VALUE}. */
    long beatAfter(long moment) {
        return next(beats, moment);
    }

    private static long next(@Nullable NavigableSet<Long> times, long moment) {
        var next = times == null ? null : times.ceiling(moment);
        return next == null ? Long.MAX_VALUE : next;
    }
}
