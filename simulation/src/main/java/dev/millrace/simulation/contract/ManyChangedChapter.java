package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Given.LATER;

import dev.millrace.Deletion;
import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.State;
import dev.millrace.store.Bulk;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.Editable;
import dev.millrace.store.Bulk.Edited;
import dev.millrace.store.Bulk.KeptChange;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Bulk.Shape;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.PartOf;
import dev.millrace.store.Payload;
import dev.millrace.store.Records.Query;
import dev.millrace.store.UniqueKey;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Many jobs get another time, another payload, or are told of no more; and all of that is taken back as far as it is possible. */
abstract class ManyChangedChapter extends Chapter {

    private static final String EDITED = "{\"currency\":\"EUR\"}";

    ManyChangedChapter(StoreContract contract) {
        super(contract);
    }

    // ---- words of these tests

    private Selection all(State state) {
        return new Selection(state, given.queue, null, null, null, null, null, null, null, null);
    }

    private Instant now() {
        return given.store.select(all(State.DISCARDED), null, 1).now();
    }

    private Instant in(Duration delay) {
        return now().plus(delay).truncatedTo(ChronoUnit.MILLIS);
    }

    private UUID begun(Action action, @Nullable UUID undoes, @Nullable Selection selection, Details details) {
        var id = UUID.randomUUID();
        given.store.begin(new Change(id, action, undoes, selection, details, 0, 0, "the provider is down", "mara"));
        return id;
    }

    private KeptChange done(UUID change) {
        while (!given.store.goOn(change, 1_000).orElseThrow().done()) given.recorder.look();
        given.recorder.look();
        return kept(change);
    }

    private KeptChange kept(UUID change) {
        return given.store.change(change).orElseThrow();
    }

    private KeptChange rescheduled(State state, Details details) {
        return done(begun(Action.RESCHEDULE, null, all(state), details));
    }

    private KeptChange undone(KeptChange change) {
        var action = change.change().action();
        return done(begun(action, change.change().id(), null, Details.NONE));
    }

    private KeptChange deleted(State state) {
        return done(begun(Action.DELETE, null, all(state), Details.NONE));
    }

    private List<Editable> asked(State state) {
        return given.store.payloads(all(state), null, 1_000, 1_000).jobs();
    }

    private KeptChange edited(State state) {
        var change = begun(Action.EDIT, null, all(state), Details.NONE);
        @Nullable JobId cursor = null;
        while (true) {
            var piece = given.store.payloads(all(state), cursor, 1_000, 1_000);
            var jobs = piece.jobs().stream()
                    .map(job -> new Edited(job, new Payload.Text(EDITED), null))
                    .toList();
            var stepped = given.store.edit(change, cursor, piece.next(), jobs).orElseThrow();
            given.recorder.look();
            if (stepped.progress().done()) return kept(change);
            cursor = stepped.cursor();
        }
    }

    private void assertChanged(KeptChange change, long jobs) {
        assertThat(change.progress().changed())
                .as("changed; left: %s", change.left())
                .isEqualTo(jobs);
    }

    private void assertLeft(KeptChange change, long jobs) {
        assertThat(change.left().values().stream().mapToLong(Long::longValue).sum())
                .as("left: %s", change.left())
                .isEqualTo(jobs);
    }

    private JobId discarded() {
        var job = given.job();
        given.node().runs(job, Ends.discarded());
        return job;
    }

    private JobId parked(Parking parking) {
        var job = given.job();
        given.node().runs(job, Ends.parked(parking));
        return job;
    }

    private JobId retryable() {
        var job = given.job();
        given.node().runs(job, Ends.retry(LATER));
        return job;
    }

    private List<Delivery> claimed() {
        return given.node().claimAll().stream()
                .filter(one -> !one.cancelled() && !one.gone())
                .toList();
    }

    // ---- another time

