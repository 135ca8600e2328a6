package dev.millrace.app.bench;

import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.DatabaseOptions;
import dev.millrace.app.wire.Json;
import dev.millrace.benchmarks.Bench;
import dev.millrace.benchmarks.Report;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ObjectNode;

/** Measures every regime but features, seats and the soak, and holds them against the goals. */
@Command(
        name = "all",
        description = {
            "Every regime but features, seats and the soak at its usual size, and what was reached of what Millrace wants to reach: a table of goals with our value, the raw limit, each peer, and met, not met or not measured.",
            "On a quiet machine it takes less than an hour, with peers two or three. A regime that fails is told of, and the others go on; then it exits with 1."
        },
        footer = {
            "  millrace bench all --out reports/today",
            "  millrace bench all --peers --out reports/today",
            "  millrace bench all --rounds 1 --peers db-scheduler",
            "  millrace bench all --brief                        does it all work? Its numbers mean nothing"
        })
final class AllCommand implements Callable<Integer> {

    @Mixin
    DatabaseOptions database = new DatabaseOptions();

    @Mixin
    Common common = new Common();

    @Mixin
    HowToMeasure how = new HowToMeasure();

    @Mixin
    Peers peers = new Peers();

    @Option(
            names = "--brief",
            description =
                    "So small that all is over within minutes, features and seats too: to see that it works here. Its numbers mean nothing.")
    boolean brief;

    private final Shell shell;

    AllCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws InterruptedException {
        var setup = how.setup(peers.names(how), peers.heap).withBrief(brief);
        return Measuring.on(database, common, shell, (dataSource, login, telling) -> {
            var report = all(new Bench(dataSource, login, shell.world(), telling, setup));
            var tree = (ObjectNode) Json.tree(report);
            how.keep("all", Json.pretty(tree), report.markdown());
            shell.console().print(common.json() ? Json.write(tree) : report.goalTable());
            return (report.failed().isEmpty() ? ExitCode.OK : ExitCode.FAILED).number();
        });
    }

    private static Report all(Bench bench) throws SQLException, InterruptedException {
        try (bench) {
            bench.dropLeftovers();
            return bench.all();
        }
    }
}
