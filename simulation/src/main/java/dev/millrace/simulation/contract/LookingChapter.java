package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.failure;
import static dev.millrace.simulation.contract.Ends.handedBack;
import static dev.millrace.simulation.contract.Ends.parked;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Given.LATER;

import dev.millrace.JobHistory.Step;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.NodeView;
import dev.millrace.NodeView.Life;
import dev.millrace.Priority;
import dev.millrace.QueueView;
import dev.millrace.QueueView.Depth;
import dev.millrace.State;
import dev.millrace.Why.Band;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Line;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Payload;
import dev.millrace.store.PlaceInQueue;
import dev.millrace.store.Records.Met;
import dev.millrace.store.Records.Query;
import dev.millrace.store.Records.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** People and programs look: every answer is one consistent picture. */
abstract class LookingChapter extends Chapter {

    LookingChapter(StoreContract contract) {
        super(contract);
    }

    // ---- conclusions

    @Test
    void conclusions_name_those_that_have_ended_and_no_others() {
        var node = given.node();
        var jobs = new EnumMap<Stage, JobId>(Stage.class);
        for (var stage : Stage.values()) jobs.put(stage, stage.job(given, node));
        var asked = new ArrayList<>(jobs.values());
        asked.add(Given.newId());

        var conclusions = given.store.conclusions(asked);

        assertThat(conclusions.keySet())
                .containsExactlyInAnyOrder(
                        jobs.get(Stage.COMPLETED), jobs.get(Stage.CANCELLED), jobs.get(Stage.DISCARDED));
        conclusions.forEach((job, conclusion) -> assertThat(job).is(conclusion.state()));
    }

    @Test
    void conclusions_of_nothing_are_nothing() {
        assertThat(given.store.conclusions(List.of())).isEmpty();
    }

    // ---- one job

    @Test
    void an_unknown_job_is_not_found() {
        assertThat(given.store.find(Given.newId())).isEmpty();
        assertThat(given.store.history(Given.newId())).isEmpty();
    }

    @Test
    void a_history_tells_every_delivery_from_the_oldest_on() {
        var job = given.job();
        var dead = given.node();
        dead.claimOne();
        var node = given.node();
        node.takesOver(dead);
        node.runs(job, retry(Duration.ZERO));
        node.promotes();
        node.runs(job, Ends.discarded());
        given.requeue(job);
        node.claimOne();

        var history = given.store.history(job).orElseThrow();

        assertThat(history.job()).isEqualTo(given.view(job));
        assertThat(history.steps())
                .extracting(Step::run, Step::attempt, Step::outcome)
                .containsExactly(
                        tuple(1, 1, "rescued"), tuple(1, 1, "retry"), tuple(1, 2, "discarded"), tuple(2, 1, null));
        assertThat(history.steps().get(0).node())
                .as("who wrote the outcome")
                .isEqualTo(node.id().toString());
        assertThat(history.steps().get(1).failure()).isEqualTo(failure());
        assertThat(history.steps().get(2).failure()).isEqualTo(failure());
        assertThat(history.steps().get(3).node()).isEqualTo(node.id().toString());
        assertThat(history.steps().get(3).endedAt()).isNull();
        assertThat(history.steps().get(3).took()).isNull();
        assertThat(history.steps()).extracting(Step::enqueuedAt).isSorted();
    }

    @Test
    void a_job_that_waits_is_on_no_node() {
        var job = given.job();
        var node = given.node();
        node.runs(job, retry(LATER));

        assertThat(given.view(job).node()).isNull();
        assertThat(given.view(job).endedAt()).isNull();
    }

    @Test
    void who_has_a_job_that_runs_for_long_is_told_however_often_others_were_claimed_since() {
        var before = given.job();
        var node = given.node();
        node.claimOne();
        var job = given.job();
        var claimedBy = given.node();
        claimedBy.claimOne();
        var since = given.view(job).startedAt();
        for (int round = 0; round < 40; round++) {
            given.job();
            node.claimOne();
        }

        assertThat(given.view(job).node()).isEqualTo(claimedBy.id().toString());
        assertThat(given.view(job).startedAt()).isNotNull().isEqualTo(since);
        assertThat(given.view(before).node()).isEqualTo(node.id().toString());
        assertThat(given.store.history(job).orElseThrow().steps().getFirst().node())
                .isEqualTo(claimedBy.id().toString());
    }

    // ---- lists

