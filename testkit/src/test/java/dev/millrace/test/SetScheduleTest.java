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
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.MillraceException;
import dev.millrace.Operations;
import dev.millrace.Operations.Scheduling;
import dev.millrace.Priority;
import dev.millrace.Schedule;
import dev.millrace.Schedule.Missed;
import dev.millrace.ScheduleTaken;
import dev.millrace.Scope;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Schedules that are set, changed and removed while nodes run. */
class SetScheduleTest {

    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
    private static final Schedule NIGHTLY = Schedule.cron("30 2 * * *", BERLIN);
    private static final Schedule EACH_MINUTE = Schedule.every(ofMinutes(1));

    @Kind("close-day")
    record CloseDay(String shop) implements Job<Void> {}

    private record Ran(String shop, ZonedDateTime slot) {}

    private final TestMillrace millrace = TestMillrace.with();
    private final Operations operations = millrace.operations("mara");
    private final List<Ran> ran = new ArrayList<>();

    @AfterEach
    void close() {
        millrace.close();
    }

    private Handlers closing() {
        return node -> node.handle(
                CloseDay.class,
                (CloseDay job, Attempt attempt) ->
                        ran.add(new Ran(job.shop(), attempt.slot().orElseThrow())));
    }

    private void set(String name, Schedule when, String shop) {
        operations.schedule(name, when, new CloseDay(shop), "a customer asks for it");
    }

    private List<Instant> slots() {
        return ran.stream().map(one -> one.slot().toInstant()).toList();
    }

    @Test
    void each_slot_runs_at_its_moment_and_its_handler_knows_which_it_is() {
        millrace.node().with(closing()).start();
        var start = millrace.now();

        assertThat(operations.schedule("close-acme", NIGHTLY, new CloseDay("acme"), "a customer asks for it"))
                .isEqualTo(Scheduling.CREATED);
        millrace.advance(ofDays(366));

        assertThat(slots())
                .containsExactlyElementsOf(NIGHTLY.next(ran.size(), start).stream()
                        .map(ZonedDateTime::toInstant)
                        .toList())
                .hasSizeBetween(365, 367);
        assertThat(ran)
                .allMatch(
                        one -> one.shop().equals("acme") && one.slot().getZone().equals(BERLIN));
    }

    @Test
    void a_node_fires_it_that_could_not_run_its_jobs() {
        millrace.node().handle(Other.class, job -> {}).start();
        set("close-acme", EACH_MINUTE, "acme");
        millrace.advance(ofMinutes(3));
        assertThat(ran).isEmpty();

        millrace.node().with(closing()).start();
        millrace.advance(ofSeconds(5));

        assertThat(ran).hasSizeBetween(2, 4);
    }

    @Kind("other")
    record Other() implements Job<Void> {}

    @Test
    void it_outlives_its_nodes() {
        set("close-acme", Schedule.every(ofSeconds(10)).ifMissed(Missed.ALL), "acme");
        var start = millrace.now();
        millrace.node().with(closing()).start();
        millrace.node().with(closing()).start();
        for (int i = 0; i < 3; i++) {
            millrace.advance(ofSeconds(30));
            millrace.crash();
        }
        millrace.advance(ofSeconds(60));

        assertThat(slots())
                .doesNotHaveDuplicates()
                .containsAll(Schedule.every(ofSeconds(10)).next(13, start).stream()
                        .map(ZonedDateTime::toInstant)
                        .toList());
    }

    @Test
    void a_change_reaches_the_node_within_seconds() {
        millrace.node().with(closing()).start();
        set("close-acme", EACH_MINUTE, "acme");
        millrace.advance(ofMinutes(2));
        ran.clear();

        assertThat(operations.schedule("close-acme", EACH_MINUTE, new CloseDay("acme & sons"), "they have married"))
                .isEqualTo(Scheduling.CHANGED);
        millrace.advance(ofMinutes(2));
        assertThat(ran).isNotEmpty().allMatch(one -> one.shop().equals("acme & sons"));
        ran.clear();

        set("close-acme", Schedule.every(ofSeconds(10)), "acme & sons");
        millrace.advance(ofMinutes(2));
        assertThat(ran).hasSizeBetween(11, 13);
    }

