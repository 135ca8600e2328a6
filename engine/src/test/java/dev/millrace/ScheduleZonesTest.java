package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Schedule.Gap;
import dev.millrace.Schedule.Overlap;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Schedules around each change of clocks from 2020 to 2030, beside a computation that shares nothing with them: it walks through all
 * minutes of wall clocks, one after the other, and asks of each how often it comes.
 */
class ScheduleZonesTest {

    private static final Instant FROM = Instant.parse("2020-01-01T00:00:00Z");
    private static final Instant TO = Instant.parse("2031-01-01T00:00:00Z");
    private static final Duration AROUND = Duration.ofHours(36);

    /** An expression, and the same said in Java. */
    private record Meant(String cron, Predicate<LocalDateTime> means) {}

    private static final List<Meant> EXPRESSIONS = List.of(
            new Meant("30 2 * * *", t -> t.getHour() == 2 && t.getMinute() == 30),
            new Meant("45 1 * * *", t -> t.getHour() == 1 && t.getMinute() == 45),
            new Meant("0 0 * * *", t -> t.getHour() == 0 && t.getMinute() == 0),
            new Meant("*/20 * * * *", t -> t.getMinute() % 20 == 0),
            new Meant("7 */2 * * *", t -> t.getHour() % 2 == 0 && t.getMinute() == 7),
            new Meant(
                    "15 2,3 * * SUN",
                    t -> List.of(2, 3).contains(t.getHour())
                            && t.getMinute() == 15
                            && t.getDayOfWeek() == DayOfWeek.SUNDAY),
            new Meant(
                    "59 23 L * *",
                    t -> t.getHour() == 23
                            && t.getMinute() == 59
                            && t.getDayOfMonth() == t.toLocalDate().lengthOfMonth()));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "America/New_York",
                "Europe/London",
                "Australia/Lord_Howe",
                "Asia/Kolkata",
                "Africa/Casablanca",
                "America/Santiago",
                "Africa/Cairo",
                "Asia/Beirut"
            })
    void slots_are_where_a_walk_through_all_minutes_finds_them(String name) {
        var zone = ZoneId.of(name);
        int seen = 0;
        for (var moment : moments(zone))
            for (var meant : EXPRESSIONS)
                for (var gap : Gap.values())
                    for (var overlap : Overlap.values()) {
                        var expected = walk(zone, meant, gap, overlap, moment.minus(AROUND), moment.plus(AROUND));
                        assertThat(slots(zone, meant, gap, overlap, moment.minus(AROUND), moment.plus(AROUND)))
                                .as("%s in %s around %s, %s, %s", meant.cron(), zone, moment, gap, overlap)
                                .containsExactlyElementsOf(expected);
                        seen += expected.size();
                    }
        assertThat(seen).as("slots that were compared").isGreaterThan(1_000);
    }

    /** The changes of clocks; where there are none, a day of each year. */
    private static List<Instant> moments(ZoneId zone) {
        var moments = new ArrayList<Instant>();
        for (var next = zone.getRules().nextTransition(FROM);
                next != null && next.getInstant().isBefore(TO);
                next = zone.getRules().nextTransition(next.getInstant())) moments.add(next.getInstant());
        if (moments.isEmpty())
            for (int year = 2020; year <= 2030; year++)
                moments.add(ZonedDateTime.of(year, 3, 28, 2, 0, 0, 0, zone).toInstant());
        return moments;
    }

    private static List<Instant> slots(ZoneId zone, Meant meant, Gap gap, Overlap overlap, Instant from, Instant end) {
        return Schedule.cron(meant.cron(), zone).inGap(gap).inOverlap(overlap).endingAt(end).next(1_000, from).stream()
                .map(ZonedDateTime::toInstant)
                .toList();
    }

    private static List<Instant> walk(ZoneId zone, Meant meant, Gap gap, Overlap overlap, Instant from, Instant end) {
        var rules = zone.getRules();
        var found = new TreeSet<Instant>();
        var minute = LocalDateTime.ofInstant(from, zone).minusHours(3).truncatedTo(ChronoUnit.MINUTES);
        var last = LocalDateTime.ofInstant(end, zone).plusHours(3);
        for (; minute.isBefore(last); minute = minute.plusMinutes(1)) {
            if (!meant.means().test(minute)) continue;
            var offsets = rules.getValidOffsets(minute);
            if (offsets.isEmpty()) {
                if (gap == Gap.RUN_AFTER) found.add(rules.getTransition(minute).getInstant());
                continue;
            }
            if (overlap != Overlap.SECOND) found.add(minute.toInstant(offsets.getFirst()));
            if (overlap != Overlap.FIRST) found.add(minute.toInstant(offsets.getLast()));
        }
        return found.stream()
                .filter(slot -> slot.isAfter(from) && slot.isBefore(end))
                .toList();
    }
}
