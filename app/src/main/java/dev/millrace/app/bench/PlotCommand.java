package dev.millrace.app.bench;

import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.wire.Json;
import dev.millrace.benchmarks.plot.Plots;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Draws reports. */
@Command(
        name = "plot",
        description = {
            "Draw what reports tell, as images of SVG: of a soak its series, shaded where a snapshot was held; of other regimes, alone or of bench all, bars of Millrace, the raw limit and the peers.",
            "The same report makes the same bytes. No database is needed, and nothing else is written."
        },
        footer = {
            "  millrace bench plot reports/soak.json --out images",
            "  millrace bench plot reports/all.json reports/soak.json --out docs/images"
        })
final class PlotCommand implements Callable<Integer> {

    @Mixin
    Common common = new Common();

    @Parameters(
            arity = "1..*",
            paramLabel = "REPORT.json",
            description = "What --json printed, or a .json that --out kept.")
    List<Path> reports = List.of();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "The images' folder, made if need be. Those of the same names in it are replaced.")
    Path out = Path.of("");

    @Spec
    CommandSpec spec = CommandSpec.create();

    private final Shell shell;

    PlotCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() {
        for (var report : reports)
            if (!Files.exists(report))
                throw wrong(
                        "There is no %s. Name reports: what a measurement's --json printed, or a .json that its --out kept"
                                .formatted(report));
        var images = Plots.of(reports);
        var files = Json.array();
        try {
            Files.createDirectories(out);
            for (var image : images.entrySet()) {
                var file = out.resolve(image.getKey());
                Files.writeString(file, image.getValue());
                files.add(file.toString());
            }
        } catch (IOException e) {
            throw new CommandFailed(
                    ExitCode.REFUSED,
                    "The images can't be written into %s: %s. Name another folder with --out."
                            .formatted(out, e.getMessage()),
                    e);
        }
        if (common.json()) shell.console().print(Json.write(Json.object().set("images", files)));
        else files.forEach(file -> shell.console().print(file.stringValue("")));
        return ExitCode.OK.number();
    }

    private ParameterException wrong(String why) {
        return new ParameterException(spec.commandLine(), why);
    }
}
