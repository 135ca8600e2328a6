package dev.millrace;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Schedule.Gap;
import dev.millrace.Schedule.Missed;
import dev.millrace.Schedule.Overlap;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScheduleTest {

    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
    private static final Instant NOON = Instant.parse("2027-01-01T12:00:00Z");

    /** Clocks go from 02:00 to 03:00 on the 28th. */
    private static final Instant BEFORE_SPRING = Instant.parse("2027-03-27T12:00:00Z");

    /** Clocks go from 03:00 to 02:00 on the 31st. */
    private static final Instant BEFORE_AUTUMN = Instant.parse("2027-10-30T12:00:00Z");

    private static List<String> next(Schedule schedule, int count, Instant after) {
        return schedule.next(count, after).stream()
                .map(slot -> slot.toOffsetDateTime().toString())
                .toList();
    }

    // ---- changes of clocks

    @Test
    void a_time_of_day_that_is_left_out_runs_right_after_the_gap_or_not() {
        var nightly = Schedule.cron("30 2 * * *", BERLIN);

        assertThat(next(nightly, 2, BEFORE_SPRING)).containsExactly("2027-03-28T03:00+02:00", "2027-03-29T02:30+02:00");
        assertThat(next(nightly.inGap(Gap.SKIP), 1, BEFORE_SPRING)).containsExactly("2027-03-29T02:30+02:00");
    }

    @Test
    void several_times_that_are_left_out_together_run_once() {
        var often = Schedule.cron("*/10 2,3 * * *", BERLIN).inGap(Gap.RUN_AFTER);

        assertThat(next(often, 2, BEFORE_SPRING)).containsExactly("2027-03-28T03:00+02:00", "2027-03-28T03:10+02:00");
    }

    @Test
    void a_time_of_day_that_comes_twice_runs_at_the_first_the_second_or_both() {
        var nightly = Schedule.cron("30 2 * * *", BERLIN);

        assertThat(next(nightly, 2, BEFORE_AUTUMN)).containsExactly("2027-10-31T02:30+02:00", "2027-11-01T02:30+01:00");
        assertThat(next(nightly.inOverlap(Overlap.SECOND), 2, BEFORE_AUTUMN))
                .containsExactly("2027-10-31T02:30+01:00", "2027-11-01T02:30+01:00");
        assertThat(next(nightly.inOverlap(Overlap.BOTH), 3, BEFORE_AUTUMN))
                .containsExactly("2027-10-31T02:30+02:00", "2027-10-31T02:30+01:00", "2027-11-01T02:30+01:00");
    }

    @Test
    void a_rhythm_is_kept_through_both_changes_of_clocks() {
        var quarters = Schedule.cron("*/15 * * * *", BERLIN);

        for (var before : List.of(BEFORE_SPRING, BEFORE_AUTUMN)) {
            var slots = quarters.next(100, before);
            for (int i = 1; i < slots.size(); i++)
                assertThat(slots.get(i).toInstant())
                        .isEqualTo(slots.get(i - 1).toInstant().plus(ofMinutes(15)));
        }
    }

    @Test
    void an_end_in_the_midst_of_an_hour_that_comes_twice_does_not_bring_its_first_back() {
        var second = Schedule.cron("*/10 2 * * *", BERLIN)
                .inOverlap(Overlap.SECOND)
                .endingAt(Instant.parse("2027-10-31T00:45:00Z"));

        assertThat(next(second, 5, Instant.parse("2027-10-31T00:00:00Z"))).isEmpty();
    }

    @Test
    void a_day_that_a_country_left_out_is_a_gap() {
        var apia = Schedule.cron("0 12 30 12 *", ZoneId.of("Pacific/Apia"));
        var before = Instant.parse("2011-12-29T00:00:00Z");

        assertThat(next(apia, 1, before)).containsExactly("2011-12-31T00:00+14:00");
        assertThat(next(apia.inGap(Gap.SKIP), 1, before)).containsExactly("2012-12-30T12:00+14:00");
    }

    @Test
    void what_lies_in_a_gap_each_year_never_comes_if_gaps_are_skipped() {
        var lastSundayOfMarch = Schedule.cron("30 2 * 3 SUNL", BERLIN);

        assertThat(lastSundayOfMarch.inGap(Gap.SKIP).next(1, BEFORE_SPRING)).isEmpty();
        assertThat(lastSundayOfMarch.next(2, BEFORE_SPRING)).hasSize(2);
    }

    // ---- where slots lie

    @Test
    void a_slot_at_the_moment_itself_is_not_among_the_next() {
        var noons = Schedule.cron("0 12 * * *", ZoneId.of("UTC"));

        assertThat(next(noons, 1, NOON)).containsExactly("2027-01-02T12:00Z");
        assertThat(next(noons, 1, NOON.minusNanos(1))).containsExactly("2027-01-01T12:00Z");
    }

    @Test
    void a_fixed_rate_is_counted_from_its_start_or_from_the_epoch() {
        var tens = Schedule.every(ofMinutes(10));

        assertThat(next(tens, 2, NOON.plusSeconds(1))).containsExactly("2027-01-01T12:10Z", "2027-01-01T12:20Z");
        assertThat(next(tens.startingAt(NOON.plusSeconds(90)), 2, NOON))
                .containsExactly("2027-01-01T12:01:30Z", "2027-01-01T12:11:30Z");
        assertThat(next(tens.startingAt(NOON.plusMillis(1)), 1, NOON)).containsExactly("2027-01-01T12:00:01Z");
        assertThat(next(Schedule.every(ofDays(7)), 1, Instant.parse("1969-12-30T00:00:00Z")))
                .containsExactly("1970-01-01T00:00Z");
    }

    @Test
    void a_pause_is_counted_from_the_end_of_the_run_before_and_misses_nothing() {
        var pauses = Schedule.afterEach(ofSeconds(90));

        assertThat(pauses.due(NOON, NOON.plusSeconds(89), 100)).isEmpty();
        assertThat(pauses.due(NOON, NOON.plus(ofDays(30)), 100)).containsExactly(NOON.plusSeconds(90));
        assertThat(next(pauses, 2, NOON)).containsExactly("2027-01-01T12:01:30Z", "2027-01-01T12:03Z");
        assertThat(pauses).hasToString("1 min 30 s after each run");
        assertThatThrownBy(() -> pauses.ifMissed(Missed.ALL)).hasMessageContaining("no slot that could be missed");
    }

    @Test
    void start_and_end_bound_the_slots() {
        var hours = Schedule.cron("@hourly", ZoneId.of("UTC"))
                .startingAt(Instant.parse("2027-01-01T20:00:00Z"))
                .endingAt(Instant.parse("2027-01-01T22:00:00Z"));

        assertThat(next(hours, 10, NOON)).containsExactly("2027-01-01T20:00Z", "2027-01-01T21:00Z");
    }

    @Test
    void slots_end_where_zones_are_unknown() {
        assertThat(Schedule.cron("@yearly", BERLIN).next(10, Instant.parse("2997-06-01T00:00:00Z")))
                .hasSize(3);
    }

    // ---- what is due

    @Test
    void a_slot_that_came_just_now_is_due_whatever_becomes_of_missed_ones() {
        for (var missed : Missed.values())
            assertThat(Schedule.every(ofSeconds(10)).ifMissed(missed).due(NOON, NOON.plusSeconds(25), 100))
                    .containsExactly(NOON.plusSeconds(10), NOON.plusSeconds(20));
    }

    @Test
    void of_missed_slots_none_runs_or_one_or_all() {
        var hours = Schedule.every(ofHours(1));
        var later = NOON.plus(ofHours(3)).plus(ofMinutes(5));

        assertThat(hours.ifMissed(Missed.SKIP).due(NOON, later, 100)).isEmpty();
        assertThat(hours.ifMissed(Missed.ONCE).due(NOON, later, 100)).containsExactly(NOON.plus(ofHours(3)));
        assertThat(hours.ifMissed(Missed.ALL).due(NOON, later, 100))
                .containsExactly(NOON.plus(ofHours(1)), NOON.plus(ofHours(2)), NOON.plus(ofHours(3)));
    }

    @Test
    void a_slot_in_time_stands_for_the_missed_ones_before_it() {
        var minutes = Schedule.every(ofMinutes(1));
        var later = NOON.plus(ofMinutes(7)).plusSeconds(2);

        assertThat(minutes.ifMissed(Missed.ONCE).due(NOON, later, 100)).containsExactly(NOON.plus(ofMinutes(7)));
        assertThat(minutes.ifMissed(Missed.SKIP).due(NOON, later, 100)).containsExactly(NOON.plus(ofMinutes(7)));
    }

    @Test
    void slots_that_are_in_time_run_beside_missed_ones_whatever_the_look_back() {
        var seconds = Schedule.every(ofSeconds(1));
        var later = NOON.plusSeconds(100);

        for (var missed : List.of(Missed.SKIP, Missed.ONCE))
            assertThat(seconds.ifMissed(missed).due(NOON, later, 100))
                    .as(missed.toString())
                    .hasSize(31)
                    .startsWith(NOON.plusSeconds(70))
                    .endsWith(later);
        assertThat(seconds.lookBack(ofMillis(1)).due(NOON.plusSeconds(90), later, 100))
                .hasSize(10);
    }

    @Test
    void what_is_older_than_the_look_back_is_forgotten() {
        var days = Schedule.every(ofDays(1)).startingAt(NOON).lookBack(ofDays(2));
        var later = NOON.plus(ofDays(9)).plus(ofHours(1));

        assertThat(days.ifMissed(Missed.ALL).due(NOON, later, 100))
                .containsExactly(NOON.plus(ofDays(8)), NOON.plus(ofDays(9)));
        assertThat(days.lookBack(ofMinutes(30)).ifMissed(Missed.ONCE).due(NOON, later, 100))
                .isEmpty();
    }

    @Test
    void many_missed_slots_are_dealt_with_in_pieces_the_oldest_first() {
        var seconds = Schedule.every(ofSeconds(1)).ifMissed(Missed.ALL);
        var later = NOON.plus(ofHours(1));

        var first = seconds.due(NOON, later, 1_000);

        assertThat(first).hasSize(1_000).startsWith(NOON.plusSeconds(1)).endsWith(NOON.plusSeconds(1_000));
        assertThat(seconds.due(first.getLast(), later, 1)).containsExactly(NOON.plusSeconds(1_001));
    }

    @Test
    void the_newest_of_a_million_missed_slots_is_found() {
        assertThat(Schedule.every(ofMinutes(1))
                        .lookBack(ofDays(3650))
                        .due(NOON, NOON.plus(ofDays(1_000)).plusSeconds(31), 1))
                .containsExactly(NOON.plus(ofDays(1_000)));
        assertThat(Schedule.cron("0 0 29 2 *", BERLIN)
                        .lookBack(ofDays(3650))
                        .due(Instant.parse("2020-01-01T00:00:00Z"), Instant.parse("2029-01-01T00:00:00Z"), 1))
                .containsExactly(Instant.parse("2028-02-28T23:00:00Z"));
    }

    // ---- bad input

    @Test
    void what_makes_no_sense_is_refused_with_its_reason() {
        assertThatThrownBy(() -> Schedule.every(ofMillis(500))).hasMessageContaining("It is 1 s to ten years");
        assertThatThrownBy(() -> Schedule.every(ofMillis(1_500))).hasMessageContaining("in whole seconds");
        assertThatThrownBy(() -> Schedule.every(ofMinutes(1)).inGap(Gap.SKIP))
                .hasMessageContaining("it knows no local times");
        assertThatThrownBy(() -> Schedule.every(ofMinutes(1)).jitter(ofDays(2)))
                .hasMessageContaining("It is zero to a day");
        assertThatThrownBy(() -> Schedule.every(ofMinutes(1)).jitter(ofMinutes(2)))
                .hasMessage(
                        "A jitter of 2 min is longer than it is from one slot to the next, 1 min: each run would come behind the next one. It is zero to 1 min here.");
        assertThatThrownBy(() -> Schedule.cron("*/10 * * * *", BERLIN).jitter(ofHours(1)))
                .hasMessageContaining("It is zero to 10 min here");
        assertThat(Schedule.cron("0 9 * * *", BERLIN).jitter(ofDays(1)).toString())
                .contains("up to 1 d later");
        assertThat(Schedule.afterEach(ofMinutes(1)).jitter(ofHours(1)).toString())
                .contains("up to 1 h later");
        assertThatThrownBy(() -> Schedule.every(ofMinutes(1)).startingAt(NOON).endingAt(NOON))
                .hasMessageContaining("it has no slot");
        assertThatThrownBy(() -> Schedule.every(ofMinutes(1)).next(0, NOON)).hasMessageContaining("It is 1 to 10,000");
        assertThatThrownBy(() -> Schedule.every(ofMinutes(1)).next(1, Instant.MAX))
                .hasMessageContaining("outside of what schedules know");
        assertThatThrownBy(() -> Schedule.cron("61 * * * *", BERLIN)).hasMessageContaining("there is no minute 61");
    }

    @Test
    void a_schedule_says_in_words_what_it_is() {
        assertThat(Schedule.cron("30 2 * * *", BERLIN).lookBack(ofHours(12)))
                .hasToString(
                        "\"30 2 * * *\" in Europe/Berlin, after a gap, the first of two; missed: once, up to 12 h back");
        assertThat(Schedule.every(ofMinutes(90)).ifMissed(Missed.SKIP).jitter(ofSeconds(5)))
                .hasToString("every 1 h 30 min; missed: none; up to 5 s later");
    }

    @Test
    void a_schedule_is_read_as_it_was_written_and_one_that_can_not_be_read_is_none() {
        for (var schedule : List.of(
                Schedule.cron("30 2 L * MON#1", BERLIN)
                        .inGap(Gap.SKIP)
                        .inOverlap(Overlap.BOTH)
                        .ifMissed(Missed.ALL)
                        .lookBack(ofHours(12))
                        .jitter(ofSeconds(5)),
                Schedule.every(ofMinutes(10)).startingAt(NOON.plusSeconds(7)).endingAt(NOON.plus(ofDays(1))),
                Schedule.afterEach(ofMillis(1_500))))
            assertThat(ScheduleText.read(ScheduleText.timesOf(schedule), ScheduleText.policyOf(schedule)))
                    .isEqualTo(schedule);
        assertThat(ScheduleText.read("every=PT1M;new=thing", "")).isEqualTo(Schedule.every(ofMinutes(1)));
        for (var text : List.of("", "moon=full", "cron=61 * * * *;zone=UTC", "cron=* * * * *;zone=Nowhere", "every=x"))
            assertThat(ScheduleText.read(text, "")).as(text).isNull();
    }

    @Test
    void schedules_that_say_the_same_are_equal() {
        assertThat(Schedule.cron("@weekly", BERLIN))
                .isEqualTo(Schedule.cron("0 0 * * SUN", BERLIN))
                .hasSameHashCodeAs(Schedule.cron("0 0 * * SUN", BERLIN))
                .isNotEqualTo(Schedule.cron("@weekly", ZoneId.of("UTC")));
    }
}
