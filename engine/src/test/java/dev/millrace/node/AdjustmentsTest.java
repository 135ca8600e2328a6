package dev.millrace.node;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobId;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Adjustment.Of;
import dev.millrace.store.Ending;
import dev.millrace.store.Line;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.Line.Rate;
import dev.millrace.store.Line.Rated;
import dev.millrace.store.NewJob;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What operators say of numbers goes before what code says, while everything runs. */
class AdjustmentsTest {

    private OneNode node = new OneNode(OneNode.LIMITS.withSlots(20), Map.of("work", 1_000, "few", 2));

    private JobId send(String kind, Line line) {
        return node.send(
                kind,
                job -> new NewJob(
                        job.id(),
                        job.queue(),
                        job.priority(),
                        null,
                        job.kind(),
                        1,
                        job.payload(),
                        line.in(Map.of()),
                        null,
                        null,
                        null));
    }

    private List<JobId> limited(int count, int atOnce, @Nullable Rate rate) {
        var jobs = new ArrayList<JobId>();
        for (int i = 0; i < count; i++)
            jobs.add(send(
                    "work",
                    new Line(null, new Limited("shop", atOnce, "acme", rate == null ? null : new Rated(rate, 1)))));
        return jobs;
    }

    private void warmUp() {
        var first = send("work", new Line("first", null));
        node.pass(ofSeconds(3));
        node.done(first);
    }

    private void set(Of of, String name, @Nullable Integer atOnce, @Nullable Rate rate) {
        node.store.adjust(new Adjustment(of, name, atOnce, rate), "the provider allows more", "mara");
        node.pass(ofSeconds(2)); // without a hint
    }

    private void reset(Of of, String name) {
        node.store.reset(of, name, "as it was", "mara");
        node.pass(ofSeconds(2));
    }

    private long running(List<JobId> jobs) {
        return jobs.stream().filter(node::runs).count();
    }

    private long started(List<JobId> jobs) {
        return jobs.stream().filter(node.handlers::containsKey).count();
    }

    private void endAll() {
        for (var handler : List.copyOf(node.handlers.values())) if (!handler.ended) handler.ends(new Ending.Done(null));
        node.pass(ofMillis(100));
    }

    @Test
    void a_raised_limit_lets_those_start_at_once_that_wait() {
        warmUp();
        var jobs = limited(10, 2, null);
        node.pass(ofSeconds(1));
        assertThat(running(jobs)).isEqualTo(2);

        set(Of.LIMIT, "shop", 5, null);

        assertThat(running(jobs)).isEqualTo(5);
    }

    @Test
    void a_lowered_limit_holds_for_what_starts_and_not_for_what_runs() {
        warmUp();
        var jobs = limited(10, 4, null);
        node.pass(ofSeconds(1));
        set(Of.LIMIT, "shop", 1, null);
        assertThat(running(jobs)).isEqualTo(4);

        endAll();

        assertThat(running(jobs)).isEqualTo(1);
    }

    @Test
    void one_whose_turn_had_come_and_that_waits_for_a_slot_does_not_start_beside_another_when_the_limit_is_lowered() {
        node = new OneNode(OneNode.LIMITS.withSlots(2));
        warmUp();
        var first = limited(1, 2, null).getFirst();
        var other = node.send();
        node.pass(ofSeconds(1));
        var second = limited(1, 2, null).getFirst();
        node.pass(ofSeconds(1));
        set(Of.LIMIT, "shop", 1, null);

        node.done(other);
        node.pass(ofSeconds(5));
        assertThat(node.runs(first)).isTrue();
        assertThat(node.runs(second)).isFalse();

        node.done(first);
        node.pass(ofSeconds(1));
        assertThat(node.runs(second)).isTrue();
    }

    @Test
    void what_jobs_say_later_does_not_undo_what_an_operator_said() {
        warmUp();
        set(Of.LIMIT, "shop", 3, null);

        var jobs = limited(10, 7, null);
        node.pass(ofSeconds(1));

        assertThat(running(jobs)).isEqualTo(3);
    }

    @Test
    void once_it_is_reset_the_numbers_of_the_last_job_hold_again() {
        warmUp();
        set(Of.LIMIT, "shop", 1, null);
        var jobs = limited(10, 4, null);
        node.pass(ofSeconds(1));
        assertThat(running(jobs)).isEqualTo(1);

        reset(Of.LIMIT, "shop");

        assertThat(running(jobs)).isEqualTo(4);
    }

    @Test
    void a_limit_of_another_name_is_as_it_was() {
        warmUp();
        set(Of.LIMIT, "printer", 1, null);

        var jobs = limited(10, 4, null);
        node.pass(ofSeconds(1));

        assertThat(running(jobs)).isEqualTo(4);
    }

    @Test
    void a_rate_that_is_set_holds_for_those_that_wait_for_a_slower_one() {
        warmUp();
        node.pass(ofMinutes(2));
        var jobs = limited(10, 1_000, new Rate(1, ofMinutes(1), 1));
        node.pass(ofSeconds(5));
        assertThat(started(jobs)).isEqualTo(1);

        set(Of.LIMIT, "shop", null, new Rate(10, ofSeconds(1), 1));
        node.pass(ofSeconds(2));

        assertThat(started(jobs)).isEqualTo(10);
    }

    @Test
    void a_rate_that_is_set_limits_jobs_that_have_none() {
        warmUp();
        set(Of.LIMIT, "shop", null, new Rate(1, ofHours(1), 1));
        node.pass(ofHours(2));

        var jobs = limited(10, 1_000, null);
        node.pass(ofSeconds(10));
        assertThat(started(jobs)).isEqualTo(1);

        reset(Of.LIMIT, "shop");
        assertThat(started(jobs)).isEqualTo(10);
    }

    @Test
    void how_often_a_kind_runs_at_once_can_be_raised_and_lowered() {
        var jobs = new ArrayList<JobId>();
        for (int i = 0; i < 12; i++) jobs.add(node.send("few"));
        node.pass(ofSeconds(1));
        assertThat(running(jobs)).isEqualTo(2);

        set(Of.KIND, "few", 6, null);
        node.pass(ofSeconds(3));
        assertThat(running(jobs)).isEqualTo(6);

        set(Of.KIND, "few", 1, null);
        endAll();
        node.pass(ofSeconds(3));
        assertThat(running(jobs)).isEqualTo(1);

        reset(Of.KIND, "few");
        node.pass(ofSeconds(3));
        assertThat(running(jobs)).isEqualTo(2);
    }

    @Test
    void a_kind_without_a_concurrency_of_its_own_gets_one_while_its_jobs_wait() {
        var jobs = node.send(40);
        node.pass(ofSeconds(1));
        assertThat(running(jobs)).isEqualTo(20);

        set(Of.KIND, "work", 3, null);
        for (int round = 0; round < 30; round++) {
            endAll();
            node.pass(ofSeconds(2));
            assertThat(running(jobs)).isLessThanOrEqualTo(3);
        }

        assertThat(jobs).allMatch(job -> node.state(job).ended());
    }
}
