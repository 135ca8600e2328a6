package dev.millrace.app.http;

import dev.millrace.Outcome;
import dev.millrace.ReportedFailure;
import dev.millrace.Retry;
import dev.millrace.app.http.worker.Decision;
import dev.millrace.app.http.worker.HandOut;
import dev.millrace.app.http.worker.WorkerSession;
import dev.millrace.app.http.worker.WorkerSession.Report;
import dev.millrace.app.http.worker.WorkerSpec;
import dev.millrace.app.http.worker.WorkerSpec.OfKind;
import dev.millrace.app.http.worker.Workers;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Workers over HTTP: what they say as JSON, and what they are told. The protocol is written down in {@code docs/guides/http-workers.md}. */
final class WorkersApi {

    /** Longest wait of a request for work: shorter than what proxies between allow. */
    static final Duration LONGEST_WAIT = Duration.ofSeconds(60);

    /** Log lines in one report. */
    static final int LINES = 100;

    /** A sign of life has this many chances before the session is lost. */
    private static final int BEATS = 3;

    private static final String OPEN =
            "{\"name\":\"mailer\",\"queues\":[\"mail\"],\"kinds\":[{\"kind\":\"send-mail\"}],\"slots\":4}";

    private static final String OUTCOMES =
            "Send {\"token\":\"…\",\"outcome\":\"done\",\"result\":…}; or retry, discard, snooze, cancel.";

    private final Workers workers;

    WorkersApi(Workers workers) {
        this.workers = workers;
    }

    // ---- sessions

    void open(Context context) {
        var fields = read(context, "The session", "Send " + OPEN + ".");
        fields.only("name", "queues", "kinds", "slots", "timeout");
        var session = workers.open(spec(fields));
        var timeout = session.spec().timeout();
        context.status(201);
        context.header("Location", "/api/workers/" + session.id());
        JobsApi.answer(
                context,
                Json.object()
                        .put("worker", session.id())
                        .put("slots", session.spec().slots())
                        .put("timeoutMillis", timeout.toMillis())
                        .put("heartbeatMillis", timeout.dividedBy(BEATS).toMillis()));
    }

    private static WorkerSpec spec(WorkerFields fields) {
        var name = fields.needed("name", "Say what people call it: \"name\":\"mailer\".");
        var kinds = new ArrayList<OfKind>();
        for (var kind : fields.objects("kinds", WorkerSpec.KINDS)) kinds.add(kind(kind));
        if (kinds.isEmpty())
            throw fields.bad("%s has no kinds: it could run nothing. Send %s.".formatted(fields.where(), OPEN));
        var queues = fields.texts("queues", WorkerSpec.QUEUES);
        return new WorkerSpec(
                name,
                queues == null || queues.isEmpty() ? List.of("default") : queues,
                kinds,
                fields.count("slots", 1, 1, WorkerSpec.SLOTS),
                fields.span("timeout", WorkerSpec.TIMEOUT, WorkerSpec.SHORTEST_TIMEOUT, WorkerSpec.LONGEST_TIMEOUT));
    }

    private static OfKind kind(WorkerFields fields) {
        fields.only("kind", "versions", "deadline", "concurrency", "retry");
        var versions = fields.numbers("versions", WorkerSpec.VERSIONS);
        var deadline = fields.span("deadline");
        if (deadline != null && deadline.compareTo(WorkerSpec.SHORTEST_DEADLINE) < 0)
            throw fields.wrong(
                    "deadline",
                    "%d s or more, since it also covers the way to the worker"
                            .formatted(WorkerSpec.SHORTEST_DEADLINE.toSeconds()));
        var retry = fields.object("retry");
        return new OfKind(
                fields.needed("kind", "Say which kind it runs: \"kind\":\"send-mail\"."),
                versions == null || versions.isEmpty() ? Set.of(1) : new LinkedHashSet<>(versions),
                deadline,
                fields.get("concurrency") == null ? null : fields.count("concurrency", 1, 1, WorkerSpec.SLOTS),
                retry == null ? null : retry(retry));
    }

