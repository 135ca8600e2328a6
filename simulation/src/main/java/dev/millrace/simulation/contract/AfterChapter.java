package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.cancelled;
import static dev.millrace.simulation.contract.Ends.discarded;
import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.handedBack;
import static dev.millrace.simulation.contract.Ends.parked;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Ends.snoozed;
import static dev.millrace.simulation.contract.Given.LATER;
import static dev.millrace.simulation.contract.Given.SOON;
import static dev.millrace.simulation.contract.TestNode.ended;

import dev.millrace.BatchView;
import dev.millrace.IfFailed;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.State;
import dev.millrace.UnknownBlocker;
import dev.millrace.Why.Blocker;
import dev.millrace.store.Accepted;
import dev.millrace.store.Bulk;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.PartOf;
import dev.millrace.store.Records.Blockers;
import dev.millrace.store.Records.Query;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage.Wakeup;
import dev.millrace.store.UniqueKey;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A job runs after others: when all of them have completed, or ended, as it says. A promotion looks at some of those that are waited for, and rests between two looks, so a test
 * promotes until it has what it expects.
 */
abstract class AfterChapter extends Chapter {

    /** Promotions in which all that is waited for in this store is looked at. */
    private static final int LOOKS = 6;

    private static final int MOST_LOOKS = 400;

    private static final Duration REST = Duration.ofMillis(5);

    AfterChapter(StoreContract contract) {
        super(contract);
    }

    // ---- words of these tests

    private static List<JobId> idsOf(List<NewJob> jobs) {
        return jobs.stream().map(NewJob::id).toList();
    }

    private State state(JobId job) {
        return given.view(job).state();
    }

    private void until(TestNode node, BooleanSupplier there) {
        for (int look = 0; look < MOST_LOOKS; look++) {
            if (there.getAsBoolean()) return;
            node.promotes();
            if (there.getAsBoolean()) return;
            given.contract.letPass(REST);
        }
        throw new AssertionError("After " + MOST_LOOKS + " promotions it is not there.");
    }

    private void becomes(TestNode node, JobId job, State expected) {
        until(node, () -> state(job) == expected);
    }

    private void stillWaits(TestNode node, JobId job) {
        for (int look = 0; look < LOOKS; look++) {
            node.promotes();
            given.contract.letPass(REST);
        }
        assertThat(job).waitsForOthers();
    }

    private UUID changed(Action action, @Nullable UUID undoes, @Nullable Selection selection) {
        var id = UUID.randomUUID();
        given.store.begin(
                new Change(id, action, undoes, selection, Bulk.Details.NONE, 0, 0, "the wrong album", "mara"));
        var progress = given.store.goOn(id, 1_000).orElseThrow();
        while (!progress.done()) progress = given.store.goOn(id, 1_000).orElseThrow();
        given.recorder.look();
        return id;
    }

    /** An operator withdraws what is scheduled in this test's queue. */
    private UUID withdrawn() {
        return changed(
                Action.CANCEL,
                null,
                new Selection(State.SCHEDULED, given.queue, null, null, null, null, null, null, null, null));
    }

    // ---- waiting

    @Test
    void a_job_waits_until_the_last_of_those_that_it_runs_after_has_completed() {
        var first = given.job();
        var second = given.job();
        var after = given.job(draft -> draft.after(first, second));
        assertThat(after).waitsForOthers();
        var node = given.node();
        assertThat(given.store.blockers(after))
                .isEqualTo(new Blockers(
                        true, 2, List.of(new Blocker(first, State.AVAILABLE), new Blocker(second, State.AVAILABLE))));

        node.runs(first, done());
        until(node, () -> given.store.blockers(after).open() == 1);
        assertThat(after).waitsForOthers();
        assertThat(given.store.blockers(after).some()).containsExactly(new Blocker(second, State.AVAILABLE));

        node.runs(second, done("7"));
        becomes(node, after, State.AVAILABLE);
        assertThat(after).isInRun(1).isAtAttempt(1);
        node.runs(after, done());
        assertThat(after).isCompleted().wentThrough("done");
        assertThat(given.store.blockers(after)).isEqualTo(Blockers.NONE);
    }

