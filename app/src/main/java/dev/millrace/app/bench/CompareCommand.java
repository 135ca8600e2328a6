package dev.millrace.app.bench;

import dev.millrace.MillraceException;
import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.DatabaseOptions;
import dev.millrace.app.wire.Json;
import dev.millrace.benchmarks.Builds;
import dev.millrace.benchmarks.Comparison;
import dev.millrace.benchmarks.trial.Regime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares two reports, or two builds. */
@Command(
        name = "compare",
        description = {
            "Two reports: what B has over what A has, for each measure that both have. Or two builds of Millrace, which take turns (A, B, B, A) at one regime on one database.",
            "A build is a folder with the launcher in it, or a jar of a build; a report is what --json prints, or a .json that --out kept. B is better or worse if all rounds agree, else undecided."
        },
        footer = {
            "  millrace bench compare before.json after.json",
            "  millrace bench compare ../millrace-main . --regime burn-down --jobs 200000 --rounds 5",
        })
final class CompareCommand implements Callable<Integer> {

    @Mixin
    DatabaseOptions database = new DatabaseOptions();

    @Mixin
    Common common = new Common();

    @Parameters(index = "0", paramLabel = "A", description = "A report or a build.")
    Path a = Path.of("");

    @Parameters(index = "1", paramLabel = "B", description = "Another one of the same sort.")
    Path b = Path.of("");

    @Option(
            names = "--regime",
            paramLabel = "NAME",
            defaultValue = "burn-down",
            description = "Of two builds: what they do, default ${DEFAULT-VALUE}.")
    String regime = "";

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description = "Of two builds: how often each has its turn. 1 to 20, default ${DEFAULT-VALUE}.")
    int rounds;

    @Option(
            names = "--jobs",
            paramLabel = "N",
            description = "Of two builds: how many jobs, where the regime counts jobs.")
    @Nullable
    Long jobs;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "Of two builds: how long, where the regime has a length.")
    @Nullable
    Integer seconds;

    @Spec
    CommandSpec spec = CommandSpec.create();

    private final Shell shell;

    CompareCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws InterruptedException {
        if (rounds < 1 || rounds > 20) throw wrong("--rounds can't be %d: it takes 1 to 20.".formatted(rounds));
        for (var each : List.of(a, b))
            if (!Files.exists(each)) throw wrong("There is no %s. Name two reports, or two builds.".formatted(each));
        boolean builds = Builds.isBuild(a);
        if (builds != Builds.isBuild(b))
            throw wrong("%s and %s are not of one sort. Name two reports, or two builds.".formatted(a, b));
        var comparison = builds ? ofBuilds(regime()) : Comparison.ofReports(a, b);
        shell.console().print(common.json() ? Json.write(Json.tree(comparison)) : comparison.text());
        return ExitCode.OK.number();
    }

    private Comparison ofBuilds(Regime regime) throws InterruptedException {
        var options = new ArrayList<String>();
        if (jobs != null) options.addAll(List.of("--jobs", jobs.toString()));
        if (seconds != null) options.addAll(List.of("--seconds", seconds.toString()));
        return Measuring.on(
                database,
                common,
                shell,
                (dataSource, login, telling) -> new Builds(login, telling).compare(a, b, regime, options, rounds));
    }

    private Regime regime() {
        try {
            return Regime.of(regime);
        } catch (MillraceException unknown) {
            throw wrong(String.valueOf(unknown.getMessage()));
        }
    }

    private ParameterException wrong(String why) {
        return new ParameterException(spec.commandLine(), why);
    }
}