    @Test
    void what_waits_for_a_time_waits_for_another_one() {
        var scheduled = given.job(as -> as.in(LATER));
        var retryable = retryable();
        var at = in(Duration.ofHours(3));

        assertChanged(rescheduled(State.SCHEDULED, Details.at(at)), 1);
        assertChanged(rescheduled(State.RETRYABLE, Details.at(at)), 1);

        assertThat(scheduled).isScheduled().isAtAttempt(1);
        assertThat(given.view(scheduled).runAt()).isEqualTo(at);
        assertThat(retryable).isRetryable().isAtAttempt(2);
        assertThat(given.view(retryable).runAt()).isEqualTo(at);
    }

    @Test
    void a_time_that_has_come_means_now() {
        var scheduled = given.job(as -> as.in(LATER));
        var retryable = retryable();

        rescheduled(State.SCHEDULED, Details.at(now()));
        rescheduled(State.RETRYABLE, Details.at(now()));

        assertThat(scheduled).isAvailable();
        assertThat(retryable).isAvailable().isAtAttempt(2);
        assertThat(claimed()).extracting(Delivery::job).containsExactlyInAnyOrder(scheduled, retryable);
    }

    @Test
    void what_is_available_and_no_node_has_waits_for_a_time() {
        var parked = parked(Parking.UNKNOWN_KIND);
        var running = given.job();
        var node = given.node();
        node.claimOne();
        var available = given.jobs(3);
        var at = in(LATER);

        assertChanged(rescheduled(State.AVAILABLE, Details.at(at)), 4);

        assertThat(running).isRunningOn(node);
        for (var job : List.of(parked, available.get(0), available.get(2))) {
            assertThat(job).isScheduled().isInRun(1).isAtAttempt(1);
            assertThat(given.view(job).runAt()).isEqualTo(at);
        }
        assertThat(claimed()).isEmpty();
        assertChanged(rescheduled(State.SCHEDULED, Details.at(now())), 4);
        assertThat(claimed())
                .extracting(Delivery::job)
                .containsOnlyOnceElementsOf(available)
                .contains(parked);
    }

    @Test
    void a_delivery_from_which_a_job_was_moved_is_nothing_to_who_claims_it_and_is_not_taken_for_cancelled() {
        given.job();
        rescheduled(State.AVAILABLE, Details.later(LATER));

        assertThat(given.node().claimAll()).allMatch(one -> one.gone() && !one.cancelled());
    }

    @Test
    void it_runs_when_its_time_has_come() {
        var job = given.job();
        rescheduled(State.AVAILABLE, Details.later(Given.SOON));
        assertThat(job).isScheduled();
        given.letSoonPass();
        var node = given.node();
        node.promotes();

        var delivery = claimed().getFirst();

        assertThat(delivery.job()).isEqualTo(job);
        assertThat(delivery.no()).isGreaterThan(0);
        assertThat(job).isInRun(1).isAtAttempt(1);
    }

    @Test
    void a_shift_counts_from_the_time_that_each_has() {
        var one = given.job(as -> as.in(LATER));
        var two = given.job(as -> as.in(LATER.multipliedBy(3)));
        var first = Objects.requireNonNull(given.view(one).runAt());
        var second = Objects.requireNonNull(given.view(two).runAt());

        rescheduled(State.SCHEDULED, Details.later(Duration.ofMinutes(10)));
        assertThat(given.view(one).runAt()).isEqualTo(first.plus(Duration.ofMinutes(10)));
        assertThat(given.view(two).runAt()).isEqualTo(second.plus(Duration.ofMinutes(10)));

        rescheduled(State.SCHEDULED, Details.later(LATER.multipliedBy(-2)));
        assertThat(one).isAvailable();
        assertThat(given.view(two).runAt())
                .isEqualTo(second.plus(Duration.ofMinutes(10)).minus(LATER.multipliedBy(2)));
    }

