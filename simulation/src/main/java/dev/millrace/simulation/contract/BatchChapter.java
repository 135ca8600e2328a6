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
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.State;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.NewJob;
import dev.millrace.store.PartOf;
import dev.millrace.store.Records.Query;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage.Wakeup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Jobs are parts of a batch: when all of them have ended, however they did, the job that follows runs, once. */
abstract class BatchChapter extends Chapter {

    BatchChapter(StoreContract contract) {
        super(contract);
    }

    // ---- words of these tests

    /** A batch that was taken. */
    private record Sent(NewJob then, List<NewJob> parts) {

        JobId id() {
            return then.id();
        }

        JobId part(int number) {
            return parts.get(number).id();
        }

        List<JobId> partIds() {
            return idsOf(parts);
        }
    }

    private static List<JobId> idsOf(List<NewJob> jobs) {
        return jobs.stream().map(NewJob::id).toList();
    }

    private Sent batch(int parts) {
        return batch(parts, draft -> draft);
    }

    private Sent batch(int parts, UnaryOperator<Draft> as) {
        var then = given.newJob(draft -> draft);
        return sent(then, parts(then.id(), parts, as));
    }

    private Sent sent(NewJob then, List<NewJob> parts) {
        assertThat(given.store.enqueueBatch(then, parts.iterator()))
                .as("whether batch %s was taken", then.id())
                .isTrue();
        given.recorder.watch(then.id());
        for (var part : parts) given.recorder.watch(part.id());
        return new Sent(then, parts);
    }

    private List<NewJob> parts(JobId batch, int count) {
        return parts(batch, count, draft -> draft);
    }

    private List<NewJob> parts(JobId batch, int count, UnaryOperator<Draft> as) {
        return IntStream.range(0, count)
                .mapToObj(i -> given.newJob(draft -> partOf(batch, as.apply(draft))))
                .toList();
    }

    private static Draft partOf(JobId batch, Draft draft) {
        return draft.headers(Map.of(PartOf.HEADER, batch.toString()));
    }

    private boolean grows(Sent batch, List<NewJob> more) {
        return given.store.enqueueParts(batch.id(), more.iterator());
    }

    private BatchView view(Sent batch) {
        return given.store.batch(batch.id()).orElseThrow();
    }

    private static BatchView open(Sent batch, long parts, long completed, long discarded, long cancelled) {
        return new BatchView(batch.id(), parts, completed, discarded, cancelled, false);
    }

    private static BatchView over(Sent batch, long completed, long discarded, long cancelled) {
        return new BatchView(batch.id(), completed + discarded + cancelled, completed, discarded, cancelled, true);
    }

    private List<JobId> listed(JobId batch) {
        var all = new ArrayList<JobId>();
        var some = given.store.parts(batch, 0);
        while (!some.isEmpty()) {
            assertThat(some).hasSizeLessThanOrEqualTo(1_000);
            all.addAll(some);
            some = given.store.parts(batch, all.size());
        }
        return all;
    }

    private void assertNotThere(List<NewJob> jobs) {
        for (var job : jobs) assertThat(given.store.find(job.id())).isEmpty();
    }

    /** An operator withdraws what stands so in this test's queue. */
    private UUID withdrawn(State state) {
        return changed(
                Action.CANCEL, null, new Selection(state, given.queue, null, null, null, null, null, null, null, null));
    }

    private void takenBack(UUID change) {
        changed(Action.REQUEUE, change, null);
    }

    private UUID changed(Action action, @Nullable UUID undoes, @Nullable Selection selection) {
        var id = UUID.randomUUID();
        given.store.begin(new Change(id, action, undoes, selection, Details.NONE, 0, 0, "the wrong album", "mara"));
        var progress = given.store.goOn(id, 1_000).orElseThrow();
        while (!progress.done()) progress = given.store.goOn(id, 1_000).orElseThrow();
        given.recorder.look();
        return id;
    }

    // ---- following

