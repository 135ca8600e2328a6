package dev.millrace.node;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Adjustment.Of;
import dev.millrace.store.Ending;
import dev.millrace.store.FleetShares;
import dev.millrace.store.FleetShares.Share;
import dev.millrace.store.FleetShares.Use;
import dev.millrace.store.Lease;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A node runs no more of a queue or a kind than its share of what all nodes together may. */
class FleetSharesTest {

    private final OneNode node = new OneNode(OneNode.LIMITS.withSlots(20), Map.of("work", 1_000, "other", 1_000));
    private long said;

    private void set(Of of, String name, int number) {
        node.store.adjust(new Adjustment(of, name, number, null), "the provider allows it", "mara");
        node.pass(ofSeconds(2)); // without a hint
    }

    private List<JobId> send(String kind, int count) {
        var jobs = new ArrayList<JobId>();
        for (int i = 0; i < count; i++) jobs.add(node.send(kind));
        return jobs;
    }

    private long running(List<JobId> jobs) {
        return jobs.stream().filter(node::runs).count();
    }

    private void end(List<JobId> jobs, int count) {
        jobs.stream().filter(node::runs).limit(count).toList().forEach(node::done);
        node.pass(ofMillis(200));
    }

    private Share says(Lease other, int holds, int needs) {
        return node.store
                .share(other, ++said, List.of(new Use(Of.FLEET_KIND, "work", null, holds, 0, needs)))
                .getFirst();
    }

    @Test
    void no_more_of_a_kind_run_than_the_number_says_and_others_go_on() {
        set(Of.FLEET_KIND, "work", 3);

        var jobs = send("work", 10);
        var others = send("other", 5);
        node.pass(ofSeconds(1));

        assertThat(running(jobs)).isEqualTo(3);
        assertThat(running(others)).isEqualTo(5);
    }

    @Test
    void all_of_them_run_in_the_end() {
        set(Of.FLEET_KIND, "work", 3);
        var jobs = send("work", 10);

        for (int i = 0; i < 10; i++) {
            node.pass(ofSeconds(1));
            assertThat(running(jobs)).isLessThanOrEqualTo(3);
            end(jobs, 3);
        }

        assertThat(jobs).allMatch(job -> node.state(job) == State.COMPLETED);
    }

    @Test
    void what_runs_when_a_number_is_set_goes_on_and_is_counted() {
        var jobs = send("work", 15);
        node.pass(ofSeconds(1));
        set(Of.FLEET_KIND, "work", 4);
        var more = send("work", 5);
        node.pass(ofSeconds(1));
        assertThat(running(jobs)).isEqualTo(15);
        assertThat(running(more)).isZero();

        end(jobs, 11);
        node.pass(ofSeconds(1));
        assertThat(running(jobs) + running(more)).isEqualTo(4);

        end(jobs, 3);
        node.pass(ofSeconds(1));
        assertThat(running(jobs) + running(more)).isEqualTo(4);
    }

    @Test
    void what_another_node_needs_is_let_go_of_as_it_ends_and_not_before() {
        set(Of.FLEET_KIND, "work", 4);
        var jobs = send("work", 20);
        node.pass(ofSeconds(1));
        var other = node.store.join(OneNode.stranger(1));
        assertThat(says(other, 0, 10).share()).isZero();
        node.pass(ofSeconds(2));
        assertThat(says(other, 0, 10).share()).isZero();
        assertThat(running(jobs)).isEqualTo(4);

        end(jobs, 1);
        assertThat(running(jobs)).isEqualTo(3);
        assertThat(says(other, 0, 10).share()).isEqualTo(1);
        end(jobs, 3);
        node.pass(ofMillis(500));

        assertThat(says(other, 1, 10).share()).isEqualTo(2);
        assertThat(running(jobs)).isEqualTo(2);
    }

    @Test
    void a_node_whose_slots_are_taken_asks_for_no_more_than_it_could_start() {
        set(Of.FLEET_KIND, "work", 2);
        var jobs = send("work", 20);
        node.pass(ofSeconds(1));
        var others = send("other", 30);
        node.pass(ofSeconds(1));
        set(Of.FLEET_KIND, "work", 10);
        assertThat(running(jobs)).isEqualTo(2);
        assertThat(running(others)).isEqualTo(18);
        var other = node.store.join(OneNode.stranger(1));
        says(other, 0, 10);
        node.pass(ofSeconds(3));

        assertThat(says(other, 0, 10).share()).isEqualTo(7);
    }

    @Test
    void a_paused_queue_asks_for_no_share() {
        set(Of.FLEET_QUEUE, "default", 4);
        send("work", 40);
        node.pass(ofSeconds(1));
        node.store.pause(Scope.queue("default"), "the printer is on fire", "mara");
        node.pass(ofSeconds(2));
        var other = node.store.join(OneNode.stranger(1));
        saysOfQueue(other, 0, 10);
        node.pass(ofSeconds(3));

        assertThat(node.store.shared().getFirst().holders().stream()
                        .filter(holder -> holder.running() > 0)
                        .map(FleetShares.Holder::needs))
                .as("what the node that has jobs of it running says")
                .containsExactly(4);
    }

