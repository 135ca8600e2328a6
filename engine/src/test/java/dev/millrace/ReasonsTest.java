package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.NodeView.Life;
import dev.millrace.QueueView.Depth;
import dev.millrace.store.Records.Blockers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What {@code why} says. */
class ReasonsTest {

    private static final Instant THEN = Instant.parse("2026-11-23T16:00:00Z");
    private static final JobId ID = JobId.of("01932c07-209c-7fff-8a5c-3a1f8b2d9e10");
    private static final String NODE = new UUID(0, 1).toString();
    private static final Failure FAILURE = new Failure("java.io.IOException", "no route", "f", 2, "");

    @Test
    void a_running_job_tells_where_since_when_and_how_far() {
        var job = job(State.RUNNING, null, NODE, THEN, null, new JobView.Progress(30, 100, THEN));

        assertThat(text(job, queue(0, null), node("billing", "send-invoice:1")))
                .isEqualTo("It runs since 2026-11-23T16:00:00Z, attempt 2. Node node-1 (" + NODE
                        + ") holds it. It is at 30 of 100.");
    }

    @Test
    void a_job_that_a_node_holds_and_has_not_started_says_so() {
        assertThat(text(job(State.RUNNING, null, NODE, null, null, null)))
                .isEqualTo("Node " + NODE + " holds it, and has not started it yet.");
        assertThat(text(job(State.RUNNING, null, null, null, null, null))).startsWith("A node that is not known");
    }

    @Test
    void a_scheduled_job_tells_its_time_and_who_chose_it() {
        assertThat(text(job(State.SCHEDULED, "the shop is closed", null, null, null, null)))
                .isEqualTo("It is scheduled for 2026-11-23T16:00:00Z: the shop is closed.");
    }

    @Test
    void a_retryable_job_tells_its_last_failure() {
        assertThat(text(job(State.RETRYABLE, null, null, null, FAILURE, null)))
                .isEqualTo(
                        "It waits for its next attempt at 2026-11-23T16:00:00Z. Attempt 2 failed: java.io.IOException: no route");
    }

    @Test
    void without_a_living_node_that_is_the_reason() {
        assertThat(text(available(), queue(1, null)))
                .isEqualTo("No node is alive. Start one that serves queue billing.");
    }

    @Test
    void a_queue_that_no_node_serves_is_named() {
        assertThat(text(available(), queue(1, null), node("default", "send-invoice:1")))
                .isEqualTo("No node that is alive serves queue billing. Start one with queue(\"billing\").");
    }

    @Test
    void a_kind_or_a_version_that_no_node_of_the_queue_handles_is_named() {
        var says = "No node that serves queue billing handles kind send-invoice version 2. Deploy one that does.";

        assertThat(text(available(), queue(1, null), node("billing", "resize:1")))
                .isEqualTo(says);
        assertThat(text(available(), queue(1, null), node("billing", "send-invoice:1")))
                .isEqualTo(says);
        assertThat(text(available(), queue(1, null), node("billing", "send-invoice:2")))
                .doesNotContain("No node");
        assertThat(text(available(), queue(1, null), node("billing", "send-invoice")))
                .doesNotContain("No node");
    }

    @Test
    void a_pause_is_told_with_its_reason() {
        var paused = new Reasons(
                available(),
                () -> List.of(queue(1, null)),
                () -> Map.of(Scope.queue("billing"), "the provider is down", Scope.kind("send-invoice"), "a bug"),
                () -> List.of(node("billing", "send-invoice:2")),
                Optional::empty,
                () -> Blockers.NONE);

        assertThat(paused.why().reasons())
                .containsExactly(
                        new Why.Paused("Queue billing is paused: the provider is down.", Scope.queue("billing")),
                        new Why.Paused("Kind send-invoice is paused: a bug.", Scope.kind("send-invoice")));
    }

    @Test
    void a_parked_job_tells_what_it_waits_for() {
        var job = job(State.AVAILABLE, "no handler for version 2", null, null, null, null);

        assertThat(text(job, queue(1, null), node("billing", "send-invoice:2")))
                .isEqualTo("It is parked: no handler for version 2.");
    }

    @Test
    void otherwise_others_are_before_it_and_a_bound_is_called_one() {
        assertThat(text(available(), queue(1, null), node("billing", "send-invoice:2")))
                .isEqualTo("It is the only one available in queue billing, and will be claimed next.");
        assertThat(text(available(), queue(41, null), node("billing", "send-invoice:2")))
                .isEqualTo("It is available; at most 40 others in queue billing are before it.");
        assertThat(text(
                        available(),
                        new QueueView(
                                "billing",
                                new Depth(10_000, false),
                                depth(0),
                                depth(0),
                                depth(0),
                                depth(0),
                                null,
                                null),
                        node("billing", "send-invoice:2")))
                .isEqualTo("It is available; 9999+ others in queue billing may be before it.");
    }

    @Test
    void what_is_not_known_is_called_unknown() {
        assertThat(Reasons.notKnown(ID).reasons()).hasOnlyElementsOfType(Why.Unknown.class);
        assertThat(new Reasons(
                                available(),
                                List::of,
                                Map::of,
                                () -> List.of(node("billing", "send-invoice:2")),
                                Optional::empty,
                                () -> Blockers.NONE)
                        .why()
                        .reasons())
                .hasOnlyElementsOfType(Why.Unknown.class);
    }

    @Test
    void a_cancelled_job_says_who_wanted_it_so() {
        assertThat(text(job(State.CANCELLED, "withdrawn by mara", null, null, null, null)))
                .isEqualTo("It was cancelled at 2026-11-23T16:00:00Z: withdrawn by mara.");
    }

    @Test
    void a_job_that_has_ended_says_how() {
        assertThat(text(job(State.DISCARDED, null, null, null, FAILURE, null)))
                .isEqualTo(
                        "It was discarded at 2026-11-23T16:00:00Z. Its last failure: java.io.IOException: no route.");
    }

    private static String text(JobView job) {
        return new Reasons(job, List::of, Map::of, List::of, Optional::empty, () -> Blockers.NONE)
                .why()
                .reasons()
                .get(0)
                .text();
    }

    private static String text(JobView job, QueueView queue, NodeView... nodes) {
        return new Reasons(
                        job, () -> List.of(queue), Map::of, () -> List.of(nodes), Optional::empty, () -> Blockers.NONE)
                .why()
                .reasons()
                .get(0)
                .text();
    }

    private static JobView available() {
        return job(State.AVAILABLE, null, null, null, null, null);
    }

    private static JobView job(
            State state,
            @Nullable String reason,
            @Nullable String node,
            @Nullable Instant startedAt,
            @Nullable Failure failure,
            JobView.@Nullable Progress progress) {
        return new JobView(
                ID,
                "send-invoice",
                2,
                "billing",
                Priority.NORMAL,
                state,
                1,
                2,
                0,
                null,
                Map.of(),
                THEN,
                null,
                THEN,
                startedAt,
                THEN,
                node,
                reason,
                null,
                failure,
                progress);
    }

    private static QueueView queue(int available, @Nullable String paused) {
        return new QueueView("billing", depth(available), depth(0), depth(0), depth(0), depth(0), null, paused);
    }

    private static Depth depth(int count) {
        return new Depth(count, true);
    }

    private static NodeView node(String queue, String kind) {
        return new NodeView(
                new UUID(0, 1),
                "node-1",
                "host",
                1,
                "0.1",
                Life.ALIVE,
                10,
                0,
                List.of(queue),
                List.of(kind),
                THEN,
                Duration.ZERO);
    }
}
