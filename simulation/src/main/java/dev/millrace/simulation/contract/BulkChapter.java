package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Given.LATER;
import static dev.millrace.simulation.contract.Given.SOON;

import dev.millrace.Failure;
import dev.millrace.FailureGroup;
import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.KeptChange;
import dev.millrace.store.Bulk.Progress;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Bulk.Stopped;
import dev.millrace.store.Ending;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Records.Query;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Many jobs are changed by one word, some at a time, each once, and taken back as far as that is possible. */
abstract class BulkChapter extends Chapter {

    /** Jobs of other tests have smaller ids. */
    private final JobId begin = Given.newId();

    BulkChapter(StoreContract contract) {
        super(contract);
    }

    // ---- words of these tests

    /** Of this test's queue. */
    private Selection all(State state) {
        return new Selection(state, given.queue, null, null, null, null, null, null, null, null);
    }

    private List<JobId> selected(Selection selection, int look) {
        var all = new ArrayList<JobId>();
        @Nullable JobId before = null;
        do {
            var piece = given.store.select(selection, before, look);
            all.addAll(piece.jobs());
            before = piece.next();
        } while (before != null && before.toString().compareTo(begin.toString()) > 0);
        return all;
    }

    private List<JobId> selected(Selection selection) {
        return selected(selection, 1_000);
    }

    private UUID begun(Action action, Selection selection, @Nullable Priority priority) {
        var id = UUID.randomUUID();
        given.store.begin(new Change(
                id, action, null, selection, Details.priority(priority), 12, 100, "the provider is back", "mara"));
        return id;
    }

    private UUID undoing(UUID change, Action action) {
        var id = UUID.randomUUID();
        given.store.begin(new Change(id, action, change, null, Details.NONE, 0, 0, "wrong hour", "mara"));
        return id;
    }

    private Progress step(UUID change, int most) {
        var progress = given.store.goOn(change, most).orElseThrow();
        given.recorder.look();
        return progress;
    }

    private Progress done(UUID change) {
        var progress = step(change, 1_000);
        while (!progress.done()) progress = step(change, 1_000);
        return progress;
    }

    private KeptChange kept(UUID change) {
        return given.store.change(change).orElseThrow();
    }

    private List<JobId> discarded(int count) {
        var jobs = given.jobs(count);
        var node = given.node();
        node.endsAll(node.claimAll(), Ends.discarded());
        return jobs;
    }

    private static Ending failed(String type, String message, String fingerprint) {
        return new Ending.Discarded(new Failure(type, message, fingerprint, 1, ""));
    }

    /** Of all pieces, by fingerprint: how many jobs, and what else the newest piece says. */
    private Map<String, FailureGroup> failures(State state, int look) {
        var all = new HashMap<String, FailureGroup>();
        @Nullable JobId before = null;
        do {
            var piece = given.store.failures(all(state), before, look);
            for (var group : piece.groups()) all.merge(group.fingerprint(), group, BulkChapter::added);
            before = piece.next();
        } while (before != null && before.toString().compareTo(begin.toString()) > 0);
        return all;
    }

    private static FailureGroup added(FailureGroup one, FailureGroup other) {
        return new FailureGroup(
                one.fingerprint(),
                one.type(),
                one.message(),
                one.jobs() + other.jobs(),
                one.kinds(),
                one.newest(),
                one.at());
    }

    // ---- which jobs

    @Test
    void jobs_are_selected_by_their_state_in_each_of_those_that_can_be_searched() {
        var node = given.node();
        var retryable = given.job();
        node.runs(retryable, Ends.retry(LATER));
        var parked = given.job();
        node.runs(parked, Ends.parked(Parking.UNKNOWN_KIND));
        var discarded = given.job();
        node.runs(discarded, Ends.discarded());
        var cancelled = given.job();
        given.cancel(cancelled);
        var completed = given.job();
        for (var delivery : node.claimAll()) if (delivery.job().equals(completed)) node.ends(delivery, Ends.done());
        var scheduled = given.job(as -> as.in(LATER));
        var running = given.job();
        node.claimOne();
        var available = given.job();

        assertThat(selected(all(State.RETRYABLE))).containsExactly(retryable);
        assertThat(selected(all(State.DISCARDED))).containsExactly(discarded);
        assertThat(selected(all(State.CANCELLED))).containsExactly(cancelled);
        assertThat(selected(all(State.SCHEDULED))).containsExactly(scheduled);
        assertThat(selected(all(State.AVAILABLE))).containsExactlyInAnyOrder(available, parked);
        assertThat(running).isRunningOn(node);
    }