    @Test
    void a_list_is_newest_first() {
        var jobs = given.jobs(4);

        assertThat(list(null, given.queue, null)).isEqualTo(jobs.reversed());
    }

    @Test
    void a_list_holds_every_state() {
        var node = given.node();
        var jobs = new ArrayList<JobId>();
        for (var stage : Stage.values()) jobs.add(stage.job(given, node));

        assertThat(list(null, given.queue, null)).isEqualTo(jobs.reversed());
    }

    @Test
    void a_list_can_be_of_one_state() {
        var node = given.node();
        var jobs = new ArrayList<JobId>();
        for (var stage : Stage.values()) jobs.add(stage.job(given, node));

        for (var state : State.values()) {
            var expected = jobs.stream()
                    .filter(job -> given.view(job).state() == state)
                    .toList()
                    .reversed();
            assertThat(list(state, given.queue, null)).as("%s", state).isEqualTo(expected);
        }
    }

    @Test
    void a_list_can_be_of_one_queue_or_kind_or_both() {
        var other = given.kind + "-other";
        var here = given.job();
        var elsewhere = given.job(as -> as.queue(given.queue + "-other"));
        var otherKind = given.job(as -> as.kind(other));

        assertThat(list(null, given.queue, null)).containsExactly(otherKind, here);
        assertThat(list(null, null, given.kind)).containsExactly(elsewhere, here);
        assertThat(list(null, given.queue, other)).containsExactly(otherKind);
        assertThat(list(State.COMPLETED, given.queue, other)).isEmpty();
    }

    private List<JobId> list(@Nullable State state, @Nullable String queue, @Nullable String kind) {
        return given.store.list(new Query(state, queue, kind, null, Query.MAX_LIMIT)).stream()
                .map(JobView::id)
                .toList();
    }

    @Test
    void pages_follow_each_other_without_gap_or_overlap() {
        var jobs = given.jobs(7);

        var pages = new ArrayList<List<JobId>>();
        @Nullable JobId before = null;
        for (int turn = 0; turn < 4; turn++) {
            var page = given.store.list(new Query(null, given.queue, null, before, 3)).stream()
                    .map(JobView::id)
                    .toList();
            pages.add(page);
            before = page.isEmpty() ? null : page.getLast();
        }

        assertThat(pages).extracting(List::size).containsExactly(3, 3, 1, 0);
        assertThat(pages.stream().flatMap(List::stream).toList()).isEqualTo(jobs.reversed());
    }

    @Test
    void a_list_of_all_is_newest_first_too() {
        var job = given.job();

        var newest = given.store.list(new Query(null, null, null, null, 1));

        assertThat(newest).extracting(JobView::id).containsExactly(job);
        assertThat(newest).containsExactly(given.view(job));
    }

    // ---- queues

    @Test
    void a_queue_tells_how_many_of_its_jobs_are_where() {
        var node = given.node();
        Stage.PARKED.job(given, node);
        for (var stage : Stage.values()) stage.job(given, node);

        var view = queue(given.queue).orElseThrow();

        assertThat(view.available()).isEqualTo(new Depth(1, true));
        assertThat(view.running()).isEqualTo(new Depth(1, true));
        assertThat(view.scheduled()).isEqualTo(new Depth(1, true));
        assertThat(view.retryable()).isEqualTo(new Depth(1, true));
        assertThat(view.parked()).isEqualTo(new Depth(2, true));
    }

    @Test
    void it_follows_its_jobs() {
        var jobs = given.jobs(3);
        var node = given.node();
        node.claim(2);
        given.cancel(jobs.get(0));
        given.cancel(jobs.get(2));

        assertThat(depths()).isEqualTo(List.of(0L, 1L));

        given.requeue(jobs.get(0));
        assertThat(depths()).isEqualTo(List.of(1L, 1L));

        given.node().takesOver(node);
        assertThat(depths()).isEqualTo(List.of(2L, 0L));
    }

    private List<Long> depths() {
        var view = queue(given.queue).orElseThrow();
        return List.of(view.available().count(), view.running().count());
    }

