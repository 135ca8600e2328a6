package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.NewJob;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class StarterTest {

    private static long strangers;

    /** Another node claims these jobs, perhaps starts them, and dies. */
    private static void diesWith(OneNode node, int jobs, boolean marked) {
        var id = ++strangers;
        var lease = node.store.join(OneNode.stranger(id));
        int left = jobs;
        for (var stream : node.store.streams(List.of("default"))) {
            if (left == 0) break;
            var token = new ClaimToken(new UUID(id, stream.id()));
            var claim = node.store.take(lease, stream.id(), left, stream.id(), token);
            left -= claim.places().size();
            if (marked && !claim.places().isEmpty()) node.store.mark(lease, claim.places());
        }
        var dead = node.store.census(node.node.lease()).stream()
                .filter(peer -> peer.id().equals(lease.node()))
                .findFirst()
                .orElseThrow();
        node.store.depose(node.node.lease(), dead);
        while (!node.store.rescue(node.node.lease(), lease.node(), 100).isEmpty()) {
            // until nothing comes back
        }
    }

    private static List<JobId> sendUnseen(OneNode node, int count) {
        var jobs = new ArrayList<JobId>();
        for (int i = 0; i < count; i++) jobs.add(node.send());
        return jobs;
    }

    @Test
    void what_found_no_slot_within_a_second_goes_back_and_is_not_claimed_again_at_once() {
        var node = new OneNode();
        var jobs = node.send(60);
        for (int i = 0; i < 8; i++) {
            for (var handler : List.copyOf(node.handlers.values()))
                if (!handler.ended) handler.ends(new Ending.Done(null));
            node.pass(Duration.ofMillis(2));
        }
        assertThat(node.status().buffered()).isPositive();

        node.pass(Duration.ofSeconds(10)); // now nothing ends any more

        assertThat(node.status().buffered()).isZero();
        assertThat(jobs).allMatch(job -> node.outcomes(job).size() <= 2);
        assertThat(node.status().counters().lostOutcomes()).isZero();
    }

    private static NewJob of(String tenant, NewJob job) {
        return of(tenant, Priority.NORMAL, job);
    }

    private static NewJob of(String tenant, Priority priority, NewJob job) {
        return new NewJob(
                job.id(),
                job.queue(),
                priority,
                tenant,
                job.kind(),
                1,
                job.payload(),
                Map.of(Delivery.TENANT, tenant),
                null,
                null,
                null);
    }

    /** Ends what runs, so often, and tells the node of it. */
    private static void turnsOver(OneNode node, int times) {
        for (int i = 0; i < times; i++) {
            for (var handler : List.copyOf(node.handlers.values()))
                if (!handler.ended) handler.ends(new Ending.Done(null));
            node.pass(Duration.ofMillis(2));
        }
    }

    @Test
    void who_has_little_to_do_starts_before_a_crowd_that_was_claimed_already() {
        var node = new OneNode();
        for (int i = 0; i < 300; i++) node.send("work", job -> of("many", job));
        turnsOver(node, 20);
        assertThat(node.status().buffered()).isPositive();

        var few = node.send("work", job -> of("few", job));
        node.pass(Duration.ofMillis(2));
        turnsOver(node, 2);

        assertThat(node.handlers).containsKey(few);
    }

    @Test
    void a_crowd_starts_one_time_in_four_where_others_have_more_than_the_node_can_run() {
        var node = new OneNode();
        var many = new ArrayList<JobId>();
        for (int i = 0; i < 300; i++) many.add(node.send("work", job -> of("many", job)));
        turnsOver(node, 20);
        for (int i = 0; i < 600; i++) {
            int tenant = i % 50;
            node.send("work", job -> of("tenant " + tenant, job));
        }
        turnsOver(node, 2);
        var before = Set.copyOf(node.handlers.keySet());

        turnsOver(node, 30);

        var started = new HashSet<>(node.handlers.keySet());
        started.removeAll(before);
        assertThat(started).hasSizeGreaterThan(110);
        assertThat(many.stream().filter(started::contains).count()).isBetween(20L, 40L);
    }

    @Test
    void what_is_urgent_goes_first_though_its_tenant_is_set_aside() {
        var node = new OneNode();
        var urgent = new ArrayList<JobId>();
        for (int i = 0; i < 600; i++) {
            int tenant = i % 50;
            node.send("work", job -> of("tenant " + tenant, job));
        }
        for (int i = 0; i < 300; i++) urgent.add(node.send("work", job -> of("many", Priority.URGENT, job)));
        turnsOver(node, 20);
        var before = Set.copyOf(node.handlers.keySet());

        turnsOver(node, 30);

        var started = new HashSet<>(node.handlers.keySet());
        started.removeAll(before);
        assertThat(urgent.stream().filter(started::contains).count()).isGreaterThan(started.size() * 3L / 4);
    }

    @Test
    void a_rescued_delivery_is_marked_before_its_handler_starts() {
        var node = new OneNode();
        var job = sendUnseen(node, 1).getFirst();
        diesWith(node, 1, false);
        node.wire.fails("mark", new StoreException.CommitUnknown("lost"));

        node.pass(Duration.ofMillis(50));
        assertThat(node.runs(job)).isFalse();

        node.pass(Duration.ofSeconds(1));
        assertThat(node.runs(job)).isTrue();
        assertThat(node.wire.asked("mark")).isEqualTo(2);
    }

    @Test
    void a_rescued_delivery_that_is_paused_before_its_start_is_marked_does_not_start() {
        var node = new OneNode();
        var job = sendUnseen(node, 1).getFirst();
        diesWith(node, 1, false);
        node.turn("controller");
        node.turn("claimer");
        node.turn("starter");
        node.store.pause(Scope.kind("work"), "the printer is on fire", "mara");
        node.turn("controller");

        node.turn("marker");
        node.pass(Duration.ofSeconds(5));
        assertThat(node.wire.asked("mark")).isZero();
        assertThat(node.runs(job)).isFalse();
        assertThat(node.job(job).reason()).contains("kind work is paused");

        node.store.resume(Scope.kind("work"), "mara");
        node.pass(Duration.ofSeconds(5));
        assertThat(node.runs(job)).isTrue();
    }

    @Test
    void an_ordinary_delivery_is_not_marked() {
        var node = new OneNode();
        node.send();

        node.pass(Duration.ofSeconds(1));

        assertThat(node.wire.asked("mark")).isZero();
    }

    @Test
    void a_mark_that_was_answered_too_late_to_be_believed_starts_nothing() {
        var node = new OneNode();
        var job = sendUnseen(node, 1).getFirst();
        diesWith(node, 1, false);
        node.turn("controller");
        node.turn("claimer");
        node.turn("starter");

        node.freeze(Duration.ofSeconds(30));
        node.turn("marker");

        assertThat(node.runs(job)).isFalse();
    }

    @Test
    void what_was_charged_once_runs_beside_others() {
        var node = new OneNode();
        var suspects = sendUnseen(node, 2);
        diesWith(node, 2, true);
        node.pass(Duration.ofMillis(50));

        var other = node.send();
        node.pass(Duration.ofMillis(50));

        assertThat(suspects).allMatch(node::runs);
        assertThat(node.runs(other)).isTrue();
    }

    @Test
    void of_those_that_were_charged_few_are_young_together() {
        var node = new OneNode(NodePlan.Limits.DEFAULT.withSlots(100));
        var suspects = sendUnseen(node, 20);
        diesWith(node, 20, true);

        node.pass(Duration.ofMillis(300));
        assertThat(suspects).filteredOn(node::runs).hasSize(8);

        node.pass(Duration.ofMillis(400));
        assertThat(suspects).filteredOn(node::runs).hasSize(16);

        node.pass(Duration.ofSeconds(2));
        assertThat(suspects).allMatch(node::runs);
        assertThat(suspects).allMatch(job -> node.outcomes(job).size() <= 3);
    }

    @Test
    void a_last_chance_is_taken_alone_at_first() {
        var node = new OneNode();
        var suspect = sendUnseen(node, 1).getFirst();
        for (int death = 0; death < 2; death++) diesWith(node, 1, true);
        node.pass(Duration.ofMillis(50));
        assertThat(node.runs(suspect)).isTrue();

        var others = node.send(3);
        node.pass(Duration.ofMillis(400));
        assertThat(others).noneMatch(node::runs);

        node.pass(Duration.ofMillis(200));
        assertThat(others).allMatch(node::runs);
    }

    @Test
    void a_last_chance_that_has_ended_keeps_nobody_waiting() {
        var node = new OneNode();
        var suspect = sendUnseen(node, 1).getFirst();
        for (int death = 0; death < 2; death++) diesWith(node, 1, true);
        node.pass(Duration.ofMillis(50));
        var other = node.send();

        node.done(suspect);
        node.pass(Duration.ofMillis(200));

        assertThat(node.runs(other)).isTrue();
    }

    @Test
    void two_last_chances_are_not_taken_at_the_same_time() {
        var node = new OneNode();
        var suspects = sendUnseen(node, 2);
        for (int death = 0; death < 2; death++) diesWith(node, 2, true);

        node.pass(Duration.ofMillis(300));
        assertThat(suspects).filteredOn(node::runs).hasSize(1);

        node.pass(Duration.ofSeconds(3));
        assertThat(suspects).allMatch(node::runs);
    }

    @Test
    void who_has_a_last_chance_gets_it_before_other_suspects_start() {
        var node = new OneNode();
        var first = sendUnseen(node, 1).getFirst();
        for (int death = 0; death < 2; death++) diesWith(node, 1, true);
        var suspects = sendUnseen(node, 3);
        diesWith(node, 4, false);

        node.pass(Duration.ofMillis(300));
        assertThat(node.runs(first)).isTrue();
        assertThat(suspects).noneMatch(node::runs);

        node.pass(Duration.ofSeconds(2));
        assertThat(suspects).allMatch(node::runs);
    }

    @Test
    void between_two_last_chances_other_suspects_have_a_turn() {
        var node = new OneNode(NodePlan.Limits.DEFAULT.withSlots(100));
        var chances = sendUnseen(node, 3);
        for (int death = 0; death < 2; death++) diesWith(node, 3, true);
        var suspects = sendUnseen(node, 3);
        diesWith(node, 6, false);

        node.pass(Duration.ofMillis(900));

        assertThat(chances).filteredOn(node::runs).hasSize(1);
        assertThat(suspects).allMatch(node::runs);
        node.pass(Duration.ofSeconds(4));
        assertThat(chances).allMatch(node::runs);
    }

    @Test
    void what_outlives_its_youth_is_cleared_once() {
        var node = new OneNode();
        var job = sendUnseen(node, 1).getFirst();
        diesWith(node, 1, true);
        node.wire.fails("outlived", new StoreException.CommitUnknown("lost"));

        node.pass(Duration.ofMillis(400));
        assertThat(node.wire.asked("outlived")).isZero();

        node.pass(Duration.ofSeconds(3));
        assertThat(node.runs(job)).isTrue();
        assertThat(node.wire.asked("outlived")).isEqualTo(2);
    }

    @Test
    void what_ends_young_need_not_be_cleared() {
        var node = new OneNode();
        var job = sendUnseen(node, 1).getFirst();
        diesWith(node, 1, true);
        node.pass(Duration.ofMillis(50));

        node.done(job);
        node.pass(Duration.ofSeconds(3));

        assertThat(node.wire.asked("outlived")).isZero();
    }

    @Test
    void the_third_marked_start_that_kills_is_the_last() {
        var node = new OneNode();
        var job = sendUnseen(node, 1).getFirst();

        for (int death = 0; death < 3; death++) diesWith(node, 1, true);

        assertThat(node.state(job)).isEqualTo(State.DISCARDED);
        node.pass(Duration.ofSeconds(2));
        assertThat(node.handlers).isEmpty();
    }

    @Test
    void a_job_cancelled_while_it_waited_for_its_slot_never_starts() {
        var node = new OneNode();
        node.turn("controller");
        var job = node.send();
        node.turn("claimer");
        node.store.cancel(job, "changed my mind", "mara");
        node.turn("controller");

        node.pass(Duration.ofSeconds(1));

        assertThat(node.handlers).isEmpty();
        assertThat(node.node.open()).isZero();
    }
}
