package dev.millrace.app.cli;

import dev.millrace.Filter;
import dev.millrace.JobView;
import dev.millrace.Operations;
import dev.millrace.State;
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

    /** From how many jobs on there may be more deliveries than are looked at; a page has no more. */
    private static final int MANY = 1_000;

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
        tellWhatMayBeLacking(operations, jobs);
        return ExitCode.OK;
    }

    /** Says that older jobs may belong on this page: it has room, its state stands in no list of its own, and there are so many jobs that not all may have been looked at. */
    private void tellWhatMayBeLacking(Operations operations, List<JobView> jobs) {
        if (jobs.size() >= limit || filter.state == null || filter.looksInside()) return;
        var state = State.of(filter.state);
        if (state != State.COMPLETED && state != State.AVAILABLE) return;
        int others = operations
                .list(f -> (before == null ? f : f.before(id(before))).limit(MANY))
                .size();
        if (others < MANY) return;
        var further = state == State.AVAILABLE
                ? "With --since 3650d all are."
                : "To look further back: --before "
                        + (jobs.isEmpty()
                                ? "and the id of an older job."
                                : jobs.getLast().id());
        console()
                .say("There may be more: of jobs that are %s only the newest 50,000 deliveries are looked at. %s"
                        .formatted(state.wireName(), further));
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
