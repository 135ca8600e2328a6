package dev.millrace.app.http;

import dev.millrace.KeyTaken;
import dev.millrace.MillraceException;
import dev.millrace.OperationTaken;
import dev.millrace.PayloadRefused;
import dev.millrace.ScheduleTaken;
import dev.millrace.app.http.worker.WorkerProblem;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import dev.millrace.store.StoreException.Blocked;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.store.StoreException.Unavailable;
import java.io.Serial;
import java.util.Objects;
import tools.jackson.databind.node.ObjectNode;

/** An answer that is no success, as RFC 9457 wants it: what happened, why, what to do. */
final class Problem extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final ProblemType type;

    Problem(ProblemType type, String detail) {
        super(detail);
        this.type = type;
    }

    Problem(ProblemType type, String detail, Throwable cause) {
        super(detail, cause);
        this.type = type;
    }

    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }

    ProblemType type() {
        return type;
    }

    /** What any exception means to who made the request. */
    static Problem of(Exception thrown) {
        return switch (thrown) {
            case Problem problem -> problem;
            case Blocked blocked -> new Problem(ProblemType.BLOCKED, blocked.getMessage(), blocked);
            case Unavailable unavailable ->
                new Problem(ProblemType.DATABASE_UNREACHABLE, unavailable.getMessage(), unavailable);
            case CommitUnknown unknown -> new Problem(ProblemType.UNKNOWN_OUTCOME, unknown.getMessage(), unknown);
            case KeyTaken taken -> new Problem(ProblemType.CONFLICT, taken.getMessage(), taken);
            case WorkerProblem worker -> new Problem(typeOf(worker.why()), worker.getMessage(), worker);
            case ScheduleTaken taken -> new Problem(ProblemType.CONFLICT, taken.getMessage(), taken);
            case OperationTaken taken -> new Problem(ProblemType.CONFLICT, taken.getMessage(), taken);
            case MillraceException refused -> new Problem(ProblemType.REFUSED, refused.getMessage(), refused);
            default ->
                new Problem(
                        ProblemType.INTERNAL,
                        "The server failed on this request (%s). Whether it took effect is not known. Report it, with the request id."
                                .formatted(thrown.getClass().getSimpleName()),
                        thrown);
        };
    }

    private static ProblemType typeOf(WorkerProblem.Why why) {
        return switch (why) {
            case UNKNOWN_WORKER -> ProblemType.UNKNOWN_WORKER;
            case UNKNOWN_ATTEMPT -> ProblemType.NOT_FOUND;
            case WRONG_TOKEN -> ProblemType.WRONG_TOKEN;
            case TAKEN_AWAY -> ProblemType.TAKEN_AWAY;
            case CONFLICT -> ProblemType.CONFLICT;
            case TOO_MANY -> ProblemType.TOO_MANY_WORKERS;
            case STOPPING -> ProblemType.NOT_READY;
            case UNKNOWN_OUTCOME -> ProblemType.UNKNOWN_OUTCOME;
        };
    }

    ObjectNode json(String requestId) {
        var json = Json.object()
                .put("type", type.uri())
                .put("title", type.title)
                .put("status", type.status)
                .put("detail", getMessage())
                .put("requestId", requestId);
        if (getCause() instanceof PayloadRefused refused)
            json.set(
                    "errors",
                    Shapes.all(
                            refused.misfits(),
                            misfit -> Json.object()
                                    .put("pointer", misfit.pointer())
                                    .put("detail", misfit.message())));
        if (getCause() instanceof OperationTaken taken)
            json.put("operation", taken.operation().toString());
        return json;
    }
}