    @Test
    void a_sample_holds_what_waits_wherever_it_waits_and_nothing_else() {
        var node = given.node();
        var waiting = new ArrayList<JobId>();
        for (var stage : Stage.values()) {
            var job = stage.job(given, node);
            if (stage.state == State.SCHEDULED || stage.state == State.RETRYABLE || stage.state == State.AVAILABLE)
                waiting.add(job);
        }
        var elsewhere = given.job(as -> as.queue(given.queue + "-other").payload("{\"n\":2}"));

        var sample = given.store.sample(List.of(given.queue), 10, 10_000);

        assertThat(sample.jobs()).extracting(Waiting::job).containsExactlyInAnyOrderElementsOf(waiting);
        assertThat(sample.jobs())
                .extracting(Waiting::kind, Waiting::kindVersion, Waiting::payload)
                .containsOnly(tuple(given.kind, 1, new Payload.Text("{\"n\":1}")));
        assertThat(sample.complete()).isTrue();
        assertThat(given.store
                        .sample(List.of(given.queue + "-other"), 10, 10_000)
                        .jobs())
                .containsExactly(new Waiting(elsewhere, given.kind, 1, new Payload.Text("{\"n\":2}")));
        assertThat(given.store.sample(List.of(), 10, 10_000).jobs()).isEmpty();
    }

    @Test
    void a_sample_is_bounded_for_each_kind_and_version_and_all_that_wait_are_counted() {
        var first = given.jobs(5);
        var second = given.jobs(2, as -> as.version(2).in(LATER));
        var other = given.job(as -> as.kind(given.kind + "-b"));

        var some = given.store.sample(List.of(given.queue), 3, 10_000);

        assertThat(some.jobs())
                .extracting(Waiting::job)
                .containsExactly(first.get(0), first.get(1), first.get(2), second.get(0), second.get(1), other);
        assertThat(some.met())
                .containsExactly(
                        new Met(given.kind, 1, 5), new Met(given.kind, 2, 2), new Met(given.kind + "-b", 1, 1));
        assertThat(some.complete()).isTrue();
        assertThat(given.store.sample(List.of(given.queue), 5, 10_000).jobs()).hasSize(8);
    }

    @Test
    void a_sample_reaches_only_so_far_and_says_so() {
        given.bulk(40, as -> as.spread(null));

        var near = given.store.sample(List.of(given.queue), 100, 10);
        var far = given.store.sample(List.of(given.queue), 100, 10_000);

        assertThat(near.complete()).isFalse();
        assertThat(near.met())
                .singleElement()
                .satisfies(met -> assertThat(met.count()).isBetween(1L, 39L));
        assertThat(far.complete()).isTrue();
        assertThat(far.met()).containsExactly(new Met(given.kind, 1, 40));
    }

    @Test
    void a_deep_queue_is_counted_so_far_and_says_so() {
        given.bulk(QueueView.EXACT_UP_TO + 1, as -> as.spread(null));

        var available = queue(given.queue).orElseThrow().available();

        assertThat(available.exact()).isFalse();
        assertThat(available.count()).isGreaterThanOrEqualTo(QueueView.EXACT_UP_TO);
    }

    @Test
    void a_queue_tells_since_when_the_oldest_waits() {
        var first = given.job();
        given.letSoonPass();
        var second = given.job();
        var node = given.node();

        assertThat(oldestAvailable()).isEqualTo(given.view(first).enqueuedAt());
        node.claim(1);
        assertThat(oldestAvailable()).isEqualTo(given.view(second).enqueuedAt());
        given.cancel(second);
        assertThat(oldestAvailable()).isNull();
    }

    private @Nullable Instant oldestAvailable() {
        return queue(given.queue).orElseThrow().oldestAvailable();
    }

    @Test
    void queues_come_by_name() {
        given.job(as -> as.queue(given.queue + "-b"));
        given.job(as -> as.queue(given.queue + "-a"));

        assertThat(given.store.queues())
                .extracting(QueueView::name)
                .isSorted()
                .contains(given.queue + "-a", given.queue + "-b");
    }

    private Optional<QueueView> queue(String name) {
        return given.store.queues().stream()
                .filter(view -> view.name().equals(name))
                .findFirst();
    }

    // ---- where in a queue

    private PlaceInQueue place(JobId job) {
        return given.store.inQueue(job).orElseThrow(() -> new AssertionError("job " + job + " waits in no queue"));
    }

    @Test
    void a_job_tells_how_many_stand_before_it_in_its_stream() {
        var jobs = given.jobs(5);
        given.cancel(jobs.get(1));
        given.job(as -> as.queue(given.queue + "-other"));

        assertThat(place(jobs.get(0)).ahead()).isEqualTo(NONE);
        assertThat(place(jobs.get(4)).ahead()).isEqualTo(new Depth(3, true));
        assertThat(place(jobs.get(4)).higher()).isEmpty();
        assertThat(place(jobs.get(4)).front()).isEqualTo(NONE);
        assertThat(place(jobs.get(4)).stream().queue()).isEqualTo(given.queue);

        given.node().claim(4);
        assertThat(place(jobs.get(4)).ahead()).isEqualTo(NONE);
    }

