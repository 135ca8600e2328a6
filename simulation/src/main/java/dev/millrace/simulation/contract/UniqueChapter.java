package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Given.LATER;
import static dev.millrace.simulation.contract.Given.SOON;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Accepted;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.NewJob;
import dev.millrace.store.Settled;
import dev.millrace.store.Timetable.Run;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.Standing;
import dev.millrace.store.UniqueKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Of a key there is one job, for as long as whoever asks says. */
abstract class UniqueChapter extends Chapter {

    UniqueChapter(StoreContract contract) {
        super(contract);
    }

    private static final UniqueKey.Policy UNTIL_ENDED = new UniqueKey.UntilEnded();

    /** A key that no other test uses. */
    private UnaryOperator<Draft> unique(UniqueKey.Policy policy) {
        return draft -> draft.unique("key of " + given.queue, policy);
    }

    private UnaryOperator<Draft> unique() {
        return unique(UNTIL_ENDED);
    }

    private UnaryOperator<Draft> replacing(String payload) {
        return draft -> unique(new UniqueKey.Replace()).apply(draft).payload(payload);
    }

    private UnaryOperator<Draft> debounced(String payload, Duration quiet, Duration atMost) {
        return draft ->
                unique(new UniqueKey.Debounce(atMost)).apply(draft).in(quiet).payload(payload);
    }

    private static UnaryOperator<Draft> and(UnaryOperator<Draft> first, UnaryOperator<Draft> second) {
        return draft -> second.apply(first.apply(draft));
    }

    private @Nullable String payload(JobId job) {
        return given.view(job).payload();
    }

    // ---- until it has ended

    @Test
    void the_first_job_of_a_key_is_taken() {
        var accepted = given.accepted(unique());

        assertThat(accepted.existed()).isFalse();
        assertThat(accepted.job()).isAvailable();
    }

    @Test
    void another_one_of_the_key_is_answered_with_it() {
        var first = given.job(unique());

        assertThat(given.accepted(unique())).isEqualTo(new Accepted(first, true));
        assertThat(given.node().claimAll()).hasSize(1);
    }

    @Test
    void it_holds_its_key_while_it_waits_for_its_time() {
        var first = given.job(and(unique(), draft -> draft.in(LATER)));

        assertThat(given.accepted(unique())).isEqualTo(new Accepted(first, true));
    }

    @Test
    void it_holds_its_key_while_it_runs() {
        var first = given.job(unique());
        var node = given.node();
        node.claimOne();

        assertThat(given.accepted(unique())).isEqualTo(new Accepted(first, true));
        assertThat(first).isRunningOn(node);
    }

    @Test
    void it_holds_its_key_while_it_waits_for_another_attempt() {
        var first = given.job(unique());
        given.node().runs(first, Ends.retry(LATER));

        assertThat(given.accepted(unique())).isEqualTo(new Accepted(first, true));
        assertThat(first).isRetryable();
    }

    @Test
    void it_holds_its_key_while_it_is_parked() {
        var first = given.job(unique());
        given.node().runs(first, Ends.parked(Parking.UNKNOWN_KIND));

        assertThat(given.accepted(unique())).isEqualTo(new Accepted(first, true));
    }

    @Test
    void it_holds_its_key_when_it_was_rescued() {
        var first = given.job(unique());
        var dead = given.node();
        dead.claimOne();
        given.node().takesOver(dead);

        assertThat(given.accepted(unique())).isEqualTo(new Accepted(first, true));
    }

    @Test
    void when_it_has_completed_the_next_one_is_taken() {
        given.node().runs(given.job(unique()), Ends.done());

        assertTaken(unique());
    }

    @Test
    void when_it_has_completed_with_a_result_the_next_one_is_taken() {
        given.node().runs(given.job(unique()), Ends.done("7"));

        assertTaken(unique());
    }

    @Test
    void when_it_was_discarded_the_next_one_is_taken() {
        given.node().runs(given.job(unique()), Ends.discarded());

        assertTaken(unique());
    }

    @Test
    void when_it_was_cancelled_while_it_waited_the_next_one_is_taken() {
        given.cancel(given.job(and(unique(), draft -> draft.in(LATER))));

        assertTaken(unique());
    }

    @Test
    void when_it_was_cancelled_while_it_was_available_the_next_one_is_taken() {
        given.cancel(given.job(unique()));

        assertTaken(unique());
    }

