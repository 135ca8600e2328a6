package dev.millrace.app.wire;

import dev.millrace.AdjustmentView;
import dev.millrace.BatchView;
import dev.millrace.Check;
import dev.millrace.Checkup;
import dev.millrace.Failure;
import dev.millrace.FailureGroup;
import dev.millrace.Finding;
import dev.millrace.FleetConcurrencyView;
import dev.millrace.JobHistory;
import dev.millrace.JobView;
import dev.millrace.KindView;
import dev.millrace.NodeView;
import dev.millrace.OperationView;
import dev.millrace.PauseView;
import dev.millrace.Paused;
import dev.millrace.Plan;
import dev.millrace.QueueView;
import dev.millrace.ScheduleView;
import dev.millrace.Why;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The views of the engine as JSON. Names are stable; more may come. Times are ISO 8601 in UTC, durations are milliseconds and say so in
 * their name, what is not known or does not apply is null.
 */
public final class Shapes {

    private Shapes() {}

    /** All of them, in their order. */
    public static <T> ArrayNode all(List<? extends T> items, Function<T, ObjectNode> shape) {
        var array = Json.array();
        for (var item : items) array.add(shape.apply(item));
        return array;
    }

    /** One version of a kind, with its schema as a value. */
    public static ObjectNode kind(KindView kind) {
        var json = Json.object();
        json.put("kind", kind.kind());
        json.put("version", kind.version());
        json.put("publishedBy", kind.publishedBy().toString());
        json.put("publishedAt", text(kind.publishedAt()));
        json.set("schema", Json.stored(kind.schema()));
        return json;
    }

    public static ObjectNode job(JobView job) {
        var json = Json.object();
        json.put("id", job.id().toString());
        json.put("kind", job.kind());
        json.put("version", job.kindVersion());
        json.put("queue", job.queue());
        json.put("priority", job.priority().wireName());
        json.put("state", job.state().wireName());
        json.put("run", job.run());
        json.put("attempt", job.attempt());
        json.put("rescues", job.rescues());
        json.set("payload", Json.stored(job.payload()));
        var headers = json.putObject("headers");
        job.headers().entrySet().stream()
                .sorted(java.util.Map.Entry.comparingByKey())
                .forEach(header -> headers.put(header.getKey(), header.getValue()));
        json.put("enqueuedAt", text(job.enqueuedAt()));
        json.put("expiresAt", text(job.expiresAt()));
        json.put("runAt", text(job.runAt()));
        json.put("startedAt", text(job.startedAt()));
        json.put("endedAt", text(job.endedAt()));
        json.put("node", job.node());
        json.put("reason", job.reason());
        json.set("result", Json.stored(job.result()));
        json.set("failure", failure(job.failure()));
        var progress = job.progress();
        if (progress == null) json.putNull("progress");
        else
            json.putObject("progress")
                    .put("done", progress.done())
                    .put("total", progress.total())
                    .put("at", text(progress.at()));
        return json;
    }

    /** A job of a list, which does not know payloads and results. */
    public static ObjectNode listed(JobView job) {
        var json = job(job);
        json.remove("payload");
        json.remove("result");
        return json;
    }

    /** The job, its steps, its log, and why it is not running. */
    public static ObjectNode job(JobHistory history, Why why) {
        var json = job(history.job());
        json.set("steps", all(history.steps(), Shapes::step));
        json.set("log", all(history.log(), Shapes::logLine));
        json.set("changes", all(history.changes(), Shapes::change));
        json.set("why", all(why.reasons(), Shapes::reason));
        return json;
    }

    private static ObjectNode step(JobHistory.Step step) {
        var json = Json.object();
        json.put("run", step.run());
        json.put("attempt", step.attempt());
        json.put("enqueuedAt", text(step.enqueuedAt()));
        json.put("startedAt", text(step.startedAt()));
        json.put("endedAt", text(step.endedAt()));
        json.put("tookMillis", millis(step.took()));
        json.put("outcome", step.outcome());
        json.put("node", step.node());
        json.put("reason", step.reason());
        json.set("failure", failure(step.failure()));
        return json;
    }