    @Test
    void a_job_tells_how_many_of_each_higher_priority_go_before_it() {
        given.jobs(2, as -> as.priority(Priority.URGENT));
        given.jobs(3, as -> as.priority(Priority.HIGH).spread("another shard"));
        given.jobs(4, as -> as.priority(Priority.BULK));
        var job = given.job();
        var high = given.job(as -> as.priority(Priority.HIGH));

        assertThat(place(job).higher())
                .containsExactly(new Band(Priority.URGENT, depth(2)), new Band(Priority.HIGH, depth(4)));
        assertThat(place(job).ahead()).isEqualTo(NONE);
        assertThat(place(high).higher()).containsExactly(new Band(Priority.URGENT, depth(2)));

        given.node().claim(6);
        assertThat(place(job).higher()).isEmpty();
    }

    @Test
    void the_front_of_its_priority_and_other_shards_are_counted_apart() {
        given.jobs(2);
        var node = given.node();
        node.endsAll(node.claim(2), handedBack());
        given.bulk(20, as -> as.spread(null));
        var job = given.job();

        var place = place(job);

        assertThat(place.front()).isEqualTo(depth(2));
        assertThat(place.ahead().count() + place.shards().count()).isEqualTo(20);
        assertThat(place.stream().front()).isFalse();
    }

    @Test
    void what_has_come_back_stands_before_all_that_has_not() {
        given.jobs(3, as -> as.priority(Priority.URGENT));
        var job = given.job();
        var node = given.node();
        node.endsAll(node.claim(4), handedBack());
        given.jobs(5);
        given.jobs(6, as -> as.priority(Priority.URGENT));

        assertThat(place(job).stream().front()).isTrue();
        assertThat(place(job).ahead()).isEqualTo(NONE);
        assertThat(place(job).shards()).isEqualTo(NONE);
        assertThat(place(job).higher()).containsExactly(new Band(Priority.URGENT, depth(3)));
    }

    @Test
    void only_what_is_available_has_a_place() {
        var node = given.node();
        for (var stage : Stage.values()) {
            var job = stage.job(given, node);
            assertThat(given.store.inQueue(job).isPresent()).as("%s", stage).isEqualTo(stage == Stage.AVAILABLE);
        }
        assertThat(given.store.inQueue(Given.newId())).isEmpty();
        assertThat(given.store.inQueue(given.job(as -> as.line(new Line("account 7", null)))))
                .isEmpty();
    }

    @Test
    void where_more_stand_before_it_than_are_counted_it_says_so() {
        given.bulk(PlaceInQueue.LOOK + 1, as -> as);
        var job = given.job();
        var bulk = given.job(as -> as.priority(Priority.BULK));

        var many = new Depth(PlaceInQueue.LOOK, false);
        assertThat(place(job).ahead()).isEqualTo(many);
        assertThat(place(bulk).higher()).containsExactly(new Band(Priority.NORMAL, many));
        assertThat(place(bulk).ahead()).isEqualTo(NONE);
    }

    private static final Depth NONE = depth(0);

    private static Depth depth(int count) {
        return new Depth(count, true);
    }

    // ---- nodes

    @Test
    void a_node_is_shown_as_it_introduced_itself() {
        var node = given.node();
        given.store.beat(node.lease);

        var view = view(node);

        assertThat(view.life()).isEqualTo(Life.ALIVE);
        assertThat(view.name()).isEqualTo(node.card.name());
        assertThat(view.host()).isEqualTo(node.card.host());
        assertThat(view.pid()).isEqualTo(node.card.pid());
        assertThat(view.version()).isEqualTo(node.card.version());
        assertThat(view.slots()).isEqualTo(node.card.slots());
        assertThat(view.queues()).isEqualTo(node.card.queues());
        assertThat(view.kinds()).isEqualTo(node.card.kinds());
        assertThat(view.reads()).as("it does not tell").isNull();
        assertThat(view.stuck()).isNull();
        assertThat(view.open()).isZero();
        assertThat(view.sinceBeat()).isBetween(Duration.ZERO, Duration.ofSeconds(30));
    }

