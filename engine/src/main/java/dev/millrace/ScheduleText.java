package dev.millrace;

import dev.millrace.Schedule.Gap;
import dev.millrace.Schedule.Missed;
import dev.millrace.Schedule.Overlap;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Schedules as they are stored: their times, {@code cron=30 2 * * *;zone=Europe/Berlin;gap=run_after;overlap=first}, and what else is said of
 * them, {@code missed=once;look-back=PT12H}. What is not said has its default; what is not known is passed over, so that an older build shows what a newer one wrote.
 */
final class ScheduleText {

    private ScheduleText() {}

    /** When its slots come. */
    static String timesOf(Schedule schedule) {
        var text = new StringBuilder();
        switch (schedule.times()) {
            case SlotTimes.Crontab(var cron, var zone, var gap, var overlap) -> {
                put(text, "cron", cron);
                put(text, "zone", zone);
                put(text, "gap", word(gap));
                put(text, "overlap", word(overlap));
            }
            case SlotTimes.Rate(var period, long anchor) -> put(text, "every", period);
            case SlotTimes.Pause(var pause) -> put(text, "after-each", pause);
        }
        if (schedule.start() != null) put(text, "start", schedule.start());
        return text.toString();
    }

    /** What else is said of it. */
    static String policyOf(Schedule schedule) {
        var text = new StringBuilder();
        if (!schedule.isAfterEach()) {
            put(text, "missed", word(schedule.missed()));
            put(text, "look-back", schedule.lookBack());
        }
        if (!schedule.jitter().isZero()) put(text, "jitter", schedule.jitter());
        if (schedule.end() != null) put(text, "end", schedule.end());
        return text.toString();
    }

    private static void put(StringBuilder text, String key, Object value) {
        if (!text.isEmpty()) text.append(';');
        text.append(key).append('=').append(value);
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** The schedule that was written; null if this build can't read it. */
    static @Nullable Schedule read(String times, String policy) {
        var said = new HashMap<String, String>();
        for (var part : (times + ";" + policy).split(";", -1)) {
            int sign = part.indexOf('=');
            if (sign > 0) said.put(part.substring(0, sign), part.substring(sign + 1));
        }
        try {
            return read(said);
        } catch (MillraceException | DateTimeException | IllegalArgumentException unreadable) {
            return null;
        }
    }

    private static @Nullable Schedule read(Map<String, String> said) {
        var schedule = times(said);
        if (schedule == null) return null;
        var missed = said.get("missed");
        if (missed != null) schedule = schedule.ifMissed(Missed.valueOf(missed.toUpperCase(Locale.ROOT)));
        var lookBack = said.get("look-back");
        if (lookBack != null) schedule = schedule.lookBack(Duration.parse(lookBack));
        var jitter = said.get("jitter");
        if (jitter != null) schedule = schedule.jittered(Duration.parse(jitter));
        var start = said.get("start");
        if (start != null) schedule = schedule.startingAt(Instant.parse(start));
        var end = said.get("end");
        return end == null ? schedule : schedule.endingAt(Instant.parse(end));
    }

    private static @Nullable Schedule times(Map<String, String> said) {
        var every = said.get("every");
        if (every != null) return Schedule.every(Duration.parse(every));
        var pause = said.get("after-each");
        if (pause != null) return Schedule.afterEach(Duration.parse(pause));
        var cron = said.get("cron");
        var zone = said.get("zone");
        if (cron == null || zone == null) return null;
        var schedule = Schedule.cron(cron, ZoneId.of(zone));
        var gap = said.get("gap");
        if (gap != null) schedule = schedule.inGap(Gap.valueOf(gap.toUpperCase(Locale.ROOT)));
        var overlap = said.get("overlap");
        return overlap == null ? schedule : schedule.inOverlap(Overlap.valueOf(overlap.toUpperCase(Locale.ROOT)));
    }
}
