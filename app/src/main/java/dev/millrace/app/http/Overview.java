package dev.millrace.app.http;

import dev.millrace.JobView;
import dev.millrace.Operations;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import dev.millrace.world.World;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What the page shows, in one answer: a bounded number of rows whatever there is, looked up once a second for all viewers. */
final class Overview {

    static final int ROWS = 20;

    private final Operations operations;
    private final World world;
    private final String database;
    private final Cached<String> latest;

    Overview(Operations operations, World world, String database) {
        this.operations = operations;
        this.world = world;
        this.database = database;
        this.latest = new Cached<>(Duration.ofMillis(900), world, this::look);
    }

    void send(Context context) {
        var json = latest.get();
        context.contentType("application/json").result(json);
    }

    private String look() {
        var json = Json.object();
        json.put("at", world.now().toString());
        json.put("database", database);
        json.set("queues", Shapes.all(operations.queues(), Shapes::queue));
        json.set(
                "running",
                Shapes.all(operations.list(f -> f.state(State.RUNNING).limit(ROWS)), Overview::row));
        json.set("failures", Shapes.all(failures(), Overview::row));
        json.set("pauses", pauses());
        json.set("nodes", Shapes.all(operations.nodes(), Shapes::node));
        return Json.write(json);
    }

    /** Those of queues stand beside their queues; of all others as many as there is room for. */
    private ArrayNode pauses() {
        var others = operations.pauses().stream()
                .filter(pause -> !(pause.scope() instanceof Scope.Queue))
                .limit(ROWS)
                .toList();
        return Shapes.all(others, Shapes::pause);
    }

    private List<JobView> failures() {
        var failures =
                new ArrayList<>(operations.list(f -> f.state(State.DISCARDED).limit(ROWS)));
        failures.addAll(operations.list(f -> f.state(State.RETRYABLE).limit(ROWS)));
        failures.sort(Comparator.comparing(JobView::id).reversed());
        return failures.subList(0, Math.min(ROWS, failures.size()));
    }

    /** Without what may be large. */
    private static ObjectNode row(JobView job) {
        var json = Shapes.job(job);
        json.remove(List.of("payload", "result", "headers"));
        var failure = job.failure();
        if (failure != null) {
            var message = failure.message();
            json.putObject("failure")
                    .put("type", failure.type())
                    .put("message", message.length() > 300 ? message.substring(0, 299) + "…" : message);
        }
        return json;
    }
}