    @Test
    void a_walk_in_small_steps_finds_what_one_in_large_steps_finds() {
        var jobs = discarded(30);
        given.requeue(jobs.get(3));
        given.requeue(jobs.get(20));
        var node = given.node();
        node.endsAll(node.claimAll(), Ends.discarded());
        given.requeue(jobs.get(11));

        var expected = new ArrayList<>(jobs);
        expected.remove(jobs.get(11));
        for (int look : List.of(1, 2, 5, 1_000))
            assertThat(selected(all(State.DISCARDED), look))
                    .as("looking at %d", look)
                    .containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void the_newest_are_selected_first() {
        var jobs = discarded(5);

        assertThat(selected(all(State.DISCARDED))).containsExactlyElementsOf(jobs.reversed());
    }

    @Test
    void jobs_are_selected_by_what_they_are() {
        var other = given.kind + "-b";
        given.job();
        var ofKind = given.job(as -> as.kind(other));
        var ofTenant = given.job(as -> as.headers(Map.of("tenant", "acme")));
        var tagged = given.job(as -> as.headers(Map.of("tags", "spring,sale")));
        var worded = given.job(as -> as.payload("{\"name\":\"Ada Lovelace\"}"));
        var node = given.node();
        node.endsAll(node.claimAll(), Ends.discarded());

        assertThat(selected(
                        new Selection(State.DISCARDED, given.queue, other, null, null, null, null, null, null, null)))
                .containsExactly(ofKind);
        assertThat(selected(
                        new Selection(State.DISCARDED, given.queue, null, "acme", null, null, null, null, null, null)))
                .containsExactly(ofTenant);
        assertThat(selected(
                        new Selection(State.DISCARDED, given.queue, null, null, "sale", null, null, null, null, null)))
                .containsExactly(tagged);
        assertThat(selected(
                        new Selection(State.DISCARDED, given.queue, null, null, "sal", null, null, null, null, null)))
                .as("a tag is a whole word")
                .isEmpty();
        assertThat(selected(new Selection(
                        State.DISCARDED, given.queue, null, null, null, null, null, "lovelace", null, null)))
                .containsExactly(worded);
    }

    @Test
    void a_payload_that_is_stored_compressed_or_encrypted_is_not_searched_and_its_failure_is() {
        var told = given.job(as -> as.payload("{\"note\":\"$millrace wrote Ab3x\"}"));
        given.job(as -> as.payload("{\"$millrace\":\"encrypted:1:may:plain:Ab3xAb3x\"}"));
        given.job(as -> as.payload(" { \"$millrace\" : \"deflated:1:Ab3x\" }"));
        var node = given.node();
        node.endsAll(node.claimAll(), Ends.discarded());
        var failed = given.job(as -> as.payload("{\"$millrace\":\"encrypted:1:may:plain:AAAA\"}"));
        node.runs(failed, failed("java.io.IOException", "broken by ab3x", "f-1"));

        assertThat(selected(
                        new Selection(State.DISCARDED, given.queue, null, null, null, null, null, "ab3x", null, null)))
                .containsExactly(failed, told);
        assertThat(selected(
                        new Selection(State.DISCARDED, given.queue, null, null, null, null, null, "may", null, null)))
                .isEmpty();
    }

    @Test
    void jobs_are_selected_by_how_they_failed() {
        var node = given.node();
        var limited = given.job();
        node.runs(limited, failed("com.example.TooManyRequests", "slow down, please", "f-1"));
        var broken = given.job();
        node.runs(broken, failed("java.io.IOException", "broken pipe", "f-2"));

        assertThat(selected(new Selection(
                        State.DISCARDED, given.queue, null, null, null, "java.io.IOException", null, null, null, null)))
                .containsExactly(broken);
        assertThat(selected(
                        new Selection(State.DISCARDED, given.queue, null, null, null, null, "f-1", null, null, null)))
                .containsExactly(limited);
        assertThat(selected(new Selection(
                        State.DISCARDED, given.queue, null, null, null, null, null, "Slow Down", null, null)))
                .containsExactly(limited);
    }

    @Test
    void jobs_are_selected_by_when_they_ended() {
        var early = discarded(1).getFirst();
        given.letSoonPass();
        var late = discarded(1).getFirst();
        var between = given.view(early).endedAt();

        assertThat(selected(new Selection(
                        State.DISCARDED, given.queue, null, null, null, null, null, null, after(between), null)))
                .containsExactly(late);
        assertThat(selected(
                        new Selection(State.DISCARDED, given.queue, null, null, null, null, null, null, null, between)))
                .containsExactly(early);
    }

    private static Instant after(@Nullable Instant moment) {
        if (moment == null) throw new AssertionError("it has not ended");
        return moment.plusNanos(1_000);
    }

    @Test
    void failures_are_grouped_by_where_they_came_from_some_jobs_at_a_time() {
        var node = given.node();
        for (int i = 0; i < 3; i++)
            node.runs(given.job(), failed("com.example.TooManyRequests", "slow down " + i, "f-1"));
        given.letSoonPass();
        var last = given.job();
        node.runs(last, failed("com.example.TooManyRequests", "slow down, please", "f-1"));
        var broken = given.job(as -> as.kind(given.kind + "-b"));
        node.runs(broken, failed("java.io.IOException", "broken pipe", "f-2"));
        node.runs(given.job(), Ends.retry(LATER));

        var groups = failures(State.DISCARDED, 1_000);

        assertThat(groups).containsOnlyKeys("f-1", "f-2");
        var largest = Objects.requireNonNull(groups.get("f-1"));
        assertThat(largest.jobs()).isEqualTo(4);
        assertThat(largest.newest()).isEqualTo(last);
        assertThat(largest.message()).isEqualTo("slow down, please");
        var other = Objects.requireNonNull(groups.get("f-2"));
        assertThat(other.jobs()).isEqualTo(1);
        assertThat(other.kinds()).containsExactly(given.kind + "-b");
        assertThat(failures(State.RETRYABLE, 1_000).values())
                .extracting(FailureGroup::message)
                .containsExactly("the provider is down");
        for (int look : List.of(1, 2, 5))
            assertThat(failures(State.DISCARDED, look))
                    .as("looking at %d", look)
                    .extractingByKey("f-1")
                    .extracting(FailureGroup::jobs)
                    .isEqualTo(4L);
    }

    // ---- requeue

    @Test
    void all_that_are_selected_run_again() {
        var jobs = discarded(20);
        var change = begun(Action.REQUEUE, all(State.DISCARDED), null);

        assertThat(done(change)).isEqualTo(new Progress(20, 20, true));

        for (var job : jobs) assertThat(job).isAvailable().isInRun(2).isAtAttempt(1);
        assertThat(given.node().claimAll()).hasSize(20);
    }

    @Test
    void they_run_with_the_priority_that_is_said() {
        var job = discarded(1).getFirst();

        done(begun(Action.REQUEUE, all(State.DISCARDED), Priority.BULK));

        assertThat(given.view(job).priority()).isEqualTo(Priority.BULK);
        assertThat(given.node().claimOne().priority()).isEqualTo(Priority.BULK);
    }

    @Test
    void what_ends_again_while_it_is_done_is_not_run_once_more() {
        discarded(10);
        var upto = given.store.select(all(State.DISCARDED), null, 1).now();
        var selection = new Selection(State.DISCARDED, given.queue, null, null, null, null, null, null, null, upto);
        var change = begun(Action.REQUEUE, selection, null);
        var node = given.node();

        for (int steps = 0; steps < 5; steps++) {
            step(change, 3);
            given.letSoonPass();
            for (var delivery : node.claimAll()) node.ends(delivery, Ends.discarded());
        }

        assertThat(done(change).changed()).isEqualTo(10);
    }

    @Test
    void a_step_that_is_taken_by_two_is_taken_once() {
        discarded(60);
        var change = begun(Action.REQUEUE, all(State.DISCARDED), null);
        var runner = (Callable<Progress>) () -> {
            var progress = given.store.goOn(change, 10).orElseThrow();
            for (int steps = 0; steps < 6 && !progress.done(); steps++)
                progress = given.store.goOn(change, 10).orElseThrow();
            while (!progress.done()) progress = given.store.goOn(change, 1_000).orElseThrow();
            return progress;
        };

        assertThat(Races.run(List.of(runner, runner, runner))).containsOnly(new Progress(60, 60, true));
        assertThat(given.node().claimAll()).hasSize(60);
    }

    @Test
    void who_goes_on_begins_where_the_one_before_stopped() {
        discarded(10);
        var change = begun(Action.REQUEUE, all(State.DISCARDED), null);
        var first = step(change, 4);
        assertThat(first).isEqualTo(new Progress(4, 4, false));

        assertThat(done(change)).isEqualTo(new Progress(10, 10, true));
        assertThat(step(change, 4)).as("and then there is nothing more").isEqualTo(new Progress(10, 10, true));
        assertThat(given.node().claimAll()).hasSize(10);
    }

    @Test
    void it_is_kept_with_who_did_it_and_why() {
        discarded(3);
        var change = begun(Action.REQUEUE, all(State.DISCARDED), Priority.BULK);
        assertThat(kept(change).endedAt()).isNull();
        done(change);

        var kept = kept(change);
        assertThat(kept.change().by()).isEqualTo("mara");
        assertThat(kept.change().reason()).isEqualTo("the provider is back");
        assertThat(kept.change().action()).isEqualTo(Action.REQUEUE);
        assertThat(kept.change().selection()).isEqualTo(all(State.DISCARDED));
        assertThat(kept.change().details().priority()).isEqualTo(Priority.BULK);
        assertThat(kept.change().planned()).isEqualTo(12);
        assertThat(kept.change().perSecond()).isEqualTo(100);
        assertThat(kept.endedAt()).isNotNull();
        assertThat(kept.progress()).isEqualTo(new Progress(3, 3, true));
        assertThat(given.store.changes(10)).extracting(one -> one.change().id()).contains(change);
    }

    @Test
    void a_beginning_that_is_said_again_changes_nothing() {
        var job = discarded(1).getFirst();
        var id = begun(Action.REQUEUE, all(State.DISCARDED), null);
        done(id);

        given.store.begin(kept(id).change());

        assertThat(step(id, 10).done()).isTrue();
        assertThat(job).isInRun(2);
    }

    @Test
    void what_was_asked_for_is_kept_and_the_first_word_under_an_id_stands() {
        var job = discarded(1).getFirst();
        var id = UUID.randomUUID();
        var said = (Function<String, Change>) request -> new Change(
                id,
                Action.REQUEUE,
                null,
                all(State.DISCARDED),
                Details.priority(request.equals("first") ? Priority.BULK : Priority.HIGH),
                12,
                0,
                request,
                "mara",
                request);

        given.store.begin(said.apply("first"));
        given.store.begin(said.apply("second"));

        assertThat(kept(id).change()).isEqualTo(said.apply("first"));
        done(id);
        assertThat(given.view(job).priority()).isEqualTo(Priority.BULK);
    }

    @Test
    void of_two_that_say_one_id_at_once_all_of_one_is_kept() {
        var id = UUID.randomUUID();
        var racers = new ArrayList<Callable<Boolean>>();
        for (int i = 1; i <= 4; i++) {
            var change = new Change(
                    id,
                    Action.RESCHEDULE,
                    null,
                    all(State.SCHEDULED),
                    Details.later(Duration.ofSeconds(i)),
                    i,
                    0,
                    "racer " + i,
                    "mara",
                    "by " + i);
            racers.add(() -> {
                given.store.begin(change);
                return true;
            });
        }

        Races.run(racers);

        var kept = kept(id).change();
        assertThat("by " + kept.planned()).isEqualTo(kept.request());
        assertThat(kept.details().delay()).isEqualTo(Duration.ofSeconds(kept.planned()));
    }

    @Test
    void who_stops_a_change_leaves_done_what_is_done_and_the_rest_as_it_is() {
        discarded(3);
        var change = begun(Action.REQUEUE, all(State.DISCARDED), null);
        step(change, 2);
        var stopped = new Stopped("noor", "it was the wrong queue");

        assertThat(given.store.stop(change, stopped)).isTrue();

        assertThat(done(change)).isEqualTo(new Progress(2, 2, true));
        assertThat(selected(all(State.DISCARDED))).hasSize(1);
        var kept = kept(change);
        assertThat(kept.endedAt()).isNotNull();
        assertThat(kept.stopped()).isEqualTo(stopped);
        assertThat(given.store.stop(change, new Stopped("mara", "again"))).isFalse();
        assertThat(kept(change)).isEqualTo(kept);
        assertThat(done(undoing(change, Action.CANCEL)).changed()).isEqualTo(2);
    }

    @Test
    void a_change_that_is_done_can_not_be_stopped() {
        discarded(1);
        var change = begun(Action.REQUEUE, all(State.DISCARDED), null);
        done(change);

        assertThat(given.store.stop(change, new Stopped("noor", "too late"))).isFalse();
        assertThat(kept(change).stopped()).isNull();
        assertThat(given.store.stop(UUID.randomUUID(), new Stopped("noor", "which one?")))
                .isFalse();
    }

    @Test
    void a_change_that_nobody_began_is_not_known() {
        assertThat(given.store.goOn(UUID.randomUUID(), 10)).isEmpty();
        assertThat(given.store.change(UUID.randomUUID())).isEmpty();
    }

    @Test
    void what_was_requeued_by_another_and_has_completed_meanwhile_is_not_run_again() {
        var job = discarded(1).getFirst();
        var late = begun(Action.REQUEUE, all(State.DISCARDED), null);
        done(begun(Action.REQUEUE, all(State.DISCARDED), null));
        given.node().runs(job, Ends.done());

        assertThat(done(late).changed()).isZero();
        assertThat(job).isCompleted().isInRun(2);
    }

    @Test
    void two_that_change_the_same_jobs_begin_one_run_of_each() {
        var jobs = discarded(60);
        var racers = new ArrayList<Callable<Progress>>();
        for (int i = 0; i < 3; i++) {
            var change = begun(Action.REQUEUE, all(State.DISCARDED), null);
            racers.add(() -> {
                var progress = given.store.goOn(change, 20).orElseThrow();
                for (int steps = 0; steps < 3; steps++)
                    progress = given.store.goOn(change, 20).orElseThrow();
                return progress;
            });
        }

        var sum = Races.run(racers).stream().mapToLong(Progress::changed).sum();

        assertThat(sum).isEqualTo(60);
        for (var job : jobs) assertThat(job).isInRun(2);
    }

    // ---- cancel

    @Test
    void what_waits_is_cancelled_wherever_it_waits() {
        var node = given.node();
        var parked = given.job();
        node.runs(parked, Ends.parked(Parking.UNKNOWN_KIND));
        var retryable = given.job();
        node.runs(retryable, Ends.retry(LATER));
        var running = given.job();
        node.claimOne();
        var available = given.jobs(10);
        var scheduled = given.job(as -> as.in(LATER));

        assertThat(done(begun(Action.CANCEL, all(State.AVAILABLE), null)).changed())
                .isEqualTo(11);
        done(begun(Action.CANCEL, all(State.RETRYABLE), null));
        done(begun(Action.CANCEL, all(State.SCHEDULED), null));

        for (var job : available) assertThat(job).isCancelled().says("the provider is back");
        for (var job : List.of(parked, retryable, scheduled)) assertThat(job).isCancelled();
        assertThat(running).isRunningOn(node);
        assertThat(given.node().claimAll()).filteredOn(one -> !one.cancelled()).isEmpty();
    }

    // ---- undo

    @Test
    void a_requeue_is_taken_back_where_nothing_has_run() {
        var jobs = discarded(10);
        given.letSoonPass();
        var change = begun(Action.REQUEUE, all(State.DISCARDED), null);
        done(change);
        var node = given.node();
        var ran = node.claimOne();
        node.ends(ran, Ends.done());
        var held = node.claimOne();

        var undo = undoing(change, Action.CANCEL);
        assertThat(done(undo)).isEqualTo(new Progress(10, 8, true));

        for (var job : jobs) {
            if (job.equals(ran.job())) assertThat(job).isCompleted();
            else if (job.equals(held.job())) assertThat(job).isRunningOn(node);
            else
                assertThat(job).isDiscarded().failedWith("the provider is down").isInRun(2);
        }
        assertThat(kept(undo).left().values().stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .isEqualTo(2);
        assertThat(kept(undo).change().undoes()).isEqualTo(change);
        assertThat(node.claimAll()).hasSize(8).allMatch(one -> one.cancelled() || one.gone());
        for (var job : jobs)
            if (!job.equals(ran.job()) && !job.equals(held.job()))
                assertThat(given.view(job).endedAt())
                        .as("as before, and when")
                        .isBefore(kept(change).at());
    }

    @Test
    void a_requeue_that_was_requeued_once_more_is_left() {
        var job = discarded(1).getFirst();
        var change = begun(Action.REQUEUE, all(State.DISCARDED), null);
        done(change);
        given.cancel(job);
        given.requeue(job);

        assertThat(done(undoing(change, Action.CANCEL)).changed()).isZero();
        assertThat(job).isAvailable().isInRun(3);
    }

    @Test
    void a_cancel_is_taken_back_and_what_waited_for_a_time_waits_for_it_again() {
        var available = given.job();
        var scheduled = given.job(as -> as.in(LATER));
        var runAt = given.view(scheduled).runAt();
        var first = begun(Action.CANCEL, all(State.AVAILABLE), null);
        var second = begun(Action.CANCEL, all(State.SCHEDULED), null);
        done(first);
        done(second);

        done(undoing(first, Action.REQUEUE));
        done(undoing(second, Action.REQUEUE));

        assertThat(available).isAvailable().isInRun(2);
        assertThat(scheduled).isScheduled().isInRun(2);
        assertThat(given.view(scheduled).runAt()).isEqualTo(runAt);
    }

    @Test
    void what_is_restored_is_not_found_among_the_cancelled_and_expires_when_it_would_have() {
        var job = given.job(as -> as.in(LATER).expiresAfter(LATER.multipliedBy(2)));
        var expiresAt = given.view(job).expiresAt();
        var change = begun(Action.CANCEL, all(State.SCHEDULED), null);
        done(change);

        done(undoing(change, Action.REQUEUE));

        assertThat(selected(all(State.CANCELLED))).isEmpty();
        assertThat(given.store.list(new Query(State.CANCELLED, given.queue, null, null, 10)))
                .isEmpty();
        assertThat(given.view(job).expiresAt()).isEqualTo(expiresAt);
    }

    @Test
    void what_waited_for_another_attempt_waits_for_its_time_again() {
        var job = given.job();
        given.node().runs(job, Ends.retry(LATER));
        var runAt = given.view(job).runAt();
        var change = begun(Action.CANCEL, all(State.RETRYABLE), null);
        done(change);

        done(undoing(change, Action.REQUEUE));

        assertThat(job).isScheduled().isAtAttempt(1);
        assertThat(given.view(job).runAt()).isEqualTo(runAt);
    }

    @Test
    void a_run_that_has_failed_once_is_not_taken_back() {
        var job = discarded(1).getFirst();
        var change = begun(Action.REQUEUE, all(State.DISCARDED), null);
        done(change);
        given.node().runs(job, Ends.retry(LATER));

        assertThat(done(undoing(change, Action.CANCEL)).changed()).isZero();
        assertThat(job).isRetryable();
    }

    @Test
    void what_would_have_come_in_the_meantime_comes_at_once() {
        var job = given.job(as -> as.in(SOON));
        var change = begun(Action.CANCEL, all(State.SCHEDULED), null);
        done(change);
        given.letSoonPass();
        given.letSoonPass();

        done(undoing(change, Action.REQUEUE));

        assertThat(job).isAvailable();
    }

    @Test
    void what_was_not_done_when_it_is_taken_back_is_not_done_any_more() {
        var jobs = discarded(10);
        var change = begun(Action.REQUEUE, all(State.DISCARDED), null);
        step(change, 4);

        assertThat(done(undoing(change, Action.CANCEL))).isEqualTo(new Progress(4, 4, true));

        assertThat(step(change, 10)).isEqualTo(new Progress(4, 4, true));
        for (var job : jobs) assertThat(job).isDiscarded();
    }
}
