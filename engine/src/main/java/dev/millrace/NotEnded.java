package dev.millrace;

import java.io.Serial;
import java.time.Duration;

/** A wait for a job ran out. The job goes on; ask again, or cancel it. */
public final class NotEnded extends MillraceException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final JobId job;
    private final State state;

    NotEnded(JobId job, State state, Duration waited) {
        super(
                "Job %s has not ended after %s: it is %s, and goes on. Ask again with get or await; operations(…).why(id) says what it waits for."
                        .formatted(job, Words.duration(waited), state.wireName()));
        this.job = job;
        this.state = state;
    }

    public JobId job() {
        return job;
    }

    /** The state it was in when the wait ran out. */
    public State state() {
        return state;
    }
}
