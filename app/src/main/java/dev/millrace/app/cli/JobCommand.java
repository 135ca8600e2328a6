package dev.millrace.app.cli;

import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.LogLevel;
import dev.millrace.Operations;
import dev.millrace.Why;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.Durations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Style;
import dev.millrace.app.console.Table;
import dev.millrace.app.console.Table.Cell;
import dev.millrace.app.console.Visible;
import dev.millrace.app.wire.Shapes;
import dev.millrace.store.Line;
import dev.millrace.store.PartOf;
import java.time.Instant;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows everything that is known of one job. */
@Command(
        name = "job",
        description = "Show a job: what it is, why it is not running, its history and its log.",
        footer = {
            "  millrace job 01932c07-209c-7fff-8a5c-3a1f8b2d9e10",
            "  millrace job 01932c07-209c-7fff-8a5c-3a1f8b2d9e10 --level warning",
            "  millrace job 01932c07-209c-7fff-8a5c-3a1f8b2d9e10 --json | jq .result",
        })
final class JobCommand extends EngineCommand {

    @Parameters(paramLabel = "ID", description = "The job's id, as enqueue printed it.")
    String id = "";

    @Option(
            names = "--level",
            paramLabel = "LEVEL",
            description = "Of its log, only lines of this level and graver: trace, debug, info, warning, error.")
    LogLevel least = LogLevel.TRACE;

    JobCommand(Shell shell) {
        super(shell);
    }

    @Override
    void checkArguments() {
        id(id);
    }

    @Override
    ExitCode run(Operations operations) {
        var job = id(id);
        var history =
                operations.history(job).orElseThrow(() -> gone(operations, job)).withLog(least);
        var why = operations.why(job);
        if (common.json) print(Shapes.job(history, why));
        else show(history, why);
        return ExitCode.OK;
    }

    private CommandFailed gone(Operations operations, JobId job) {
        var deletion = operations.deletion(job);
        if (deletion.isEmpty()) return notFound(job);
        var said = deletion.get();
        return new CommandFailed(
                ExitCode.NOT_FOUND,
                "Job %s was deleted by %s, %s: %s. Bring it back, with all that was deleted with it: millrace bulk undo %s --reason 'why'"
                        .formatted(
                                job,
                                said.by(),
                                Times.distance(said.at(), shell.world().now()),
                                said.reason(),
                                said.operation()));
    }

    private void show(JobHistory history, Why why) {
        var now = shell.world().now();
        var job = history.job();
        console()
                .print("%s  %s"
                        .formatted(
                                job.id(),
                                console()
                                        .paint(
                                                Style.of(job.state()),
                                                job.state().wireName())));
        line("kind", job.kindVersion() == 1 ? job.kind() : job.kind() + ", version " + job.kindVersion());
        line("queue", job.queue() + ", priority " + job.priority().wireName());
        line("enqueued", moment(job.enqueuedAt(), now));
        line("runs", moment(job.runAt(), now));
        line("started", moment(job.startedAt(), now));
        line("ended", moment(job.endedAt(), now));
        line("expires", moment(job.expiresAt(), now));
        line("node", job.node());
        var batch = PartOf.batch(job.headers());
        line("part of", batch == null ? null : "batch " + batch);
        line("order", job.headers().get(Line.ORDER));
        line("limit", limit(job));
        line("trace", job.traceId().orElse(null));
        line("headers", headers(job));
        line("payload", cut(job.payload()));
        line("progress", progress(job));
        line("result", cut(job.result()));
        line("reason", job.reason());
        var failure = job.failure();
        if (failure != null) line("failure", failure.type() + ": " + failure.message());
        for (var reason : why.reasons()) line("why", reason.text());
        for (var change : history.changes())
            line(
                    "changed",
                    "%s by %s, %s: %s (operation %s)"
                            .formatted(
                                    change.what(),
                                    change.by(),
                                    Times.distance(change.at(), now),
                                    change.reason(),
                                    change.operation()));
        steps(history, now);
        for (var said : history.log())
            console()
                    .print("  %s  attempt %d  %s  %s"
                            .formatted(
                                    Times.text(said.at(), now),
                                    said.attempt(),
                                    level(said.level()),
                                    Visible.line(said.text())));
    }

    private String level(LogLevel level) {
        var word = "%-7s".formatted(level.wireName());
        return switch (level) {
            case TRACE, DEBUG -> console().paint(Style.DIM, word);
            case INFO -> word;
            case WARNING, ERROR -> console().paint(Style.STRONG, word);
        };
    }

    private void steps(JobHistory history, Instant now) {
        if (history.steps().isEmpty()) return;
        console().print("");
        var table = new Table(">run", ">attempt", "started", ">took", "outcome", "node", "note");
        for (var step : history.steps()) {
            var took = step.took();
            var failure = step.failure();
            var reason = step.reason();
            table.cells(
                    Cell.of(Integer.toString(step.run())),
                    Cell.of(Integer.toString(step.attempt())),
                    Cell.of(Times.text(step.startedAt(), now)),
                    Cell.of(took == null ? "" : Durations.text(took)),
                    Cell.of(step.outcome() == null ? "open" : step.outcome()),
                    Cell.of(step.node() == null ? "" : step.node()),
                    Cell.of(reason != null ? reason : failure == null ? "" : failure.message()));
        }
        table.lines(console()).forEach(console()::print);
        if (!history.log().isEmpty()) console().print("");
    }

    private void line(String name, @Nullable String value) {
        if (value == null || value.isEmpty()) return;
        console().print("  " + console().paint(Style.DIM, "%-9s".formatted(name)) + " " + Visible.text(value));
    }

    private static @Nullable String limit(JobView job) {
        var line = Line.of(job.headers());
        var limit = line == null ? null : line.limit();
        if (limit == null) return null;
        var rated = limit.rate();
        return "%s%s, %,d at once%s"
                .formatted(limit.name(), limit.key(), limit.atOnce(), rated == null ? "" : rate(rated));
    }

    private static String rate(Line.Rated rated) {
        var rate = rated.rate();
        return ", %,d in %s%s%s"
                .formatted(
                        rate.count(),
                        Durations.text(rate.period()),
                        rate.burst() == 1 ? "" : ", a burst of %,d".formatted(rate.burst()),
                        rated.weight() == 1 ? "" : ", weight %,d".formatted(rated.weight()));
    }

    /** What the engine keeps there has lines of its own. */
    private static @Nullable String headers(JobView job) {
        var others = new TreeMap<>(job.headers());
        others.keySet().removeIf(name -> name.startsWith(":"));
        return others.isEmpty() ? null : others.toString();
    }

    private static @Nullable String moment(@Nullable Instant at, Instant now) {
        return at == null ? null : "%s, %s".formatted(Times.text(at, now), Times.distance(at, now));
    }

    private static @Nullable String progress(JobView job) {
        var progress = job.progress();
        return progress == null ? null : "%,d of %,d".formatted(progress.done(), progress.total());
    }

    private static @Nullable String cut(@Nullable String text) {
        return text == null || text.length() <= 2_000 ? text : text.substring(0, 2_000) + "… (--json shows all)";
    }
}
