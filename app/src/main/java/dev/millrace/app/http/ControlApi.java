package dev.millrace.app.http;

import dev.millrace.Operations;
import dev.millrace.Scope;
import dev.millrace.app.http.JobRequest.Fields;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import io.javalin.http.Context;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/** What operators say while everything runs, over HTTP: pauses, and the numbers of limits, kinds and queues. */
final class ControlApi {

    private static final String PAUSE = "{\"tenant\":\"acme\",\"reason\":\"the bill is open\"}";

    private static final String NUMBERS = "{\"concurrency\":5,\"rate\":{\"count\":200,\"period\":\"1m\",\"burst\":20}}";

    private static final Set<String> NAMED = new TreeSet<>(Set.of("queue", "kind", "schedule", "tenant"));

    private static final Set<String> PAUSE_FIELDS =
            new TreeSet<>(Set.of("queue", "kind", "schedule", "tenant", "key", "limit", "reason", "until", "for"));

    private static final Set<String> SCOPES =
            new TreeSet<>(Set.of("queue", "kind", "schedule", "tenant", "key", "limit"));

    private final Operations operations;

    ControlApi(Operations operations) {
        this.operations = operations;
    }

    void pauses(Context context) {
        var json = Json.object();
        json.set("pauses", Shapes.all(operations.pauses(), Shapes::pause));
        JobsApi.answer(context, json);
    }

    /** Says it again if it is paused: repeating it does no harm. */
    void pause(Context context) {
        var body = JobsApi.body(context, PAUSE);
        var fields = fields(body, "The pause", PAUSE_FIELDS, PAUSE);
        var scope = scope(fields);
        var said = fields.text("reason");
        var reason = said == null ? "paused over HTTP" : said;
        var until = fields.moment("until");
        var lasts = fields.span("for");
        if (until != null && lasts != null)
            throw bad("The pause has both until and for, which say two things about its end. Send one of them.");
        var paused = until != null
                ? operations.pause(scope, reason, until)
                : lasts != null ? operations.pause(scope, reason, lasts) : operations.pause(scope, reason);
        JobsApi.answer(context, Shapes.paused(told(scope), paused));
    }

    /** Without a pause it does nothing. */
    void resume(Context context) {
        for (var parameter : context.queryParamMap().keySet())
            if (!Set.of("scope", "name").contains(parameter))
                throw bad(
                        "The parameter \"%s\" is not known. To end a pause takes its scope and its name, as GET /api/pauses tells them: ?scope=tenant&name=acme"
                                .formatted(JobRequest.shown(parameter)));
        var type = context.queryParam("scope");
        var name = context.queryParam("name");
        if (type == null || name == null)
            throw bad(
                    "To end a pause takes its scope and its name, as GET /api/pauses tells them: ?scope=tenant&name=acme");
        var scope = Scope.of(type, name);
        operations.resume(scope);
        JobsApi.answer(context, told(scope).put("paused", false));
    }

    // ---- numbers

    void limits(Context context) {
        var json = Json.object();
        json.set("limits", Shapes.all(operations.adjustments(), Shapes::adjustment));
        JobsApi.answer(context, json);
    }

    void limit(Context context) {
        var name = context.pathParam("name");
        var fields =
                fields(JobsApi.body(context, NUMBERS), "The limit", Set.of("concurrency", "rate", "reason"), NUMBERS);
        var reason = reason(fields);
        operations.limit(name, fields::numbers, reason);
        JobsApi.answer(context, told("limit", name, true));
    }

    void resetLimit(Context context) {
        var name = context.pathParam("name");
        var were = operations.resetLimit(name, reason(context));
        JobsApi.answer(context, told("limit", name, false).put("before", were));
    }

    void concurrency(Context context) {
        var name = context.pathParam("name");
        var example = "{\"concurrency\":3}";
        var fields = fields(JobsApi.body(context, example), "The kind", Set.of("concurrency", "reason"), example);
        var jobs = fields.number("concurrency");
        if (jobs == null)
            throw bad("The kind has no concurrency. Say how often it may run at once on each node: %s."
                    .formatted(example));
        operations.concurrency(name, jobs, reason(fields));
        JobsApi.answer(context, told("kind", name, true));
    }

    void resetConcurrency(Context context) {
        var name = context.pathParam("name");
        var were = operations.resetConcurrency(name, reason(context));
        JobsApi.answer(context, told("kind", name, false).put("before", were));
    }

