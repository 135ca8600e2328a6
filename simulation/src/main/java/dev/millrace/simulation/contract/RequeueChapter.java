package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Given.SOON;

import dev.millrace.State;
import dev.millrace.store.Delivery;
import dev.millrace.store.Payload;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage.Wakeup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Jobs that ended are run again: a new run of the same job, and nothing of the old one reaches into it. */
abstract class RequeueChapter extends Chapter {

    RequeueChapter(StoreContract contract) {
        super(contract);
    }

    @ParameterizedTest
    @EnumSource(
            value = Stage.class,
            names = {"COMPLETED", "CANCELLED", "DISCARDED"})
    void a_job_that_ended_runs_again_from_its_first_attempt(Stage stage) {
        var node = given.node();
        var job = stage.job(given, node);

        assertThat(given.requeue(job)).contains(stage.state);

        assertThat(job).isAvailable().isInRun(2).isAtAttempt(1).wasRescued(0).says(null);
        assertThat(given.view(job).endedAt()).isNull();
        var delivery = node.claimOne();
        assertThat(delivery.job()).isEqualTo(job);
        assertThat(delivery.payload()).isEqualTo(new Payload.Text("{\"n\":1}"));
        assertThat(List.of(delivery.run(), delivery.no(), delivery.attempt())).containsExactly(2, 1, 1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Stage.class,
            names = {"SCHEDULED", "AVAILABLE", "PARKED", "RUNNING", "RETRYABLE"})
    void a_job_that_has_not_ended_is_left_alone(Stage stage) {
        var job = stage.job(given, given.node());
        var before = given.store.history(job);

        assertThat(given.requeue(job)).contains(stage.state);

        assertThat(given.store.history(job)).isEqualTo(before);
    }

    @Test
    void an_unknown_job_can_not_be_requeued() {
        assertThat(given.store.requeue(Given.newId(), "it is to run again", "a test"))
                .isEmpty();
    }

    @Test
    void while_it_runs_again_it_has_no_conclusion_and_then_the_new_one() {
        var job = given.job();
        var node = given.node();
        node.runs(job, done("1"));
        given.requeue(job);
        assertThat(given.store.conclusions(List.of(job))).isEmpty();

        node.runs(job, done("2"));

        assertThat(given.store.conclusions(List.of(job)).get(job))
                .extracting("result")
                .isEqualTo(new Payload.Text("2"));
        assertThat(job).isCompleted().isInRun(2).wentThrough("done", "done");
    }

    @Test
    void attempts_rescues_and_charges_begin_anew() {
        var job = given.job();
        var dead = given.node();
        dead.marks(dead.claimOne());
        var node = given.node();
        node.takesOver(dead);
        node.runs(job, retry(Duration.ZERO));
        node.promotes();
        node.runs(job, Ends.discarded());

        given.requeue(job);

        var delivery = node.claimOne();
        assertThat(List.of(delivery.attempt(), delivery.rescues(), delivery.charged()))
                .containsExactly(1, 0, 0);
        assertThat(job).isInRun(2).isAtAttempt(1).wasRescued(0);
    }

    @Test
    void a_delivery_of_the_old_run_can_not_end_the_new_one() {
        var job = given.job();
        var node = given.node();
        var old = node.claimOne();
        given.cancel(job);
        given.requeue(job);

        assertThat(node.ends(old, done())).isEqualTo(Settled.LOST);

        assertThat(job).isAvailable().isInRun(2);
    }

    @Test
    void a_job_that_expired_is_run_although_its_time_is_over() {
        var job = given.job(as -> as.in(SOON).expiresAfter(SOON));
        given.letSoonPass();
        var node = given.node();
        node.promotes();
        assertThat(job).isDiscarded();

        given.requeue(job);

        assertThat(node.claimOne().expired()).isFalse();
        assertThat(given.view(job).expiresAt()).isNull();
    }

    @Test
    void it_stands_behind_those_that_wait() {
        var job = given.job();
        var node = given.node();
        node.runs(job, done());
        var waiting = given.job();

        given.requeue(job);

        assertThat(node.claimAll()).extracting(Delivery::job).containsExactly(waiting, job);
    }

    @Test
    void operators_at_once_open_one_run() {
        var job = given.job();
        given.node().runs(job, done());
        var racers = new ArrayList<Callable<State>>();
        for (int i = 0; i < 4; i++) {
            racers.add(() ->
                    given.store.requeue(job, "it is to run again", "a test").orElseThrow());
        }

        var before = Races.run(racers);

        assertThat(before).filteredOn(State::ended).hasSize(1);
        assertThat(before).filteredOn(state -> !state.ended()).containsOnly(State.AVAILABLE);
        assertThat(given.node().claimAll()).hasSize(1);
        assertThat(job).isInRun(2);
    }

    @Test
    void who_listens_hears_of_it_as_new_work() {
        var job = given.job();
        given.node().runs(job, done());

        var hint = new Wakeup.Work(given.queue);
        assertThat(Races.hears(given.store, hint, () -> given.requeue(job))).isTrue();
    }
}