    @Test
    void what_is_available_is_shifted_from_now() {
        var job = given.job();
        var before = now();

        rescheduled(State.AVAILABLE, Details.later(LATER));

        assertThat(given.view(job).runAt()).isBetween(before.plus(LATER), now().plus(LATER));
    }

    @Test
    void what_would_have_expired_by_then_is_left() {
        var job = given.job(as -> as.in(LATER).expiresAfter(LATER.multipliedBy(2)));
        var runAt = given.view(job).runAt();

        var change = rescheduled(State.SCHEDULED, Details.later(LATER.multipliedBy(2)));

        assertLeft(change, 1);
        assertThat(given.view(job).runAt()).isEqualTo(runAt);
    }

    @Test
    void what_waits_for_no_time_is_not_made_to_wait_for_one_that_has_come() {
        given.job();

        assertLeft(rescheduled(State.AVAILABLE, Details.at(now())), 1);
    }

    @Test
    void what_follows_a_batch_and_what_stands_in_line_is_left() {
        var then = given.newJob(as -> as);
        var part = given.newJob(as -> as.headers(Map.of(PartOf.HEADER, then.id().toString())));
        given.store.enqueueBatch(then, List.<NewJob>of(part).iterator());
        var inLine = given.job(as -> as.line(new Line("account 7", null)));

        assertLeft(rescheduled(State.SCHEDULED, Details.at(in(LATER))), 1);
        assertLeft(rescheduled(State.AVAILABLE, Details.at(in(LATER))), 1);

        assertThat(then.id()).waitsForItsBatch();
        assertThat(part.id()).isScheduled();
        assertThat(inLine).isAvailable();
    }

    @Test
    void another_time_is_taken_back() {
        var scheduled = given.job(as -> as.in(LATER));
        var runAt = given.view(scheduled).runAt();
        var first = rescheduled(State.SCHEDULED, Details.at(in(LATER.multipliedBy(5))));
        undone(first);
        assertThat(given.view(scheduled).runAt()).isEqualTo(runAt);

        var available = given.jobs(2);
        var second = rescheduled(State.AVAILABLE, Details.later(LATER));
        assertChanged(undone(second), 2);
        for (var job : available) assertThat(job).isAvailable();
        assertThat(claimed()).extracting(Delivery::job).containsExactlyInAnyOrderElementsOf(available);
    }

    @Test
    void a_time_that_was_put_forward_to_now_is_taken_back_unless_it_has_run() {
        var jobs = given.jobs(2, as -> as.in(LATER));
        var runAt = given.view(jobs.getFirst()).runAt();
        var change = rescheduled(State.SCHEDULED, Details.at(now()));
        var ran = claimed().size();
        assertThat(ran).isEqualTo(2);
        assertLeft(undone(change), 2);

        var later = given.job(as -> as.in(LATER));
        var again = rescheduled(State.SCHEDULED, Details.at(now()));
        assertChanged(undone(again), 1);
        assertThat(given.view(later).runAt()).isAfterOrEqualTo(runAt);
    }

    @Test
    void what_got_another_time_since_is_left_by_who_takes_the_first_back() {
        var job = given.job(as -> as.in(LATER));
        var first = rescheduled(State.SCHEDULED, Details.later(LATER));
        var second = rescheduled(State.SCHEDULED, Details.later(LATER));
        var runAt = given.view(job).runAt();

        assertLeft(undone(first), 1);
        assertThat(given.view(job).runAt()).isEqualTo(runAt);
        assertChanged(undone(second), 1);
    }