    private static ObjectNode change(JobHistory.Change change) {
        return Json.object()
                .put("operation", change.operation().toString())
                .put("what", change.what())
                .put("by", change.by())
                .put("reason", change.reason())
                .put("at", text(change.at()));
    }

    private static ObjectNode logLine(JobHistory.LogLine line) {
        return Json.object()
                .put("attempt", line.attempt())
                .put("at", text(line.at()))
                .put("level", line.level().wireName())
                .put("text", line.text())
                .put("traceId", line.traceId());
    }

    private static @Nullable JsonNode failure(@Nullable Failure failure) {
        if (failure == null) return null;
        return Json.object()
                .put("type", failure.type())
                .put("message", failure.message())
                .put("fingerprint", failure.fingerprint())
                .put("attempt", failure.attempt())
                .put("trace", failure.trace());
    }

    public static ObjectNode why(Why why) {
        var json = Json.object();
        json.put("id", why.job().toString());
        var state = why.state();
        json.put("state", state == null ? null : state.wireName());
        json.set("reasons", all(why.reasons(), Shapes::reason));
        return json;
    }

    private static ObjectNode reason(Why.Reason reason) {
        var json = Json.object();
        json.put("type", typeOf(reason));
        json.put("text", reason.text());
        switch (reason) {
            case Why.Running(var text, var node, var since) ->
                json.put("node", node).put("since", text(since));
            case Why.NotYet(var text, var until, var failure) -> json.put("until", text(until));
            case Why.PartsOpen(var text, var batch) -> json.set("batch", batch(batch));
            case Why.BlockersOpen(var text, var open, var some) -> {
                json.put("open", open);
                json.set("blockers", all(some, Shapes::blocker));
            }
            case Why.Paused(var text, var scope) -> json.put(scope.type(), scope.name());
            case Why.InLine(var text, var front, var ahead) -> {
                json.put("front", front.toString());
                json.set("ahead", depth(ahead));
            }
            case Why.Limited limited -> limited(json, limited);
            case Why.FleetFull(var text, var scope, var concurrency, var running, var shares) -> {
                json.put(scope.type(), scope.name())
                        .put("concurrency", concurrency)
                        .put("running", running);
                json.set("shares", all(shares, Shapes::share));
            }
            case Why.Outranked(var text, var higher, var ahead) -> {
                json.set("higher", all(higher, Shapes::band));
                json.set("ahead", depth(ahead));
            }
            case Why.SetAside(var text, var tenant, var alone, var ahead, var others) -> {
                json.put("tenant", tenant).put("alone", alone);
                json.set("ahead", depth(ahead));
                json.set("others", depth(others));
            }
            case Why.Behind(var text, var others) -> json.set("others", depth(others));
            case Why.NoNode(var text, var queue, var kind, var version, var missing) ->
                json.put("queue", queue)
                        .put("kind", kind)
                        .put("version", version)
                        .put("missing", missing.name().toLowerCase(Locale.ROOT));
            case Why.Parked(var text, var queue, var kind, var version, var because) ->
                json.put("queue", queue)
                        .put("kind", kind)
                        .put("version", version)
                        .put("because", because);
            default -> {}
        }
        return json;
    }

    private static void limited(ObjectNode json, Why.Limited limited) {
        json.put("limit", limited.limit());
        json.put("key", limited.key());
        json.put("concurrency", limited.concurrency());
        json.set("rate", rate(limited.rate()));
        json.put("adjusted", limited.adjusted());
        json.set("held", depth(limited.held()));
        json.set("ahead", depth(limited.ahead()));
        json.put("mayRun", limited.mayRun());
        json.put("startsWithinMillis", millis(limited.startsWithin()));
        json.put("node", limited.node());
    }

    private static JsonNode rate(AdjustmentView.@Nullable Rate rate) {
        if (rate == null) return Json.object().nullNode();
        return Json.object()
                .put("count", rate.count())
                .put("period", rate.period().toString())
                .put("burst", rate.burst());
    }

