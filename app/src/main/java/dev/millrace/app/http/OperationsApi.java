package dev.millrace.app.http;

import dev.millrace.Filter;
import dev.millrace.Operation;
import dev.millrace.OperationView;
import dev.millrace.Operations;
import dev.millrace.Plan;
import dev.millrace.Selection;
import dev.millrace.State;
import dev.millrace.app.http.JobRequest.Fields;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Changes of many jobs over HTTP. Without {@code "run":true} a request tells what would be done. With it the change is written down, and gone on with for
 * some seconds; if it is not done by then, whoever asks goes on with it by further requests. So none of them takes long, and no change hangs on one. A request
 * that brings its operation's id can be repeated: it finds what it began.
 */
final class OperationsApi {

    /** How long one request goes on with a change. */
    private static final Duration TURN = Duration.ofSeconds(10);

    private static final Set<String> FIELDS = new TreeSet<>(Set.of(
            "id",
            "what",
            "filter",
            "everything",
            "run",
            "reason",
            "perSecond",
            "priority",
            "runAt",
            "delay",
            "later",
            "earlier",
            "patch"));

    private static final Set<String> FILTERS = new TreeSet<>(
            Set.of("state", "queue", "kind", "tenant", "tag", "failedWith", "fingerprint", "text", "since", "until"));

    private static final Set<String> FAILURE_FILTERS =
            new TreeSet<>(Set.of("state", "queue", "kind", "tenant", "tag", "failedWith", "text", "since", "until"));

    private static final String EXAMPLE =
            "{\"what\":\"requeue\",\"filter\":{\"state\":\"discarded\",\"kind\":\"send-invoice\",\"since\":\"6h\"}}";

    private final Operations operations;

    OperationsApi(Operations operations) {
        this.operations = operations;
    }

    void begin(Context context) {
        var body = JobsApi.body(context, EXAMPLE);
        if (!body.isObject()) throw bad("The body is not an object. Send %s.".formatted(EXAMPLE));
        checkNames(body, "The change", FIELDS);
        var said = new Fields(body, "The change");
        boolean run = flag(said, "run");
        var reason = said.text("reason");
        if (run && reason == null)
            throw bad("Why is it done? Who looks at it later reads that: \"reason\":\"the provider is back\".");
        int perSecond = said.count("perSecond", 0);
        boolean everything = flag(said, "everything");
        var id = id(context, said);
        var filter = said.get("filter");
        var plan =
                plan(said, operations.jobs(f -> everything ? filter(f, filter).everything() : filter(f, filter)));
        if (!run || reason == null) {
            JobsApi.answer(context, Shapes.plan(plan));
            return;
        }
        begun(context, (id == null ? plan : plan.withId(id)).begin(reason, perSecond));
    }

    /** The id that whoever asks gives to the operation: in the body, or by the header by which jobs have their key. */
    private static @Nullable UUID id(Context context, Fields said) {
        var body = said.text("id");
        var header = context.header("Idempotency-Key");
        if (body != null && header != null && !body.equals(header))
            throw bad("The header Idempotency-Key says \"%s\" and the body \"%s\". Send one of them."
                    .formatted(JobRequest.shown(header), JobRequest.shown(body)));
        var id = body == null ? header : body;
        if (id == null) return null;
        try {
            var read = UUID.fromString(id);
            if (read.toString().equalsIgnoreCase(id)) return read;
        } catch (IllegalArgumentException none) {
            throw new Problem(ProblemType.BAD_REQUEST, noId(id), none);
        }
        throw bad(noId(id));
    }

    private static String noId(String id) {
        return "\"%s\" can't be the id of an operation, which is a UUID such as 3f1c9a52-0e0c-4b1a-9d3e-5a2f7c8b9d10. Draw one for each operation, and send it again when you repeat the request."
                .formatted(JobRequest.shown(id));
    }

    /** What was begun now, or before under the same id. */
    private static void begun(Context context, Operation operation) {
        context.header("Location", "/api/operations/" + operation.id());
        var view = goneOn(context, operation);
        JobsApi.answer(context, Shapes.operation(view).put("existed", operation.existed()));
    }