    @Test
    void a_node_is_shown_with_what_its_manifest_named() {
        given.jobs(3);
        var node = given.node();
        node.writesManifest(node.claimAll());

        assertThat(view(node).open()).isEqualTo(3);
    }

    @Test
    void a_beat_is_seen() {
        var node = given.node();
        given.letSoonPass();
        assertThat(view(node).sinceBeat()).isGreaterThanOrEqualTo(Given.SOON);

        given.store.beat(node.lease);

        assertThat(view(node).sinceBeat()).isLessThan(Duration.ofSeconds(30));
        assertThat(view(node).startedAt()).isNotNull();
    }

    @Test
    void a_node_tells_which_older_versions_it_reads() {
        var id = new NodeId(UUID.randomUUID());
        var reads = List.of(given.kind + ":1", given.kind + ":3");
        var lease = given.store.join(new NodeCard(
                id, "reader", "a host", 1, "1.0", 10, List.of(given.queue), List.of(given.kind + ":3"), reads));

        assertThat(view(id).reads()).isEqualTo(reads);
        assertThat(view(id).canRead(given.kind, 3)).isTrue();
        assertThat(view(id).canRead(given.kind, 2)).isFalse();
        given.store.leave(lease);
    }

    @Test
    void a_node_tells_of_handlers_that_do_not_end_with_each_beat() {
        var job = given.job();
        var node = given.node();
        var other = given.node();

        given.store.beat(node.lease, new NodeView.Stuck(2, job, Duration.ofMinutes(3)));
        given.store.beat(other.lease);

        assertThat(view(node).stuck()).satisfies(stuck -> {
            assertThat(stuck).isNotNull();
            assertThat(stuck.handlers()).isEqualTo(2);
            assertThat(stuck.oldest()).isEqualTo(job);
            assertThat(stuck.lasts()).isBetween(Duration.ofMinutes(3), Duration.ofMinutes(4));
        });
        assertThat(view(other).stuck()).isNull();

        given.letSoonPass();
        assertThat(view(node).stuck())
                .satisfies(stuck -> assertThat(stuck.lasts())
                        .as("it lasts on while the node is silent")
                        .isGreaterThanOrEqualTo(Duration.ofMinutes(3).plus(Given.SOON)));

        given.store.beat(node.lease);
        assertThat(view(node).stuck()).isNull();
        given.store.beat(node.lease, new NodeView.Stuck(1, job, Duration.ZERO));
        given.store.leave(node.lease);
        assertThat(view(node).stuck())
                .as("nobody knows it of one that has left")
                .isNull();
    }

    private NodeView view(TestNode node) {
        return view(node.id());
    }

    private NodeView view(NodeId node) {
        return given.store.nodes().stream()
                .filter(view -> view.id().equals(node.value()))
                .findFirst()
                .orElseThrow();
    }

    // ---- while it moves

    @Test
    void a_job_on_its_way_is_always_seen_and_always_once() {
        var job = given.job();
        var node = given.node();
        var arrived = new AtomicBoolean();
        Callable<Boolean> journey = () -> {
            try {
                for (int lap = 0; lap < 15; lap++) {
                    node.runs(job, handedBack());
                    node.runs(job, retry(Duration.ZERO));
                    node.promotes();
                    node.runs(job, parked(Parking.LIMIT));
                    node.releases(1);
                }
            } finally {
                arrived.set(true);
            }
            return true;
        };
        Callable<Boolean> look = () -> {
            do {
                assertThat(given.store.find(job)).isPresent();
                assertThat(list(null, given.queue, null)).containsExactly(job);
                var seen = new EnumMap<State, Integer>(State.class);
                for (var state : State.values()) {
                    seen.put(
                            state,
                            given.store
                                    .list(new Query(state, given.queue, null, null, 10))
                                    .size());
                }
                assertThat(Map.copyOf(seen).values()).allMatch(count -> count <= 1);
                var view = given.view(job);
                assertThat(view.node() != null).isEqualTo(view.state() == State.RUNNING);
                assertThat(view.runAt() != null).isEqualTo(view.state() == State.RETRYABLE);
                assertThat(given.store.conclusions(List.of(job))).isEmpty();
            } while (!arrived.get());
            return true;
        };

        assertThat(Races.run(List.of(journey, look))).containsOnly(true);

        node.runs(job, done());
        assertThat(Objects.requireNonNull(given.view(job).endedAt())).isNotNull();
    }
}
