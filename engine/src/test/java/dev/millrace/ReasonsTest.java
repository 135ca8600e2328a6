package dev.millrace;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import dev.millrace.NodeView.Life;
import dev.millrace.QueueView.Depth;
import dev.millrace.Why.NoNode.Missing;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Line;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.PlaceInLine;
import dev.millrace.store.PlaceInQueue;
import dev.millrace.store.Records.Blockers;
import dev.millrace.store.StreamInfo;
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
                .isEqualTo(
                        "No node that serves queue billing handles kind send-invoice version 2. They read version 1. Deploy one that does.");
        assertThat(text(available(), queue(1, null), node("billing", "send-invoice:2")))
                .doesNotContain("No node");
        assertThat(text(available(), queue(1, null), node("billing", "send-invoice")))
                .doesNotContain("No node");
    }

    @Test
    void so_is_an_older_version_from_which_no_node_has_the_way_up() {
        var job = available();

        assertThat(text(job, queue(1, null), reading("send-invoice:1", "send-invoice:4", "resize:2")))
                .isEqualTo(
                        "No node that serves queue billing handles kind send-invoice version 2. They read versions 1, 4. Deploy one that has the way up from it: upcast(…).");
        assertThat(text(job, queue(1, null), reading("send-invoice:2", "send-invoice:4")))
                .doesNotContain("No node");
        assertThat(text(job, queue(1, null), node("billing", "send-invoice:4")))
                .as("a node of an older build does not tell")
                .doesNotContain("No node");
    }

    @Test
    void programs_are_told_what_there_is_no_node_for() {
        assertThat(missing()).isEqualTo(Missing.NODE);
        assertThat(missing(node("default", "send-invoice:2"))).isEqualTo(Missing.QUEUE);
        assertThat(missing(node("billing", "resize:1"))).isEqualTo(Missing.KIND);
        assertThat(missing(reading("send-invoice:3"))).isEqualTo(Missing.VERSION);
    }

    private static List<Why.Reason> seen(JobView job, NodeView... nodes) {
        return new Reasons(
                        job,
                        () -> List.of(queue(1, null)),
                        Map::of,
                        () -> List.of(nodes),
                        Optional::empty,
                        () -> Blockers.NONE,
                        Reasons.InLines.NONE)
                .why()
                .reasons();
    }

    private static Missing missing(NodeView... nodes) {
        var reason = (Why.NoNode) seen(available(), nodes).getFirst();
        assertThat(reason.queue()).isEqualTo("billing");
        assertThat(reason.kind()).isEqualTo("send-invoice");
        assertThat(reason.version()).isEqualTo(2);
        return reason.missing();
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
        assertThat(seen(job, node("billing", "send-invoice:2")))
                .containsExactly(new Why.Parked(
                        "It is parked: no handler for version 2.",
                        "billing",
                        "send-invoice",
                        2,
                        "no handler for version 2"));
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
                job.progress());
    }

    private static PlaceInLine place(long ahead, @Nullable JobId first, @Nullable Limited limit, boolean exact) {
        return new PlaceInLine(ahead, first, 0, true, 0, 0, 0, limit, exact, null);
    }

    private static PlaceInLine ofLimit(Limited limit, int held, int heldAhead, @Nullable Duration fullIn) {
        return new PlaceInLine(0, null, held, true, heldAhead, 0, heldAhead, limit, true, fullIn);
    }

    private static Adjustment set(@Nullable Integer atOnce, Line.@Nullable Rate rate) {
        return new Adjustment(Adjustment.Of.LIMIT, "calls", atOnce, rate);
    }

    private static Reasons.InLines lines(
            @Nullable PlaceInLine stands,
            @Nullable JobView front,
            @Nullable Adjustment adjusted,
            @Nullable PlaceInQueue place) {
        return new Reasons.InLines() {
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

            @Override
            public Optional<PlaceInQueue> among(JobId asked) {
                return Optional.ofNullable(place);
            }
        };
    }

    private static List<Why.Reason> reasons(
            JobView job,
            @Nullable PlaceInLine stands,
            @Nullable JobView front,
            @Nullable Adjustment adjusted,
            Scope... paused) {
        Map<Scope, String> pauses = new HashMap<>();
        for (var scope : paused) pauses.put(scope, "the provider is down");
        var lines = lines(stands, front, adjusted, null);
        return new Reasons(job, List::of, () -> pauses, List::of, Optional::empty, () -> Blockers.NONE, lines)
                .why()
                .reasons();
    }

    private static List<Why.Reason> notClaimed(JobView job, PlaceInLine stands) {
        return notClaimed(job, lines(stands, null, null, null));
    }

    /** Of a job that a node could run. */
    private static List<Why.Reason> notClaimed(JobView job, Reasons.InLines lines) {
        return new Reasons(
                        job,
                        () -> List.of(queue(2, null)),
                        Map::of,
                        () -> List.of(node("billing", "send-invoice:2")),
                        Optional::empty,
                        () -> Blockers.NONE,
                        lines)
                .why()
                .reasons();
    }

    @Test
    void of_a_kind_that_runs_as_often_as_it_may_on_all_nodes_it_is_told_who_runs_how_many() {
        var shares = List.of(
                new FleetConcurrencyView.Share(new UUID(0, 1), "one", 2, 2),
                new FleetConcurrencyView.Share(new UUID(0, 2), "other", 1, 1));
        var full = new FleetConcurrencyView(Scope.kind("send-invoice"), 3, false, shares);
        var elsewhere = new FleetConcurrencyView(Scope.queue("another"), 1, true, shares);
        var lines = new Reasons.InLines() {
            @Override
            public Optional<PlaceInLine> of(JobId asked) {
                return Optional.empty();
            }

            @Override
            public Optional<JobView> find(JobId asked) {
                return Optional.empty();
            }

            @Override
            public Optional<Adjustment> adjusted(String limit) {
                return Optional.empty();
            }

            @Override
            public Optional<PlaceInQueue> among(JobId asked) {
                return Optional.empty();
            }

            @Override
            public List<FleetConcurrencyView> fleet() {
                return List.of(full, elsewhere);
            }
        };

        var reasons = notClaimed(job(State.AVAILABLE, null, null, null, null, null), lines);

        assertThat(reasons).hasSize(1);
        var told = (Why.FleetFull) reasons.getFirst();
        assertThat(told.text()).contains("3 times at once, as an operator says: 2 on one, 1 on other");
        assertThat(told.running()).isEqualTo(3);
        assertThat(told.shares()).isEqualTo(shares);
    }

    private static Why.Limited onlyLimited(List<Why.Reason> reasons) {
        assertThat(reasons).hasSize(1);
        assertThat(reasons.getFirst()).isInstanceOf(Why.Limited.class);
        return (Why.Limited) reasons.getFirst();
    }

    private static String only(List<Why.Reason> reasons) {
        assertThat(reasons).hasSize(1);
        return reasons.getFirst().text();
    }

    @Test
    void a_job_that_is_held_behind_others_of_its_key_names_the_key_and_the_one_in_front() {
        var front = JobId.of("01932c07-209c-7fff-8a5c-3a1f8b2d9e11");
        var stands = place(3, front, null, true);
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
        assertThat(only(notClaimed(job, place(1, front, null, true))))
                .isEqualTo("It is available, and not claimed. It waits in line for order key a of queue billing: job "
                        + front + " is in front.");
    }

    @Test
    void the_first_of_its_line_runs_or_is_about_to() {
        var stands = place(0, null, null, true);

        assertThat(only(reasons(held(new Line("a", null)), stands, null, null)))
                .endsWith("none stands before it in the line of order key a: it runs, or is about to.");
    }

    @Test
    void what_can_not_be_told_of_a_line_is_left_open() {
        var unsure = place(0, null, null, false);

        for (var stands : new @Nullable PlaceInLine[] {unsure, null})
            assertThat(only(reasons(held(new Line("a", null)), stands, null, null)))
                    .endsWith("and runs it, or lets it wait for others of order key a.");
    }

    @Test
    void a_limit_is_named_with_its_numbers_and_with_those_an_operator_has_set() {
        var job = held(new Line(null, new Limited("calls", 2, "(\"acme\")")));
        var stands = ofLimit(new Limited("calls", 2, "(\"acme\")"), 7, 3, null);

        assertThat(onlyLimited(reasons(job, stands, null, null)))
                .isEqualTo(new Why.Limited(
                        "Node " + NODE
                                + " holds it since 2026-11-23T16:00:00Z, attempt 2. It runs, or waits for limit calls of (\"acme\"), of which 2 may run at once: the node holds 7 of the key, 3 of them before it.",
                        "calls",
                        "(\"acme\")",
                        2,
                        null,
                        false,
                        new Depth(7, true),
                        new Depth(3, true),
                        true,
                        null,
                        NODE));
        assertThat(onlyLimited(reasons(job, stands, null, set(3, null))))
                .returns(3, Why.Limited::concurrency)
                .returns(true, Why.Limited::adjusted)
                .extracting(Why.Limited::text, as(STRING))
                .contains("of which 3 may run at once, as an operator has set it: the node holds 7 of the key");
        assertThat(reasons(job, stands, null, set(9, null)))
                .singleElement()
                .isInstanceOf(Why.Running.class)
                .extracting(Why.Reason::text, as(STRING))
                .endsWith(
                        "it runs, or is about to. Of limit calls of (\"acme\") 9 may run at once, as an operator has set it, and the node holds 7.");
    }

    @Test
    void one_whose_handler_has_told_of_progress_since_it_was_claimed_runs_whatever_its_limit() {
        var line = new Line("a", CALLS).in(Map.of());
        var stands = ofLimit(CALLS, 7, 3, null);
        var later = new JobView.Progress(30, 100, THEN.plusSeconds(1));
        var earlier = new JobView.Progress(30, 100, THEN.minusSeconds(1)); // in an attempt before

        assertThat(reasons(with(job(State.RUNNING, null, NODE, THEN, null, later), line), stands, null, null))
                .containsExactly(new Why.Running(
                        "Node " + NODE
                                + " holds it since 2026-11-23T16:00:00Z, attempt 2, and runs it. It is at 30 of 100.",
                        NODE,
                        null));
        assertThat(reasons(with(job(State.RUNNING, null, NODE, THEN, null, earlier), line), stands, null, null))
                .singleElement()
                .isInstanceOf(Why.Limited.class);
    }

    @Test
    void where_a_node_may_hold_more_of_a_limit_than_were_met_so_it_is_said() {
        var job = held(new Line(null, new Limited("calls", 9, "(\"acme\")")));
        var stands = new PlaceInLine(0, null, 7, false, 3, 0, 3, new Limited("calls", 9, "(\"acme\")"), false, null);

        assertThat(onlyLimited(reasons(job, stands, null, null)))
                .returns(new Depth(7, false), Why.Limited::held)
                .returns(new Depth(3, false), Why.Limited::ahead)
                .extracting(Why.Limited::text, as(STRING))
                .endsWith("the node holds at least 7 of the key, 3 of them before it.");
        var rated = new PlaceInLine(0, null, 7, false, 3, 0, 3, CALLS, false, null);
        assertThat(onlyLimited(reasons(held(new Line(null, CALLS)), rated, null, null)))
                .returns(null, Why.Limited::startsWithin)
                .extracting(Why.Limited::text, as(STRING))
                .endsWith("When it starts can't be told.");
    }

    @Test
    void a_job_that_nobody_has_claimed_tells_the_limit_that_it_will_wait_for() {
        var limit = new Limited("calls", 2, "(\"acme\")");
        var job = with(available(), new Line(null, limit).in(Map.of()));
        var full = new PlaceInLine(0, null, 2, true, 2, 1, 3, limit, true, null);

        assertThat(onlyLimited(notClaimed(job, full)))
                .isEqualTo(new Why.Limited(
                        "It is available, and nobody has claimed it. Once claimed it waits for limit calls of (\"acme\"), of which 2 may run at once: the node that has its shard holds 2 of the key, 2 of them before it, and 1 that nobody has claimed stands before it.",
                        "calls",
                        "(\"acme\")",
                        2,
                        null,
                        false,
                        new Depth(2, true),
                        new Depth(3, true),
                        false,
                        null,
                        null));
        assertThat(notClaimed(job, new PlaceInLine(0, null, 1, true, 1, 0, 1, limit, true, null)))
                .singleElement()
                .isInstanceOf(Why.Behind.class)
                .extracting(Why.Reason::text, as(STRING))
                .isEqualTo(
                        "It is available, and gets in line for limit calls of (\"acme\") when the node that owns its shard claims it; 1 others are available in queue billing. Of limit calls of (\"acme\") 2 may run at once, and the node holds 1.");
        var rated = with(available(), new Line(null, CALLS).in(Map.of()));
        assertThat(onlyLimited(notClaimed(rated, new PlaceInLine(0, null, 0, true, 0, 0, 0, CALLS, true, null))))
                .returns(Duration.ofSeconds(1), Why.Limited::startsWithin)
                .extracting(Why.Limited::text, as(STRING))
                .endsWith(
                        "Once claimed it waits for limit calls of (\"acme\"), of which 2 may run at once and 60 may start in 1 min: the node that has its shard holds none of the key. It starts in about 1 s at the latest, if nothing else holds it up.");
    }

    @Test
    void a_rate_is_named_with_about_when_it_lets_the_job_start() {
        var stands = ofLimit(CALLS, 2, 1, null);
        assertThat(onlyLimited(reasons(held(new Line(null, CALLS)), stands, null, null)))
                .returns(new AdjustmentView.Rate(60, Duration.ofMinutes(1), 1), Why.Limited::rate)
                .returns(Duration.ofSeconds(2), Why.Limited::startsWithin)
                .extracting(Why.Limited::text, as(STRING))
                .endsWith(
                        "It runs, or waits for limit calls of (\"acme\"), of which 2 may run at once and 60 may start in 1 min: the node holds 2 of the key, 1 of them before it. It starts in about 2 s at the latest, if nothing else holds it up.");
        var set = set(null, new Line.Rate(1, Duration.ofMinutes(1), 5));
        assertThat(onlyLimited(reasons(held(new Line(null, CALLS)), stands, null, set)))
                .returns(Duration.ofMinutes(2), Why.Limited::startsWithin)
                .extracting(Why.Limited::text, as(STRING))
                .contains("1 may start in 1 min, 5 at once after a pause, as an operator has set it:");

        var slow = new Limited("calls", 2, "(\"acme\")", new Line.Rated(new Line.Rate(1, Duration.ofHours(1), 1), 1));
        var owed = ofLimit(slow, 1, 0, Duration.ofMinutes(40));
        assertThat(onlyLimited(reasons(held(new Line(null, slow)), owed, null, null))
                        .text())
                .contains("1 may start in 1 h: the node holds 1 of the key, none of them before it.")
                .endsWith("It starts in about 40 min at the latest, if nothing else holds it up.");
    }

    @Test
    void of_a_job_whose_place_in_line_is_not_sure_the_limit_is_told_as_well() {
        var unsure = new PlaceInLine(0, null, 7, true, 3, 0, 3, CALLS, false, null);

        var reasons = reasons(held(new Line("a", CALLS)), unsure, null, null);

        assertThat(reasons).hasSize(2);
        assertThat(reasons.get(0).text()).endsWith("and runs it, or lets it wait for others of order key a.");
        assertThat(reasons.get(1)).isInstanceOf(Why.Limited.class);
        assertThat(reasons.get(1).text()).startsWith("It runs, or waits for limit calls");
    }

    // ---- what goes before it in its queue

    private static final Depth NONE = depth(0);

    private static Why.Reason among(PlaceInQueue place, Map<String, String> headers) {
        var reasons = notClaimed(with(available(), headers), lines(null, null, null, place));
        assertThat(reasons).hasSize(1);
        return reasons.getFirst();
    }

    private static StreamInfo stream(Priority priority, int shard) {
        return new StreamInfo(7, "billing", priority, shard);
    }

    @Test
    void jobs_of_a_higher_priority_are_named_by_priority_with_how_many_there_are() {
        var higher = List.of(
                new Why.Band(Priority.URGENT, new Depth(10_000, false)), new Why.Band(Priority.HIGH, depth(20)));
        var place = new PlaceInQueue(stream(Priority.NORMAL, 0), depth(3), NONE, depth(5), higher);

        assertThat(among(place, Map.of()))
                .isEqualTo(new Why.Outranked(
                        "It is available at priority normal of queue billing, where jobs of a higher priority go first, nine times out of ten: at least 10,000 of priority urgent and 20 of priority high are available. In its own shard, 3 stand before it.",
                        higher,
                        depth(3)));
    }

    @Test
    void a_job_whose_tenant_is_set_aside_says_so_and_that_others_go_first() {
        var alone = new PlaceInQueue(
                stream(Priority.NORMAL, StreamInfo.ASIDE), new Depth(10_000, false), depth(1), depth(5), List.of());

        assertThat(among(alone, Map.of("tenant", "acme")))
                .isEqualTo(new Why.SetAside(
                        "Tenant acme has asked for more than a few jobs of queue billing, and was set aside: it is available in a side shard of its own, where at least 10,000 stand before it. What others have goes first, three times out of four: 6 of their jobs are available at priority normal.",
                        "acme",
                        true,
                        new Depth(10_000, false),
                        depth(6)));

        var shared = new PlaceInQueue(stream(Priority.NORMAL, 540), depth(1), NONE, NONE, List.of());
        assertThat(among(shared, Map.of("tenant", "acme")).text())
                .contains(
                        "in a side shard that such tenants share, where 1 stands before it. What others have goes first, three times out of four: none of their jobs are available at priority normal.");
    }

    @Test
    void of_a_job_that_is_set_aside_behind_a_higher_priority_both_are_told() {
        var place = new PlaceInQueue(
                stream(Priority.BULK, 501), depth(4), NONE, NONE, List.of(new Why.Band(Priority.NORMAL, depth(1))));

        var reasons = notClaimed(available(), lines(null, null, null, place));

        assertThat(reasons).hasExactlyElementsOfTypes(Why.Outranked.class, Why.SetAside.class);
        assertThat(reasons.getFirst().text()).contains("1 of priority normal is available");
        assertThat(reasons.getLast().text()).startsWith("Its tenant has asked for more than a few jobs");
    }

    @Test
    void otherwise_it_is_told_how_many_stand_before_it_and_how_many_may_be() {
        var stream = stream(Priority.NORMAL, 2);
        assertThat(among(new PlaceInQueue(stream, NONE, NONE, NONE, List.of()), Map.of()))
                .isEqualTo(new Why.Behind(
                        "It is available, and none stands before it in queue billing: it will be claimed next.", NONE));
        assertThat(among(new PlaceInQueue(stream, depth(2), depth(1), depth(9), List.of()), Map.of()))
                .isEqualTo(new Why.Behind(
                        "It is available at priority normal of queue billing: 2 stand before it in its shard, and 10 in others may be before it.",
                        depth(12)));
        assertThat(among(
                                new PlaceInQueue(
                                        stream(Priority.NORMAL, StreamInfo.FRONT), depth(2), NONE, NONE, List.of()),
                                Map.of())
                        .text())
                .isEqualTo(
                        "It has come back, and is available in the front of priority normal of queue billing, which goes first: 2 stand before it.");
    }

    @Test
    void a_paused_key_or_limit_is_named_before_the_rest() {
        var stands = ofLimit(CALLS, 1, 0, null);
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
                Duration.ZERO,
                null,
                null);
    }

    /** One of the queue that tells all that it reads. */
    private static NodeView reading(String... reads) {
        return new NodeView(
                new UUID(0, 1),
                "node-1",
                "host",
                1,
                "0.1",
                Life.ALIVE,
                10,
                0,
                List.of("billing"),
                List.of(reads[reads.length - 1]),
                THEN,
                Duration.ZERO,
                List.of(reads),
                null);
    }
}