    private static Plan plan(Fields said, Selection selection) {
        var what = said.text("what");
        if (what == null)
            throw bad("The change does not say what is done. \"what\" is requeue, cancel, reschedule, edit or delete.");
        var priority = said.priority();
        if (priority != null && !what.equals("requeue"))
            throw bad("A priority is given to jobs that are requeued, and this is a %s."
                    .formatted(JobRequest.shown(what)));
        if (said.get("patch") != null && !what.equals("edit"))
            throw bad("A patch is for an edit, and this is a %s.".formatted(JobRequest.shown(what)));
        var times = new TreeSet<String>();
        for (var name : Set.of("runAt", "delay", "later", "earlier")) if (said.get(name) != null) times.add(name);
        if (!times.isEmpty() && !what.equals("reschedule"))
            throw bad("%s is for a reschedule, and this is a %s.".formatted(times.first(), JobRequest.shown(what)));
        return switch (what) {
            case "requeue" -> selection.requeue(o -> priority == null ? o : o.priority(priority));
            case "cancel" -> selection.cancel();
            case "reschedule" -> rescheduled(said, selection, times);
            case "edit" -> selection.edit(patch(said));
            case "delete" -> selection.delete();
            default ->
                throw bad(
                        "The change has \"%s\" for \"what\", which must be requeue, cancel, reschedule, edit or delete."
                                .formatted(JobRequest.shown(what)));
        };
    }

    private static Plan rescheduled(Fields said, Selection selection, Set<String> times) {
        if (times.size() != 1)
            throw bad(
                    "A reschedule has one of runAt, a moment; delay, a span from now; later and earlier, spans from the time that each job waits for. This one has %s."
                            .formatted(times.isEmpty() ? "none" : String.join(" and ", times)));
        var runAt = said.moment("runAt");
        if (runAt != null) return selection.reschedule(runAt);
        var delay = said.span("delay");
        if (delay != null) return selection.reschedule(delay);
        var later = said.span("later");
        if (later != null) return selection.delay(later);
        var earlier = said.span("earlier");
        return selection.delay(earlier == null ? Duration.ZERO : earlier.negated());
    }

    /** Members that are null mean something here. */
    private static String patch(Fields said) {
        var patch = said.json().get("patch");
        if (patch == null || !patch.isObject())
            throw bad(
                    "An edit has a patch: an object that says which members become what, such as \"patch\":{\"currency\":\"EUR\"}.");
        return Json.write(patch);
    }

    private static Filter filter(Filter f, @Nullable JsonNode filter) {
        if (filter == null || !filter.isObject())
            throw bad("The change has no filter, which says which jobs. Send %s.".formatted(EXAMPLE));
        checkNames(filter, "The filter", FILTERS);
        var said = new Fields(filter, "The filter");
        var state = said.text("state");
        var queue = said.text("queue");
        var kind = said.text("kind");
        var tenant = said.text("tenant");
        var tag = said.text("tag");
        var failedWith = said.text("failedWith");
        var fingerprint = said.text("fingerprint");
        var text = said.text("text");
        var since = said.span("since");
        var until = said.moment("until");
        if (state != null) f = f.state(State.of(state.toLowerCase(Locale.ROOT)));
        if (queue != null) f = f.queue(queue);
        if (kind != null) f = f.kind(kind);
        if (tenant != null) f = f.tenant(tenant);
        if (tag != null) f = f.tag(tag);
        if (failedWith != null) f = f.failedWith(failedWith);
        if (fingerprint != null) f = f.fingerprint(fingerprint);
        if (text != null) f = f.text(text);
        if (since != null) f = f.since(since);
        if (until != null) f = f.until(until);
        return f;
    }

    void list(Context context) {
        var limit = context.queryParam("limit");
        var json = Json.object();
        json.set("operations", Shapes.all(operations.operations(limit(limit)), Shapes::operation));
        JobsApi.answer(context, json);
    }

