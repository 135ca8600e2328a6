package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobEvent;
import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.Place;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClaimerTest {

    @Test
    void a_node_claims_what_its_slots_can_take_and_leaves_the_rest_to_others() {
        var node = new OneNode();
        node.send(10);

        node.settle();

        assertThat(node.status().running()).isEqualTo(4);
        assertThat(node.status().counters().claimed()).isEqualTo(4);
    }

    @Test
    void where_slots_come_free_fast_a_little_is_claimed_ahead() {
        var node = new OneNode();
        node.send(400);

        for (int i = 0; i < 60; i++) {
            for (var handler : List.copyOf(node.handlers.values()))
                if (!handler.ended) handler.ends(new Ending.Done(null));
            node.pass(Duration.ofMillis(5));
        }

        assertThat(node.status().buffered()).isBetween(5, 100);
    }

    @Test
    void a_claim_that_nobody_answered_is_resolved_before_anything_else_is_claimed() {
        var node = new OneNode();
        var job = node.send();
        node.wire.doesAndFails("take", new StoreException.CommitUnknown("lost"));
        node.wire.fails("resolve", new StoreException.Unavailable("still away"));

        node.pass(Duration.ofSeconds(1));

        assertThat(node.runs(job)).isTrue();
        var asked = node.wire.asked().stream().filter(step -> step.equals("take") || step.equals("resolve"));
        assertThat(asked).startsWith("take", "resolve", "resolve");
    }

    @Test
    void a_claim_that_never_arrived_is_made_anew() {
        var node = new OneNode();
        var job = node.send();
        node.wire.fails("take", new StoreException.CommitUnknown("lost"));

        node.pass(Duration.ofSeconds(1));

        assertThat(node.runs(job)).isTrue();
        assertThat(node.wire.asked("resolve")).isEqualTo(1);
    }

    @Test
    void whatever_else_a_claim_threw_it_may_have_been_committed() {
        var node = new OneNode();
        var job = node.send();
        node.wire.doesAndFails("take", new IllegalStateException("a driver's bug"));

        node.pass(Duration.ofSeconds(1));

        assertThat(node.runs(job)).isTrue();
    }

    @Test
    void nothing_is_claimed_before_operators_have_been_heard() {
        var node = new OneNode();
        node.wire.isDown("control", new StoreException.Unavailable("away"));
        var job = node.send();

        node.pass(Duration.ofSeconds(3));
        assertThat(node.state(job)).isEqualTo(State.AVAILABLE);

        node.wire.isUp("control");
        node.pass(Duration.ofSeconds(6));
        assertThat(node.runs(job)).isTrue();
    }

    @Test
    void a_node_whose_beats_fail_claims_nothing_until_one_goes_through() {
        var node = new OneNode();
        node.settle();
        node.wire.isDown("beat", new StoreException.Unavailable("away"));
        node.pass(Duration.ofSeconds(10));

        var job = node.send();
        node.pass(Duration.ofSeconds(3));
        assertThat(node.state(job)).isEqualTo(State.AVAILABLE);
        assertThat(node.status().trusted()).isFalse();

        node.wire.isUp("beat");
        node.pass(Duration.ofSeconds(2));
        assertThat(node.runs(job)).isTrue();
    }

    @Test
    void a_paused_queue_is_not_even_looked_at() {
        var node = new OneNode();
        node.store.pause(Scope.queue("default"), "maintenance", "mara");
        var job = node.send();

        node.pass(Duration.ofSeconds(2));
        assertThat(node.wire.asked("take")).isZero();

        node.store.resume(Scope.queue("default"), "mara");
        node.pass(Duration.ofSeconds(3));
        assertThat(node.runs(job)).isTrue();
    }

    @Test
    void a_paused_kind_is_parked_and_comes_back_when_the_pause_ends() {
        var node = new OneNode();
        node.store.pause(Scope.kind("work"), "maintenance", "mara");
        var job = node.send();

        node.pass(Duration.ofSeconds(2));
        assertThat(node.outcomes(job)).containsExactly("parked");

        node.store.resume(Scope.kind("work"), "mara");
        node.pass(Duration.ofSeconds(3));
        assertThat(node.runs(job)).isTrue();
    }

    @Test
    void an_unknown_kind_and_a_newer_version_are_parked_and_cost_nothing() {
        var node = new OneNode();
        var unknown = node.send("unheard-of");
        var newer = node.send("work", ClaimerTest::version2);

        node.pass(Duration.ofSeconds(5));

        assertThat(node.outcomes(unknown)).containsExactly("parked");
        assertThat(node.outcomes(newer)).containsExactly("parked");
        assertThat(node.job(newer).attempt()).isEqualTo(1);
        assertThat(node.job(newer).reason()).contains("version 2");
        assertThat(node.events).hasSize(2).allMatch(event -> event instanceof JobEvent.Parked);
    }

    private static NewJob version2(NewJob job) {
        return new NewJob(
                job.id(),
                job.queue(),
                job.priority(),
                job.spread(),
                job.kind(),
                2,
                job.payload(),
                job.headers(),
                job.due(),
                job.expiresAfter(),
                job.idempotency());
    }

    @Test
    void an_expired_delivery_is_discarded_without_an_attempt() {
        var node = new OneNode(OneNode.LIMITS.withSlots(1));
        var first = node.send();
        node.settle();
        var late = node.send(
                "work",
                job -> new NewJob(
                        job.id(),
                        job.queue(),
                        job.priority(),
                        job.spread(),
                        job.kind(),
                        1,
                        job.payload(),
                        job.headers(),
                        null,
                        Duration.ofSeconds(5),
                        null));
        node.pass(Duration.ofSeconds(6));

        node.done(first);
        node.pass(Duration.ofSeconds(2));

        assertThat(node.state(late)).isEqualTo(State.DISCARDED);
        assertThat(node.handlers).doesNotContainKey(late);
    }

    @Test
    void a_delivery_that_was_cancelled_meanwhile_is_let_go() {
        var node = new OneNode(OneNode.LIMITS.withSlots(1));
        var first = node.send();
        node.settle();
        var cancelled = node.send();
        node.store.cancel(cancelled, "changed my mind", "mara");

        node.done(first);
        node.pass(Duration.ofSeconds(2));

        assertThat(node.handlers).doesNotContainKey(cancelled);
        assertThat(node.node.open()).isZero();
        assertThat(node.status().counters().lostOutcomes()).isZero();
    }

    @Test
    void one_that_has_ended_otherwise_meanwhile_is_let_go_without_a_word() {
        var node = new OneNode();
        node.settle();
        node.wire.changes(
                "read",
                read -> ((List<?>) read)
                        .stream().map(one -> gone((Delivery) one)).toList());

        var moved = node.send();
        node.pass(Duration.ofSeconds(2));

        assertThat(node.handlers).doesNotContainKey(moved);
        assertThat(node.events).isEmpty();
        assertThat(node.node.open()).isZero();
        assertThat(node.status().buffered()).isZero();
    }

    private static Delivery gone(Delivery one) {
        return new Delivery(
                one.place(),
                one.token(),
                one.job(),
                one.run(),
                one.no(),
                one.attempt(),
                one.rescues(),
                one.charged(),
                one.queue(),
                one.priority(),
                one.kind(),
                one.kindVersion(),
                one.payload(),
                one.headers(),
                one.enqueuedAt(),
                one.expiresAt(),
                one.expired(),
                false,
                true);
    }

    @Test
    void large_payloads_are_read_in_steps_and_run_all_the_same() {
        var limits = OneNode.LIMITS;
        var node = new OneNode(new NodePlan.Limits(
                limits.slots(),
                limits.claimBatch(),
                limits.buffer(),
                limits.inLine(),
                limits.flushBatch(),
                1_000,
                limits.lease(),
                limits.beat(),
                limits.idlePoll(),
                limits.manifest(),
                limits.handBackAfter(),
                limits.grace(),
                limits.youth()));
        for (int i = 0; i < 4; i++) node.send("work", ClaimerTest::large);

        node.settle();

        assertThat(node.status().running()).isEqualTo(4);
        assertThat(node.wire.asked("read")).isEqualTo(4);
    }

    private static NewJob large(NewJob job) {
        return new NewJob(
                job.id(),
                job.queue(),
                job.priority(),
                "one shard",
                job.kind(),
                1,
                new Payload.Text("x".repeat(800)),
                Map.of(),
                null,
                null,
                null);
    }

    @Test
    void a_delivery_that_can_not_be_read_holds_up_no_other() {
        var node = new OneNode();
        var jobs = List.of(
                node.send("work", ClaimerTest::large),
                node.send("work", ClaimerTest::large),
                node.send("work", ClaimerTest::large));
        for (int i = 0; i < 3; i++) node.wire.fails("read", new IllegalStateException("a broken row"));

        node.pass(Duration.ofSeconds(6));

        assertThat(jobs).allMatch(node::runs);
    }

    @Test
    void one_that_can_never_be_read_keeps_the_node_from_nothing() {
        var node = new OneNode();
        var broken = node.send();
        node.wire.refuses("read", ClaimerTest::readsTheFirst, new NullPointerException("a broken row"));
        node.pass(Duration.ofSeconds(1));

        var others = node.send(50);
        for (int tenths = 0; tenths < 30; tenths++) {
            node.pass(Duration.ofMillis(100));
            for (var job : others) if (node.runs(job)) node.done(job);
        }

        assertThat(others).allMatch(job -> node.state(job) == State.COMPLETED);
        assertThat(node.wire.tried("read"))
                .as("it is not asked for all the time")
                .isLessThan(10);
        node.wire.allows("read");
        node.pass(Duration.ofSeconds(6));
        assertThat(node.runs(broken)).isTrue();
    }

    @Test
    void a_store_that_reads_nothing_at_all_is_not_taken_for_broken_rows() {
        var node = new OneNode();
        var jobs = node.send(4);
        node.wire.isDown("read", new MillraceException("The database refused the login."));
        node.pass(Duration.ofMinutes(2));

        node.wire.isUp("read");
        node.pass(Duration.ofSeconds(6));

        assertThat(jobs).allMatch(node::runs);
    }

    private static boolean readsTheFirst(List<?> given) {
        return given.get(1) instanceof List<?> places
                && places.stream().anyMatch(place -> place instanceof Place at && at.seq() == 1);
    }

    @Test
    void a_stream_that_can_not_be_claimed_from_keeps_nobody_from_the_others() {
        var node = new OneNode();
        var urgent = node.send("work", job -> with(job, Priority.URGENT));
        var normal = node.send();
        int broken = node.store.streams(List.of("default")).stream()
                .filter(stream -> stream.priority() == Priority.URGENT)
                .filter(stream -> node.store.poll(List.of(stream.id())).size() == 1)
                .findFirst()
                .orElseThrow()
                .id();
        node.wire.refuses("take", given -> given.get(1).equals(broken), new StoreException.Unavailable("no anchor"));

        node.pass(Duration.ofSeconds(1));

        assertThat(node.runs(normal)).isTrue();
        assertThat(node.runs(urgent)).isFalse();
    }

    private static NewJob with(NewJob job, Priority priority) {
        return new NewJob(
                job.id(), job.queue(), priority, null, job.kind(), 1, job.payload(), Map.of(), null, null, null);
    }

    @Test
    void the_backlog_of_a_kind_at_its_limit_is_not_swept_into_parking() {
        var node = new OneNode(OneNode.LIMITS.withSlots(10), Map.of("work", 1_000, "narrow", 1));
        for (int i = 0; i < 300; i++) node.send("narrow");

        node.pass(Duration.ofSeconds(2));

        assertThat(node.status().running()).isEqualTo(1);
        assertThat(node.status().counters().claimed()).isLessThan(120);
    }

    @Test
    void a_kind_at_its_limit_holds_up_no_other_kind() {
        var node = new OneNode(OneNode.LIMITS.withSlots(10), Map.of("work", 1_000, "narrow", 1));
        for (int i = 0; i < 50; i++) node.send("narrow");
        var behind = node.send("work");

        node.pass(Duration.ofSeconds(3));

        assertThat(node.runs(behind)).isTrue();
    }

    @Test
    void what_a_kind_at_its_limit_could_not_take_comes_back_as_it_frees_up() {
        var node = new OneNode(OneNode.LIMITS.withSlots(10), Map.of("narrow", 2));
        var jobs = new ArrayList<JobId>();
        for (int i = 0; i < 30; i++) jobs.add(node.send("narrow"));

        for (int i = 0; i < 200; i++) {
            node.pass(Duration.ofMillis(20));
            for (var job : jobs) if (node.runs(job)) node.done(job);
        }

        assertThat(jobs).allMatch(job -> node.state(job) == State.COMPLETED);
        assertThat(jobs).noneMatch(job -> node.outcomes(job).contains("handed_back")); // that would go round in circles
    }

    /** A node with many slots, whose claims take two milliseconds each. */
    private static OneNode busy() {
        var node = new OneNode(NodePlan.Limits.DEFAULT.withSlots(1_000));
        node.settle();
        for (int i = 0; i < 100; i++)
            node.wire.changes("take", claim -> {
                node.freeze(Duration.ofMillis(2));
                return claim;
            });
        return node;
    }

    @Test
    void after_a_claim_that_found_a_few_the_next_waits_for_company() {
        var node = busy();
        node.send(40);
        node.settle();
        long claims = node.wire.asked("take");

        for (int i = 0; i < 5; i++) {
            node.send(10);
            node.node.hint("default");
            node.pass(Duration.ofMillis(1));
        }
        assertThat(node.wire.asked("take")).isEqualTo(claims);

        node.pass(Duration.ofMillis(30));
        assertThat(node.status().running()).isEqualTo(90);
    }

    @Test
    void a_trickle_waits_for_nobody() {
        var node = busy();
        node.send(2);
        node.settle();

        node.send(1);
        node.node.hint("default");
        node.settle();

        assertThat(node.status().running()).isEqualTo(3);
    }
}
