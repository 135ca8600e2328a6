package dev.millrace.app.http.worker;

import java.io.Serial;
import java.util.Objects;

/** What a worker asked for can't be. */
public final class WorkerProblem extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final Why why;

    /** The kinds of problems. */
    public enum Why {
        /** There is no such session, or none any more. */
        UNKNOWN_WORKER,
        /** The session has never had such an attempt, or so long ago that it is forgotten. */
        UNKNOWN_ATTEMPT,
        /** The token is not that of the attempt. */
        WRONG_TOKEN,
        /** The attempt is not the worker's any more, and what it says of it does not count. */
        TAKEN_AWAY,
        /** The state of things does not allow it. */
        CONFLICT,
        /** There are as many sessions as there may be. */
        TOO_MANY,
        /** The session, or the server, takes nothing new. */
        STOPPING,
        /** It is not known yet, or will never be known here, whether it took effect. */
        UNKNOWN_OUTCOME
    }

    WorkerProblem(Why why, String message) {
        super(message);
        this.why = why;
    }

    /** Which kind it is. */
    public Why why() {
        return why;
    }

    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }
}