    @Test
    void it_says_what_it_runs_after() {
        var first = given.job();
        var second = given.job();
        var third = given.job();

        assertThat(given.job(draft -> draft.after(first))).says("runs after job " + first);
        assertThat(given.job(draft -> draft.after(first, second))).says("runs after job " + first + " and one other");
        assertThat(given.job(draft -> draft.after(first, second, third)))
                .says("runs after job " + first + " and 2 others");
        var node = given.node();
        node.endsAll(node.claimAll(), done());
    }

    @Test
    void what_has_completed_before_is_not_waited_for() {
        var first = given.job();
        var node = given.node();
        node.runs(first, done());

        var after = given.job(draft -> draft.after(first));

        assertThat(after).isAvailable();
        node.runs(after, done());
    }

    @Test
    void of_those_that_ended_before_and_those_that_did_not_the_others_are_waited_for() {
        var over = given.job();
        var node = given.node();
        node.runs(over, done());
        var open = given.job();

        var after = given.job(draft -> draft.after(over, open));

        assertThat(given.store.blockers(after).some()).extracting(Blocker::job).containsExactly(open);
        node.runs(open, done());
        becomes(node, after, State.AVAILABLE);
    }

    static Stream<Arguments> endingsThatEndNoJob() {
        return Stream.of(
                Arguments.of("retry", retry(Duration.ZERO)),
                Arguments.of("timed_out", Ends.timedOut(Duration.ZERO)),
                Arguments.of("snooze", snoozed(Duration.ZERO)),
                Arguments.of("handed_back", handedBack()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("endingsThatEndNoJob")
    void what_is_followed_by_another_delivery_is_waited_for(String word, Ending ending) {
        var first = given.job();
        var after = given.job(draft -> draft.after(first));
        var node = given.node();

        node.runs(first, ending);
        stillWaits(node, after);

        node.runs(first, done());
        assertThat(first).wentThrough(word, "done");
        becomes(node, after, State.AVAILABLE);
    }

    @Test
    void what_is_parked_is_waited_for() {
        var first = given.job();
        var after = given.job(draft -> draft.after(first));
        var node = given.node();

        node.runs(first, parked(Parking.LIMIT));
        stillWaits(node, after);
        assertThat(given.store.blockers(after).some()).containsExactly(new Blocker(first, State.AVAILABLE));

        assertThat(node.releases(10)).isEqualTo(1);
        node.runs(first, done());
        becomes(node, after, State.AVAILABLE);
    }

    @Test
    void what_a_dead_node_held_is_waited_for() {
        var first = given.job();
        var after = given.job(draft -> draft.after(first));
        var dead = given.node();
        dead.claimOne();
        var node = given.node();

        node.takesOver(dead);
        stillWaits(node, after);

        node.runs(first, done());
        becomes(node, after, State.AVAILABLE);
    }

    @Test
    void thousands_may_wait_for_one() {
        var first = given.job();
        var all = given.bulk(1_500, draft -> draft.after(first));
        var node = given.node();
        assertThat(given.store.blockers(all.getLast()).open()).isEqualTo(1);

        node.runs(first, done());
        until(node, () -> given.store.blockers(all.getLast()).equals(Blockers.NONE));

        assertThat(node.claimAll()).extracting(Delivery::job).containsExactlyInAnyOrderElementsOf(all);
    }

    @Test
    void one_may_wait_for_many() {
        var many = given.bulk(300, draft -> draft);
        var after = given.job(draft -> draft.after(many.toArray(new JobId[0])));
        assertThat(given.store.blockers(after)).satisfies(waits -> {
            assertThat(waits.open()).isEqualTo(300);
            assertThat(waits.some()).hasSize(Blockers.TOLD);
        });
        var node = given.node();

        node.endsAll(node.claimAll(), done());

        becomes(node, after, State.AVAILABLE);
    }

    @Test
    void a_row_of_jobs_runs_one_after_the_other() {
        var row = new ArrayList<JobId>();
        row.add(given.job());
        for (int i = 0; i < 6; i++) row.add(given.job(draft -> draft.after(row.getLast())));
        var node = given.node();

        for (var job : row) {
            becomes(node, job, State.AVAILABLE);
            node.runs(job, done());
        }

        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void it_is_let_go_once_though_the_last_end_on_several_nodes_at_once_and_all_of_them_look() {
        var nodes = List.of(given.node(), given.node(), given.node());
        for (int turn = 0; turn < 5; turn++) {
            var blockers = given.jobs(3);
            var after = given.job(draft -> draft.after(blockers.toArray(new JobId[0])));
            var racers = new ArrayList<Callable<List<Settled>>>();
            for (var node : nodes) {
                var one = node.claimOne();
                racers.add(() -> {
                    var settled = given.store.flush(node.lease, List.of(ended(one, done())));
                    for (int look = 0; look < 3; look++) given.store.promote(node.lease, 1_000);
                    return settled;
                });
            }

            assertThat(Races.run(racers)).containsOnly(List.of(Settled.WON));

            becomes(nodes.getFirst(), after, State.AVAILABLE);
            nodes.getFirst().runs(after, done());
        }
        assertThat(given.node().claimAll()).isEmpty();
    }

    @Test
    void while_it_waits_it_delays_no_timer() {
        var first = given.job();
        given.job(draft -> draft.after(first));
        var node = given.node();
        node.promotes();
        given.job(draft -> draft.in(Duration.ofSeconds(30)));

        assertThat(given.store.promote(node.lease, 10).next())
                .isNotNull()
                .isBetween(Duration.ofNanos(1), Duration.ofSeconds(30));
        node.runs(first, done());
    }

    @Test
    void while_it_waits_it_is_found_among_those_that_wait_for_a_time() {
        var first = given.job();
        var after = given.job(draft -> draft.after(first));

        assertThat(given.store.list(new Query(State.SCHEDULED, given.queue, null, null, 10)))
                .extracting(JobView::id)
                .containsExactly(after);
        assertThat(given.store.history(after).orElseThrow().job().runAt()).isNull();
        given.node().runs(first, done());
    }

    @Test
    void who_listens_hears_that_it_is_available() {
        var first = given.job();
        var after = given.job(draft -> draft.after(first));
        var node = given.node();
        var one = node.claimOne();

        assertThat(Races.hears(given.store, new Wakeup.Work(given.queue), () -> {
                    node.ends(one, done());
                    becomes(node, after, State.AVAILABLE);
                }))
                .isTrue();
    }

    // ---- failed

    static Stream<Arguments> failures() {
        return Stream.of(Arguments.of("discarded", discarded()), Arguments.of("cancelled", cancelled()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("failures")
    void if_one_failed_it_is_cancelled_though_others_go_on(String word, Ending failure) {
        var first = given.job();
        var other = given.job();
        var after = given.job(draft -> draft.after(first, other));
        var node = given.node();

        node.runs(first, failure);
        becomes(node, after, State.CANCELLED);

        assertThat(after)
                .isCancelled()
                .says("it runs after job %s, which was %s".formatted(first, word))
                .wentThrough("cancelled");
        node.runs(other, done());
        assertThat(node.claimAll()).isEmpty();
        assertThat(given.store.blockers(after)).isEqualTo(Blockers.NONE);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("failures")
    void it_may_run_though_one_failed_when_all_have_ended(String word, Ending failure) {
        var first = given.job();
        var other = given.job();
        var after = given.job(draft -> draft.after(IfFailed.RUN, first, other));
        var node = given.node();

        node.runs(first, failure);
        stillWaits(node, after);
        node.runs(other, done());

        becomes(node, after, State.AVAILABLE);
        node.runs(after, done());
    }

    @Test
    void if_one_is_withdrawn_it_is_cancelled() {
        var first = given.job(draft -> draft.in(LATER));
        var after = given.job(draft -> draft.after(first));

        assertThat(given.cancel(first)).contains(State.CANCELLED);
        becomes(given.node(), after, State.CANCELLED);

        assertThat(after).says("it runs after job %s, which was cancelled".formatted(first));
    }

    @Test
    void if_one_had_failed_before_it_is_cancelled_at_once() {
        var first = given.job();
        var open = given.job();
        var node = given.node();
        node.runs(first, discarded());

        var after = given.job(draft -> draft.after(open, first));

        assertThat(after).isCancelled().says("it runs after job %s, which was discarded".formatted(first));
        assertThat(given.job(draft -> draft.after(IfFailed.RUN, first))).isAvailable();
        node.endsAll(node.claimAll(), done());
    }

    @Test
    void a_row_of_jobs_is_cancelled_when_its_first_fails() {
        var row = new ArrayList<JobId>();
        row.add(given.job());
        for (int i = 0; i < 150; i++) row.add(given.job(draft -> draft.after(row.getLast())));
        var node = given.node();

        node.runs(row.getFirst(), discarded());

        becomes(node, row.getLast(), State.CANCELLED);
        for (int i = 1; i < row.size(); i++)
            assertThat(given.view(row.get(i)).reason())
                    .isEqualTo("it runs after job %s, which was %s"
                            .formatted(row.get(i - 1), i == 1 ? "discarded" : "cancelled"));
    }

    @Test
    void a_requeue_of_one_that_failed_does_not_undo_what_was_decided() {
        var first = given.job();
        var after = given.job(draft -> draft.after(first));
        var node = given.node();
        node.runs(first, discarded());
        becomes(node, after, State.CANCELLED);

        given.requeue(first);
        node.runs(first, done());
        for (int look = 0; look < LOOKS; look++) node.promotes();

        assertThat(after).isCancelled();
        given.requeue(after);
        assertThat(after).isAvailable().isInRun(2);
        node.runs(after, done());
    }

    @Test
    void one_that_runs_again_before_it_is_waited_for_is_waited_for() {
        var first = given.job();
        var node = given.node();
        node.runs(first, discarded());
        given.requeue(first);

        var after = given.job(draft -> draft.after(first));
        stillWaits(node, after);

        node.runs(first, done());
        becomes(node, after, State.AVAILABLE);
    }

    // ---- besides

    @Test
    void with_a_time_it_runs_when_both_have_come_the_time_first() {
        var first = given.job();
        var after = given.job(draft -> draft.in(SOON).after(first));
        var node = given.node();
        given.letSoonPass();
        stillWaits(node, after);

        node.runs(first, done());

        becomes(node, after, State.AVAILABLE);
        node.runs(after, done());
    }

    @Test
    void with_a_time_it_runs_when_both_have_come_the_others_first() {
        var first = given.job();
        var before = given.view(first).enqueuedAt();
        var after = given.job(draft -> draft.in(LATER).after(first));
        var moment = before.plus(Duration.ofHours(2)).truncatedTo(ChronoUnit.MILLIS);
        var at = given.job(draft -> draft.at(moment).after(first));
        var node = given.node();

        node.runs(first, done());
        until(node, () -> given.view(after).runAt() != null && given.view(at).runAt() != null);

        assertThat(after).isScheduled().says("runs after job " + first);
        assertThat(given.view(after).runAt())
                .isBetween(before.plus(LATER), before.plus(LATER).plusSeconds(60));
        assertThat(given.view(at).runAt()).isEqualTo(moment);
        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void with_a_time_that_comes_it_is_promoted_then() {
        var first = given.job();
        var node = given.node();
        node.runs(first, done());

        var after = given.job(draft -> draft.in(SOON).after(first));
        assertThat(after).isScheduled();
        given.letSoonPass();

        becomes(node, after, State.AVAILABLE);
        node.runs(after, done());
    }

    @Test
    void one_that_has_expired_when_they_have_ended_is_discarded() {
        var first = given.job();
        var after = given.job(draft -> draft.after(first).expiresAfter(SOON));
        var next = given.job(draft -> draft.after(after));
        given.letSoonPass();
        var node = given.node();

        node.runs(first, done());
        becomes(node, next, State.CANCELLED);

        assertThat(after).isDiscarded().wentThrough("discarded");
        assertThat(next).says("it runs after job %s, which was discarded".formatted(after));
    }

    @Test
    void one_with_a_unique_key_holds_it_while_it_waits() {
        var key = "after " + given.queue;
        var first = given.job();
        var after = given.job(draft -> draft.after(first).unique(key, new UniqueKey.UntilEnded()));

        var again = given.accepted(draft -> draft.after(first).unique(key, new UniqueKey.UntilEnded()));

        assertThat(again.existed()).isTrue();
        assertThat(again.job()).isEqualTo(after);
        assertThat(after).waitsForOthers();
        var node = given.node();
        node.runs(first, done());
        becomes(node, after, State.AVAILABLE);
        node.runs(after, done());
        assertThat(node.claimAll()).isEmpty();
    }

    static Stream<Arguments> keysThatChangeWhatWaits() {
        return Stream.of(
                Arguments.of("replace", new UniqueKey.Replace(), null),
                Arguments.of("replace, with a time", new UniqueKey.Replace(), LATER),
                Arguments.of("debounce", new UniqueKey.Debounce(LATER), LATER),
                Arguments.of("debounce whose longest wait is over", new UniqueKey.Debounce(Duration.ZERO), LATER));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("keysThatChangeWhatWaits")
    void one_with_a_unique_key_is_not_changed_while_it_waits(
            String word, UniqueKey.Policy policy, @Nullable Duration in) {
        var key = "after " + given.queue;
        var first = given.job();
        var after = given.job(draft ->
                draft.after(first).unique(key, new UniqueKey.UntilEnded()).payload("1"));

        var again = given.accepted(draft -> {
            var changed = draft.unique(key, policy).payload("2");
            return in == null ? changed : changed.in(in);
        });

        assertThat(again).isEqualTo(new Accepted(after, true));
        var node = given.node();
        stillWaits(node, after);
        assertThat(given.view(after).payload()).isEqualTo("1");
        node.runs(first, done());
        becomes(node, after, State.AVAILABLE);
        node.runs(after, done());
        assertThat(after).isCompleted().isInRun(1).wentThrough("done");
        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void one_with_a_unique_key_holds_it_while_it_waits_though_its_window_is_over() {
        var key = "after " + given.queue;
        var first = given.job();
        var after = given.job(draft -> draft.after(first).unique(key, new UniqueKey.Within(SOON)));
        given.letSoonPass();

        assertThat(given.accepted(draft -> draft.unique(key, new UniqueKey.Within(SOON))))
                .isEqualTo(new Accepted(after, true));

        var node = given.node();
        node.runs(first, done());
        becomes(node, after, State.AVAILABLE);
        node.runs(after, done());
        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void one_with_a_unique_key_that_waits_for_its_time_when_the_others_have_ended_is_changed() {
        var key = "after " + given.queue;
        var first = given.job();
        var after = given.job(draft -> draft.in(LATER).after(first).unique(key, new UniqueKey.UntilEnded()));
        var node = given.node();
        node.runs(first, done());
        until(node, () -> given.view(after).runAt() != null);

        assertThat(given.accepted(
                        draft -> draft.unique(key, new UniqueKey.Replace()).payload("2")))
                .isEqualTo(new Accepted(after, true));

        assertThat(after).isAvailable();
        assertThat(given.view(after).payload()).isEqualTo("2");
        node.runs(after, done());
        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void one_with_an_idempotency_key_is_there_once() {
        var key = "after " + given.queue;
        var first = given.job();
        var after = given.job(draft -> draft.after(first).idempotent(key, "it"));

        var again = given.accepted(draft -> draft.after(first).idempotent(key, "it"));

        assertThat(again.existed()).isTrue();
        assertThat(again.job()).isEqualTo(after);
        assertThat(after).waitsForOthers();
        given.node().runs(first, done());
    }

    @Test
    void one_with_an_order_gets_in_line_when_they_have_ended() {
        var first = given.job();
        var after =
                given.job(draft -> draft.line(new Line("[\"account\",7]", null)).after(first));
        var node = given.node();

        node.runs(first, done());
        becomes(node, after, State.AVAILABLE);

        var keyed = given.streams(given.queue).stream()
                .filter(stream -> stream.keyed() && given.store.takeOver(node.lease, stream.id()))
                .sorted(Comparator.comparingInt(stream -> stream.id()))
                .toList();
        assertThat(keyed.stream()
                        .flatMap(stream -> node.claim(stream, 1).stream())
                        .map(Delivery::job))
                .containsExactly(after);
    }

    @Test
    void parts_of_a_batch_may_run_after_others_and_count_as_they_end() {
        var first = given.job();
        var failed = given.job();
        var then = given.newJob(draft -> draft);
        var parts = Stream.of(first, failed)
                .map(blocker -> given.newJob(
                        draft -> draft.headers(Map.of(PartOf.HEADER, then.id().toString()))
                                .after(blocker)))
                .toList();
        assertThat(given.store.enqueueBatch(then, parts.iterator())).isTrue();
        var node = given.node();
        node.runs(first, done());
        node.runs(failed, discarded());

        becomes(node, parts.getFirst().id(), State.AVAILABLE);
        becomes(node, parts.getLast().id(), State.CANCELLED);
        node.runs(parts.getFirst().id(), done());

        becomes(node, then.id(), State.AVAILABLE);
        assertThat(given.store.batch(then.id())).contains(new BatchView(then.id(), 2, 1, 0, 1, true));
    }

    @Test
    void it_may_run_after_the_job_that_follows_a_batch() {
        var then = given.newJob(draft -> draft);
        var part = given.newJob(
                draft -> draft.headers(Map.of(PartOf.HEADER, then.id().toString())));
        assertThat(given.store.enqueueBatch(then, List.of(part).iterator())).isTrue();
        var after = given.job(draft -> draft.after(then.id()));
        var node = given.node();

        node.runs(part.id(), done());
        node.promotes();
        stillWaits(node, after);
        node.runs(then.id(), done());

        becomes(node, after, State.AVAILABLE);
    }

    @Test
    void many_that_come_together_wait_each_for_its_own() {
        var blockers = given.jobs(3);
        var all = IntStream.range(0, 3)
                .mapToObj(i -> given.newJob(draft -> draft.after(blockers.get(i))))
                .toList();
        var plain = given.newJob(draft -> draft);
        var both = new ArrayList<>(all);
        both.add(1, plain);
        given.store.enqueueAll(both.iterator());
        var node = given.node();
        var claimed = node.claimAll();
        assertThat(claimed).hasSize(4);

        node.ends(claimed.get(1), done());

        becomes(node, all.get(1).id(), State.AVAILABLE);
        assertThat(all.get(0).id()).waitsForOthers();
        assertThat(all.get(2).id()).waitsForOthers();
        claimed.forEach(one -> node.ends(one, done()));
        for (var job : idsOf(all)) becomes(node, job, State.AVAILABLE);
    }

    // ---- not known

    @Test
    void one_that_is_not_known_is_refused_and_nothing_is_enqueued() {
        var known = given.job();
        var unknown = Given.newId();
        var after = given.newJob(draft -> draft.after(known, unknown));

        assertThatExceptionOfType(UnknownBlocker.class)
                .isThrownBy(() -> given.store.enqueue(after))
                .withMessageContaining(unknown.toString())
                .satisfies(
                        refused -> assertThat(refused.blocker().equals(unknown)).isTrue());

        assertThat(given.store.find(after.id())).isEmpty();
        given.node().runs(known, done());
    }

    @Test
    void of_many_none_is_enqueued_if_one_runs_after_what_is_not_known() {
        var plain = given.newJob(draft -> draft);
        var after = given.newJob(draft -> draft.after(Given.newId()));

        assertThatExceptionOfType(UnknownBlocker.class)
                .isThrownBy(() -> given.store.enqueueAll(List.of(plain, after).iterator()));

        assertThat(given.store.find(plain.id())).isEmpty();
        assertThat(given.store.find(after.id())).isEmpty();
        assertThat(given.node().claimAll()).isEmpty();
    }

    @Test
    void of_what_waits_for_no_other_nothing_is_told() {
        assertThat(given.store.blockers(Given.newId())).isEqualTo(Blockers.NONE);
        assertThat(given.store.blockers(given.job())).isEqualTo(Blockers.NONE);
        assertThat(given.store.blockers(given.job(draft -> draft.in(LATER)))).isEqualTo(Blockers.NONE);
    }

    // ---- withdrawn

    @Test
    void one_that_is_withdrawn_while_it_waits_never_runs() {
        var first = given.job();
        var after = given.job(draft -> draft.after(first));
        var node = given.node();

        assertThat(given.cancel(after)).contains(State.CANCELLED);
        node.runs(first, done());
        for (int look = 0; look < LOOKS; look++) node.promotes();

        assertThat(node.claimAll()).isEmpty();
        assertThat(after).isCancelled().says("not wanted any more").wentThrough("cancelled");
    }

    @Test
    void one_that_is_requeued_after_it_was_withdrawn_runs_at_once_and_once() {
        var first = given.job();
        var after = given.job(draft -> draft.after(first));
        var node = given.node();
        given.cancel(after);

        given.requeue(after);
        assertThat(after).isAvailable().isInRun(2);
        node.endsAll(node.claimAll(), done());
        for (int look = 0; look < LOOKS; look++) {
            node.promotes();
            given.contract.letPass(REST);
        }

        assertThat(after).isCompleted();
        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void one_whose_withdrawal_is_taken_back_waits_again() {
        var first = given.job();
        var after = given.job(draft -> draft.after(first));
        var node = given.node();
        var change = withdrawn();
        assertThat(after).isCancelled();

        changed(Action.REQUEUE, change, null);
        assertThat(after).waitsForOthers().isInRun(2).says("runs after job " + first);
        stillWaits(node, after);

        node.runs(first, done());
        becomes(node, after, State.AVAILABLE);
        node.runs(after, done());
    }

    @Test
    void one_whose_withdrawal_is_taken_back_when_they_have_ended_is_let_go_or_cancelled() {
        var first = given.job();
        var failing = given.job();
        var after = given.job(draft -> draft.after(first));
        var doomed = given.job(draft -> draft.after(failing));
        var node = given.node();
        var change = withdrawn();
        node.runs(first, done());
        node.runs(failing, discarded());
        for (int look = 0; look < LOOKS; look++) {
            node.promotes();
            given.contract.letPass(REST);
        }

        changed(Action.REQUEUE, change, null);

        becomes(node, after, State.AVAILABLE);
        becomes(node, doomed, State.CANCELLED);
        assertThat(doomed).says("it runs after job %s, which was discarded".formatted(failing));
        node.runs(after, done());
        assertThat(node.claimAll()).isEmpty();
    }
}
