package dev.millrace.app.http;

import dev.millrace.MillraceException;
import dev.millrace.Schedule;
import dev.millrace.Schedule.Gap;
import dev.millrace.Schedule.Missed;
import dev.millrace.Schedule.Overlap;
import dev.millrace.app.http.JobRequest.Fields;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What a request says of one schedule. Read as strictly as a job. */
record ScheduleRequest(Schedule when, JobRequest job, String reason) {

    static final String EXAMPLE =
            "{\"cron\":\"30 2 * * *\",\"zone\":\"Europe/Berlin\",\"job\":{\"kind\":\"close-day\",\"payload\":{}}}";

    private static final Set<String> FIELDS = new TreeSet<>(Set.of(
            "cron",
            "zone",
            "gap",
            "overlap",
            "every",
            "afterEach",
            "ifMissed",
            "lookBack",
            "jitter",
            "from",
            "until",
            "job",
            "reason"));

    private static final Map<String, Gap> GAPS = Map.of("run", Gap.RUN_AFTER, "skip", Gap.SKIP);

    private static final Map<String, Overlap> OVERLAPS =
            Map.of("first", Overlap.FIRST, "second", Overlap.SECOND, "both", Overlap.BOTH);

    private static final Map<String, Missed> MISSED =
            Map.of("skip", Missed.SKIP, "once", Missed.ONCE, "all", Missed.ALL);

    static ScheduleRequest read(JsonNode json) {
        if (!json.isObject()) throw bad("The schedule is not an object. Send " + EXAMPLE + ".");
        for (var name : json.propertyNames())
            if (!FIELDS.contains(name))
                throw bad("The schedule has a field \"%s\", which is not known. The fields are %s."
                        .formatted(JobRequest.shown(name), String.join(", ", FIELDS)));
        var fields = new Fields(json, "The schedule");
        var job = fields.get("job");
        if (job == null) throw bad("The schedule has no job. Say what each of its slots enqueues: " + EXAMPLE + ".");
        var reason = fields.text("reason");
        try {
            return new ScheduleRequest(
                    when(fields), JobRequest.read(job, "The job"), reason == null ? "set over HTTP" : reason);
        } catch (MillraceException refused) {
            throw new Problem(ProblemType.REFUSED, refused.getMessage(), refused);
        }
    }

    private static Schedule when(Fields fields) {
        var when = times(fields);
        var gap = word(fields, "gap", GAPS);
        if (gap != null) when = when.inGap(gap);
        var overlap = word(fields, "overlap", OVERLAPS);
        if (overlap != null) when = when.inOverlap(overlap);
        var missed = word(fields, "ifMissed", MISSED);
        if (missed != null) when = when.ifMissed(missed);
        var lookBack = fields.span("lookBack");
        if (lookBack != null) when = when.lookBack(lookBack);
        var jitter = fields.span("jitter");
        if (jitter != null) when = when.jitter(jitter);
        var from = fields.moment("from");
        if (from != null) when = when.startingAt(from);
        var until = fields.moment("until");
        return until == null ? when : when.endingAt(until);
    }

    private static Schedule times(Fields fields) {
        if (Stream.of("cron", "every", "afterEach")
                        .filter(name -> fields.get(name) != null)
                        .count()
                != 1)
            throw bad("The schedule has to say when its slots come, by one of cron, every and afterEach. Send %s."
                    .formatted(EXAMPLE));
        var cron = fields.text("cron");
        var zone = fields.text("zone");
        if ((cron == null) != (zone == null))
            throw bad(
                    "In a schedule cron and zone go together: an expression names local times, and the zone says whose. Send "
                            + EXAMPLE + ".");
        if (cron != null && zone != null) return Schedule.cron(cron, zone(zone));
        var every = fields.span("every");
        if (every != null) return Schedule.every(every);
        var afterEach = fields.span("afterEach");
        if (afterEach != null) return Schedule.afterEach(afterEach);
        throw new IllegalStateException("One of the three is there");
    }

    private static ZoneId zone(String text) {
        try {
            return ZoneId.of(text);
        } catch (DateTimeException unknown) {
            throw new Problem(
                    ProblemType.BAD_REQUEST,
                    "There is no zone \"%s\". Zones have IANA names, such as Europe/Berlin or UTC."
                            .formatted(JobRequest.shown(text)),
                    unknown);
        }
    }

    private static <T> @Nullable T word(Fields fields, String name, Map<String, T> words) {
        var text = fields.text(name);
        if (text == null) return null;
        var value = words.get(text);
        if (value == null) throw fields.wrong(name, "one of " + String.join(", ", new TreeSet<>(words.keySet())));
        return value;
    }

    private static Problem bad(String detail) {
        return new Problem(ProblemType.BAD_REQUEST, detail);
    }
}