    private static ObjectNode band(Why.Band band) {
        var json = Json.object().put("priority", band.priority().wireName());
        json.set("available", depth(band.available()));
        return json;
    }

    private static ObjectNode blocker(Why.Blocker blocker) {
        var state = blocker.state();
        return Json.object().put("id", blocker.job().toString()).put("state", state == null ? null : state.wireName());
    }

    public static ObjectNode batch(BatchView batch) {
        var json = Json.object();
        json.put("id", batch.id().toString());
        json.put("parts", batch.parts());
        json.put("completed", batch.completed());
        json.put("discarded", batch.discarded());
        json.put("cancelled", batch.cancelled());
        json.put("open", batch.open());
        json.put("followed", batch.followed());
        return json;
    }

    private static String typeOf(Why.Reason reason) {
        return switch (reason) {
            case Why.Running r -> "running";
            case Why.NotYet r -> "not-yet";
            case Why.PartsOpen r -> "parts-open";
            case Why.BlockersOpen r -> "blockers-open";
            case Why.InLine r -> "in-line";
            case Why.Limited r -> "limited";
            case Why.FleetFull r -> "fleet-full";
            case Why.Outranked r -> "outranked";
            case Why.SetAside r -> "set-aside";
            case Why.Paused r -> "paused";
            case Why.NoNode r -> "no-node";
            case Why.Parked r -> "parked";
            case Why.Behind r -> "behind";
            case Why.Ended r -> "ended";
            case Why.Unknown r -> "unknown";
        };
    }

    public static ObjectNode queue(QueueView queue) {
        var json = Json.object();
        json.put("name", queue.name());
        json.set("available", depth(queue.available()));
        json.set("running", depth(queue.running()));
        json.set("scheduled", depth(queue.scheduled()));
        json.set("retryable", depth(queue.retryable()));
        json.set("parked", depth(queue.parked()));
        json.put("oldestAvailable", text(queue.oldestAvailable()));
        json.put("pausedBecause", queue.pausedBecause());
        json.set("aside", all(queue.aside(), Shapes::aside));
        return json;
    }

    private static ObjectNode aside(QueueView.SetAside aside) {
        var json = Json.object();
        json.put("tenant", aside.tenant());
        json.put("priority", aside.priority().name().toLowerCase(java.util.Locale.ROOT));
        json.put("since", text(aside.since()));
        return json;
    }

    /** What a build can read of what waits. */
    public static ObjectNode check(Check check, boolean passed) {
        var json = Json.object().put("verdict", passed ? "passed" : "failed").put("complete", check.complete());
        json.set("kinds", all(check.kinds(), Shapes::checked));
        return json;
    }

    private static ObjectNode checked(Check.OfKind kind) {
        var json = Json.object().put("kind", kind.kind()).put("version", kind.version());
        json.set("waiting", depth(kind.waiting()));
        return json.put("looked", kind.looked())
                .put("refused", kind.refused())
                .put("handled", kind.handled())
                .put("example", kind.example() == null ? null : kind.example().toString())
                .put("why", kind.why())
                .put("text", kind.toString());
    }

    private static ObjectNode depth(QueueView.Depth depth) {
        return Json.object().put("count", depth.count()).put("exact", depth.exact());
    }

    /** A pause. */
    public static ObjectNode pause(PauseView pause) {
        return Json.object()
                .put("scope", pause.scope().type())
                .put("name", pause.scope().name())
                .put("reason", pause.reason())
                .put("by", pause.by())
                .put("since", text(pause.since()))
                .put("until", text(pause.until()));
    }

    /** The same as it is said, with what it meets. */
    public static ObjectNode paused(ObjectNode said, Paused paused) {
        said.put("paused", true);
        said.put("until", text(paused.until()));
        said.put("meets", paused.meets().name().toLowerCase(Locale.ROOT));
        var other = paused.other();
        if (other == null) said.putNull("other");
        else said.putObject("other").put("scope", other.type()).put("name", other.name());
        said.put("note", paused.note().isEmpty() ? null : paused.note());
        return said;
    }

