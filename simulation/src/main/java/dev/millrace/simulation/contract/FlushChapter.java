package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.cancelled;
import static dev.millrace.simulation.contract.Ends.discarded;
import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.failure;
import static dev.millrace.simulation.contract.Ends.handedBack;
import static dev.millrace.simulation.contract.Ends.parked;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Ends.snoozed;
import static dev.millrace.simulation.contract.Ends.timedOut;
import static dev.millrace.simulation.contract.Given.LATER;
import static dev.millrace.simulation.contract.Given.SOON;
import static dev.millrace.simulation.contract.TestNode.ended;
import static java.util.Objects.requireNonNull;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Payload;
import dev.millrace.store.Records.Conclusion;
import dev.millrace.store.Settled;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Deliveries end: once, and with all that hangs on it. */
abstract class FlushChapter extends Chapter {

    FlushChapter(StoreContract contract) {
        super(contract);
    }

    // ---- the table of outcomes

    static Stream<Arguments> outcomes() {
        return Stream.of(
                Arguments.of(done("\"sent\""), State.COMPLETED, "done", 1),
                Arguments.of(retry(LATER), State.RETRYABLE, "retry", 2),
                Arguments.of(timedOut(LATER), State.RETRYABLE, "timed_out", 2),
                Arguments.of(snoozed(LATER), State.SCHEDULED, "snooze", 1),
                Arguments.of(cancelled(), State.CANCELLED, "cancelled", 1),
                Arguments.of(discarded(), State.DISCARDED, "discarded", 1),
                Arguments.of(handedBack(), State.AVAILABLE, "handed_back", 1),
                Arguments.of(parked(Parking.UNKNOWN_KIND), State.AVAILABLE, "parked", 1));
    }

    @ParameterizedTest(name = "{2}: {1}, attempt {3}")
    @MethodSource("outcomes")
    void each_outcome_leads_to_its_state(Ending ending, State state, String word, int attempt) {
        var job = given.job();
        var node = given.node();

        assertThat(node.ends(node.claimOne(), ending)).isEqualTo(Settled.WON);

        assertThat(job).is(state).isAtAttempt(attempt).isInRun(1).wasRescued(0);
        assertThat(ending.leadsTo()).isEqualTo(state);
        var steps = given.store.history(job).orElseThrow().steps();
        assertThat(steps.getFirst().outcome()).isEqualTo(word);
        assertThat(steps.getFirst().attempt()).isEqualTo(1);
        assertThat(steps.getFirst().node()).isEqualTo(node.id().toString());
        assertThat(steps.getFirst().startedAt()).isEqualTo(TestNode.STARTED);
        assertThat(steps.getFirst().took()).isEqualTo(TestNode.TOOK);
        assertThat(steps.getFirst().endedAt()).isNotNull();
    }

    @ParameterizedTest(name = "{2}")
    @MethodSource("outcomes")
    void a_repeated_flush_changes_nothing_and_says_so(Ending ending, State state, String word, int attempt) {
        var job = given.job();
        var node = given.node();
        var delivery = node.claimOne();
        node.ends(delivery, ending);
        var before = given.store.history(job);

        assertThat(node.ends(delivery, ending)).isEqualTo(Settled.REPEATED);

        assertThat(given.store.history(job)).isEqualTo(before);
        assertThat(available(node, job)).isLessThanOrEqualTo(1);
    }

    @ParameterizedTest(name = "{2}")
    @MethodSource("outcomes")
    void a_delivery_that_was_cancelled_meanwhile_is_lost_and_nothing_hangs_on_it(
            Ending ending, State state, String word, int attempt) {
        var job = given.job();
        var node = given.node();
        var delivery = node.claimOne();
        given.cancel(job);
        var before = given.store.history(job);

        assertThat(node.ends(delivery, ending)).isEqualTo(Settled.LOST);
        assertThat(node.ends(delivery, ending)).as("the same answer again").isEqualTo(Settled.LOST);

        assertThat(given.store.history(job)).isEqualTo(before);
        assertThat(available(node, job)).isZero();
        assertThat(job).isCancelled();
    }

    /** How many deliveries of a job a node finds in all that waits for it. */
    private long available(TestNode node, JobId job) {
        node.releases(100);
        return node.claimAll().stream().filter(one -> one.job().equals(job)).count();
    }

    // ---- ends

    @Test
    void a_completed_job_has_its_result() {
        var job = given.job();
        var node = given.node();

        node.runs(job, done("{\"receipt\": 7}"));

        assertThat(given.store.conclusions(List.of(job)))
                .containsEntry(job, new Conclusion(State.COMPLETED, new Payload.Text("{\"receipt\": 7}"), null, null));
        assertThat(given.view(job).result()).isEqualTo("{\"receipt\": 7}");
        assertThat(given.view(job).node()).isEqualTo(node.id().toString());
        assertThat(given.view(job).startedAt()).isEqualTo(TestNode.STARTED);
    }

