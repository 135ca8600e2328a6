package dev.millrace.node;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Ending;
import dev.millrace.store.Line;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.Line.Rate;
import dev.millrace.store.Line.Rated;
import dev.millrace.store.NewJob;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Rates beside everything else that a node does: who has the next slot, and who is looked at again. */
class RatedLinesTest {

    private static final Rate TEN_A_SECOND = new Rate(10, ofSeconds(1), 1);
    private static final Rate HOURLY = new Rate(1, ofHours(1), 1);
    private static final int MANY = 1_000;

    private OneNode node = new OneNode();

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

    private static Line limit(String key, int atOnce) {
        return new Line(null, new Limited("shop", atOnce, key));
    }

    private static Line rated(String key, Rate rate, int weight) {
        return new Line(null, new Limited("shop", MANY, key, new Rated(rate, weight)));
    }

    private JobId sendRated(String key, Rate rate) {
        return send("work", rated(key, rate, 1));
    }

    private List<JobId> sendRated(int count, Rate rate) {
        var jobs = new ArrayList<JobId>();
        for (int i = 0; i < count; i++) jobs.add(sendRated("a", rate));
        return jobs;
    }

    /** The node owns the shards, and what it takes their rates to be full has passed. */
    private void warmUp() {
        var first = sendRated("a", TEN_A_SECOND);
        node.pass(ofSeconds(20));
        node.done(first);
        node.pass(ofSeconds(1));
    }

    /** All that run end, all at once and every so often. */
    private void runFor(Duration time, Duration each) {
        for (long i = 0; i < time.dividedBy(each); i++) {
            node.pass(each);
            endAll(handler -> true);
        }
    }

    private void endAll(Predicate<OneNode.Handler> which) {
        for (var handler : List.copyOf(node.handlers.values()))
            if (!handler.ended && which.test(handler)) handler.ends(new Ending.Done(null));
        node.settle();
    }

    private long started(List<JobId> jobs) {
        return jobs.stream().filter(node.handlers::containsKey).count();
    }

    @Test
    void a_node_that_is_full_of_other_work_keeps_a_rate() {
        warmUp();
        node.send(600);
        node.pass(ofMillis(100));
        var rated = sendRated(60, TEN_A_SECOND);

        runFor(ofSeconds(5), ofMillis(50));

        assertThat(started(rated)).isBetween(40L, 51L);
    }

    @Test
    void a_node_that_is_full_of_work_with_other_limits_keeps_a_rate() {
        warmUp();
        for (int i = 0; i < 400; i++) send("work", limit("b" + i % 10, MANY));
        node.pass(ofMillis(100));
        var rated = sendRated(60, TEN_A_SECOND);

        runFor(ofSeconds(4), ofMillis(50));

        assertThat(started(rated)).isBetween(30L, 41L);
    }

    @Test
    void what_rates_let_go_leaves_slots_for_all_others() {
        warmUp();
        for (int key = 0; key < 10; key++)
            for (int i = 0; i < 50; i++) sendRated("a" + key, new Rate(MANY, ofSeconds(1), MANY));
        var others = new ArrayList<JobId>();
        for (int i = 0; i < 300; i++) others.add(send("work", limit("b" + i % 10, MANY)));
        var ordinary = node.send(300);
        node.pass(ofMillis(100));

        runFor(ofSeconds(2), ofMillis(25)); // 320 slots

        assertThat(started(others)).as("limited otherwise").isGreaterThan(50);
        assertThat(started(ordinary)).as("not keyed").isGreaterThan(50);
    }

    @Test
    void a_kind_that_is_full_of_other_work_keeps_a_rate() {
        node = new OneNode(OneNode.LIMITS.withSlots(8), Map.of("work", 1_000, "few", 2));
        warmUp();
        for (int i = 0; i < 300; i++) node.send("few");
        node.pass(ofMillis(100));
        var rated = new ArrayList<JobId>();
        for (int i = 0; i < 60; i++) rated.add(send("few", rated("a", TEN_A_SECOND, 1)));

        runFor(ofSeconds(4), ofMillis(30));

        assertThat(started(rated)).isBetween(28L, 41L);
    }

    @Test
    void who_comes_of_time_while_no_slot_is_free_is_no_reason_to_look_without_rest() {
        node = new OneNode(OneNode.LIMITS.withSlots(1));
        warmUp();
        var first = sendRated("a", TEN_A_SECOND);
        node.pass(ofSeconds(1));
        assertThat(node.runs(first)).isTrue();
        var limited = send("work", limit("b", MANY));
        var second = sendRated("a", TEN_A_SECOND);

        node.pass(ofSeconds(10)); // "it does not come to rest"

        node.done(first);
        node.pass(ofMillis(10));
        endAll(handler -> true);
        node.pass(ofMillis(10));
        assertThat(started(List.of(limited, second))).isEqualTo(2);
    }