    private static Retry retry(WorkerFields fields) {
        fields.only("attempts", "backOff", "atMost", "fixed");
        var backOff = fields.span("backOff");
        var fixed = fields.span("fixed");
        var atMost = fields.span("atMost");
        if (backOff != null && fixed != null)
            throw fields.bad(
                    "%s has both backOff and fixed. The first is doubled from one attempt to the next, the other stays; send one."
                            .formatted(fields.where()));
        var retry = backOff != null ? Retry.exponential(backOff) : fixed != null ? Retry.fixed(fixed) : Retry.DEFAULT;
        if (atMost != null) retry = retry.atMost(atMost);
        return fields.get("attempts") == null ? retry : retry.attempts(fields.count("attempts", 1, 1, 1_000));
    }

    void close(Context context) {
        var body = JobsApi.optionalBody(context);
        if (body != null) new WorkerFields(body, "The body").only();
        JobsApi.answer(context, Json.object().put("putBack", workers.close(context.pathParam("worker"))));
    }

    // ---- work

    void claim(Context context) throws InterruptedException {
        var session = session(context);
        var fields = read(context, "The claim", "Send {\"most\":1,\"wait\":\"30s\",\"holding\":[]}.");
        fields.only("most", "wait", "holding");
        var claimed = session.claim(
                fields.count("most", 1, 0, WorkerSpec.SLOTS),
                fields.span("wait", Duration.ZERO, Duration.ZERO, LONGEST_WAIT),
                holding(fields));
        var json = Json.object();
        json.set("attempts", Shapes.all(claimed.handOuts(), WorkersApi::attempt));
        json.put("closing", claimed.closing());
        JobsApi.answer(context, json);
    }

    private static Set<String> holding(WorkerFields fields) {
        var holding = fields.texts("holding", 2 * WorkerSpec.SLOTS);
        if (holding == null)
            throw fields.bad(
                    "%s does not say what the worker holds. Send the attempts that it has, or none: \"holding\":[]. What it was handed in an answer that never arrived is seen by that."
                            .formatted(fields.where()));
        return new LinkedHashSet<>(holding);
    }

    private static ObjectNode attempt(HandOut handOut) {
        var job = handOut.job();
        var attempt = handOut.attempt();
        var expires = job.expiresAt();
        var json = Json.object()
                .put("attempt", handOut.id())
                .put("token", handOut.token())
                .put("job", job.id().toString())
                .put("kind", job.kind())
                .put("version", job.version())
                .put("queue", job.queue())
                .put("run", job.run())
                .put("number", attempt.number())
                .put("rescues", attempt.rescues())
                .put("enqueuedAt", job.enqueuedAt().toString())
                .put("expiresAt", expires == null ? null : expires.toString())
                .put("deadlineMillis", attempt.deadline().toMillis())
                .put("tenant", job.tenant())
                .put("batch", attempt.batch().map(Object::toString).orElse(null));
        var tags = json.putArray("tags");
        job.tags().forEach(tags::add);
        var headers = json.putObject("headers");
        job.headers().forEach(headers::put);
        json.set("payload", Json.stored(job.payload()));
        json.set("checkpoint", Json.stored(handOut.checkpoint()));
        return json;
    }

    void heartbeat(Context context) {
        var session = session(context);
        var fields = read(context, "The heartbeat", "Send {\"holding\":[]}.");
        fields.only("holding");
        var told = session.heartbeat(holding(fields));
        var json = Json.object();
        json.set(
                "stop",
                Shapes.all(
                        told.stop(),
                        stop -> Json.object().put("attempt", stop.attempt()).put("why", stop.why())));
        json.put("closing", told.closing());
        JobsApi.answer(context, json);
    }