    @Test
    void what_is_said_of_it_is_kept() {
        var at = in(LATER);
        var to = begun(Action.RESCHEDULE, null, all(State.SCHEDULED), Details.at(at));
        var by = begun(Action.RESCHEDULE, null, all(State.SCHEDULED), Details.later(LATER.negated()));
        var patch = new Payload.Text("{\"a\":null}");
        var edit = begun(Action.EDIT, null, all(State.SCHEDULED), Details.patch(patch));

        assertThat(kept(to).change().details()).isEqualTo(Details.at(at));
        assertThat(kept(by).change().details()).isEqualTo(Details.later(LATER.negated()));
        assertThat(kept(edit).change().details()).isEqualTo(Details.patch(patch));
        var shaped = Details.patch(patch, new Shape(4, "{\"type\":\"object\"}"));
        var held = begun(Action.EDIT, null, all(State.SCHEDULED), shaped);
        assertThat(kept(held).change().details()).isEqualTo(shaped);
        assertThat(Optional.ofNullable(kept(edit).cursor())).isEmpty();
    }

    // ---- another payload

    @Test
    void payloads_are_read_with_what_is_needed_to_edit_them() {
        var jobs = given.jobs(3, as -> as.in(LATER).payload("{\"n\":1}").version(4));

        var piece = given.store.payloads(all(State.SCHEDULED), null, 1_000, 2);
        assertThat(piece.jobs())
                .containsExactly(
                        new Editable(jobs.get(2), given.kind, 4, 1, 1, new Payload.Text("{\"n\":1}")),
                        new Editable(jobs.get(1), given.kind, 4, 1, 1, new Payload.Text("{\"n\":1}")));
        assertThat(given.store
                        .payloads(all(State.SCHEDULED), piece.next(), 1_000, 2)
                        .jobs())
                .extracting(Editable::job)
                .containsExactly(jobs.getFirst());
    }

    @Test
    void large_payloads_are_read_and_put_back_some_at_a_time() {
        int bytes = 250_000;
        int fit = (int) (Bulk.PAYLOAD_BYTES / bytes);
        given.jobs(fit + 2, as -> as.in(LATER).payload("\"" + "x".repeat(bytes - 2) + "\""));

        assertThat(given.store
                        .payloads(all(State.SCHEDULED), null, 1_000, 1_000)
                        .jobs())
                .hasSize(fit);
        var change = edited(State.SCHEDULED);
        assertChanged(change, fit + 2);

        var undo = begun(Action.EDIT, change.change().id(), null, Details.NONE);
        assertThat(given.store.goOn(undo, 1_000).orElseThrow().matched()).isEqualTo(fit);
        assertChanged(done(undo), fit + 2);
    }

    @Test
    void what_waits_goes_on_waiting_with_its_new_payload() {
        var scheduled = given.job(as -> as.in(LATER));
        var retryable = retryable();
        var runAt = given.view(scheduled).runAt();

        assertChanged(edited(State.SCHEDULED), 1);
        assertChanged(edited(State.RETRYABLE), 1);

        assertThat(scheduled).isScheduled();
        assertThat(retryable).isRetryable().isAtAttempt(2);
        assertThat(given.view(scheduled).runAt()).isEqualTo(runAt);
        for (var job : List.of(scheduled, retryable))
            assertThat(given.view(job).payload()).isEqualTo(EDITED);
    }

    @Test
    void what_is_available_is_delivered_once_and_with_its_new_payload() {
        var unread = parked(Parking.UNDECODABLE);
        var available = given.jobs(3);
        var inLine = given.job(as -> as.line(new Line("account 7", null)));

        var change = edited(State.AVAILABLE);

        assertChanged(change, 4);
        assertLeft(change, 1);
        assertThat(inLine).isAvailable();
        assertThat(unread).isAvailable();
        var claimed = claimed();
        assertThat(claimed)
                .extracting(Delivery::job)
                .containsExactlyInAnyOrder(unread, available.get(0), available.get(1), available.get(2));
        assertThat(claimed)
                .allMatch(
                        one -> one.payload().equals(new Payload.Text(EDITED)) && one.run() == 1 && one.attempt() == 1);
    }

