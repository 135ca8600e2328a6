package dev.millrace.app.http;

import dev.millrace.Operations;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import io.javalin.http.Context;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What payloads look like, over HTTP. */
final class KindsApi {

    private final Operations operations;

    KindsApi(Operations operations) {
        this.operations = operations;
    }

    void list(Context context) {
        var json = Json.object();
        json.set("kinds", Shapes.all(operations.kinds(), Shapes::kind));
        JobsApi.answer(context, json);
    }

    /** The schema itself, so that a validator can be pointed at it. */
    void schema(Context context) {
        for (var parameter : context.queryParamMap().keySet())
            if (!Set.of("version").contains(parameter))
                throw new Problem(
                        ProblemType.BAD_REQUEST,
                        "The parameter \"%s\" is not known. A schema may be asked for by its version: ?version=2"
                                .formatted(JobRequest.shown(parameter)));
        var kind = context.pathParam("kind");
        var version = version(context.queryParam("version"));
        var found = operations.kinds().stream()
                .filter(one -> one.kind().equals(kind) && (version == null || one.version() == version))
                .reduce((older, newer) -> newer)
                .orElseThrow(() -> new Problem(
                        ProblemType.NOT_FOUND,
                        "No node has published what payloads of %s%s look like: what is enqueued of it is not checked. GET /api/kinds lists those that are published."
                                .formatted(
                                        JobRequest.shown(kind),
                                        version == null ? "" : " version %d".formatted(version))));
        context.contentType("application/schema+json").result(found.schema());
    }

    private static @Nullable Integer version(@Nullable String text) {
        if (text == null) return null;
        if (!text.matches("[1-9][0-9]{0,8}"))
            throw new Problem(
                    ProblemType.BAD_REQUEST,
                    "The version \"%s\" is no version of a kind: it is a whole number from 1."
                            .formatted(JobRequest.shown(text)));
        return Integer.valueOf(text);
    }
}
