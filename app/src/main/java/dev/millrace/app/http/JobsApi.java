package dev.millrace.app.http;

import dev.millrace.Filter;
import dev.millrace.JobId;
import dev.millrace.LogLevel;
import dev.millrace.MillraceException;
import dev.millrace.Operations;
import dev.millrace.Operations.NamedJob;
import dev.millrace.State;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import io.javalin.http.Context;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Jobs over HTTP: thin, since the engine decides. */
final class JobsApi {

    /** Twenty jobs with the largest payloads, or thousands of small ones. */
    static final int BODY_BYTES = 8 * 1024 * 1024;

    /** Most jobs in one request. */
    static final int JOBS = 10_000;

    private static final Set<String> FILTERS = new TreeSet<>(Set.of("state", "queue", "kind", "limit", "before"));

    private final Operations operations;

    JobsApi(Operations operations) {
        this.operations = operations;
    }

    void enqueue(Context context) {
        var body = body(context, "{\"kind\":\"echo\",\"payload\":{\"hello\":\"world\"}}");
        if (body.isArray()) {
            enqueueAll(context, body);
            return;
        }
        var request = JobRequest.read(body, "The job").withIdempotencyKey(context.header("Idempotency-Key"));
        var handle = operations.enqueue(request.kind(), request.version(), request.payload(), request::options);
        context.status(handle.existed() ? 200 : 201);
        context.header("Location", "/api/jobs/" + handle.id());
        answer(context, said(handle.id(), handle.existed()).put("checked", checked(request)));
    }

    private void enqueueAll(Context context, JsonNode body) {
        if (body.isEmpty())
            throw new Problem(ProblemType.BAD_REQUEST, "The list is empty: there is nothing to enqueue.");
        if (body.size() > JOBS)
            throw new Problem(
                    ProblemType.TOO_LARGE,
                    "The list has %,d jobs; at most %,d are taken at once. Send several requests."
                            .formatted(body.size(), JOBS));
        if (context.header("Idempotency-Key") != null)
            throw new Problem(
                    ProblemType.BAD_REQUEST,
                    "A list takes no Idempotency-Key: the key may stand for one job that is there, and a list is all or nothing. Send such jobs one by one.");
        var jobs = new ArrayList<NamedJob>();
        boolean checked = true;
        for (var element : body) {
            var request = JobRequest.read(element, "Job %d of the list".formatted(jobs.size()));
            checked &= checked(request);
            jobs.add(new NamedJob(request.kind(), request.version(), request.payload(), request::options));
        }
        var json = Json.object();
        json.set("jobs", Shapes.all(operations.enqueueAll(jobs), handle -> said(handle.id(), false)));
        json.put("checked", checked);
        context.status(201);
        answer(context, json);
    }

    /** Whether its payload was held against a schema: a node has published one. */
    private boolean checked(JobRequest request) {
        return operations.kind(request.kind(), request.version()).isPresent();
    }

    private static ObjectNode said(JobId id, boolean existed) {
        return Json.object().put("id", id.toString()).put("existed", existed);
    }

    void list(Context context) {
        for (var name : context.queryParamMap().keySet())
            if (!FILTERS.contains(name))
                throw new Problem(
                        ProblemType.BAD_REQUEST,
                        "The filter \"%s\" is not known. The filters are %s."
                                .formatted(name, String.join(", ", FILTERS)));
        var jobs = operations.list(f -> filter(f, context));
        var json = Json.object();
        json.set("jobs", Shapes.all(jobs, Shapes::listed));
        json.put("before", jobs.isEmpty() ? null : jobs.getLast().id().toString());
        answer(context, json);
    }

    private static Filter filter(Filter f, Context context) {
        var state = context.queryParam("state");
        var queue = context.queryParam("queue");
        var kind = context.queryParam("kind");
        var limit = context.queryParam("limit");
        var before = context.queryParam("before");
        if (state != null) f = f.state(State.of(state.toLowerCase(Locale.ROOT)));
        if (queue != null) f = f.queue(queue);
        if (kind != null) f = f.kind(kind);
        if (limit != null) f = f.limit(whole(limit));
        if (before != null) f = f.before(JobId.of(before));
        return f;
    }

    private static int whole(String limit) {
        try {
            return Integer.parseInt(limit);
        } catch (NumberFormatException e) {
            throw new Problem(
                    ProblemType.BAD_REQUEST,
                    "The limit \"%s\" is not a whole number. It is 1 to 1,000.".formatted(limit),
                    e);
        }
    }

    void one(Context context) {
        var id = id(context);
        var level = context.queryParam("level");
        var least = level == null ? LogLevel.TRACE : LogLevel.of(level.toLowerCase(Locale.ROOT));
        var history = operations.history(id).orElseThrow(() -> gone(id));
        answer(context, Shapes.job(history.withLog(least), operations.why(id)));
    }

    void cancel(Context context) {
        var id = id(context);
        var state = operations.cancel(id, reason(context)).orElseThrow(() -> notFound(id));
        if (state != State.CANCELLED)
            throw new Problem(
                    ProblemType.CONFLICT,
                    "Job %s can't be cancelled any more: it is %s. Nothing was changed."
                            .formatted(id, state.wireName()));
        answer(context, Json.object().put("id", id.toString()).put("state", state.wireName()));
    }