    @Test
    void what_was_discarded_runs_again_with_another_payload() {
        var job = discarded();

        assertChanged(edited(State.DISCARDED), 1);

        assertThat(job).isAvailable().isInRun(2).isAtAttempt(1);
        var delivery = claimed().getFirst();
        assertThat(delivery.job()).isEqualTo(job);
        assertThat(delivery.payload()).isEqualTo(new Payload.Text(EDITED));
    }

    @Test
    void what_has_changed_since_it_was_read_is_left() {
        var dead = discarded();
        var change = begun(Action.EDIT, null, all(State.DISCARDED), Details.NONE);
        var read = asked(State.DISCARDED).getFirst();
        given.requeue(dead);
        given.node().runs(dead, Ends.discarded());
        var edit = new Edited(read, new Payload.Text(EDITED), null);

        var stepped = given.store.edit(change, null, dead, List.of(edit)).orElseThrow();

        assertThat(stepped.progress().changed()).isZero();
        assertThat(Optional.ofNullable(stepped.cursor())).contains(dead);
        assertThat(dead).isDiscarded().isInRun(2);
    }

    @Test
    void what_was_replaced_since_it_was_read_is_left() {
        var key = "key of " + given.queue;
        var job = given.job(as -> as.in(LATER).payload("1").unique(key, new UniqueKey.Replace()));
        var change = begun(Action.EDIT, null, all(State.SCHEDULED), Details.NONE);
        var read = asked(State.SCHEDULED).getFirst();
        given.accepted(as -> as.in(LATER).payload("2").unique(key, new UniqueKey.Replace()));
        assertThat(given.view(job).payload()).isEqualTo("2");

        given.store.edit(change, null, job, List.of(new Edited(read, new Payload.Text(EDITED), null)));

        assertLeft(kept(change), 1);
        assertThat(given.view(job).payload()).isEqualTo("2");
    }

    @Test
    void what_has_another_version_since_it_was_read_is_left() {
        var key = "key of " + given.queue;
        var job = given.job(as -> as.in(LATER).payload("1").version(1).unique(key, new UniqueKey.Replace()));
        var change = begun(Action.EDIT, null, all(State.SCHEDULED), Details.NONE);
        var read = asked(State.SCHEDULED).getFirst();
        given.accepted(as -> as.in(LATER).payload("1").version(2).unique(key, new UniqueKey.Replace()));

        given.store.edit(change, null, job, List.of(new Edited(read, new Payload.Text(EDITED), null)));

        assertLeft(kept(change), 1);
        assertThat(given.view(job).payload()).isEqualTo("1");
    }

    @Test
    void what_was_edited_by_another_change_since_it_was_read_is_left() {
        var scheduled = given.job(as -> as.in(LATER).payload("1"));
        var change = begun(Action.EDIT, null, all(State.SCHEDULED), Details.NONE);
        var read = asked(State.SCHEDULED).getFirst();
        assertChanged(edited(State.SCHEDULED), 1);

        given.store.edit(change, null, scheduled, List.of(new Edited(read, new Payload.Text("3"), null)));

        assertLeft(kept(change), 1);
        assertThat(given.view(scheduled).payload()).isEqualTo(EDITED);
    }

    @Test
    void an_edit_that_has_not_ended_is_not_gone_on_with_as_other_changes_are() {
        var change = begun(Action.EDIT, null, all(State.SCHEDULED), Details.NONE);

        assertThatThrownBy(() -> given.store.goOn(change, 10)).hasStackTraceContaining("edits payloads");
        assertThat(kept(change).progress().done()).isFalse();
    }

    @Test
    void a_step_that_another_has_done_is_not_done_again() {
        var jobs = given.jobs(2, as -> as.in(LATER));
        var change = begun(Action.EDIT, null, all(State.SCHEDULED), Details.NONE);
        var first = asked(State.SCHEDULED).stream()
                .map(one -> new Edited(one, new Payload.Text(EDITED), null))
                .toList();
        given.store.edit(change, null, jobs.getFirst(), first);
        given.store.edit(change, null, jobs.getFirst(), first);

        assertThat(kept(change).progress().matched()).isEqualTo(2);
        assertThat(given.store
                        .edit(change, jobs.getFirst(), null, List.of())
                        .orElseThrow()
                        .progress()
                        .done())
                .isTrue();
        assertThat(given.store.edit(UUID.randomUUID(), null, null, List.of())).isEmpty();
        assertThat(given.store.goOn(change, 10).orElseThrow())
                .isEqualTo(kept(change).progress());
    }

