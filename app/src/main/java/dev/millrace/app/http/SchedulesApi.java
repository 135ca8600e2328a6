package dev.millrace.app.http;

import dev.millrace.Operations;
import dev.millrace.Operations.NamedJob;
import dev.millrace.Operations.Scheduling;
import dev.millrace.ScheduleView;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import dev.millrace.world.World;
import io.javalin.http.Context;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Schedules over HTTP: which there are, and those that are set at run time. */
final class SchedulesApi {

    private final Operations operations;
    private final World world;

    SchedulesApi(Operations operations, World world) {
        this.operations = operations;
        this.world = world;
    }

    void list(Context context) {
        var now = world.now();
        var json = Json.object();
        json.set("schedules", Shapes.all(operations.schedules(), schedule -> Shapes.schedule(schedule, now)));
        JobsApi.answer(context, json);
    }

    void one(Context context) {
        var name = context.pathParam("name");
        JobsApi.answer(context, Shapes.schedule(view(name), world.now()));
    }

    void set(Context context) {
        var name = context.pathParam("name");
        var request = ScheduleRequest.read(JobsApi.body(context, ScheduleRequest.EXAMPLE));
        var job = request.job();
        var named = new NamedJob(job.kind(), job.version(), job.payload(), job::options);
        var outcome = operations.schedule(name, request.when(), named, request.reason());
        var said = Shapes.schedule(view(name), world.now());
        context.status(outcome == Scheduling.CREATED ? 201 : 200);
        if (outcome == Scheduling.CREATED) context.header("Location", "/api/schedules/" + name);
        JobsApi.answer(context, said.put("outcome", outcome.name().toLowerCase(Locale.ROOT)));
    }

    void remove(Context context) {
        for (var parameter : context.queryParamMap().keySet())
            if (!Set.of("reason").contains(parameter))
                throw new Problem(
                        ProblemType.BAD_REQUEST,
                        "The parameter \"%s\" is not known. To remove a schedule takes a reason: ?reason=the+customer+has+left"
                                .formatted(JobRequest.shown(parameter)));
        var name = context.pathParam("name");
        var reason = context.queryParam("reason");
        if (!operations.unschedule(name, reason == null ? "removed over HTTP" : reason)) throw unknown(name);
        JobsApi.answer(context, Json.object().put("name", name).put("removed", true));
    }

    private ScheduleView view(String name) {
        List<ScheduleView> all = operations.schedules();
        return all.stream()
                .filter(schedule -> schedule.name().equals(name))
                .findFirst()
                .orElseThrow(() -> unknown(name));
    }

    private static Problem unknown(String name) {
        return new Problem(
                ProblemType.NOT_FOUND,
                "There is no schedule %s here. GET /api/schedules lists those that are."
                        .formatted(JobRequest.shown(name)));
    }
}
