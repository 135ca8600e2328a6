package dev.millrace.app.bench;

import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.DatabaseOptions;
import dev.millrace.app.wire.Json;
import dev.millrace.benchmarks.Bench;
import dev.millrace.benchmarks.Machine;
import dev.millrace.benchmarks.Setup;
import dev.millrace.benchmarks.Tables;
import dev.millrace.benchmarks.trial.Regime;
import dev.millrace.benchmarks.trial.Sizes;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.node.ObjectNode;

/** Measures one regime: opens the database, gives contenders their turns, prints the report and keeps it. */
abstract class RegimeCommand implements Callable<Integer> {

    static final long MOST_JOBS = 100_000_000;

    private final Shell shell;

    @Mixin
    DatabaseOptions database = new DatabaseOptions();

    @Mixin
    Common common = new Common();

    @Mixin
    HowToMeasure how = new HowToMeasure();

    RegimeCommand(Shell shell) {
        this.shell = shell;
    }

    /** What is measured once the database is open. */
    @FunctionalInterface
    interface Measurement {
        void in(Bench bench, Machine machine) throws SQLException, InterruptedException;
    }

    int measure(Setup setup, Measurement measurement) throws InterruptedException {
        return Measuring.on(database, common, shell, (dataSource, login, telling) -> {
            try (var bench = new Bench(dataSource, login, shell.world(), telling, setup)) {
                bench.dropLeftovers();
                measurement.in(bench, Machine.look(dataSource));
                return ExitCode.OK.number();
            }
        });
    }

    int measure(Setup setup, Regime regime, Sizes sizes) throws InterruptedException {
        return measure(setup, (bench, machine) -> {
            var report = bench.run(regime, sizes);
            var tree = (ObjectNode) Json.tree(report);
            tree.set("machine", Json.tree(machine));
            print(regime.wireName(), tree, Tables.of(report));
        });
    }

    void print(String name, ObjectNode tree, String markdown) {
        how.keep(name, Json.pretty(tree), markdown);
        shell.console().print(common.json() ? Json.write(tree) : markdown);
    }
}