    @Test
    void to_say_the_same_again_changes_nothing() {
        set("close-acme", EACH_MINUTE, "acme");

        assertThat(millrace.operations("jonas").schedule("close-acme", EACH_MINUTE, new CloseDay("acme"), "at start"))
                .isEqualTo(Scheduling.UNCHANGED);

        assertThat(operations.schedules().getFirst().set())
                .satisfies(set -> assertThat(set.by()).isEqualTo("mara"));
    }

    @Test
    void what_is_removed_fires_nothing_any_more() {
        millrace.node().with(closing()).start();
        set("close-acme", EACH_MINUTE, "acme");
        millrace.advance(ofMinutes(2));
        ran.clear();

        assertThat(operations.unschedule("close-acme", "the customer has left")).isTrue();
        millrace.advance(ofMinutes(10));

        assertThat(ran).isEmpty();
        assertThat(operations.schedules()).isEmpty();
        assertThat(operations.unschedule("close-acme", "twice")).isFalse();
    }

    @Test
    void what_was_missed_runs_as_its_policy_says() {
        var hours = Schedule.every(ofHours(1));
        for (var missed : Missed.values()) {
            set("close-acme", hours.ifMissed(missed), "acme");
            var node = millrace.node().with(closing()).start();
            millrace.advance(ofMinutes(90));
            node.close();
            int before = ran.size();
            millrace.advance(ofHours(5));
            var again = millrace.node().with(closing()).start();
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
    void it_can_come_after_each_run_and_end() {
        millrace.node()
                .handle(CloseDay.class, (CloseDay job, Attempt attempt) -> {
                    ran.add(new Ran(job.shop(), attempt.slot().orElseThrow()));
                    millrace.sleep(ofMinutes(3));
                })
                .start();
        set(
                "close-acme",
                Schedule.afterEach(ofMinutes(2)).endingAt(millrace.now().plus(ofMinutes(18))),
                "acme");

        millrace.advance(ofHours(1));

        assertThat(ran).hasSize(4);
    }

    @Test
    void it_can_be_paused_and_a_run_be_asked_for() {
        millrace.node().with(closing()).start();
        set("close-acme", EACH_MINUTE, "acme");
        operations.pause(Scope.schedule("close-acme"), "the books are being audited");
        millrace.advance(ofMinutes(10));
        assertThat(ran).isEmpty();

        assertThat(operations.runNow("close-acme")).isTrue();
        millrace.advance(ofSeconds(5));

        assertThat(ran).hasSize(1);
    }

    @Test
    void its_jobs_have_what_was_said_once() {
        operations.schedule(
                "close-acme",
                EACH_MINUTE,
                new CloseDay("acme"),
                o -> o.queue("books")
                        .priority(Priority.HIGH)
                        .tenant("acme")
                        .tag("night")
                        .unique("acme"),
                "a customer asks for it");
        millrace.node().queue("books").with(closing()).start();
        millrace.advance(ofSeconds(90));

        var view = operations.schedules().getFirst();
        assertThat(view.set()).satisfies(set -> {
            assertThat(set.by()).isEqualTo("mara");
            assertThat(set.reason()).isEqualTo("a customer asks for it");
            assertThat(set.kind()).isEqualTo("close-day");
            assertThat(set.queue()).isEqualTo("books");
            assertThat(set.priority()).isEqualTo(Priority.HIGH);
            assertThat(set.headers()).containsOnlyKeys("tenant", "tags");
        });
        var job = operations.find(Objects.requireNonNull(view.lastJob())).orElseThrow();
        assertThat(job.queue()).isEqualTo("books");
        assertThat(job.headers()).containsEntry("tenant", "acme").containsEntry("schedule", "close-acme");
    }

    @Test
    void a_jitter_makes_a_run_later_by_chance() {
        var late = new ArrayList<Duration>();
        millrace.node()
                .handle(
                        CloseDay.class,
                        (CloseDay job, Attempt attempt) -> late.add(
                                Duration.between(attempt.slot().orElseThrow().toInstant(), millrace.now())))
                .start();
        set("close-acme", Schedule.every(ofHours(1)).jitter(ofMinutes(10)), "acme");

        millrace.advance(ofDays(2));

        assertThat(late).hasSizeGreaterThan(40).allMatch(by -> !by.isNegative() && by.compareTo(ofMinutes(11)) < 0);
        assertThat(late.stream().filter(by -> by.compareTo(ofMinutes(1)) > 0)).hasSizeGreaterThan(20);
    }

    @Test
    void a_name_that_code_brings_can_not_be_set_and_one_that_was_set_is_not_codes() {
        Handlers bringing =
                node -> node.with(closing()).schedule("close-acme", EACH_MINUTE, slot -> new CloseDay("code"));
        var node = millrace.node().with(bringing).start();
        millrace.advance(ofSeconds(5));

        assertThatThrownBy(() -> set("close-acme", EACH_MINUTE, "acme"))
                .isInstanceOf(ScheduleTaken.class)
                .hasMessageContaining("code brings one of this name")
                .hasMessageContaining("which is alive");
        assertThatThrownBy(() -> operations.unschedule("close-acme", "it is in the way"))
                .isInstanceOf(ScheduleTaken.class)
                .hasMessageContaining("would bring it again");

        node.close();
        assertThat(operations.unschedule("close-acme", "code brings it no longer"))
                .isTrue();
        set("close-acme", EACH_MINUTE, "acme");
        ran.clear();
        millrace.node().with(bringing).start();
        millrace.advance(ofMinutes(3));
        assertThat(ran)
                .as("the deploy goes through, and what was set holds")
                .isNotEmpty()
                .allMatch(one -> one.shop().equals("acme"));

        operations.unschedule("close-acme", "code brings it now");
        ran.clear();
        millrace.advance(ofMinutes(3));
        assertThat(ran)
                .as("from when it is removed, code's is fired")
                .isNotEmpty()
                .allMatch(one -> one.shop().equals("code"));
    }

    @Test
    void what_makes_no_sense_is_refused_when_it_is_set() {
        assertThatThrownBy(() -> set("Close Acme", EACH_MINUTE, "acme"))
                .hasMessageContaining("\"close-acme\" would do");
        assertThatThrownBy(() -> operations.schedule("close-acme", EACH_MINUTE, new CloseDay("acme"), " "))
                .hasMessageContaining("needs a reason");
        refused(o -> o.in(ofMinutes(1)), "a time of its own");
        refused(o -> o.at(millrace.now()), "a time of its own");
        refused(o -> o.idempotencyKey("k"), "an idempotency key");
        assertThatThrownBy(() -> operations.schedule(
                        "close-acme",
                        Schedule.every(ofHours(1)).jitter(ofMinutes(10)),
                        new CloseDay("acme"),
                        o -> o.expiresAfter(ofMinutes(5)),
                        "why not"))
                .hasMessageContaining("Some runs could never start");
        assertThat(operations.schedules()).isEmpty();
    }

    private void refused(UnaryOperator<JobOptions> options, String why) {
        assertThatThrownBy(
                        () -> operations.schedule("close-acme", EACH_MINUTE, new CloseDay("acme"), options, "why not"))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining(why);
    }

    @Test
    void a_job_that_no_schedule_enqueued_has_no_slot() {
        var empty = new ArrayList<Boolean>();
        millrace.node()
                .handle(
                        CloseDay.class,
                        (CloseDay job, Attempt attempt) -> empty.add(
                                attempt.slot().isEmpty() && attempt.schedule().isEmpty()))
                .start();

        millrace.enqueue(new CloseDay("acme"));
        millrace.advance(ofSeconds(5));

        assertThat(empty).containsExactly(true);
    }
}