    @Test
    void when_it_has_expired_the_next_one_is_taken() {
        var late = given.job(and(unique(), draft -> draft.in(SOON).expiresAfter(SOON)));
        given.letSoonPass();
        given.letSoonPass();
        given.node().promotes();
        assertThat(late).isDiscarded();

        assertTaken(unique());
    }

    private void assertTaken(UnaryOperator<Draft> as) {
        var next = given.accepted(as);

        assertThat(next.existed()).isFalse();
        assertThat(next.job()).isAvailable();
        assertThat(given.accepted(as)).as("and has the key").isEqualTo(new Accepted(next.job(), true));
    }

    @Test
    void another_key_is_another_matter() {
        given.job(unique());

        assertThat(given.accepted(draft -> draft.unique("other key of " + given.queue, UNTIL_ENDED))
                        .existed())
                .isFalse();
    }

    @Test
    void a_job_that_is_sent_again_because_nobody_answered_is_not_called_another() {
        var job = given.newJob(unique());
        given.store.enqueue(job);

        assertThat(given.store.enqueue(job)).isEqualTo(new Accepted(job.id(), false));
        assertThat(given.node().claimAll()).hasSize(1);
    }

    @Test
    void of_senders_that_race_for_a_key_one_gets_it() {
        var sender = (Callable<Accepted>) () -> given.store.enqueue(given.newJob(unique()));

        var answers = Races.run(Collections.nCopies(50, sender));

        assertThat(answers)
                .extracting(Accepted::job)
                .containsOnly(given.node().claimOne().job());
        assertThat(answers).filteredOn(answer -> !answer.existed()).hasSize(1);
    }

    @Test
    void of_senders_that_race_for_a_key_that_was_given_up_one_gets_it() {
        var node = given.node();
        for (int i = 0; i < 5; i++) {
            node.runs(given.job(unique()), Ends.done());
            var sender = (Callable<Accepted>) () -> given.store.enqueue(given.newJob(unique()));

            var answers = Races.run(Collections.nCopies(8, sender));

            assertThat(answers).filteredOn(answer -> !answer.existed()).hasSize(1);
            assertThat(answers)
                    .extracting(Accepted::job)
                    .containsOnly(answers.getFirst().job());
            node.runs(answers.getFirst().job(), Ends.done());
        }
    }

    // ---- within a time

    @Test
    void within_its_window_a_key_is_held_though_its_job_has_ended() {
        var as = unique(new UniqueKey.Within(LATER));
        var first = given.job(as);
        given.node().runs(first, Ends.done());

        assertThat(given.accepted(as)).isEqualTo(new Accepted(first, true));
    }

    @Test
    void who_asks_for_a_window_is_answered_with_what_was_enqueued_without_one() {
        var first = given.job(unique());
        given.node().runs(first, Ends.done());

        assertThat(given.accepted(unique(new UniqueKey.Within(LATER)))).isEqualTo(new Accepted(first, true));
    }

    @Test
    void after_its_window_a_key_is_free_though_its_job_has_not_ended() {
        var as = unique(new UniqueKey.Within(SOON));
        var first = given.job(as);
        given.letSoonPass();

        var second = given.accepted(as);

        assertThat(second.existed()).isFalse();
        assertThat(first).isAvailable();
        assertThat(second.job()).isAvailable();
    }

    @Test
    void a_window_is_that_of_whoever_asks() {
        var first = given.job(unique(new UniqueKey.Within(SOON)));
        given.letSoonPass();

        assertThat(given.accepted(unique(new UniqueKey.Within(LATER)))).isEqualTo(new Accepted(first, true));
    }

    // ---- replace

    @Test
    void what_waits_for_its_time_becomes_what_comes() {
        var first = given.job(and(replacing("1"), draft -> draft.in(LATER)));

        var answer = given.accepted(
                and(replacing("2"), draft -> draft.priority(Priority.URGENT).version(2)));

        assertThat(answer).isEqualTo(new Accepted(first, true));
        var node = given.node();
        node.promotes();
        var delivery = node.claimOne();
        assertThat(delivery.job()).isEqualTo(first);
        assertThat(delivery.kindVersion()).isEqualTo(2);
        assertThat(delivery.priority()).isEqualTo(Priority.URGENT);
        assertThat(payload(first)).isEqualTo("2");
    }