    // ---- numbers of the whole fleet

    void fleet(Context context) {
        var json = Json.object();
        json.set("fleet", Shapes.all(operations.fleetConcurrencies(), Shapes::fleet));
        JobsApi.answer(context, json);
    }

    void fleetKind(Context context) {
        fleet(context, Scope.kind(context.pathParam("name")));
    }

    void fleetQueue(Context context) {
        fleet(context, Scope.queue(context.pathParam("name")));
    }

    void resetFleetKind(Context context) {
        resetFleet(context, Scope.kind(context.pathParam("name")));
    }

    void resetFleetQueue(Context context) {
        resetFleet(context, Scope.queue(context.pathParam("name")));
    }

    private void fleet(Context context, Scope scope) {
        var example = "{\"concurrency\":20}";
        var what = "The " + scope.type();
        var fields = fields(JobsApi.body(context, example), what, Set.of("concurrency", "reason"), example);
        var jobs = fields.number("concurrency");
        if (jobs == null)
            throw bad("%s has no concurrency. Say how often it may run at once on all nodes together: %s."
                    .formatted(what, example));
        operations.fleetConcurrency(scope, jobs, reason(fields));
        JobsApi.answer(context, told(scope.type(), scope.name(), true).put("fleet", true));
    }

    private void resetFleet(Context context, Scope scope) {
        var were = operations.resetFleetConcurrency(scope, reason(context));
        JobsApi.answer(
                context,
                told(scope.type(), scope.name(), false).put("fleet", true).put("before", were));
    }

    private static String reason(Fields fields) {
        var reason = fields.text("reason");
        return reason == null ? "set over HTTP" : reason;
    }

    private static String reason(Context context) {
        for (var parameter : context.queryParamMap().keySet())
            if (!parameter.equals("reason"))
                throw bad("The parameter \"%s\" is not known. To reset numbers takes a reason: ?reason=as+it+was"
                        .formatted(JobRequest.shown(parameter)));
        var reason = context.queryParam("reason");
        return reason == null ? "reset over HTTP" : reason;
    }

    private static tools.jackson.databind.node.ObjectNode told(String of, String name, boolean set) {
        return Json.object().put("of", of).put("name", name).put("set", set);
    }

    private static tools.jackson.databind.node.ObjectNode told(Scope scope) {
        return Json.object().put("scope", scope.type()).put("name", scope.name());
    }

    private static Scope scope(Fields fields) {
        var said = new ArrayList<String>();
        for (var name : SCOPES) if (fields.get(name) != null) said.add(name);
        if (said.size() != 1)
            throw bad(
                    "The pause has to say what it is of, by one of queue, kind, schedule, tenant, key and limit. Send %s."
                            .formatted(PAUSE));
        var type = said.getFirst();
        if (NAMED.contains(type)) return Scope.of(type, String.valueOf(fields.text(type)));
        return type.equals("key") ? key(fields) : limit(fields);
    }

    private static Scope key(Fields fields) {
        var example = "{\"queue\":\"sync\",\"by\":[\"product\",42]}";
        var own = fields(fields.json().get("key"), "The key", Set.of("queue", "by"), example);
        var queue = own.text("queue");
        if (queue == null || own.get("by") == null)
            throw bad("The key has no %s. Send %s.".formatted(queue == null ? "queue" : "values", example));
        return Scope.key(queue, own.values("by").toArray());
    }

    private static Scope limit(Fields fields) {
        var example = "{\"name\":\"shop\",\"by\":[\"acme\"]}";
        var own = fields(fields.json().get("limit"), "The limit", Set.of("name", "by"), example);
        var name = own.text("name");
        if (name == null) throw bad("The limit has no name. Send %s.".formatted(example));
        var values = own.get("by") == null ? List.of() : own.values("by");
        return Scope.limit(name, values.toArray());
    }

    private static Fields fields(JsonNode json, String what, Set<String> known, String example) {
        if (!json.isObject()) throw bad("%s is not an object. Send %s.".formatted(what, example));
        for (var name : json.propertyNames())
            if (!known.contains(name))
                throw bad("%s has a field \"%s\", which is not known. The fields are %s."
                        .formatted(what, JobRequest.shown(name), String.join(", ", new TreeSet<>(known))));
        return new Fields(json, what);
    }

    private static Problem bad(String detail) {
        return new Problem(ProblemType.BAD_REQUEST, detail);
    }
}
