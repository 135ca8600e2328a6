package dev.millrace.app.cli;

import dev.millrace.Operations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Table;
import dev.millrace.app.wire.Shapes;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Groups failed jobs by where their failure came from. */
@Command(
        name = "failures",
        description =
                "Group jobs that have failed by where their failure came from, the largest groups first. Without --state, discarded ones.",
        footer = {
            "  millrace failures --since 24h",
            "  millrace failures --state retryable --queue billing",
        })
final class FailuresCommand extends EngineCommand {

    @Mixin
    FilterOptions filter = new FilterOptions();

    FailuresCommand(Shell shell) {
        super(shell);
    }

    @Override
    ExitCode run(Operations operations) {
        var groups = operations.failures(filter::applied);
        if (common.json) {
            print(Shapes.all(groups, Shapes::failureGroup));
            return ExitCode.OK;
        }
        if (groups.isEmpty()) {
            console().say("No job has failed so.");
            return ExitCode.OK;
        }
        var now = shell.world().now();
        var table = new Table(">jobs", "last", "kinds", "failure", "fingerprint", "message");
        for (var group : groups)
            table.row(
                    "%,d".formatted(group.jobs()),
                    Times.distance(group.at(), now),
                    String.join(", ", group.kinds()),
                    group.type(),
                    group.fingerprint(),
                    group.message());
        table.lines(console()).forEach(console()::print);
        if (filter.state == null || filter.state.equals("discarded"))
            console()
                    .hint(
                            "Run a group again: millrace bulk requeue --state discarded --fingerprint %s, with the same filters as here"
                                    .formatted(groups.getFirst().fingerprint()));
        return ExitCode.OK;
    }
}
