package dev.millrace.app.cli;

import dev.millrace.Filter;
import dev.millrace.JobView;
import dev.millrace.Operations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Style;
import dev.millrace.app.console.Table;
import dev.millrace.app.console.Table.Cell;
import dev.millrace.app.wire.Shapes;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists jobs, newest first. */
@Command(
        name = "jobs",
        description = "List jobs, newest first.",
        footer = {
            "  millrace jobs",
            "  millrace jobs --state discarded --queue billing --limit 20",
            "  millrace jobs --state discarded --failed-with java.io.IOException --since 6h",
            "  millrace jobs --json | jq -r '.[].id'",
        })
final class JobsCommand extends EngineCommand {

    @Mixin
    FilterOptions filter = new FilterOptions();

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "20",
            description = "At most so many, up to 1000. Default: 20.")
    int limit = 20;

    @Option(names = "--before", paramLabel = "ID", description = "Only older ones than this job: the next page.")
    @Nullable
    String before;

    JobsCommand(Shell shell) {
        super(shell);
    }

    @Override
    ExitCode run(Operations operations) {
        var jobs = operations.list(this::said);
        if (common.json) print(Shapes.all(jobs, Shapes::listed));
        else show(jobs);
        return ExitCode.OK;
    }

    private Filter said(Filter f) {
        f = filter.applied(f.limit(limit));
        if (before != null) f = f.before(id(before));
        return f;
    }

    private void show(List<JobView> jobs) {
        if (jobs.isEmpty()) {
            boolean filtered = filter.any() || before != null;
            console()
                    .say(
                            filtered
                                    ? "No job is like that. `millrace jobs` lists all."
                                    : "There are no jobs yet. The first one: millrace enqueue echo '{\"hello\":\"world\"}'");
            return;
        }
        var now = shell.world().now();
        var table = new Table("id", "kind", "queue", "state", ">attempt", "enqueued", "note");
        for (var job : jobs)
            table.cells(
                    Cell.of(job.id().toString()),
                    Cell.of(job.kind()),
                    Cell.of(job.queue()),
                    new Cell(job.state().wireName(), Style.of(job.state()), false),
                    Cell.of(Integer.toString(job.attempt())),
                    Cell.of(Times.distance(job.enqueuedAt(), now)),
                    Cell.of(Notes.of(job, now)));
        table.lines(console()).forEach(console()::print);
        if (jobs.size() == limit)
            console().hint("Older ones: add --before " + jobs.getLast().id());
    }
}