    @Test
    void a_job_may_complete_without_a_result() {
        var job = given.job();

        given.node().runs(job, done());

        assertThat(given.store.conclusions(List.of(job)))
                .containsEntry(job, new Conclusion(State.COMPLETED, null, null, null));
    }

    @Test
    void a_job_that_its_handler_cancelled_has_the_reason() {
        var job = given.job();

        given.node().runs(job, cancelled());

        assertThat(given.store.conclusions(List.of(job)))
                .containsEntry(job, new Conclusion(State.CANCELLED, null, null, "there is no such order"));
        assertThat(job).isCancelled().says("there is no such order");
    }

    @Test
    void a_discarded_job_has_its_failure() {
        var job = given.job();

        given.node().runs(job, discarded());

        assertThat(given.store.conclusions(List.of(job)))
                .containsEntry(job, new Conclusion(State.DISCARDED, null, failure(), null));
        assertThat(given.view(job).failure()).isEqualTo(failure());
    }

    @Test
    void a_handler_that_never_started_has_no_start() {
        var job = given.job();
        var node = given.node();

        node.flush(new Ended(node.claimOne(), handedBack(), null, Duration.ZERO));

        var step = given.store.history(job).orElseThrow().steps().getFirst();
        assertThat(step.startedAt()).isNull();
        assertThat(step.endedAt()).isNotNull();
    }

    @Test
    void an_ended_job_is_never_handed_out_again() {
        given.jobs(3);
        var node = given.node();
        var claimed = node.claimAll();

        node.flush(
                ended(claimed.get(0), done()), ended(claimed.get(1), cancelled()), ended(claimed.get(2), discarded()));

        node.promotes();
        assertThat(node.claimAll()).isEmpty();
        assertThat(given.node().claimAll()).isEmpty();
    }

    // ---- another attempt

    @Test
    void a_retry_waits_for_its_delay_and_counts_an_attempt() {
        var node = given.node();
        var patient = given.job();
        node.runs(patient, retry(LATER));
        var job = given.job();
        node.runs(job, retry(SOON));
        assertThat(job).isRetryable().isAtAttempt(2);
        assertThat(given.view(job).failure()).isEqualTo(failure());

        given.letSoonPass();
        node.promotes();

        assertThat(patient).isRetryable();
        assertThat(job).isAvailable().isAtAttempt(2);
        var second = node.claimOne();
        assertThat(second.attempt()).isEqualTo(2);
        assertThat(second.no()).isEqualTo(2);
        assertThat(second.run()).isEqualTo(1);
    }

    @Test
    void a_time_out_is_retried_like_a_failure_and_shown_as_what_it_was() {
        var job = given.job();
        var node = given.node();
        node.runs(job, timedOut(SOON));
        given.letSoonPass();
        node.promotes();

        assertThat(node.claimOne().attempt()).isEqualTo(2);
        assertThat(job).wentThrough("timed_out", null);
        assertThat(given.view(job).failure()).isNotNull().extracting("type").isEqualTo("timed out");
    }

    @Test
    void a_snooze_costs_no_attempt_however_often() {
        var job = given.job();
        var node = given.node();

        for (int i = 0; i < 3; i++) {
            node.runs(job, snoozed(SOON));
            assertThat(job).isScheduled().isAtAttempt(1).says("billing is closed");
            given.letSoonPass();
            node.promotes();
        }

        assertThat(node.claimOne().attempt()).isEqualTo(1);
        assertThat(job).wentThrough("snooze", "snooze", "snooze", null);
    }

    @Test
    void the_delay_counts_from_the_flush_on_the_stores_clock() {
        var job = given.job();
        var node = given.node();
        node.runs(job, retry(LATER));

        var ended = requireNonNull(
                given.store.history(job).orElseThrow().steps().getFirst().endedAt());

        assertThat(given.view(job).runAt())
                .isBetween(ended.plus(LATER).minusSeconds(1), ended.plus(LATER).plusSeconds(1));
    }

    @Test
    void a_job_ends_with_its_last_failure_after_several() {
        var job = given.job();
        var node = given.node();
        for (int attempt = 1; attempt <= 2; attempt++) {
            node.runs(job, retry(Duration.ZERO));
            node.promotes();
        }

        node.runs(job, discarded());

        assertThat(job).isDiscarded().isAtAttempt(3).wentThrough("retry", "retry", "discarded");
    }

    // ---- back to the front