    @Test
    void the_job_that_follows_waits_until_the_last_part_has_ended() {
        var batch = batch(2);
        var node = given.node();
        var parts = node.claimAll();
        assertThat(parts).extracting(Delivery::job).containsExactlyElementsOf(batch.partIds());
        assertThat(batch.id()).waitsForItsBatch();

        node.ends(parts.getFirst(), done());
        node.promotes();
        assertThat(batch.id()).waitsForItsBatch();
        assertThat(view(batch)).isEqualTo(open(batch, 2, 1, 0, 0));

        node.ends(parts.getLast(), done("7"));

        assertThat(batch.id()).isAvailable().isInRun(1).isAtAttempt(1);
        assertThat(view(batch)).isEqualTo(over(batch, 2, 0, 0));
        node.runs(batch.id(), done());
        assertThat(batch.id()).isCompleted().wentThrough("done");
    }

    @Test
    void it_is_followed_once_though_two_parts_end_in_one_flush() {
        var batch = batch(2);
        var node = given.node();

        node.endsAll(node.claimAll(), done());

        node.promotes();
        assertThat(node.claimAll()).extracting(Delivery::job).containsExactly(batch.id());
        assertThat(view(batch)).isEqualTo(over(batch, 2, 0, 0));
    }

    @Test
    void it_is_followed_once_though_many_parts_end_in_one_flush_and_that_is_repeated() {
        var batch = batch(300);
        var node = given.node();
        var entries = node.claimAll().stream().map(one -> ended(one, done())).toArray(Ended[]::new);

        assertThat(node.flush(entries)).hasSize(300).containsOnly(Settled.WON);
        assertThat(node.flush(entries)).hasSize(300).containsOnly(Settled.REPEATED);

        assertThat(view(batch)).isEqualTo(over(batch, 300, 0, 0));
        assertThat(node.claimAll()).extracting(Delivery::job).containsExactly(batch.id());
    }

    @Test
    void it_is_followed_once_though_its_last_parts_end_on_several_nodes_at_once() {
        var nodes = List.of(given.node(), given.node(), given.node());
        for (int turn = 0; turn < 8; turn++) {
            var batch = batch(3);
            var racers = new ArrayList<Callable<List<Settled>>>();
            for (var node : nodes) {
                var part = node.claimOne();
                racers.add(() -> given.store.flush(node.lease, List.of(ended(part, done()))));
            }

            assertThat(Races.run(racers)).containsOnly(List.of(Settled.WON));

            nodes.getFirst().runs(batch.id(), done());
            assertThat(view(batch)).isEqualTo(over(batch, 3, 0, 0));
        }
        assertThat(given.node().claimAll()).isEmpty();
    }

    @Test
    void parts_that_end_one_by_one_are_added_up() {
        int many = 130;
        var batch = batch(many);
        var node = given.node();
        var parts = node.claimAll();

        for (int i = 0; i < many; i++) {
            assertThat(view(batch)).isEqualTo(open(batch, many, i, 0, 0));
            given.store.flush(node.lease, List.of(ended(parts.get(i), done())));
        }

        assertThat(view(batch)).isEqualTo(over(batch, many, 0, 0));
        assertThat(node.claimAll()).extracting(Delivery::job).containsExactly(batch.id());
    }

    @Test
    void who_listens_hears_that_the_job_that_follows_is_available() {
        batch(1);
        var node = given.node();
        var part = node.claimOne();

        assertThat(Races.hears(given.store, new Wakeup.Work(given.queue), () -> node.ends(part, done())))
                .isTrue();
    }

    @Test
    void a_batch_without_parts_is_due_at_once() {
        var batch = batch(0);

        assertThat(batch.id()).isAvailable();
        assertThat(view(batch)).isEqualTo(over(batch, 0, 0, 0));
        assertThat(listed(batch.id())).isEmpty();
        given.node().runs(batch.id(), done());
        assertThat(batch.id()).isCompleted();
    }

