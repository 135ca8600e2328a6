package dev.millrace.app.http;

import dev.millrace.KeyTaken;
import dev.millrace.MillraceException;
import dev.millrace.app.wire.Json;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.store.StoreException.Unavailable;
import java.io.Serial;
import java.util.Locale;
import tools.jackson.databind.node.ObjectNode;

/** An answer that is no success, as RFC 9457 wants it: what happened, why, what to do. */
final class Problem extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    /** The kinds of problems. A name never changes its meaning. */
    enum Type {
        BAD_REQUEST(400, "The request can't be understood"),
        REFUSED(400, "The request was refused"),
        FORBIDDEN(403, "This origin may not use the API"),
        NOT_FOUND(404, "There is nothing here"),
        METHOD_NOT_ALLOWED(405, "The method is not allowed here"),
        CONFLICT(409, "The state of things does not allow this"),
        TOO_LARGE(413, "The request is too large"),
        UNSUPPORTED_MEDIA_TYPE(415, "The body is not JSON"),
        MISDIRECTED(421, "This server has another name"),
        INTERNAL(500, "This should not have happened"),
        UNKNOWN_OUTCOME(503, "Nobody knows whether it took effect"),
        DATABASE_UNREACHABLE(503, "The database can't be reached"),
        NOT_READY(503, "This process is not ready");

        final int status;
        final String title;

        Type(int status, String title) {
            this.status = status;
            this.title = title;
        }

        String uri() {
            return "urn:millrace:problem:" + name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    private final Type type;

    Problem(Type type, String detail) {
        super(detail);
        this.type = type;
    }

    Problem(Type type, String detail, Throwable cause) {
        super(detail, cause);
        this.type = type;
    }

    Type type() {
        return type;
    }

    /** What any exception means to who made the request. */
    static Problem of(Exception thrown) {
        return switch (thrown) {
            case Problem problem -> problem;
            case Unavailable unavailable ->
                new Problem(Type.DATABASE_UNREACHABLE, unavailable.getMessage(), unavailable);
            case CommitUnknown unknown -> new Problem(Type.UNKNOWN_OUTCOME, unknown.getMessage(), unknown);
            case KeyTaken taken -> new Problem(Type.CONFLICT, taken.getMessage(), taken);
            case MillraceException refused -> new Problem(Type.REFUSED, refused.getMessage(), refused);
            default ->
                new Problem(
                        Type.INTERNAL,
                        "The server failed on this request (%s). Whether it took effect is not known. Report it, with the request id."
                                .formatted(thrown.getClass().getSimpleName()),
                        thrown);
        };
    }

    ObjectNode json(String requestId) {
        return Json.object()
                .put("type", type.uri())
                .put("title", type.title)
                .put("status", type.status)
                .put("detail", getMessage())
                .put("requestId", requestId);
    }
}
