package dev.millrace;

import java.io.Serial;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A job ended without a result: it was cancelled or discarded. */
public final class JobFailed extends MillraceException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final JobId job;
    private final State state;
    private final transient @Nullable Failure failure;

    private JobFailed(String message, JobId job, State state, @Nullable Failure failure) {
        super(message);
        this.job = job;
        this.state = state;
        this.failure = failure;
    }

    static JobFailed cancelled(JobId job, String reason) {
        return new JobFailed("Job %s was cancelled: %s".formatted(job, reason), job, State.CANCELLED, null);
    }

    static JobFailed discarded(JobId job, Failure failure) {
        var message = "Job %s was discarded%s: %s: %s"
                .formatted(
                        job,
                        failure.attempt() == 0 ? " before it ran" : " at attempt " + failure.attempt(),
                        failure.type(),
                        failure.message());
        return new JobFailed(message, job, State.DISCARDED, failure);
    }

    public JobId job() {
        return job;
    }

    /** {@code CANCELLED} or {@code DISCARDED}. */
    public State state() {
        return state;
    }

    /** The job's last error, if it was discarded. */
    public Optional<Failure> failure() {
        return Optional.ofNullable(failure);
    }
}