    private static int limit(@Nullable String limit) {
        try {
            return limit == null ? 20 : Integer.parseInt(limit);
        } catch (NumberFormatException e) {
            throw new Problem(
                    ProblemType.BAD_REQUEST,
                    "The limit \"%s\" is not a whole number. It is 1 to 1,000.".formatted(JobRequest.shown(limit)),
                    e);
        }
    }

    void one(Context context) {
        JobsApi.answer(context, Shapes.operation(operation(context).view()));
    }

    void resume(Context context) {
        JobsApi.answer(context, Shapes.operation(goneOn(context, operation(context))));
    }

    void undo(Context context) {
        var operation = operation(context);
        var body = JobsApi.body(context, "{\"reason\":\"wrong hour\"}");
        if (!body.isObject()) throw bad("The body is not an object. Send {\"reason\":\"wrong hour\"}.");
        checkNames(body, "The undo", new TreeSet<>(Set.of("id", "reason")));
        var said = new Fields(body, "The undo");
        var id = id(context, said);
        var reason = said.text("reason");
        if (reason == null)
            throw bad("Why is it taken back? Who looks at it later reads that: {\"reason\":\"wrong hour\"}.");
        begun(context, id == null ? operation.beginUndo(reason) : operation.beginUndo(id, reason));
    }

    /** Of one that has ended already nothing changes. */
    void stop(Context context) {
        var operation = operation(context);
        var body = JobsApi.body(context, "{\"reason\":\"it was the wrong queue\"}");
        if (!body.isObject()) throw bad("The body is not an object. Send {\"reason\":\"it was the wrong queue\"}.");
        checkNames(body, "The stop", Set.of("reason"));
        var reason = new Fields(body, "The stop").text("reason");
        if (reason == null)
            throw bad(
                    "Why does it go no further? Who looks at it later reads that: {\"reason\":\"it was the wrong queue\"}.");
        operation.stop(reason);
        JobsApi.answer(context, Shapes.operation(operation.view()));
    }

    /** 200 if it is done, 202 if there is more to do. */
    private static OperationView goneOn(Context context, Operation operation) {
        var view = operation.resumeFor(TURN).view();
        context.status(view.endedAt() == null ? 202 : 200);
        return view;
    }

    void failures(Context context) {
        var said = Json.object();
        for (var name : context.queryParamMap().keySet()) said.put(name, context.queryParam(name));
        checkNames(said, "The filter", FAILURE_FILTERS);
        var json = Json.object();
        json.set("groups", Shapes.all(operations.failures(f -> filter(f, said)), Shapes::failureGroup));
        JobsApi.answer(context, json);
    }

    // ---- reading

    private Operation operation(Context context) {
        var id = context.pathParam("id");
        return operations
                .operation(parsed(id))
                .orElseThrow(() -> new Problem(
                        ProblemType.NOT_FOUND,
                        "There is no operation %s here: it was begun in another database, or is past retention."
                                .formatted(JobRequest.shown(id))));
    }

    private static UUID parsed(String id) {
        try {
            return UUID.fromString(id);
        } catch (IllegalArgumentException none) {
            throw new Problem(
                    ProblemType.BAD_REQUEST,
                    "\"%s\" is no id of an operation. GET /api/operations lists them.".formatted(JobRequest.shown(id)),
                    none);
        }
    }

    private static boolean flag(Fields said, String name) {
        var value = said.get(name);
        if (value == null) return false;
        if (!value.isBoolean()) throw said.wrong(name, "true or false");
        return value.booleanValue();
    }

    private static void checkNames(JsonNode json, String where, Set<String> known) {
        for (var name : json.propertyNames())
            if (!known.contains(name))
                throw bad("%s has a field \"%s\", which is not known. The fields are %s."
                        .formatted(where, JobRequest.shown(name), String.join(", ", known)));
    }

    private static Problem bad(String detail) {
        return new Problem(ProblemType.BAD_REQUEST, detail);
    }
}