    @Test
    void what_becomes_another_waits_for_the_others_time() {
        var first = given.job(and(replacing("1"), draft -> draft.in(SOON)));

        given.accepted(and(replacing("2"), draft -> draft.in(LATER)));

        given.letSoonPass();
        given.node().promotes();
        assertThat(first).isScheduled();
        assertThat(given.view(first).runAt())
                .isAfter(given.view(first).enqueuedAt().plus(LATER.dividedBy(2)));
    }

    @Test
    void what_becomes_another_that_waits_for_nothing_is_available_at_once() {
        var first = given.job(and(replacing("1"), draft -> draft.in(LATER)));

        assertThat(given.accepted(replacing("2"))).isEqualTo(new Accepted(first, true));

        assertThat(first).isAvailable();
        assertThat(payload(first)).isEqualTo("2");
        assertThat(given.node().claimAll()).hasSize(1);
    }

    @Test
    void what_becomes_another_may_move_to_another_queue() {
        var first = given.job(and(replacing("1"), draft -> draft.in(LATER)));
        var other = given.queue + "-b";

        given.accepted(and(replacing("2"), draft -> draft.queue(other).in(LATER)));

        assertThat(given.view(first).queue()).isEqualTo(other);
        assertThat(given.store.queues())
                .filteredOn(queue -> queue.name().equals(other))
                .singleElement()
                .satisfies(queue -> assertThat(queue.scheduled().count()).isEqualTo(1));
        assertThat(given.store.queues())
                .filteredOn(queue -> queue.name().equals(given.queue))
                .singleElement()
                .satisfies(queue -> assertThat(queue.scheduled().count()).isZero());
    }

    @Test
    void what_is_available_is_withdrawn_for_what_comes() {
        var first = given.job(replacing("1"));

        var second = given.accepted(replacing("2"));

        assertThat(second.existed()).isFalse();
        assertThat(first).isCancelled();
        assertThat(first).says("replaced by job " + second.job());
        assertThat(given.node().claimAll())
                .filteredOn(delivery -> !delivery.cancelled())
                .extracting(delivery -> delivery.job())
                .containsExactly(second.job());
    }

    @Test
    void what_waits_for_another_attempt_is_withdrawn_for_what_comes() {
        var first = given.job(replacing("1"));
        given.node().runs(first, Ends.retry(LATER));

        var second = given.accepted(replacing("2"));

        assertThat(second.existed()).isFalse();
        assertThat(first).isCancelled();
    }

    @Test
    void what_is_parked_is_withdrawn_for_what_comes() {
        var first = given.job(replacing("1"));
        given.node().runs(first, Ends.parked(Parking.UNKNOWN_KIND));

        assertThat(given.accepted(replacing("2")).existed()).isFalse();
        assertThat(first).isCancelled();
    }

    @Test
    void what_runs_goes_on_and_what_comes_waits_behind_it() {
        var first = given.job(replacing("1"));
        var node = given.node();
        var delivery = node.claimOne();

        var second = given.accepted(replacing("2"));

        assertThat(second.existed()).isFalse();
        assertThat(first).isRunningOn(node);
        assertThat(node.ends(delivery, Ends.done())).isEqualTo(Settled.WON);
        assertThat(second.job()).isAvailable();
    }

    @Test
    void of_many_that_replace_each_other_one_is_left() {
        var senders = new ArrayList<Callable<Accepted>>();
        for (int i = 0; i < 16; i++) {
            var payload = String.valueOf(i);
            senders.add(() -> given.store.enqueue(given.newJob(replacing(payload))));
        }

        var answers = Races.run(senders);

        var left = given.node().claimAll().stream()
                .filter(delivery -> !delivery.cancelled())
                .toList();
        assertThat(left).hasSize(1);
        assertThat(answers).extracting(Accepted::existed).containsOnly(false);
        assertThat(answers)
                .filteredOn(answer -> given.view(answer.job()).state() == State.CANCELLED)
                .hasSize(15);
    }

    // ---- debounce