    @Test
    void parts_may_wait_for_a_time() {
        var batch = batch(1, draft -> draft.in(SOON));
        assertThat(batch.part(0)).isScheduled();
        given.letSoonPass();
        var node = given.node();

        node.promotes();
        assertThat(batch.id()).waitsForItsBatch();
        node.runs(batch.part(0), done());

        assertThat(batch.id()).isAvailable();
    }

    @Test
    void while_it_waits_it_delays_no_timer() {
        batch(1);
        var node = given.node();
        node.promotes();
        given.job(draft -> draft.in(Duration.ofSeconds(30)));

        assertThat(given.store.promote(node.lease, 10).next())
                .isNotNull()
                .isBetween(Duration.ofNanos(1), Duration.ofSeconds(30));
    }

    @Test
    void while_it_waits_it_is_found_among_those_that_wait_for_a_time() {
        var batch = batch(1);

        assertThat(given.store.list(new Query(State.SCHEDULED, given.queue, null, null, 10)))
                .extracting(JobView::id)
                .containsExactly(batch.id());
        assertThat(given.store.history(batch.id()).orElseThrow().job().runAt()).isNull();
        assertThat(given.store.queues())
                .filteredOn(queue -> queue.name().equals(given.queue))
                .singleElement()
                .satisfies(queue -> assertThat(queue.scheduled().count()).isEqualTo(1));
    }

    // ---- what counts