    @Test
    void why_a_job_was_not_edited_is_kept() {
        var job = given.job(as -> as.in(LATER));
        var change = begun(Action.EDIT, null, all(State.SCHEDULED), Details.NONE);

        var read = asked(State.SCHEDULED).getFirst();
        given.store.edit(change, null, job, List.of(new Edited(read, null, "its payload can't be read")));

        assertThat(kept(change).left()).isEqualTo(Map.of("its payload can't be read", 1L));
        assertThat(kept(change).progress().matched()).isEqualTo(1);
    }

    @Test
    void another_payload_is_taken_back_where_nothing_has_run() {
        var scheduled = given.job(as -> as.in(LATER).payload("{\"n\":1}"));
        var ran = given.job(as -> as.payload("{\"n\":2}"));
        var first = edited(State.SCHEDULED);
        var second = edited(State.AVAILABLE);
        for (var delivery : claimed()) assertThat(delivery.job()).isEqualTo(ran);
        var available = given.job(as -> as.payload("{\"n\":3}"));
        var third = edited(State.AVAILABLE);

        assertChanged(undone(first), 1);
        assertLeft(undone(second), 1);
        assertChanged(undone(third), 1);

        assertThat(given.view(scheduled).payload()).isEqualTo("{\"n\":1}");
        assertThat(given.view(ran).payload()).isEqualTo(EDITED);
        assertThat(given.view(available).payload()).isEqualTo("{\"n\":3}");
        assertThat(claimed()).extracting(Delivery::payload).containsExactly(new Payload.Text("{\"n\":3}"));
    }

    @Test
    void what_ran_again_with_another_payload_is_as_it_was_when_that_is_taken_back() {
        var job = given.job(as -> as.payload("{\"n\":1}"));
        given.node().runs(job, Ends.discarded());
        var endedAt = given.view(job).endedAt();
        var change = edited(State.DISCARDED);

        assertChanged(undone(change), 1);

        assertThat(job).isDiscarded().failedWith("the provider is down");
        assertThat(given.view(job).payload()).isEqualTo("{\"n\":1}");
        assertThat(given.view(job).endedAt()).isEqualTo(endedAt);
        assertThat(claimed()).isEmpty();
        given.requeue(job);
        assertThat(claimed()).extracting(Delivery::payload).containsExactly(new Payload.Text("{\"n\":1}"));
    }

    @Test
    void what_was_edited_again_since_is_left_by_who_takes_the_first_back() {
        var job = given.job(as -> as.in(LATER));
        var first = edited(State.SCHEDULED);
        var change = begun(Action.EDIT, null, all(State.SCHEDULED), Details.NONE);
        var read = asked(State.SCHEDULED).getFirst();
        given.store.edit(change, null, job, List.of(new Edited(read, new Payload.Text("{}"), null)));

        assertLeft(undone(first), 1);
        assertThat(given.view(job).payload()).isEqualTo("{}");
    }

    // ---- not told of any more

