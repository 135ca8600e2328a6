package dev.millrace.app.cli;

import dev.millrace.BatchView;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.Operations;
import dev.millrace.State;
import dev.millrace.Why;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Style;
import dev.millrace.app.console.Table;
import dev.millrace.app.console.Table.Cell;
import dev.millrace.app.console.Visible;
import dev.millrace.app.wire.Shapes;
import dev.millrace.store.PartOf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ObjectNode;

/** Shows how far a batch is, and which of its parts failed. */
@Command(
        name = "batch",
        description =
                "Show a batch: how many of its parts have ended, how they did, and what the job that follows them waits for.",
        footer = {
            "  millrace batch 01932c07-209c-7fff-8a5c-3a1f8b2d9e10",
            "  millrace batch 01932c07-209c-7fff-8a5c-3a1f8b2d9e10 --failed",
            "  millrace batch 01932c07-209c-7fff-8a5c-3a1f8b2d9e10 --json | jq .open",
        })
final class BatchCommand extends EngineCommand {

    private static final int LIMIT = 20;
    private static final int MOST = 1_000;

    @Parameters(paramLabel = "ID", description = "The batch's id, which is that of the job that follows.")
    String id = "";

    @Option(
            names = "--failed",
            description =
                    "List the parts that are discarded or cancelled. Parts are looked at one by one, in their order.")
    boolean failed;

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "With --failed: at most so many, up to 1000. Default: 20.")
    @Nullable
    Integer limit;

    BatchCommand(Shell shell) {
        super(shell);
    }

    /** A part, and its place among all. */
    private record Part(long number, JobView job) {}

    @Override
    void checkArguments() {
        id(id);
        if (limit == null) return;
        if (!failed)
            throw new CommandFailed(
                    ExitCode.USAGE, "--limit says how many failed parts are listed, and none are: add --failed.");
        if (limit < 1 || limit > MOST)
            throw new CommandFailed(
                    ExitCode.USAGE, "--limit can't be %,d. It lies between 1 and %,d.".formatted(limit, MOST));
    }

    @Override
    ExitCode run(Operations operations) {
        var batch = id(id);
        var view = operations.batch(batch).orElseThrow(() -> noBatch(operations, batch));
        var job = operations.find(batch).orElse(null);
        var why = operations.why(batch);
        var parts = failed ? failedParts(operations, view) : List.<Part>of();
        if (common.json) print(json(view, job, why, parts));
        else show(view, job, why, parts);
        return ExitCode.OK;
    }

    private static CommandFailed noBatch(Operations operations, JobId id) {
        var job = operations.find(id);
        if (job.isEmpty()) return notFound(id);
        var outer = PartOf.batch(job.get().headers());
        return new CommandFailed(
                ExitCode.NOT_FOUND,
                outer == null
                        ? "Job %s follows no batch. `millrace job %<s` shows it.".formatted(id)
                        : "Job %s follows no batch: it is a part of one. `millrace batch %s` shows that."
                                .formatted(id, outer));
    }

    /** It ends where as many are found as were counted, so that nothing is read of a batch without failures. */
    private List<Part> failedParts(Operations operations, BatchView view) {
        long most = Math.min(limit == null ? LIMIT : limit, view.discarded() + view.cancelled());
        var found = new ArrayList<Part>();
        long number = 0;
        while (found.size() < most) {
            var some = operations.parts(view.id(), number);
            if (some.isEmpty()) break;
            for (var part : some) {
                if (found.size() == most) break;
                var job = operations.find(part).filter(BatchCommand::hasFailed);
                if (job.isPresent()) found.add(new Part(number, job.get()));
                number++;
            }
        }
        return found;
    }

    private static boolean hasFailed(JobView job) {
        return job.state() == State.DISCARDED || job.state() == State.CANCELLED;
    }

    private ObjectNode json(BatchView view, @Nullable JobView job, Why why, List<Part> parts) {
        var json = Shapes.batch(view);
        json.put("kind", job == null ? null : job.kind());
        json.put("state", job == null ? null : job.state().wireName());
        json.set("why", Shapes.why(why).get("reasons"));
        if (failed)
            json.set(
                    "failed",
                    Shapes.all(parts, part -> Shapes.listed(part.job()).put("number", part.number())));
        return json;
    }

    private void show(BatchView view, @Nullable JobView job, Why why, List<Part> parts) {
        var state = job == null
                ? "the job that follows is no longer kept"
                : console().paint(Style.of(job.state()), job.state().wireName());
        console().print("%s  %s".formatted(view.id(), state));
        if (job != null) line("kind", job.kind());
        line("parts", "%,d".formatted(view.parts()));
        line("completed", "%,d".formatted(view.completed()));
        line("discarded", "%,d".formatted(view.discarded()));
        line("cancelled", "%,d".formatted(view.cancelled()));
        line("open", "%,d".formatted(view.open()));
        if (job != null) for (var reason : why.reasons()) line("why", reason.text());
        if (failed) show(parts);
        else if (view.discarded() + view.cancelled() > 0)
            console().hint("Which ones: millrace batch %s --failed".formatted(view.id()));
    }

    private void show(List<Part> parts) {
        console().print("");
        if (parts.isEmpty()) {
            console().print("No part is discarded or cancelled.");
            return;
        }
        var now = shell.world().now();
        var table = new Table(">part", "id", "kind", "state", "ended", "reason");
        for (var part : parts)
            table.cells(
                    Cell.of(Long.toString(part.number())),
                    Cell.of(part.job().id().toString()),
                    Cell.of(part.job().kind()),
                    new Cell(part.job().state().wireName(), Style.of(part.job().state()), false),
                    Cell.of(Times.distance(part.job().endedAt(), now)),
                    Cell.of(Notes.of(part.job(), now)));
        table.lines(console()).forEach(console()::print);
    }

    private void line(String name, String value) {
        console().print("  " + console().paint(Style.DIM, "%-9s".formatted(name)) + " " + Visible.text(value));
    }
}
