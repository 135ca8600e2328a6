package dev.millrace.simulation.contract;

import dev.millrace.MillraceException;
import dev.millrace.store.Accepted;
import java.util.Collections;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** One key, one job: a sender that repeats itself harms nobody. */
abstract class IdempotencyChapter extends Chapter {

    IdempotencyChapter(StoreContract contract) {
        super(contract);
    }

    @Test
    void the_first_job_with_a_key_is_taken() {
        var accepted = given.accepted(as -> as.idempotent(given.queue, "invoice 42"));

        assertThat(accepted.existed()).isFalse();
        assertThat(accepted.job()).isAvailable();
    }

    @Test
    void the_same_request_again_is_answered_with_the_job_that_is_there() {
        var first = given.accepted(as -> as.idempotent(given.queue, "invoice 42"));

        var again = given.accepted(as -> as.idempotent(given.queue, "invoice 42"));

        assertThat(again).isEqualTo(new Accepted(first.job(), true));
        assertThat(given.node().claimAll()).hasSize(1);
    }

    @Test
    void a_job_that_is_sent_again_because_nobody_answered_is_not_called_another() {
        var job = given.newJob(as -> as.idempotent(given.queue, "invoice 42"));
        given.store.enqueue(job);

        assertThat(given.store.enqueue(job)).isEqualTo(new Accepted(job.id(), false));
        assertThat(given.node().claimAll()).hasSize(1);
    }

    @Test
    void it_is_answered_so_when_the_job_has_ended() {
        var first = given.job(as -> as.idempotent(given.queue, "invoice 42"));
        given.node().runs(first, Ends.done());

        var again = given.accepted(as -> as.idempotent(given.queue, "invoice 42"));

        assertThat(again).isEqualTo(new Accepted(first, true));
        assertThat(first).isCompleted();
    }

    @Test
    void another_request_under_the_key_is_refused_and_shown_beside_the_first() {
        var first = given.job(as -> as.idempotent(given.queue, "invoice 42"));
        var other = given.newJob(as -> as.idempotent(given.queue, "invoice 43"));

        assertThatThrownBy(() -> given.store.enqueue(other))
                .isInstanceOf(MillraceException.class)
                .hasMessageContainingAll(given.queue, first.toString(), "invoice 42", "invoice 43");

        assertThat(given.store.find(other.id())).isEmpty();
        assertThat(first).isAvailable();
    }

    @Test
    void equal_jobs_without_a_key_are_two_jobs() {
        given.jobs(2);

        assertThat(given.node().claimAll()).hasSize(2);
    }

    @Test
    void senders_that_race_under_one_key_get_one_job() {
        var sender = (Callable<Accepted>)
                () -> given.store.enqueue(given.newJob(as -> as.idempotent(given.queue, "invoice 42")));

        var answers = Races.run(Collections.nCopies(8, sender));

        assertThat(answers)
                .extracting(Accepted::job)
                .containsOnly(given.node().claimOne().job());
        assertThat(answers).filteredOn(answer -> !answer.existed()).hasSize(1);
    }
}
