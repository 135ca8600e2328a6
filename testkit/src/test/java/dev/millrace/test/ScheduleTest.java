package dev.millrace.test;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Attempt;
import dev.millrace.Handlers;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Schedule;
import dev.millrace.Schedule.Missed;
import dev.millrace.Scope;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ScheduleTest {

    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
    private static final Schedule NIGHTLY = Schedule.cron("30 2 * * *", BERLIN);

    @Kind("close-day")
    record CloseDay(LocalDate day) implements Job<Void> {}

    @Kind("tick")
    record Tick(Instant slot) implements Job<Void> {}

    private final TestMillrace millrace = TestMillrace.with();
    private final List<Instant> ran = new ArrayList<>();

    @AfterEach
    void close() {
        millrace.close();
    }

    private Handlers ticking(Schedule schedule) {
        return node -> node.handle(Tick.class, tick -> ran.add(tick.slot()))
                .schedule("tick", schedule, slot -> new Tick(slot.toInstant()));
    }

    private List<Instant> slots(Schedule schedule, int count, Instant after) {
        return schedule.next(count, after).stream()
                .map(ZonedDateTime::toInstant)
                .toList();
    }

    @Test
    void each_slot_of_a_year_runs_at_its_moment_whatever_the_clocks_do() {
        var moments = new ArrayList<Instant>();
        var days = new ArrayList<LocalDate>();
        millrace.node()
                .handle(CloseDay.class, job -> {
                    moments.add(millrace.now());
                    days.add(job.day());
                })
                .schedule(
                        "close-day",
                        NIGHTLY,
                        slot -> new CloseDay(slot.toLocalDate().minusDays(1)))
                .start();
        var start = millrace.now();

        millrace.advance(ofDays(366));

        assertThat(moments)
                .containsExactlyElementsOf(slots(NIGHTLY, moments.size(), start))
                .hasSizeBetween(365, 367);
        assertThat(days).doesNotHaveDuplicates();
    }

    @Test
    void of_several_nodes_one_fires_a_slot_also_if_it_dies() {
        var seconds = Schedule.every(ofSeconds(1)).ifMissed(Missed.ALL);
        for (int i = 0; i < 3; i++) millrace.node().with(ticking(seconds)).start();
        var start = millrace.now();
        for (int i = 0; i < 4; i++) {
            millrace.advance(ofSeconds(30));
            millrace.crash();
        }
        millrace.advance(ofSeconds(60));

        assertThat(ran).doesNotHaveDuplicates().containsAll(slots(seconds, 150, start));
    }

    @Test
    void what_came_while_nobody_was_up_runs_once_or_not_at_all_or_each() {
        var hours = Schedule.every(ofHours(1));
        for (var missed : Missed.values()) {
            ran.clear();
            var node = millrace.node().with(ticking(hours.ifMissed(missed))).start();
            millrace.advance(ofMinutes(90));
            node.close();
            int before = ran.size();
            millrace.advance(ofHours(5));
            var again = millrace.node().with(ticking(hours.ifMissed(missed))).start();
            millrace.advance(ofSeconds(30));

            assertThat(ran.size() - before)
                    .as(missed.toString())
                    .isEqualTo(
                            switch (missed) {
                                case SKIP -> 0;
                                case ONCE -> 1;
                                case ALL -> 5;
                            });
            again.close();
        }
    }

    @Test
    void a_paused_schedule_fires_nothing_but_what_somebody_asks_for() {
        millrace.node().with(ticking(Schedule.every(ofMinutes(1)))).start();
        var operations = millrace.operations("mara");
        millrace.advance(ofSeconds(90));
        assertThat(ran).isNotEmpty();
        ran.clear();

        operations.pause(Scope.schedule("tick"), "the provider is down");
        millrace.advance(ofMinutes(10));
        assertThat(ran).isEmpty();

        assertThat(operations.runNow("tick")).isTrue();
        millrace.advance(ofSeconds(5));
        assertThat(ran).hasSize(1);

        operations.resume(Scope.schedule("tick"));
        millrace.advance(ofSeconds(5));
        assertThat(ran).as("and the newest of those that it missed").hasSize(2);
        assertThat(operations.runNow("nobody-knows-it")).isFalse();
    }

    @Test
    void a_pause_begins_when_the_run_before_has_ended() {
        millrace.node()
                .handle(Tick.class, (Tick tick, Attempt attempt) -> {
                    ran.add(millrace.now());
                    millrace.sleep(ofMinutes(3));
                })
                .schedule("tick", Schedule.afterEach(ofMinutes(2)), slot -> new Tick(slot.toInstant()))
                .start();
        var start = millrace.now();

        millrace.advance(ofMinutes(20));

        assertThat(ran).hasSize(4);
        for (int i = 0; i < ran.size(); i++)
            assertThat(ran.get(i))
                    .isBetween(
                            start.plus(ofMinutes(2 + 5L * i)),
                            start.plus(ofMinutes(2 + 5L * i)).plusSeconds(10));
    }

    @Test
    void an_operator_sees_when_it_ran_and_what_it_led_to() {
        millrace.node().with(ticking(Schedule.every(ofMinutes(1)))).start();
        millrace.advance(ofSeconds(90));

        var seen = millrace.operations("mara").schedules();

        assertThat(seen).hasSize(1);
        assertThat(seen.getFirst().schedule()).isEqualTo(Schedule.every(ofMinutes(1)));
        assertThat(seen.getFirst().lastSlot()).isEqualTo(ran.getLast());
        var last = Objects.requireNonNull(seen.getFirst().lastJob());
        var job = millrace.operations("mara").find(last).orElseThrow();
        assertThat(job.headers()).containsEntry("schedule", "tick").containsKey("slot");
    }

    @Test
    void a_slot_whose_job_can_not_be_made_is_tried_again_and_stops_no_other() {
        var tries = new ArrayList<Instant>();
        millrace.node()
                .with(ticking(Schedule.every(ofMinutes(1))))
                .schedule("broken", Schedule.every(ofMinutes(1)), slot -> {
                    tries.add(millrace.now());
                    if (tries.size() < 3) throw new ExceptionInInitializerError("the calendar can't be read");
                    return new Tick(Instant.EPOCH);
                })
                .start();

        millrace.advance(ofSeconds(90));

        assertThat(tries).hasSizeGreaterThanOrEqualTo(3);
        assertThat(ran).contains(Instant.EPOCH).hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void a_new_build_takes_over_with_its_own_definition() {
        millrace.node().with(ticking(Schedule.every(ofHours(1)))).start();
        millrace.advance(ofMinutes(1));
        millrace.node().with(ticking(Schedule.every(ofMinutes(1)))).start();

        millrace.advance(ofMinutes(10));

        assertThat(ran).hasSizeBetween(9, 11);
    }

    @Test
    void a_node_that_drains_goes_on_firing_until_it_has_left() {
        var started = new ArrayList<Instant>();
        var draining = millrace.node()
                .name("draining")
                .handle(CloseDay.class, (CloseDay job, Attempt attempt) -> millrace.sleep(ofMinutes(10)))
                .schedule(
                        "tick", Schedule.every(ofSeconds(10)).ifMissed(Missed.SKIP), slot -> new Tick(slot.toInstant()))
                .start();
        millrace.node().handle(Tick.class, tick -> started.add(millrace.now())).start();
        millrace.enqueue(new CloseDay(LocalDate.EPOCH));
        millrace.advance(ofSeconds(15));
        int before = started.size();

        draining.drain(ofMinutes(5));
        millrace.advance(ofSeconds(1));

        assertThat(started.size() - before).as("slots of five minutes").isGreaterThan(25);
    }

    @Test
    void a_run_that_is_asked_for_has_no_jitter() {
        millrace.node()
                .with(ticking(Schedule.every(ofHours(5)).jitter(ofHours(4))))
                .start();
        millrace.advance(ofSeconds(5));

        millrace.operations("mara").runNow("tick");
        millrace.advance(ofSeconds(5));

        assertThat(ran).hasSize(1);
    }

    @Test
    void a_jitter_makes_a_run_later_by_chance_and_never_earlier() {
        var late = new ArrayList<Duration>();
        millrace.node()
                .handle(Tick.class, tick -> late.add(Duration.between(tick.slot(), millrace.now())))
                .schedule("tick", Schedule.every(ofHours(1)).jitter(ofMinutes(10)), slot -> new Tick(slot.toInstant()))
                .start();

        millrace.advance(ofDays(3));

        assertThat(late).hasSizeGreaterThan(60).allMatch(by -> !by.isNegative() && by.compareTo(ofMinutes(11)) < 0);
        assertThat(late.stream().filter(by -> by.compareTo(ofMinutes(1)) > 0).count())
                .isGreaterThan(40);
    }

    @Test
    void what_makes_no_sense_is_refused_before_the_node_starts() {
        var node = millrace.node().with(ticking(NIGHTLY));

        assertThatThrownBy(() -> node.schedule("tick", NIGHTLY, slot -> new Tick(slot.toInstant())))
                .hasMessageContaining("is there twice");
        assertThatThrownBy(() -> node.schedule("Tick Tock", NIGHTLY, slot -> new Tick(slot.toInstant())))
                .hasMessageContaining("\"tick-tock\" would do");
    }
}