    @Test
    void who_comes_while_it_is_quiet_puts_it_off() {
        var first = given.job(debounced("1", SOON, LATER.multipliedBy(2)));

        var answer = given.accepted(debounced("2", LATER, LATER.multipliedBy(2)));

        assertThat(answer).isEqualTo(new Accepted(first, true));
        given.letSoonPass();
        var node = given.node();
        node.promotes();
        assertThat(first).isScheduled();
        assertThat(payload(first)).isEqualTo("2");
        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void it_is_put_off_no_longer_than_it_may_wait() {
        var first = given.job(debounced("1", SOON, SOON));

        given.accepted(debounced("2", LATER, SOON));

        given.letSoonPass();
        var node = given.node();
        node.promotes();
        assertThat(node.claimOne().job()).isEqualTo(first);
        assertThat(payload(first)).isEqualTo("2");
    }

    @Test
    void when_it_may_wait_no_longer_it_is_available_though_others_go_on_asking() {
        var first = given.job(debounced("1", LATER, LATER));
        given.letSoonPass();

        assertThat(given.accepted(debounced("2", LATER, SOON))).isEqualTo(new Accepted(first, true));

        assertThat(first).isAvailable();
        assertThat(payload(first)).isEqualTo("2");
    }

    @Test
    void when_its_time_has_come_another_burst_begins() {
        var first = given.job(debounced("1", SOON, LATER));
        given.letSoonPass();
        given.node().promotes();

        var second = given.accepted(debounced("2", SOON, LATER));

        assertThat(second.existed()).isFalse();
        assertThat(first).isAvailable();
        assertThat(payload(first)).isEqualTo("1");
        assertThat(second.job()).isScheduled();
    }

    // ---- in bulk, with other keys, by a schedule

    @Test
    void in_bulk_it_is_told_which_keys_are_held_and_by_whom() {
        var first = given.job(unique());
        var held = given.newJob(unique());
        var free = given.newJob(draft -> draft.unique("other key of " + given.queue, UNTIL_ENDED));
        var same = given.newJob(draft -> draft.unique("other key of " + given.queue, UNTIL_ENDED));
        var plain = given.newJob(draft -> draft);

        var answer = given.store.enqueueAll(List.of(held, free, plain, same).iterator());

        assertThat(answer).containsOnlyKeys(held.id(), same.id());
        assertThat(answer).containsEntry(held.id(), first).containsEntry(same.id(), free.id());
        assertThat(given.node().claimAll())
                .extracting(delivery -> delivery.job())
                .containsExactlyInAnyOrder(first, free.id(), plain.id());
    }

    @Test
    void in_bulk_keys_are_asked_for_however_many_there_are() {
        var half = jobsWithKeys(0, 1_200);
        assertThat(given.store.enqueueAll(half.iterator())).isEmpty();

        var answer = given.store.enqueueAll(jobsWithKeys(600, 1_800).iterator());

        assertThat(answer).hasSize(600);
        assertThat(given.node().claimAll()).hasSize(1_800);
    }

    private List<NewJob> jobsWithKeys(int from, int upto) {
        var jobs = new ArrayList<NewJob>();
        for (int i = from; i < upto; i++) {
            var key = given.queue + " " + i;
            jobs.add(given.newJob(draft -> draft.unique(key, UNTIL_ENDED)));
        }
        return jobs;
    }

    @Test
    void an_idempotency_key_stands_for_the_job_that_was_answered() {
        var first = given.job(unique());
        var as = and(unique(), draft -> draft.idempotent(given.queue, "a request"));
        assertThat(given.accepted(as)).isEqualTo(new Accepted(first, true));
        given.node().runs(first, Ends.done());

        assertThat(given.accepted(as)).isEqualTo(new Accepted(first, true));
        assertThat(given.node().claimAll()).isEmpty();
    }

    @Test
    void a_slot_of_a_schedule_whose_key_is_held_is_fired_with_the_job_that_holds_it() {
        var node = given.node();
        var card = new ScheduleCard("schedule-of-" + given.queue, "every=PT1M", "missed=all");
        var standing = given.store.own(node.lease, List.of(card)).schedules().getFirst();
        var slots = List.of(standing.upto().plusMillis(1), standing.upto().plusMillis(2));

        var fired = given.store.fire(
                node.lease,
                card.name(),
                standing.term(),
                slots.stream().map(this::run).toList());

        assertThat(fired).hasValue(2);
        var claimed = node.claimAll();
        assertThat(claimed).hasSize(1);
        given.letSoonPass();
        assertThat(given.store.own(node.lease, List.of(card)).schedules())
                .extracting(Standing::lastJob)
                .containsExactly(claimed.getFirst().job());
    }

    private Run run(Instant slot) {
        return new Run(slot, false, given.newJob(unique()));
    }
}