    void retry(Context context) {
        var id = id(context);
        refuseUnknownFields(optionalBody(context), Set.of());
        var before = operations.requeue(id).orElseThrow(() -> notFound(id));
        if (!before.ended())
            throw new Problem(
                    ProblemType.CONFLICT,
                    "Job %s has not ended: it is %s, and runs by itself. Nothing was changed."
                            .formatted(id, before.wireName()));
        answer(context, Json.object().put("id", id.toString()).put("before", before.wireName()));
    }

    void queues(Context context) {
        var json = Json.object();
        json.set("queues", Shapes.all(operations.queues(), Shapes::queue));
        answer(context, json);
    }

    void nodes(Context context) {
        var json = Json.object();
        json.set("nodes", Shapes.all(operations.nodes(), Shapes::node));
        answer(context, json);
    }

    // ---- reading

    private static JobId id(Context context) {
        try {
            return JobId.of(context.pathParam("id"));
        } catch (MillraceException notAnId) {
            throw new Problem(ProblemType.BAD_REQUEST, notAnId.getMessage(), notAnId);
        }
    }

    private Problem gone(JobId id) {
        return operations
                .deletion(id)
                .map(deletion -> new Problem(
                        ProblemType.NOT_FOUND,
                        "Job %s was deleted by %s: %s. POST /api/operations/%s/undo brings it back, with all that was deleted with it."
                                .formatted(id, deletion.by(), deletion.reason(), deletion.operation())))
                .orElseGet(() -> notFound(id));
    }

    private static Problem notFound(JobId id) {
        return new Problem(
                ProblemType.NOT_FOUND,
                "There is no job %s here: it was never enqueued in this database, or is past retention.".formatted(id));
    }

    private static String reason(Context context) {
        var body = optionalBody(context);
        refuseUnknownFields(body, Set.of("reason"));
        var reason = body == null ? null : body.get("reason");
        if (reason == null) return "cancelled over HTTP";
        if (!reason.isString())
            throw new Problem(
                    ProblemType.BAD_REQUEST, "The reason must be a text: {\"reason\":\"the customer withdrew\"}.");
        return reason.stringValue();
    }

    private static void refuseUnknownFields(@Nullable JsonNode body, Set<String> known) {
        if (body == null) return;
        if (!body.isObject())
            throw new Problem(ProblemType.BAD_REQUEST, "The body is not an object. Send {}, or nothing.");
        var unknown = new ArrayList<>(body.propertyNames());
        unknown.removeAll(known);
        if (!unknown.isEmpty())
            throw new Problem(
                    ProblemType.BAD_REQUEST,
                    "The body has a field \"%s\", which is not known. %s"
                            .formatted(
                                    JobRequest.shown(unknown.getFirst()),
                                    known.isEmpty() ? "It takes none." : "It takes " + String.join(", ", known) + "."));
    }

    /** The body; without one an example is told. */
    static JsonNode body(Context context, String example) {
        var text = text(context);
        if (text.isEmpty())
            throw new Problem(ProblemType.BAD_REQUEST, "The request has no body. Send %s.".formatted(example));
        return parsed(context, text);
    }

    static @Nullable JsonNode optionalBody(Context context) {
        var text = text(context);
        return text.isEmpty() ? null : parsed(context, text);
    }

    /** A web page can send a body to this machine without being asked whether it may, but not one of this type. */
    private static JsonNode parsed(Context context, String text) {
        var type = context.contentType();
        if (type == null
                || !type.toLowerCase(Locale.ROOT)
                        .replaceAll(";.*", "")
                        .strip()
                        .matches("application/([a-z0-9.+-]+\\+)?json"))
            throw new Problem(
                    ProblemType.UNSUPPORTED_MEDIA_TYPE,
                    "The body is of type %s. Send JSON, with the header Content-Type: application/json."
                            .formatted(type == null ? "unknown" : type));
        try {
            return Json.read(text);
        } catch (Json.NotJson why) {
            throw new Problem(
                    ProblemType.BAD_REQUEST,
                    "The body is not JSON: %s. Nothing was done.".formatted(why.getMessage()),
                    why);
        }
    }

    private static String text(Context context) {
        try {
            var bytes = context.bodyInputStream().readNBytes(BODY_BYTES + 1);
            if (bytes.length > BODY_BYTES)
                throw new Problem(
                        ProblemType.TOO_LARGE,
                        "The body has more than %,d bytes, the most that is read. Send several requests."
                                .formatted(BODY_BYTES));
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new Problem(
                    ProblemType.BAD_REQUEST,
                    "The body is not UTF-8, as all JSON is that is sent from one system to another. Nothing was done.",
                    e);
        } catch (IOException e) {
            throw new Problem(
                    ProblemType.BAD_REQUEST, "The body broke off: %s. Nothing was done.".formatted(e.getMessage()), e);
        }
    }

    static void answer(Context context, JsonNode json) {
        context.contentType("application/json").result(Json.write(json));
    }
}
