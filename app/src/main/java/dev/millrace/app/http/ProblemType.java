package dev.millrace.app.http;

import java.util.Locale;

/** The kinds of problems. A name never changes its meaning. */
enum ProblemType {
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
    BLOCKED(503, "Another transaction is in the way"),
    DATABASE_UNREACHABLE(503, "The database can't be reached"),
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
