package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.JobEvent;
import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.State;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.StoreException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FinisherTest {

    @Test
    void a_slot_is_free_only_when_its_outcome_was_acknowledged() {
        var node = new OneNode();
        var jobs = node.send(5);
        node.settle();
        var fifth = jobs.stream().filter(job -> !node.runs(job)).findFirst().orElseThrow();
        var running = jobs.stream().filter(node::runs).findFirst().orElseThrow();
        node.wire.isDown("flush", new StoreException.Unavailable("away"));

        node.done(running);
        node.pass(Duration.ofSeconds(1));
        assertThat(node.runs(fifth)).isFalse();
        assertThat(node.status().awaitingFlush()).isEqualTo(1);

        node.wire.isUp("flush");
        node.pass(Duration.ofSeconds(2));
        assertThat(node.runs(fifth)).isTrue();
    }

    @Test
    void a_flush_that_nobody_answered_is_repeated_and_counts_once() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        node.wire.doesAndFails("flush", new StoreException.CommitUnknown("lost"));

        node.done(job);
        node.pass(Duration.ofSeconds(1));

        assertThat(node.wire.asked("flush")).isEqualTo(2);
        assertThat(node.outcomes(job)).containsExactly("done");
        assertThat(node.status().counters().completed()).isEqualTo(1);
        assertThat(node.status().counters().lostOutcomes()).isZero();
    }

    @Test
    void a_lone_outcome_on_an_idle_node_does_not_linger() {
        var node = new OneNode();
        var job = node.send();
        node.settle();

        node.done(job); // no time passes

        assertThat(node.state(job)).isEqualTo(State.COMPLETED);
    }

    @Test
    void outcomes_of_a_busy_node_are_gathered() {
        var node = new OneNode(OneNode.LIMITS.withSlots(40));
        var jobs = node.send(9);
        node.settle();

        node.done(jobs.get(0));
        for (int i = 1; i < 9; i++) node.done(jobs.get(i));
        assertThat(node.wire.asked("flush")).isEqualTo(1);

        node.pass(Duration.ofMillis(3));
        assertThat(node.wire.asked("flush")).isEqualTo(2);
        assertThat(jobs).allMatch(job -> node.state(job) == State.COMPLETED);
    }

    @Test
    void many_do_not_wait() {
        var node = new OneNode(OneNode.LIMITS.withSlots(8));
        var jobs = node.send(5);
        node.settle();

        for (var job : jobs) node.done(job); // a quarter of the slots is many

        assertThat(jobs).allMatch(job -> node.state(job) == State.COMPLETED);
    }

    @Test
    void an_outcome_that_the_store_refuses_discards_its_job_and_holds_up_no_other() {
        var node = new OneNode();
        var jobs = node.send(3);
        node.settle();
        for (var job : jobs.subList(1, 3)) node.handler(job).ends(new Ending.Done(null));
        node.handler(jobs.get(0)).ends(new Ending.Done(null));
        for (int i = 0; i < 3; i++) node.wire.fails("flush", new IllegalStateException("value too long"));

        node.pass(Duration.ofSeconds(3));

        assertThat(jobs).filteredOn(job -> node.state(job) == State.COMPLETED).hasSize(2);
        assertThat(jobs)
                .filteredOn(job -> node.state(job) == State.DISCARDED)
                .singleElement()
                .satisfies(job -> assertThat(node.job(job).failure())
                        .satisfies(
                                failure -> assertThat(String.valueOf(failure)).contains("value too long")));
        assertThat(node.status().awaitingFlush()).isZero();
    }

    @Test
    void an_outcome_that_fails_as_if_the_store_were_away_is_found_out_once_others_are_written() {
        var node = new OneNode();
        var jobs = node.send(4);
        node.settle();
        var bad = jobs.get(1);
        node.wire.refuses(
                "flush",
                given -> carries(given, bad, Ending.Done.class),
                new StoreException.Unavailable("no such character"));
        for (var job : jobs.subList(0, 3)) node.handler(job).ends(new Ending.Done(null));

        node.pass(Duration.ofSeconds(30));
        assertThat(node.state(jobs.get(0))).isEqualTo(State.COMPLETED);
        assertThat(node.state(jobs.get(2))).isEqualTo(State.COMPLETED);

        node.done(jobs.get(3));
        node.pass(Duration.ofSeconds(10));
        assertThat(node.state(bad)).isEqualTo(State.DISCARDED);
        assertThat(node.status().awaitingFlush()).isZero();
    }

    @Test
    void an_outcome_for_which_there_is_no_room_waits_until_there_is() {
        var node = new OneNode();
        var jobs = node.send(4);
        node.settle();
        var large = jobs.get(1);
        node.wire.refuses(
                "flush",
                given -> carries(given, large, Ending.class),
                new StoreException.Exhausted("no space left on device"));
        for (var job : jobs) {
            node.handler(job).ends(new Ending.Done(null));
            node.pass(Duration.ofSeconds(5));
        }
        assertThat(jobs).filteredOn(job -> node.state(job) == State.COMPLETED).hasSize(3);

        node.pass(Duration.ofMinutes(10));
        assertThat(node.state(large)).isEqualTo(State.RUNNING);

        node.wire.allows("flush");
        node.pass(Duration.ofSeconds(10));
        assertThat(node.state(large)).isEqualTo(State.COMPLETED);
    }

    @Test
    void what_concerns_the_whole_database_costs_no_outcome_however_long_it_lasts() {
        var node = new OneNode();
        var jobs = node.send(3);
        node.settle();
        node.wire.isDown("flush", new MillraceException("The database role may not do \"flush\"."));
        for (var job : jobs) node.handler(job).ends(new Ending.Done(null));
        node.pass(Duration.ofMinutes(5));

        node.wire.isUp("flush");
        node.pass(Duration.ofSeconds(40));

        assertThat(jobs).allMatch(job -> node.state(job) == State.COMPLETED);
    }

    @Test
    void not_even_if_it_concerns_some_outcomes_and_others_are_written() {
        var node = new OneNode(OneNode.LIMITS.withSlots(40));
        var jobs = node.send(20);
        node.settle();
        var failed = jobs.getFirst();
        node.wire.refuses(
                "flush",
                given -> carries(given, failed, Ending.Retry.class),
                new MillraceException("The database role may not write into timer."));
        node.ends(failed, new Ending.Retry(OneNode.failure("failed"), Duration.ofHours(1)));
        for (var job : jobs.subList(1, 20)) {
            node.done(job);
            node.pass(Duration.ofSeconds(1));
        }
        assertThat(jobs.subList(1, 20)).allMatch(job -> node.state(job) == State.COMPLETED);

        node.wire.allows("flush");
        node.pass(Duration.ofSeconds(40));

        assertThat(node.state(failed)).isEqualTo(State.RETRYABLE);
    }

    @Test
    void a_store_that_is_away_from_time_to_time_costs_no_outcome() {
        var node = new OneNode();
        var first = node.send();
        node.settle();
        node.wire.isDown("flush", new StoreException.Unavailable("no space left"));
        node.done(first);
        node.pass(Duration.ofSeconds(30));
        node.wire.refuses(
                "flush", given -> carries(given, first, Ending.class), new StoreException.Unavailable("still none"));
        node.wire.isUp("flush");
        var other = node.send();
        node.settle();
        node.done(other);
        node.pass(Duration.ofSeconds(1));
        assertThat(node.state(other)).isEqualTo(State.COMPLETED);
        node.wire.isDown("flush", new StoreException.Unavailable("no space left"));
        node.pass(Duration.ofMinutes(2));

        node.wire.allows("flush");
        node.wire.isUp("flush");
        node.pass(Duration.ofSeconds(40));

        assertThat(node.state(first)).isEqualTo(State.COMPLETED);
    }

    @Test
    void an_outcome_that_another_transaction_blocks_holds_up_no_other() {
        var node = new OneNode(OneNode.LIMITS.withSlots(40));
        var jobs = node.send(20);
        node.settle();
        var blocked = jobs.get(7);
        node.wire.refuses(
                "flush",
                given -> carries(given, blocked, Ending.class),
                new StoreException.Blocked("it waits for an open transaction"));

        for (var job : jobs) node.handler(job).ends(new Ending.Done(null));
        node.pass(Duration.ofMillis(50));

        assertThat(jobs).filteredOn(job -> node.state(job) != State.COMPLETED).containsExactly(blocked);
        node.pass(Duration.ofMinutes(10));
        assertThat(node.wire.asked("flush")).as("seldom").isLessThan(10 * 60 + 40);
        var more = node.send(10);
        node.settle();
        for (var job : more) node.done(job);
        node.pass(Duration.ofMillis(50));
        assertThat(more).allMatch(job -> node.state(job) == State.COMPLETED);

        node.wire.allows("flush");
        node.pass(Duration.ofSeconds(2));
        assertThat(node.state(blocked)).isEqualTo(State.COMPLETED);
    }

    @Test
    void what_its_handler_may_block_is_flushed_apart_from_the_others() {
        var node = new OneNode(OneNode.LIMITS.withSlots(40));
        var jobs = node.send(20);
        node.settle();
        var open = jobs.get(7);
        node.wire.isDown("complete", new StoreException.Unavailable("a test has no transactions"));
        var tx = (Connection)
                Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Connection.class}, (a, b, c) -> {
                    throw new UnsupportedOperationException();
                });
        assertThatThrownBy(() -> node.handler(open).held().complete(tx, new Ending.Done(null)))
                .isInstanceOf(StoreException.class);
        var together = new ArrayList<Integer>();
        node.wire.refuses(
                "flush",
                given -> {
                    together.add(((List<?>) given.get(1)).size());
                    return false;
                },
                new IllegalStateException());

        for (var job : jobs) node.handler(job).ends(new Ending.Done(null));
        node.pass(Duration.ofMillis(50));

        assertThat(together).contains(1).doesNotContain(20);
        assertThat(jobs).allMatch(job -> node.state(job) == State.COMPLETED);
    }

    private static boolean carries(List<?> given, JobId job, Class<? extends Ending> ending) {
        return given.get(1) instanceof List<?> entries
                && entries.stream()
                        .anyMatch(entry -> entry instanceof Ended ended
                                && ended.delivery().job().equals(job)
                                && ending.isInstance(ended.ending()));
    }

    @Test
    void a_store_that_is_full_for_a_while_costs_no_outcome() {
        var node = new OneNode();
        var jobs = node.send(3);
        node.settle();
        node.wire.isDown("flush", new StoreException.Unavailable("no space left"));
        for (var job : jobs) node.handler(job).ends(new Ending.Done(null));
        node.pass(Duration.ofMinutes(5));

        node.wire.isUp("flush");
        node.pass(Duration.ofSeconds(10));

        assertThat(jobs).allMatch(job -> node.state(job) == State.COMPLETED);
    }

    @Test
    void an_outcome_that_came_second_is_told_and_costs_nothing_else() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        node.store.cancel(job, "changed my mind", "mara");

        node.done(job); // the node has not heard of it yet

        assertThat(node.state(job)).isEqualTo(State.CANCELLED);
        assertThat(node.status().counters().lostOutcomes()).isEqualTo(1);
        assertThat(node.events).noneMatch(event -> event instanceof JobEvent.Ended);
        assertThat(node.node.open()).isZero();
    }

    @Test
    void events_tell_what_is_durable_and_nothing_before() {
        var node = new OneNode();
        var job = node.send();
        node.settle();
        node.events.clear();
        node.wire.isDown("flush", new StoreException.Unavailable("away"));
        node.done(job);
        assertThat(node.events).isEmpty();

        node.wire.isUp("flush");
        node.pass(Duration.ofSeconds(1));

        assertThat(node.events)
                .singleElement()
                .isInstanceOfSatisfying(
                        JobEvent.Ended.class, ended -> assertThat(ended.state()).isEqualTo(State.COMPLETED));
    }

    @Test
    void a_retry_comes_back_after_its_delay() {
        var node = new OneNode();
        var job = node.send();
        node.settle();

        node.ends(job, new Ending.Retry(OneNode.failure("failed"), Duration.ofMillis(300)));
        assertThat(node.state(job)).isEqualTo(State.RETRYABLE);
        node.pass(Duration.ofMillis(290));
        assertThat(node.runs(job)).isFalse();

        node.pass(Duration.ofMillis(50));
        assertThat(node.runs(job)).isTrue();
        assertThat(node.handler(job).delivery.attempt()).isEqualTo(2);
    }

    @Test
    void a_body_that_throws_is_the_engines_fault_and_is_tried_again() {
        var node = new OneNode();
        var job = node.send();
        node.settle();

        node.handler(job).obeys(); // an InterruptedException that nobody asked for
        node.settle();

        assertThat(node.state(job)).isEqualTo(State.RETRYABLE);
        assertThat(String.valueOf(node.job(job).failure())).contains("engine: ");
    }
}
