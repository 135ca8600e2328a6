package dev.millrace.app.http;

import java.util.Locale;

/** The kinds of problems. A name never changes its meaning. */
enum ProblemType {
    BAD_REQUEST(400, "The request can't be understood"),
    REFUSED(400, "The request was refused"),
    FORBIDDEN(403, "This origin may not use the API"),
    WRONG_TOKEN(403, "The token is not that of the attempt"),
    NOT_FOUND(404, "There is nothing here"),
    UNKNOWN_WORKER(404, "There is no such session of a worker"),
    METHOD_NOT_ALLOWED(405, "The method is not allowed here"),
    CONFLICT(409, "The state of things does not allow this"),
    TAKEN_AWAY(409, "The attempt is not this worker's any more"),
    TOO_LARGE(413, "The request is too large"),
    UNSUPPORTED_MEDIA_TYPE(415, "The body is not JSON"),
    MISDIRECTED(421, "This server has another name"),
    INTERNAL(500, "This should not have happened"),
    UNKNOWN_OUTCOME(503, "Nobody knows whether it took effect"),
    BLOCKED(503, "Another transaction is in the way"),
    DATABASE_UNREACHABLE(503, "The database can't be reached"),
    TOO_MANY_WORKERS(503, "There are as many workers as there may be"),
    NOT_READY(503, "This process is not ready");

    final int status;
    final String title;

    ProblemType(int status, String title) {
        this.status = status;
        this.title = title;
    }

    String uri() {
        return "urn:millrace:problem:" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