    /** A number of the fleet, and who holds how much of it. */
    public static ObjectNode fleet(FleetConcurrencyView view) {
        var json = Json.object()
                .put("of", view.scope().type())
                .put("name", view.scope().name())
                .put("concurrency", view.concurrency())
                .put("coded", view.coded())
                .put("running", view.running());
        json.set("shares", all(view.shares(), Shapes::share));
        return json;
    }

    private static ObjectNode share(FleetConcurrencyView.Share share) {
        return Json.object()
                .put("node", share.node().toString())
                .put("name", share.name())
                .put("share", share.share())
                .put("running", share.running());
    }

    /** Numbers that are set; null is what code says. */
    public static ObjectNode adjustment(AdjustmentView view) {
        var json = Json.object();
        json.put("of", view.of().name().toLowerCase(java.util.Locale.ROOT));
        json.put("name", view.name());
        json.put("concurrency", view.concurrency());
        json.set("rate", rate(view.rate()));
        return json.put("reason", view.reason()).put("by", view.by()).put("since", text(view.since()));
    }

    public static ObjectNode node(NodeView node) {
        var json = Json.object();
        json.put("id", node.id().toString());
        json.put("name", node.name());
        json.put("host", node.host());
        json.put("pid", node.pid());
        json.put("version", node.version());
        json.put("life", node.life().name().toLowerCase(java.util.Locale.ROOT));
        json.put("slots", node.slots());
        json.put("open", node.open());
        json.set("queues", words(node.queues()));
        json.set("kinds", words(node.kinds()));
        json.set("reads", node.reads() == null ? null : words(node.reads()));
        json.put("startedAt", text(node.startedAt()));
        json.put("sinceBeatMillis", node.sinceBeat().toMillis());
        json.set("stuck", stuck(node.stuck()));
        return json;
    }

    private static @Nullable ObjectNode stuck(NodeView.@Nullable Stuck stuck) {
        if (stuck == null) return null;
        return Json.object()
                .put("handlers", stuck.handlers())
                .put("oldest", stuck.oldest().toString())
                .put("lastsMillis", stuck.lasts().toMillis());
    }

    /** What the doctor found. */
    public static ObjectNode checkup(Checkup checkup) {
        var json = Json.object();
        json.put("at", text(checkup.at()));
        json.put("verdict", checkup.verdict().name().toLowerCase(java.util.Locale.ROOT));
        json.set("findings", all(checkup.findings(), Shapes::finding));
        var lookedAt = json.putArray("lookedAt");
        checkup.lookedAt().forEach(type -> lookedAt.add(type.wireName()));
        json.set("figures", facts(checkup.figures()));
        return json;
    }

    private static ObjectNode finding(Finding finding) {
        var json = Json.object();
        json.put("type", finding.type().wireName());
        json.put("severity", finding.severity().wireName());
        json.put("object", finding.object());
        json.put("text", finding.text());
        json.put("why", finding.why());
        json.set(
                "remedies",
                all(
                        finding.remedies(),
                        remedy -> Json.object()
                                .put("text", remedy.text())
                                .put("command", remedy.command().isEmpty() ? null : remedy.command())));
        json.set("facts", facts(finding.facts()));
        return json;
    }

    private static ObjectNode facts(Map<String, Object> facts) {
        var json = Json.object();
        facts.forEach((name, value) -> {
            switch (value) {
                case Long number -> json.put(name, number);
                case Double number -> json.put(name, number);
                case Boolean truth -> json.put(name, truth);
                default -> json.put(name, value.toString());
            }
        });
        return json;
    }

    /** Jobs that failed in one place. */
    public static ObjectNode failureGroup(FailureGroup group) {
        var json = Json.object();
        json.put("fingerprint", group.fingerprint());
        json.put("type", group.type());
        json.put("message", group.message());
        json.put("jobs", group.jobs());
        var kinds = json.putArray("kinds");
        group.kinds().forEach(kinds::add);
        json.put("newest", group.newest().toString());
        json.put("at", text(group.at()));
        return json;
    }