    @Test
    void what_is_handed_back_is_claimed_first_and_in_its_order() {
        var jobs = given.jobs(6);
        var node = given.node();
        var claimed = node.claim(3);

        node.flush( // in any order
                ended(claimed.get(2), handedBack()),
                ended(claimed.get(0), handedBack()),
                ended(claimed.get(1), handedBack()));

        assertThat(given.node().claimAll()).extracting(Delivery::job).containsExactlyElementsOf(jobs);
    }

    @Test
    void what_is_handed_back_stands_in_the_front_of_its_priority_unchanged() {
        var job = given.job(as -> as.priority(Priority.BULK));
        var node = given.node();
        node.runs(job, handedBack());

        var again = node.claimOne();

        var stream = given.streams(given.queue).stream()
                .filter(one -> one.id() == again.place().stream())
                .findFirst()
                .orElseThrow();
        assertThat(stream.front()).isTrue();
        assertThat(stream.priority()).isEqualTo(Priority.BULK);
        assertThat(again.priority()).isEqualTo(Priority.BULK);
        assertThat(again.attempt()).isEqualTo(1);
        assertThat(again.rescues()).isZero();
        assertThat(again.no()).isEqualTo(2);
    }

    // ---- the batch

    @Test
    void answers_come_in_the_order_of_the_flush() {
        var jobs = given.jobs(4);
        var node = given.node();
        var claimed = node.claimAll();
        node.ends(claimed.get(2), done());
        given.cancel(jobs.get(0));

        var settled = node.flush(
                ended(claimed.get(3), done()),
                ended(claimed.get(2), done()),
                ended(claimed.get(1), retry(LATER)),
                ended(claimed.get(0), retry(LATER)));

        assertThat(settled).containsExactly(Settled.WON, Settled.REPEATED, Settled.WON, Settled.LOST);
        assertThat(jobs.get(0)).isCancelled();
        assertThat(jobs.get(1)).isRetryable();
        assertThat(jobs.get(3)).isCompleted();
    }

    @Test
    void of_many_retries_of_one_flush_those_that_had_ended_leave_nothing_behind() {
        var node = given.node();
        var jobs = given.jobs(6);
        var deliveries = node.claimAll();
        given.cancel(jobs.get(1));
        node.ends(deliveries.get(4), retry(LATER));

        var settled = node.flush(
                deliveries.stream().map(one -> ended(one, retry(SOON))).toArray(Ended[]::new));

        assertThat(settled)
                .containsExactly(Settled.WON, Settled.LOST, Settled.WON, Settled.WON, Settled.REPEATED, Settled.WON);
        assertThat(jobs.get(1)).isCancelled();
        given.letSoonPass();
        node.promotes();
        assertThat(jobs.get(4)).isRetryable(); // it waits for what it was told first
        assertThat(node.claimAll())
                .extracting(Delivery::job)
                .containsExactlyInAnyOrder(jobs.get(0), jobs.get(2), jobs.get(3), jobs.get(5));
    }

    @Test
    void an_empty_flush_is_fine() {
        assertThat(given.node().flush()).isEmpty();
    }

    @Test
    void a_flush_with_an_unknown_claim_is_refused_whole() {
        var jobs = given.jobs(2);
        var node = given.node();
        var claimed = node.claimAll();
        var stranger = withToken(claimed.get(1), TestNode.token());

        assertThatThrownBy(() -> node.flush(ended(claimed.get(0), done()), ended(stranger, done())))
                .isInstanceOf(MillraceException.class);

        assertThat(jobs.get(0)).isRunningOn(node);
        assertThat(jobs.get(1)).isRunningOn(node);
    }

    @Test
    void a_node_can_not_end_what_another_one_holds() {
        var job = given.job();
        var holder = given.node();
        var delivery = holder.claimOne();

        assertThatThrownBy(() -> given.node().ends(delivery, done())).isInstanceOf(MillraceException.class);

        assertThat(job).isRunningOn(holder);
        assertThat(holder.ends(delivery, done())).isEqualTo(Settled.WON);
    }

    private static Delivery withToken(Delivery one, ClaimToken token) {
        return new Delivery(
                one.place(),
                token,
                one.job(),
                one.run(),
                one.no(),
                one.attempt(),
                one.rescues(),
                one.charged(),
                one.queue(),
                one.priority(),
                one.kind(),
                one.kindVersion(),
                one.payload(),
                one.headers(),
                one.enqueuedAt(),
                one.expiresAt(),
                one.expired(),
                one.cancelled());
    }

    @Test
    void an_end_is_shown_with_its_time() {
        var job = given.job();
        var enqueued = given.view(job).enqueuedAt();

        given.node().runs(job, done());

        Instant ended = given.view(job).endedAt();
        assertThat(ended).isAfterOrEqualTo(enqueued);
    }
}