    @Test
    void what_is_deleted_is_told_of_nowhere() {
        var dead = discarded();
        var other = discarded();
        given.requeue(other);
        var withdrawn = given.job();
        given.cancel(withdrawn);

        var change = deleted(State.DISCARDED);
        assertChanged(change, 1);
        assertChanged(deleted(State.CANCELLED), 1);

        assertThat(other).isAvailable();
        for (var job : List.of(dead, withdrawn)) {
            assertThat(given.store.find(job)).isEmpty();
            assertThat(given.store.history(job)).isEmpty();
        }
        assertThat(given.store.conclusions(List.of(dead, withdrawn))).isEmpty();
        for (@Nullable State state : new State[] {State.DISCARDED, State.CANCELLED, null})
            assertThat(given.store.list(new Query(state, given.queue, null, null, 10)))
                    .as("listed as %s", state)
                    .extracting(JobView::id)
                    .doesNotContain(dead, withdrawn);
        assertThat(given.store.select(all(State.DISCARDED), null, 1_000).jobs()).isEmpty();
        assertThat(given.store.failures(all(State.DISCARDED), null, 1_000).groups())
                .isEmpty();
        var deletion = given.store.deletion(dead).orElseThrow();
        assertThat(deletion)
                .isEqualTo(new Deletion(change.change().id(), "mara", "the provider is down", deletion.at()));
        assertThat(given.store.deletion(other)).isEmpty();
        assertThat(given.store.deletion(Given.newId())).isEmpty();
    }

    @Test
    void what_is_brought_back_is_as_it_was() {
        var job = discarded();
        var before = given.view(job);
        var change = deleted(State.DISCARDED);

        assertChanged(undone(change), 1);

        assertThat(given.view(job)).isEqualTo(before);
        assertThat(given.store.deletion(job)).isEmpty();
        assertThat(given.store.select(all(State.DISCARDED), null, 1_000).jobs()).containsExactly(job);
        assertLeft(undone(change), 1);
    }

    @Test
    void a_requeue_that_was_begun_before_does_not_run_it() {
        discarded();
        var requeue = begun(Action.REQUEUE, null, all(State.DISCARDED), Details.NONE);
        deleted(State.DISCARDED);

        assertThat(done(requeue).progress().changed()).isZero();
        assertThat(claimed()).isEmpty();
    }

    @Test
    void a_run_that_is_begun_by_its_id_is_told_of_again_and_can_be_deleted_again() {
        var job = discarded();
        var first = deleted(State.DISCARDED);
        given.requeue(job);
        assertThat(job).isAvailable().isInRun(2);
        assertThat(given.store.deletion(job)).isEmpty();
        given.node().runs(job, Ends.discarded());
        assertThat(job).isDiscarded();

        var second = deleted(State.DISCARDED);

        assertChanged(second, 1);
        assertThat(given.store.find(job)).isEmpty();
        assertLeft(undone(first), 1);
        assertChanged(undone(second), 1);
        assertThat(job).isDiscarded().isInRun(2);
    }

    @Test
    void a_part_of_a_batch_is_kept_until_the_job_that_follows_has_ended() {
        var then = given.newJob(as -> as);
        var part = given.newJob(as -> as.headers(Map.of(PartOf.HEADER, then.id().toString())));
        given.store.enqueueBatch(then, List.<NewJob>of(part).iterator());
        given.node().runs(part.id(), Ends.discarded());
        given.node().promotes();

        assertLeft(deleted(State.DISCARDED), 1);

        given.node().runs(then.id(), Ends.done());
        assertChanged(deleted(State.DISCARDED), 1);
    }

    // ---- what is told of each job

    @Test
    void a_job_tells_what_changed_it() {
        var job = given.job(as -> as.in(LATER));
        var first = rescheduled(State.SCHEDULED, Details.later(LATER));
        given.letSoonPass();
        var undo = undone(first);
        var left = rescheduled(State.AVAILABLE, Details.later(LATER));

        var changes = given.store.history(job).orElseThrow().changes();

        assertThat(changes)
                .extracting(JobHistory.Change::operation)
                .containsExactly(first.change().id(), undo.change().id())
                .doesNotContain(left.change().id());
        assertThat(changes).extracting(JobHistory.Change::what).containsExactly("reschedule", "undo");
        assertThat(changes)
                .allMatch(one -> one.by().equals("mara") && one.reason().equals("the provider is down"));
    }
}