    /** What would be done to many jobs. Edits and refusals are told of an edit alone. */
    public static ObjectNode plan(Plan plan) {
        var json = Json.object();
        json.put("count", plan.count());
        json.put("meetsAll", plan.meetsAll());
        json.set("sample", all(plan.sample(), Shapes::listed));
        json.set("edits", all(plan.edits(), Shapes::edit));
        json.put("refusedCount", plan.refusedCount());
        json.set(
                "refused",
                all(
                        plan.refused(),
                        refused -> Json.object()
                                .put("job", refused.job().toString())
                                .put("why", refused.why())));
        json.put("done", false);
        return json;
    }

    private static ObjectNode edit(Plan.Edit edit) {
        var json = Json.object();
        json.put("job", edit.job().toString());
        json.set("before", Json.stored(edit.before()));
        json.set("after", Json.stored(edit.after()));
        return json;
    }

    /** A change of many jobs. */
    public static ObjectNode operation(OperationView view) {
        var json = Json.object();
        json.put("id", view.id().toString());
        json.put("what", view.what());
        json.put("how", view.how());
        json.put("undoes", view.undoes() == null ? null : view.undoes().toString());
        json.put("by", view.by());
        json.put("reason", view.reason());
        json.put("at", text(view.at()));
        json.put("endedAt", text(view.endedAt()));
        var stopped = view.stopped();
        if (stopped == null) json.putNull("stopped");
        else json.putObject("stopped").put("by", stopped.by()).put("reason", stopped.reason());
        json.put("planned", view.planned());
        json.put("perSecond", view.perSecond());
        json.put("matched", view.matched());
        json.put("changed", view.changed());
        var left = json.putArray("left");
        view.left().entrySet().stream()
                .sorted(java.util.Map.Entry.comparingByKey())
                .forEach(entry -> left.addObject().put("why", entry.getKey()).put("jobs", entry.getValue()));
        return json;
    }

    /**
     * A schedule; its next slot is null where it is not known.
     *
     * @param now from which that is counted
     */
    public static ObjectNode schedule(ScheduleView view, Instant now) {
        var json = Json.object();
        var schedule = view.schedule();
        json.put("name", view.name());
        json.put("definition", schedule == null ? null : schedule.toString());
        json.put("since", text(view.since()));
        json.put("node", view.node() == null ? null : view.node().toString());
        json.put("nodeAlive", view.nodeAlive());
        json.put("lastSlot", text(view.lastSlot()));
        json.put("lastJob", view.lastJob() == null ? null : view.lastJob().toString());
        json.put("nextSlot", text(view.next(now).orElse(null)));
        json.put("pausedBecause", view.pausedBecause());
        json.set("set", view.set() == null ? null : set(view.set()));
        return json;
    }

    /** What was set at run time; the payload is null if the store keeps values. */
    private static ObjectNode set(ScheduleView.Set set) {
        var json = Json.object();
        json.put("by", set.by());
        json.put("at", text(set.at()));
        json.put("reason", set.reason());
        json.put("kind", set.kind());
        json.put("version", set.kindVersion());
        json.set("payload", Json.stored(set.payload()));
        json.put("queue", set.queue());
        json.put("priority", set.priority().wireName());
        var headers = json.putObject("headers");
        set.headers().entrySet().stream()
                .sorted(java.util.Map.Entry.comparingByKey())
                .forEach(header -> headers.put(header.getKey(), header.getValue()));
        return json;
    }

    private static ArrayNode words(List<String> words) {
        var array = Json.array();
        words.forEach(array::add);
        return array;
    }

    private static @Nullable String text(@Nullable Instant at) {
        return at == null ? null : at.toString();
    }

    private static @Nullable Long millis(@Nullable Duration span) {
        return span == null ? null : Long.valueOf(span.toMillis());
    }
}
