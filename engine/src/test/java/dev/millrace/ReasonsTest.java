package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.NodeView.Life;
import dev.millrace.QueueView.Depth;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Line;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.PlaceInLine;
import dev.millrace.store.Records.Blockers;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
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
                () -> Blockers.NONE,
                Reasons.InLines.NONE);

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
                                () -> Blockers.NONE,
                                Reasons.InLines.NONE)
                        .why()
                        .reasons())
                .hasOnlyElementsOfType(Why.Unknown.class);
    }

    private static final Limited CALLS =
            new Limited("calls", 2, "(\"acme\")", new Line.Rated(new Line.Rate(60, Duration.ofMinutes(1), 1), 1));

    private static JobView held(Line line) {
        return with(job(State.RUNNING, null, NODE, THEN, null, null), line.in(Map.of()));
    }

    private static JobView with(JobView job, Map<String, String> headers) {
        return new JobView(
                job.id(),
                job.kind(),
                job.kindVersion(),
                job.queue(),
                job.priority(),
                job.state(),
                job.run(),
                job.attempt(),
                job.rescues(),
                null,
                headers,
                job.enqueuedAt(),
                null,
                job.runAt(),
                job.startedAt(),
                null,
                job.node(),
                null,
                null,
                null,
                null);
    }

    private static List<Why.Reason> reasons(
            JobView job,
            @Nullable PlaceInLine stands,
            @Nullable JobView front,
            @Nullable Adjustment adjusted,
            Scope... paused) {
        var lines = new Reasons.InLines() {
            @Override
            public Optional<PlaceInLine> of(JobId asked) {
                return Optional.ofNullable(stands);
            }

            @Override
            public Optional<JobView> find(JobId asked) {
                return Optional.ofNullable(front);
            }

            @Override
            public Optional<Adjustment> adjusted(String limit) {
                return Optional.ofNullable(adjusted);
            }
        };
        Map<Scope, String> pauses = new HashMap<>();
        for (var scope : paused) pauses.put(scope, "the provider is down");
        return new Reasons(job, List::of, () -> pauses, List::of, Optional::empty, () -> Blockers.NONE, lines)
                .why()
                .reasons();
    }

    private static String only(List<Why.Reason> reasons) {
        assertThat(reasons).hasSize(1);
        return reasons.getFirst().text();
    }

    @Test
    void a_job_that_is_held_behind_others_of_its_key_names_the_key_and_the_one_in_front() {
        var front = JobId.of("01932c07-209c-7fff-8a5c-3a1f8b2d9e11");
        var stands = new PlaceInLine(3, front, 0, 0, null, true, null);
        var waits = job(State.RETRYABLE, null, null, null, FAILURE, null);

        var reasons = reasons(held(new Line("(\"account\",7)", null)), stands, waits, null);

        assertThat(reasons)
                .containsExactly(new Why.InLine(
                        "It waits in line for order key (\"account\",7) of queue billing: job " + front
                                + " is in front, which waits for its next attempt at 2026-11-23T16:00:00Z; 2 others stand between them.",
                        front,
                        new Depth(3, true)));
    }

    @Test
    void a_job_that_is_not_claimed_behind_others_of_its_key_says_the_same() {
        var front = JobId.of("01932c07-209c-7fff-8a5c-3a1f8b2d9e11");
        var job = with(available(), new Line("a", null).in(Map.of()));
        var lines = new Reasons.InLines() {
            @Override
            public Optional<PlaceInLine> of(JobId asked) {
                return Optional.of(new PlaceInLine(1, front, 0, 0, null, true, null));
            }

            @Override
            public Optional<JobView> find(JobId asked) {
                return Optional.empty();
            }

            @Override
            public Optional<Adjustment> adjusted(String limit) {
                return Optional.empty();
            }
        };

        var why = new Reasons(
                        job,
                        () -> List.of(queue(2, null)),
                        Map::of,
                        () -> List.of(node("billing", "send-invoice:2")),
                        Optional::empty,
                        () -> Blockers.NONE,
                        lines)
                .why();

        assertThat(only(why.reasons()))
                .isEqualTo("It is available, and not claimed. It waits in line for order key a of queue billing: job "
                        + front + " is in front.");
    }

    @Test
    void the_first_of_its_line_runs_or_is_about_to() {
        var stands = new PlaceInLine(0, null, 0, 0, null, true, null);

        assertThat(only(reasons(held(new Line("a", null)), stands, null, null)))
                .endsWith("none stands before it in the line of order key a: it runs, or is about to.");
    }

    @Test
    void what_can_not_be_told_of_a_line_is_left_open() {
        var unsure = new PlaceInLine(0, null, 0, 0, null, false, null);

        for (var stands : new @Nullable PlaceInLine[] {unsure, null})
            assertThat(only(reasons(held(new Line("a", null)), stands, null, null)))
                    .endsWith("and runs it, or lets it wait for others of order key a.");
    }

    @Test
    void a_limit_is_named_with_its_numbers_and_with_those_an_operator_has_set() {
        var job = held(new Line(null, new Limited("calls", 2, "(\"acme\")")));
        var stands = new PlaceInLine(0, null, 7, 3, new Limited("calls", 2, "(\"acme\")"), true, null);

        assertThat(only(reasons(job, stands, null, null)))
                .endsWith(
                        "It runs, or waits for limit calls of (\"acme\"), of which 2 may run at once: the node holds 7.");
        assertThat(only(reasons(job, stands, null, new Adjustment(Adjustment.Of.LIMIT, "calls", 9, null))))
                .endsWith(
                        "It runs, or is about to: of limit calls of (\"acme\") 9 may run at once, as an operator has set it, and the node holds 7.");
    }

    @Test
    void a_rate_is_named_with_about_when_it_lets_the_job_start() {
        var stands = new PlaceInLine(0, null, 2, 1, CALLS, true, null);
        assertThat(only(reasons(held(new Line(null, CALLS)), stands, null, null)))
                .endsWith(
                        "It runs, or waits for the rate of limit calls of (\"acme\"), of which 60 may start in 1 min; of those that the node holds 1 stand before it: it starts in about 2 s at the latest, if nothing else holds them up.");

        var slow = new Limited("calls", 2, "(\"acme\")", new Line.Rated(new Line.Rate(1, Duration.ofHours(1), 1), 1));
        var owed = new PlaceInLine(0, null, 1, 0, slow, true, Duration.ofMinutes(40));
        assertThat(only(reasons(held(new Line(null, slow)), owed, null, null)))
                .contains("1 may start in 1 h")
                .endsWith("it starts in about 40 min at the latest, if nothing else holds it up.");
    }

    @Test
    void a_paused_key_or_limit_is_named_before_the_rest() {
        var stands = new PlaceInLine(0, null, 1, 0, CALLS, true, null);
        var job = held(new Line("a", CALLS));

        var reasons = reasons(
                job,
                stands,
                null,
                null,
                new Scope.Key("billing", "a"),
                Scope.limit("calls"),
                new Scope.OfLimit("calls", "(\"acme\")"));

        assertThat(reasons)
                .startsWith(
                        new Why.Paused(
                                "The key a of queue billing is paused: the provider is down.",
                                new Scope.Key("billing", "a")),
                        new Why.Paused("Limit calls is paused: the provider is down.", Scope.limit("calls")),
                        new Why.Paused(
                                "Limit calls of (\"acme\") is paused: the provider is down.",
                                new Scope.OfLimit("calls", "(\"acme\")")))
                .hasSize(4);
    }

    @Test
    void a_paused_tenant_is_named() {
        var job = with(available(), Map.of("tenant", "acme"));

        assertThat(reasons(job, null, null, null, Scope.tenant("acme")))
                .startsWith(new Why.Paused("Tenant acme is paused: the provider is down.", Scope.tenant("acme")));
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
        return new Reasons(job, List::of, Map::of, List::of, Optional::empty, () -> Blockers.NONE, Reasons.InLines.NONE)
                .why()
                .reasons()
                .get(0)
                .text();
    }

    private static String text(JobView job, QueueView queue, NodeView... nodes) {
        return new Reasons(
                        job,
                        () -> List.of(queue),
                        Map::of,
                        () -> List.of(nodes),
                        Optional::empty,
                        () -> Blockers.NONE,
                        Reasons.InLines.NONE)
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