    void report(Context context) {
        var session = session(context);
        var fields = read(context, "The report", "Send {\"token\":\"…\",\"heartbeat\":true}.");
        fields.only("token", "heartbeat", "progress", "log", "checkpoint");
        var progress = fields.object("progress");
        if (progress != null) progress.only("done", "total");
        var report = new Report(
                progress == null ? null : progress.whole("done"),
                progress == null ? null : progress.whole("total"),
                fields.lines("log", LINES),
                bounded(fields, "checkpoint"),
                fields.flag("heartbeat"));
        session.report(context.pathParam("attempt"), token(fields), report);
        JobsApi.answer(context, Json.object());
    }

    void complete(Context context) throws InterruptedException {
        var session = session(context);
        var fields = read(context, "The outcome", OUTCOMES);
        var token = token(fields);
        var decision = decision(fields);
        var state = session.complete(context.pathParam("attempt"), token, decision);
        JobsApi.answer(context, Json.object().put("state", state.wireName()));
    }

    private static Decision decision(WorkerFields fields) {
        var said = Json.write(fields.json());
        return switch (fields.needed("outcome", OUTCOMES)) {
            case "done" -> {
                fields.only("token", "outcome", "result");
                yield Decision.ends(new Outcome.Done<>(bounded(fields, "result")), said);
            }
            case "retry" -> {
                fields.only("token", "outcome", "type", "message", "place", "trace", "after");
                var after = fields.span("after");
                var failure = failure(fields);
                yield Decision.fails(after == null ? failure : failure.retryIn(after), said);
            }
            case "discard" -> {
                fields.only("token", "outcome", "type", "message", "place", "trace");
                yield Decision.fails(failure(fields).discarding(), said);
            }
            case "snooze" -> {
                fields.only("token", "outcome", "after", "reason");
                var after = fields.span("after");
                if (after == null)
                    throw fields.bad("%s does not say for how long: \"after\":\"5m\".".formatted(fields.where()));
                yield Decision.ends(
                        fields.get("reason") == null ? Outcome.snooze(after) : Outcome.snooze(after, reason(fields)),
                        said);
            }
            case "cancel" -> {
                fields.only("token", "outcome", "reason");
                yield Decision.ends(Outcome.cancel(reason(fields)), said);
            }
            default -> throw fields.wrong("outcome", "one of done, retry, discard, snooze, cancel");
        };
    }

    private static String reason(WorkerFields fields) {
        return fields.needed("reason", "Say why: \"reason\":\"the customer withdrew\".");
    }

    private static ReportedFailure failure(WorkerFields fields) {
        return ReportedFailure.of(
                fields.needed("type", "Say what the error is called: \"type\":\"ValueError\"."),
                fields.text("message", ""),
                fields.text("place", ""),
                fields.text("trace", ""));
    }

    /** A value as text, null if there is none. What is too large is refused here, where the worker can still say something else. */
    private static @Nullable String bounded(WorkerFields fields, String name) {
        var value = fields.get(name);
        if (value == null) return null;
        var text = Json.write(value);
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > JobRequest.PAYLOAD_BYTES)
            throw new Problem(
                    ProblemType.TOO_LARGE,
                    "%s has a %s of %,d bytes; at most %,d are stored. Keep the data in a table or a bucket of your own, and send its key. The attempt goes on."
                            .formatted(fields.where(), name, bytes, JobRequest.PAYLOAD_BYTES));
        return text;
    }

    private static String token(WorkerFields fields) {
        return fields.needed("token", "Send the one that came with the attempt.");
    }

    private WorkerSession session(Context context) {
        return workers.session(context.pathParam("worker"));
    }

    private static WorkerFields read(Context context, String where, String instead) {
        var body = JobsApi.optionalBody(context);
        if (body == null) throw new Problem(ProblemType.BAD_REQUEST, "%s has no body. %s".formatted(where, instead));
        return new WorkerFields(body, where);
    }
}