    @Test
    void an_older_job_without_a_rate_that_runs_long_does_not_hold_up_those_that_have_one() {
        warmUp();
        var before = send("work", limit("c", MANY));
        var rated = new ArrayList<JobId>();
        for (int i = 0; i < 3; i++) rated.add(sendRated("c", TEN_A_SECOND));

        node.pass(ofSeconds(3));

        assertThat(node.runs(before)).isTrue();
        assertThat(started(rated)).isEqualTo(3);
    }

    @Test
    void who_waits_for_a_long_time_hears_of_a_faster_rate_at_once() {
        warmUp();
        var burst = new Rate(1, ofSeconds(4), 100);
        var heavy = List.of(send("work", rated("d", burst, 100)), send("work", rated("d", burst, 100)));
        runFor(ofMinutes(8), ofSeconds(10));
        assertThat(started(heavy)).isEqualTo(1);

        sendRated("d", new Rate(MANY, ofSeconds(1), MANY));
        node.pass(ofSeconds(1));

        assertThat(started(heavy)).isEqualTo(2);
    }

    @Test
    void when_a_heavy_one_is_cancelled_the_light_one_behind_it_does_not_wait_for_as_long() {
        warmUp();
        var burst = new Rate(1, ofSeconds(4), 100);
        send("work", rated("d", burst, 60));
        var heavy = send("work", rated("d", burst, 100));
        var light = send("work", rated("d", burst, 1));
        runFor(ofMinutes(7), ofSeconds(10));
        assertThat(node.handlers).doesNotContainKey(heavy);

        node.store.cancel(heavy, "too much", "a test");
        node.pass(ofSeconds(5));

        assertThat(node.handlers).containsKey(light);
    }

    @Test
    void two_slots_that_become_free_together_are_both_given_to_those_whose_turn_it_is() {
        node = new OneNode(OneNode.LIMITS.withSlots(2));
        warmUp();
        var jobs = new ArrayList<JobId>();
        for (int i = 0; i < 4; i++) jobs.add(send("work", limit("b" + i, MANY)));
        node.pass(ofSeconds(1));
        assertThat(started(jobs)).isEqualTo(2);

        endAll(handler -> true);
        node.pass(ofMillis(5));

        assertThat(started(jobs)).isEqualTo(4);
    }

    /** Another node owns the keyed shards, claims what is in them, and dies. */
    private void anotherNodeDiesWithAll() {
        var lease = node.store.join(OneNode.stranger(1));
        int no = 0;
        for (var shard : node.store.shards(lease, List.of("default")).shards()) {
            assertThat(node.store.takeOver(lease, shard.stream())).isTrue();
            node.store.take(lease, shard.stream(), 100, ++no, new ClaimToken(new UUID(1, no)));
        }
        node.store.depose(node.node.lease(), node.peer(lease));
        while (!node.store.rescue(node.node.lease(), lease.node(), 100).isEmpty()) {
            // until nothing comes back
        }
    }

    @Test
    void a_rescued_one_lets_the_next_of_its_key_start_when_it_has_begun() {
        var jobs = sendRated(5, new Rate(1_000, ofSeconds(1), 1));
        anotherNodeDiesWithAll();
        node.pass(ofMillis(1_500));

        assertThat(started(jobs)).isEqualTo(4); // as many as there are slots
        assertThat(node.wire.asked("mark")).isEqualTo(4);
    }

    @Test
    void while_it_is_paused_a_job_takes_nothing_of_its_rate() {
        warmUp();
        node.store.pause(Scope.kind("work"), "for a while", "a test");
        node.pass(ofSeconds(2));
        var job = sendRated("e", HOURLY);
        node.pass(ofSeconds(5));
        assertThat(node.outcomes(job)).as("parked").isNotEmpty();

        node.store.resume(Scope.kind("work"), "a test");
        node.pass(ofSeconds(10));

        assertThat(node.runs(job)).isTrue();
    }

    @Test
    void what_was_granted_to_one_that_was_cancelled_is_there_for_the_next() {
        node = new OneNode(OneNode.LIMITS.withSlots(1));
        var first = node.send();
        node.pass(ofSeconds(1));
        var cancelled = sendRated("e", HOURLY);
        node.pass(ofSeconds(5));
        node.store.cancel(cancelled, "not this one", "a test");
        node.pass(ofSeconds(5));
        var next = sendRated("e", HOURLY);
        node.pass(ofSeconds(5));

        node.done(first);
        node.pass(ofSeconds(5));

        assertThat(node.runs(next)).isTrue();
    }

    @Test
    void a_store_that_could_not_be_asked_for_starts_is_asked_again_within_a_second() {
        warmUp();
        node.wire.fails("grant", new StoreException.Unavailable("away"));
        var job = sendRated("f", HOURLY);

        node.pass(ofSeconds(2));

        assertThat(node.runs(job)).isTrue();
    }
}
