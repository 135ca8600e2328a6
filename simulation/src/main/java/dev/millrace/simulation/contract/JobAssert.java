package dev.millrace.simulation.contract;

import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.State;
import dev.millrace.store.Records.Conclusion;
import java.util.List;
import org.assertj.core.api.AbstractAssert;
import org.assertj.core.api.Assertions;
import org.jspecify.annotations.Nullable;

/** What a test says about a job as it stands now. */
final class JobAssert extends AbstractAssert<JobAssert, JobId> {

    private final Given given;
    private final JobView view;

    JobAssert(Given given, JobId job) {
        super(job, JobAssert.class);
        this.given = given;
        this.view = given.view(job);
    }

    JobAssert is(State state) {
        Assertions.assertThat(view.state()).as("state of job %s", actual).isEqualTo(state);
        return this;
    }

    JobAssert isAvailable() {
        return is(State.AVAILABLE);
    }

    JobAssert isRunningOn(TestNode node) {
        Assertions.assertThat(view.node())
                .as("node of job %s", actual)
                .isEqualTo(node.id().toString());
        return is(State.RUNNING);
    }

    JobAssert isScheduled() {
        Assertions.assertThat(view.runAt()).as("when job %s runs", actual).isNotNull();
        return is(State.SCHEDULED);
    }

    /** It follows a batch that is not over: it waits for no time. */
    JobAssert waitsForItsBatch() {
        Assertions.assertThat(view.runAt()).as("when job %s runs", actual).isNull();
        return is(State.SCHEDULED);
    }

    /** It runs after others, which have not all ended: it waits for no time. */
    JobAssert waitsForOthers() {
        Assertions.assertThat(given.store.blockers(actual).open())
                .as("how many job %s waits for", actual)
                .isPositive();
        return waitsForItsBatch();
    }

    JobAssert isRetryable() {
        Assertions.assertThat(view.runAt()).as("when job %s runs", actual).isNotNull();
        return is(State.RETRYABLE);
    }

    JobAssert isCompleted() {
        return hasEndedAs(State.COMPLETED);
    }

    JobAssert isCancelled() {
        return hasEndedAs(State.CANCELLED);
    }

    JobAssert isDiscarded() {
        return hasEndedAs(State.DISCARDED);
    }

    private JobAssert hasEndedAs(State state) {
        Assertions.assertThat(conclusion().state())
                .as("conclusion of job %s", actual)
                .isEqualTo(state);
        Assertions.assertThat(view.endedAt()).as("end of job %s", actual).isNotNull();
        return is(state);
    }

    JobAssert failedWith(String message) {
        var failure = conclusion().failure();
        Assertions.assertThat(failure).as("failure of job %s", actual).isNotNull();
        if (failure != null) Assertions.assertThat(failure.message()).contains(message);
        return this;
    }

    private Conclusion conclusion() {
        var conclusion = given.store.conclusions(List.of(actual)).get(actual);
        if (conclusion == null) throw new AssertionError("Job " + actual + " has not ended: it is " + view.state());
        return conclusion;
    }

    JobAssert isAtAttempt(int attempt) {
        Assertions.assertThat(view.attempt()).as("attempt of job %s", actual).isEqualTo(attempt);
        return this;
    }

    JobAssert isInRun(int run) {
        Assertions.assertThat(view.run()).as("run of job %s", actual).isEqualTo(run);
        return this;
    }

    JobAssert wasRescued(int times) {
        Assertions.assertThat(view.rescues()).as("rescues of job %s", actual).isEqualTo(times);
        return this;
    }

    JobAssert says(@Nullable String reason) {
        Assertions.assertThat(view.reason()).as("reason of job %s", actual).isEqualTo(reason);
        return this;
    }

    /** The outcomes of its deliveries, oldest first; null for one that has none yet. */
    JobAssert wentThrough(@Nullable String... outcomes) {
        var history = given.store.history(actual).orElseThrow();
        Assertions.assertThat(
                        history.steps().stream().map(step -> step.outcome()).toList())
                .as("outcomes of job %s", actual)
                .containsExactly(outcomes);
        return this;
    }
}