    @Test
    void parts_count_as_they_end() {
        var batch = batch(3);
        var node = given.node();
        var parts = node.claimAll();

        node.flush(ended(parts.get(0), discarded()), ended(parts.get(1), cancelled()), ended(parts.get(2), done()));

        assertThat(view(batch)).isEqualTo(over(batch, 1, 1, 1));
        assertThat(batch.id()).isAvailable();
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
    void what_is_followed_by_another_delivery_does_not_count(String word, Ending ending) {
        var batch = batch(1);
        var node = given.node();

        node.runs(batch.part(0), ending);
        assertThat(view(batch)).isEqualTo(open(batch, 1, 0, 0, 0));
        assertThat(batch.id()).waitsForItsBatch();

        node.promotes();
        node.runs(batch.part(0), done());
        assertThat(batch.part(0)).wentThrough(word, "done");
        assertThat(view(batch)).isEqualTo(over(batch, 1, 0, 0));
    }

    @Test
    void what_is_parked_does_not_count_until_it_has_run() {
        var batch = batch(1);
        var node = given.node();

        node.runs(batch.part(0), parked(Parking.LIMIT));
        node.promotes();
        assertThat(batch.id()).waitsForItsBatch();

        assertThat(node.releases(10)).isEqualTo(1);
        node.runs(batch.part(0), done());
        assertThat(batch.id()).isAvailable();
    }

    @Test
    void a_flush_that_is_repeated_counts_once() {
        var batch = batch(2);
        var node = given.node();
        var parts = node.claimAll();
        node.ends(parts.getFirst(), done());

        assertThat(node.ends(parts.getFirst(), done())).isEqualTo(Settled.REPEATED);
        assertThat(node.ends(parts.getFirst(), discarded())).isEqualTo(Settled.REPEATED);

        assertThat(view(batch)).isEqualTo(open(batch, 2, 1, 0, 0));
        assertThat(batch.id()).waitsForItsBatch();
    }

    @Test
    void what_has_lost_does_not_count() {
        var batch = batch(2);
        var node = given.node();
        var parts = node.claimAll();
        assertThat(given.cancel(batch.part(0))).contains(State.CANCELLED);

        assertThat(node.ends(parts.getFirst(), done())).isEqualTo(Settled.LOST);

        assertThat(view(batch)).isEqualTo(open(batch, 2, 0, 0, 1));
        node.promotes();
        assertThat(batch.id()).waitsForItsBatch();
    }

    @Test
    void each_part_counts_once_whoever_ends_it() {
        int many = 60;
        var batch = batch(many);
        var node = given.node();
        var parts = node.claimAll();

        Races.run(List.<Callable<Boolean>>of(
                () -> {
                    for (int from = 0; from < many; from += 10)
                        given.store.flush(
                                node.lease,
                                parts.subList(from, from + 10).stream()
                                        .map(one -> ended(one, done()))
                                        .toList());
                    return true;
                },
                () -> {
                    for (var part : batch.partIds().reversed())
                        given.store.cancel(part, "not wanted any more", "a test");
                    return true;
                }));
        node.promotes();

        long withdrawn = batch.partIds().stream()
                .filter(part -> given.view(part).state() == State.CANCELLED)
                .count();
        assertThat(view(batch)).isEqualTo(over(batch, many - withdrawn, 0, withdrawn));
        node.runs(batch.id(), done());
        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void what_is_withdrawn_while_it_waits_counts() {
        var then = given.newJob(draft -> draft);
        var parts = new ArrayList<>(parts(then.id(), 2));
        parts.addAll(parts(then.id(), 1, draft -> draft.in(LATER)));
        var batch = sent(then, parts);
        var node = given.node();
        node.runs(batch.part(0), parked(Parking.UNKNOWN_KIND));

        for (var part : batch.partIds()) {
            assertThat(batch.id()).waitsForItsBatch();
            assertThat(given.cancel(part)).contains(State.CANCELLED);
        }
        node.promotes();

        assertThat(view(batch)).isEqualTo(over(batch, 0, 0, 3));
        assertThat(batch.id()).isAvailable();
    }

    @Test
    void what_is_withdrawn_while_it_waits_for_another_attempt_counts() {
        var batch = batch(1);
        var node = given.node();
        node.runs(batch.part(0), retry(LATER));

        given.cancel(batch.part(0));
        node.promotes();

        assertThat(view(batch)).isEqualTo(over(batch, 0, 0, 1));
        assertThat(batch.id()).isAvailable();
    }

    @Test
    void what_is_withdrawn_while_it_runs_counts() {
        var batch = batch(1);
        var node = given.node();
        var part = node.claimOne();

        given.cancel(batch.part(0));
        node.promotes();

        assertThat(view(batch)).isEqualTo(over(batch, 0, 0, 1));
        assertThat(batch.id()).isAvailable();
        assertThat(node.ends(part, done())).isEqualTo(Settled.LOST);
        assertThat(view(batch)).isEqualTo(over(batch, 0, 0, 1));
        assertThat(node.claimAll()).extracting(Delivery::job).containsExactly(batch.id());
    }

    @Test
    void what_is_withdrawn_many_at_once_counts() {
        var batch = batch(20);

        withdrawn(State.AVAILABLE);
        given.node().promotes();

        assertThat(view(batch)).isEqualTo(over(batch, 0, 0, 20));
        assertThat(batch.id()).isAvailable();
    }

    @Test
    void what_expires_while_it_waits_counts() {
        var batch = batch(1, draft -> draft.in(SOON).expiresAfter(SOON.dividedBy(2)));
        given.letSoonPass();
        var node = given.node();

        node.promotes();

        assertThat(batch.part(0)).isDiscarded();
        assertThat(view(batch)).isEqualTo(over(batch, 0, 1, 0));
        assertThat(batch.id()).isAvailable();
    }

    @Test
    void what_expires_while_it_is_parked_counts() {
        var batch = batch(1, draft -> draft.expiresAfter(SOON));
        var node = given.node();
        node.runs(batch.part(0), parked(Parking.UNKNOWN_KIND));
        given.letSoonPass();

        node.promotes();

        assertThat(batch.part(0)).isDiscarded();
        assertThat(batch.id()).isAvailable();
    }

    @Test
    void a_part_that_was_rescued_counts_when_it_ends() {
        var batch = batch(1);
        var dead = given.node();
        dead.claimOne();
        var node = given.node();
        node.takesOver(dead);
        node.promotes();
        assertThat(batch.id()).waitsForItsBatch();

        node.runs(batch.part(0), done());

        assertThat(view(batch)).isEqualTo(over(batch, 1, 0, 0));
        assertThat(batch.id()).isAvailable();
    }

    @Test
    void a_part_that_kills_its_nodes_counts_when_it_is_discarded() {
        var batch = batch(1);
        for (int death = 1; death <= 3; death++) {
            assertThat(batch.id()).waitsForItsBatch();
            var dead = given.node();
            dead.marks(dead.claimOne());
            given.node().takesOver(dead);
        }
        assertThat(batch.part(0)).isDiscarded();

        given.node().promotes();

        assertThat(view(batch)).isEqualTo(over(batch, 0, 1, 0));
        assertThat(batch.id()).isAvailable();
    }

    @Test
    void a_part_that_is_requeued_is_not_counted_again() {
        var batch = batch(2);
        var node = given.node();
        var parts = node.claimAll();
        node.ends(parts.getFirst(), discarded());

        given.requeue(batch.part(0));
        node.runs(batch.part(0), done());
        node.promotes();
        assertThat(view(batch)).isEqualTo(open(batch, 2, 0, 1, 0));
        assertThat(batch.id()).waitsForItsBatch();

        node.ends(parts.getLast(), done());
        assertThat(view(batch)).isEqualTo(over(batch, 1, 1, 0));
        node.runs(batch.id(), done());
        given.requeue(batch.part(1));
        node.runs(batch.part(1), discarded());
        node.promotes();
        assertThat(view(batch)).isEqualTo(over(batch, 1, 1, 0));
        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void the_job_that_follows_is_retried_rescued_and_requeued_as_any_other() {
        var batch = batch(1);
        var node = given.node();
        node.runs(batch.part(0), done());

        node.runs(batch.id(), retry(Duration.ZERO));
        node.promotes();
        var dead = given.node();
        dead.claimOne();
        node.takesOver(dead);
        node.runs(batch.id(), discarded());
        given.requeue(batch.id());
        node.runs(batch.id(), done());

        assertThat(batch.id()).isCompleted().isInRun(2).wentThrough("retry", "rescued", "discarded", "done");
        assertThat(view(batch)).isEqualTo(over(batch, 1, 0, 0));
    }

    // ---- which parts

    @Test
    void parts_are_listed_in_their_order() {
        var batch = batch(1_700);
        var more = parts(batch.id(), 800);
        assertThat(grows(batch, more)).isTrue();

        var all = new ArrayList<>(batch.partIds());
        all.addAll(idsOf(more));
        assertThat(listed(batch.id())).containsExactlyElementsOf(all);
        assertThat(view(batch)).isEqualTo(open(batch, 2_500, 0, 0, 0));
    }

    @Test
    void of_a_batch_that_is_not_known_nothing_is_told() {
        var job = given.job();

        for (var unknown : List.of(Given.newId(), job)) {
            assertThat(given.store.batch(unknown)).isEmpty();
            assertThat(given.store.parts(unknown, 0)).isEmpty();
        }
    }

    // ---- growing

    @Test
    void more_parts_come_behind_those_that_are_there_and_are_waited_for() {
        var batch = batch(1);
        var more = parts(batch.id(), 2);

        assertThat(grows(batch, more)).isTrue();

        assertThat(listed(batch.id()))
                .containsExactly(batch.part(0), more.get(0).id(), more.get(1).id());
        var node = given.node();
        var parts = node.claimAll();
        node.endsAll(parts.subList(0, 2), done());
        assertThat(batch.id()).waitsForItsBatch();
        assertThat(view(batch)).isEqualTo(open(batch, 3, 2, 0, 0));
        node.ends(parts.getLast(), done());
        assertThat(batch.id()).isAvailable();
    }

    @Test
    void a_part_adds_parts_while_it_runs() {
        var batch = batch(1);
        var node = given.node();
        var part = node.claimOne();
        var more = parts(batch.id(), 1);

        assertThat(grows(batch, more)).isTrue();
        node.ends(part, done());

        assertThat(batch.id()).waitsForItsBatch();
        node.runs(more.getFirst().id(), done());
        assertThat(batch.id()).isAvailable();
    }

    @Test
    void those_who_add_parts_at_once_add_all_of_them() {
        var batch = batch(1);
        var more = new ArrayList<List<NewJob>>();
        var racers = new ArrayList<Callable<Boolean>>();
        for (int i = 0; i < 6; i++) {
            var some = parts(batch.id(), 3);
            more.add(some);
            racers.add(() -> grows(batch, some));
        }

        assertThat(Races.run(racers)).containsOnly(true);

        var all = new ArrayList<>(batch.partIds());
        for (var some : more) all.addAll(idsOf(some));
        assertThat(listed(batch.id())).containsExactlyInAnyOrderElementsOf(all);
        assertThat(view(batch)).isEqualTo(open(batch, 19, 0, 0, 0));
    }

    @Test
    void a_batch_that_is_followed_takes_no_more_parts() {
        var batch = batch(1);
        var node = given.node();
        node.runs(batch.part(0), done());
        var more = parts(batch.id(), 2);

        assertThat(grows(batch, more)).isFalse();

        assertNotThere(more);
        assertThat(view(batch)).isEqualTo(over(batch, 1, 0, 0));
        assertThat(listed(batch.id())).containsExactly(batch.part(0));
        assertThat(node.claimAll()).extracting(Delivery::job).containsExactly(batch.id());
    }

    @Test
    void a_batch_that_is_not_known_takes_no_parts() {
        var then = given.job(draft -> draft.in(LATER));
        var of = List.of(parts(Given.newId(), 1), parts(then, 1));

        assertThat(given.store.enqueueParts(Given.newId(), of.getFirst().iterator()))
                .isFalse();
        assertThat(given.store.enqueueParts(then, of.getLast().iterator()))
                .as("of a job that follows nothing")
                .isFalse();

        for (var parts : of) assertNotThere(parts);
    }

    @Test
    void a_batch_that_grows_as_its_last_part_ends_waits_for_what_it_takes() {
        var node = given.node();
        for (int turn = 0; turn < 10; turn++) {
            var batch = batch(1);
            var last = node.claimOne();
            var more = parts(batch.id(), 1);

            var taken = Races.run(List.<Callable<Boolean>>of(
                            () -> grows(batch, more),
                            () -> given.store
                                    .flush(node.lease, List.of(ended(last, done())))
                                    .contains(Settled.WON)))
                    .getFirst();

            if (taken) node.runs(more.getFirst().id(), done());
            else assertNotThere(more);
            assertThat(view(batch)).isEqualTo(over(batch, taken ? 2 : 1, 0, 0));
            node.runs(batch.id(), done());
        }
    }

    // ---- withdrawn

    @Test
    void a_batch_whose_job_is_withdrawn_is_never_followed() {
        var batch = batch(2);
        var node = given.node();
        var parts = node.claimAll();
        node.ends(parts.getFirst(), done());

        assertThat(given.cancel(batch.id())).contains(State.CANCELLED);
        node.ends(parts.getLast(), done());
        node.promotes();

        assertThat(node.claimAll()).isEmpty();
        assertThat(batch.id()).isCancelled().says("not wanted any more").wentThrough("cancelled");
        assertThat(view(batch)).isEqualTo(over(batch, 2, 0, 0));
    }

    @Test
    void a_batch_whose_job_is_withdrawn_takes_no_more_parts() {
        var batch = batch(1);
        given.cancel(batch.id());
        var more = parts(batch.id(), 1);

        assertThat(grows(batch, more)).isFalse();

        assertNotThere(more);
        assertThat(view(batch)).isEqualTo(open(batch, 1, 0, 0, 0));
    }

    @Test
    void a_withdrawal_that_is_taken_back_is_as_if_it_had_not_been() {
        var batch = batch(2);
        var node = given.node();
        var parts = node.claimAll();
        var change = withdrawn(State.SCHEDULED);
        assertThat(batch.id()).isCancelled();
        node.ends(parts.getFirst(), done());

        takenBack(change);
        node.promotes();
        assertThat(batch.id()).waitsForItsBatch().isInRun(2);
        var more = parts(batch.id(), 1);
        assertThat(grows(batch, more)).isTrue();

        node.ends(parts.getLast(), done());
        node.runs(more.getFirst().id(), done());
        assertThat(view(batch)).isEqualTo(over(batch, 3, 0, 0));
        node.runs(batch.id(), done());
    }

    @Test
    void a_withdrawal_that_is_taken_back_when_all_parts_have_ended_lets_the_job_go() {
        var batch = batch(1);
        var node = given.node();
        var part = node.claimOne();
        var change = withdrawn(State.SCHEDULED);
        node.ends(part, done());
        node.promotes();
        assertThat(view(batch).followed()).isTrue();

        takenBack(change);
        node.promotes();

        assertThat(batch.id()).isAvailable().isInRun(2);
        assertThat(view(batch)).isEqualTo(over(batch, 1, 0, 0));
        node.runs(batch.id(), done());
        assertThat(node.claimAll()).isEmpty();
    }

    // ---- a batch in a batch

    @Test
    void a_batch_may_be_a_part_of_another_which_waits_for_the_job_that_follows_it() {
        var outer = batch(1);
        var then = given.newJob(draft -> partOf(outer.id(), draft));
        var inner = sent(then, parts(then.id(), 2));
        assertThat(listed(outer.id())).containsExactly(outer.part(0), inner.id());
        assertThat(listed(inner.id())).containsExactlyElementsOf(inner.partIds());
        var node = given.node();

        node.endsAll(node.claimAll(), done());
        assertThat(inner.id()).isAvailable();
        assertThat(outer.id()).waitsForItsBatch();
        assertThat(view(outer)).isEqualTo(open(outer, 2, 1, 0, 0));

        node.runs(inner.id(), discarded());
        assertThat(outer.id()).isAvailable();
        assertThat(view(outer)).isEqualTo(over(outer, 1, 1, 0));
        node.runs(outer.id(), done());
    }

    @Test
    void a_batch_without_parts_may_be_a_part_of_another() {
        var outer = batch(1);
        var inner = sent(given.newJob(draft -> partOf(outer.id(), draft)), List.of());
        var node = given.node();

        assertThat(inner.id()).isAvailable();
        node.endsAll(node.claimAll(), done());

        assertThat(outer.id()).isAvailable();
        assertThat(view(outer)).isEqualTo(over(outer, 2, 0, 0));
    }

    @Test
    void a_batch_inside_whose_job_is_withdrawn_has_ended_for_the_one_outside() {
        var outer = batch(1);
        var then = given.newJob(draft -> partOf(outer.id(), draft));
        var inner = sent(then, parts(then.id(), 1));
        var node = given.node();
        node.runs(outer.part(0), done());

        given.cancel(inner.id());
        node.promotes();

        assertThat(view(outer)).isEqualTo(over(outer, 1, 0, 1));
        assertThat(outer.id()).isAvailable();
        assertThat(inner.part(0)).isAvailable();
    }

    @Test
    void a_batch_inside_of_one_that_is_over_is_refused() {
        var followed = batch(1);
        var node = given.node();
        node.runs(followed.part(0), done());
        var withdrawn = batch(1);
        given.cancel(withdrawn.id());

        for (var outer : List.of(followed.id(), withdrawn.id(), Given.newId())) {
            var then = given.newJob(draft -> partOf(outer, draft));
            var parts = parts(then.id(), 2);

            assertThat(given.store.enqueueBatch(then, parts.iterator())).isFalse();

            assertNotThere(List.of(then));
            assertNotThere(parts);
            assertThat(given.store.batch(then.id())).isEmpty();
            assertThat(given.store.parts(then.id(), 0)).isEmpty();
            assertThat(listed(outer)).doesNotContain(then.id());
        }
        assertThat(node.claimAll())
                .extracting(Delivery::job)
                .containsExactlyInAnyOrder(followed.id(), withdrawn.part(0));
    }
}