    private Share saysOfQueue(Lease other, int holds, int needs) {
        return node.store
                .share(other, ++said, List.of(new Use(Of.FLEET_QUEUE, "default", null, holds, 0, needs)))
                .getFirst();
    }

    @Test
    void a_queues_number_counts_all_kinds_and_what_waits_for_it_stays_in_its_stream() {
        set(Of.FLEET_QUEUE, "default", 3);
        var jobs = new ArrayList<>(send("work", 6));
        jobs.addAll(send("other", 6));
        node.pass(ofSeconds(3));
        assertThat(jobs.stream().filter(job -> !node.runs(job)))
                .hasSize(9)
                .allMatch(job -> node.outcomes(job).size() == 1 && node.job(job).reason() == null);

        for (int i = 0; i < 12; i++) {
            node.pass(ofSeconds(1));
            assertThat(running(jobs)).isLessThanOrEqualTo(3);
            end(jobs, 3);
        }

        assertThat(jobs).allMatch(job -> node.state(job) == State.COMPLETED);
    }

    @Test
    void jobs_in_line_wait_there_for_a_queues_number() {
        set(Of.FLEET_QUEUE, "default", 2);
        var jobs = new ArrayList<JobId>();
        for (int i = 0; i < 8; i++) {
            var line = new Line("key " + i, null);
            jobs.add(node.send(
                    "work",
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
                            null)));
        }

        for (int i = 0; i < 10; i++) {
            node.pass(ofSeconds(1));
            assertThat(running(jobs)).isLessThanOrEqualTo(2);
            end(jobs, 2);
        }

        assertThat(jobs).allMatch(job -> node.outcomes(job).equals(List.of("done")));
    }

    @Test
    void once_it_is_reset_all_run_that_have_a_slot() {
        set(Of.FLEET_KIND, "work", 2);
        set(Of.FLEET_QUEUE, "default", 1);
        var jobs = send("work", 10);
        node.pass(ofSeconds(1));
        assertThat(running(jobs)).isEqualTo(1);

        node.store.reset(Of.FLEET_QUEUE, "default", "as it was", "mara");
        node.pass(ofSeconds(3));
        assertThat(running(jobs)).isEqualTo(2);
        node.store.reset(Of.FLEET_KIND, "work", "as it was", "mara");
        node.pass(ofSeconds(3));

        assertThat(running(jobs)).isEqualTo(10);
    }

    @Test
    void a_number_that_is_set_anew_counts_what_has_started_in_between() {
        set(Of.FLEET_KIND, "work", 2);
        var jobs = send("work", 10);
        node.pass(ofSeconds(1));
        node.store.reset(Of.FLEET_KIND, "work", "as it was", "mara");
        node.pass(ofSeconds(3));
        set(Of.FLEET_KIND, "work", 5);
        var more = send("work", 5);
        node.pass(ofSeconds(1));
        assertThat(running(jobs)).isEqualTo(10);

        end(jobs, 6);
        node.pass(ofSeconds(1));

        assertThat(running(jobs) + running(more)).isEqualTo(5);
    }

    @Test
    void an_answer_that_is_lost_lets_nothing_start() {
        set(Of.FLEET_KIND, "work", 4);
        var jobs = send("work", 20);
        node.pass(ofSeconds(1));
        for (int i = 0; i < 3; i++) node.wire.doesAndFails("share", new StoreException.CommitUnknown("cut off"));
        var other = node.store.join(OneNode.stranger(1));
        for (int i = 0; i < 5; i++) {
            assertThat(running(jobs) + says(other, 0, 10).share()).isLessThanOrEqualTo(4);
            end(jobs, 1);
            node.pass(ofMillis(500));
        }
        node.pass(ofSeconds(3));

        assertThat(running(jobs) + says(other, 0, 10).share()).isLessThanOrEqualTo(4);
    }

    @Test
    void a_node_that_closes_lets_go_of_what_it_does_not_run() {
        set(Of.FLEET_KIND, "work", 4);
        var jobs = send("work", 1);
        node.pass(ofSeconds(1));

        node.node.close(ofSeconds(20));
        node.pass(ofSeconds(1));

        var other = node.store.join(OneNode.stranger(1));
        assertThat(says(other, 0, 10).share()).isEqualTo(3);
        end(jobs, 1);
    }

    @Test
    void without_a_number_nobody_is_asked() {
        var jobs = send("work", 10);
        node.pass(ofSeconds(5));
        for (var job : jobs) node.ends(job, new Ending.Done(null));
        node.pass(ofSeconds(5));

        assertThat(node.wire.asked()).doesNotContain("share", "shared");
    }
}
