package dev.millrace.app.cli;

import dev.millrace.Check;
import dev.millrace.Handlers;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.NodeBuilder;
import dev.millrace.QueueView;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.Console;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Style;
import dev.millrace.app.console.Visible;
import dev.millrace.app.database.StoreOptions;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Says whether a build can read the jobs that wait, before it is deployed. */
@Command(
        name = "check",
        description = {
            "Before a deploy: whether the jobs that wait can be read by a build. Its jars are loaded, its handlers are asked which kinds and versions they",
            "know, and jobs that wait are decoded with them, upcasts included. No handler runs, no node joins, nothing is changed. Ends with 12 if some do",
            "not decode. Kinds for which the build has no handler are told, and count with --strict."
        },
        footer = {
            "  millrace check --jar target/app.jar --jar target/lib --handlers com.example.Jobs",
            "  millrace check --jar app.jar --handlers com.example.App::register --queue billing --sample 10000",
            "  millrace check --jar app.jar --handlers com.example.Jobs --database jdbc:postgresql://db/app --json",
        })
final class CheckCommand implements Callable<Integer> {

    private final Shell shell;

    @Option(
            names = "--jar",
            paramLabel = "PATH",
            required = true,
            description = "A jar of the build, or a directory of jars or classes. Repeat it for more.")
    List<Path> jars = List.of();

    @Option(
            names = "--handlers",
            paramLabel = "CLASS",
            required = true,
            description =
                    "A class that implements dev.millrace.Handlers and has a constructor without parameters; or CLASS::METHOD, a static method that takes a NodeBuilder, or gives handlers. Repeat it for more.")
    List<String> handlers = List.of();

    @Option(
            names = "--queue",
            paramLabel = "NAME",
            description = "Only jobs of this queue. Repeat it for more. Default: of all queues.")
    List<String> queues = List.of();

    @Option(
            names = "--sample",
            paramLabel = "N",
            defaultValue = "200",
            description = "Decode so many jobs of each kind and version at most, 1 to 10,000. Default: 200.")
    int sample;

    @Option(names = "--strict", description = "Jobs for which the build has no handler count as not read.")
    boolean strict;

    @Mixin
    StoreOptions database = new StoreOptions();

    @Mixin
    Common common = new Common();

    @Spec
    CommandSpec spec = CommandSpec.create();

    CheckCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() {
        if (sample < 1 || sample > Check.Options.MOST)
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "--sample can't be %,d. It is 1 to %,d: %,d would do."
                            .formatted(sample, Check.Options.MOST, sample < 1 ? 1 : Check.Options.MOST));
        database.lookOnly();
        try (var code = UserCode.in(jars)) {
            var modules = new LinkedHashMap<String, Handlers>();
            for (var name : handlers) modules.put(name, code.handlers(name));
            try (var visit = shell.gate().visit(database, spec.name(), console())) {
                return tell(checked(visit.millrace(), code, modules)).number();
            }
        }
    }

    private Check checked(Millrace millrace, UserCode code, Map<String, Handlers> modules) {
        var node = millrace.node();
        modules.forEach((name, module) -> code.run("What " + name + " adds", () -> added(node, name, module)));
        if (queues.isEmpty())
            return code.run(
                    "A payload's class", () -> node.check(o -> o.sample(sample).everyQueue()));
        var there = millrace.operations("check").queues().stream()
                .map(QueueView::name)
                .toList();
        for (var queue : queues) {
            if (there.contains(queue)) continue;
            console()
                    .say("There is no queue \"%s\" yet%s."
                            .formatted(
                                    Visible.line(queue),
                                    there.isEmpty() ? "" : "; there are " + String.join(", ", there)));
        }
        return code.run(
                "A payload's class", () -> node.check(o -> o.sample(sample).queues(queues)));
    }

    /** What was thrown as an error of the engine says itself what is wrong; anything else is the user's. */
    private static Handlers added(NodeBuilder node, String name, Handlers module) {
        try {
            module.addTo(UnstartedNode.of(node));
            return module;
        } catch (CommandFailed | MillraceException told) {
            throw told;
        } catch (RuntimeException | AssertionError thrown) {
            throw UserCode.threw(name, thrown);
        }
    }

    private ExitCode tell(Check check) {
        boolean passed =
                check.unreadable().isEmpty() && (!strict || check.unhandled().isEmpty());
        if (common.json) console().print(Json.write(Shapes.check(check, passed)));
        else say(check, passed);
        return passed ? ExitCode.OK : ExitCode.UNREADABLE;
    }

    private void say(Check check, boolean passed) {
        for (var kind : check.kinds()) {
            if (!kind.handled())
                console()
                        .print("%s  %s"
                                .formatted(
                                        console()
                                                .paint(
                                                        strict ? Style.DISCARDED : Style.SCHEDULED,
                                                        strict ? "MISSING " : "NOTE    "),
                                        Visible.line(kind.toString())));
            else if (kind.refused() > 0)
                console()
                        .print("%s  %s"
                                .formatted(
                                        console().paint(Style.DISCARDED, "UNREAD  "), Visible.line(kind.toString())));
            else
                console()
                        .print("%s  %s"
                                .formatted(
                                        console().paint(Style.COMPLETED, "OK      "), Visible.line(kind.toString())));
        }
        if (!check.complete())
            console().say("More jobs wait than were counted, and there may be further kinds among them.");
        console()
                .say(
                        check.kinds().isEmpty()
                                ? "No jobs wait, so none can fail to be read."
                                : passed
                                        ? "What waits and was looked at can be read by this build. Nothing was run or changed."
                                        : "Deployed as it is, this build would leave jobs waiting. Nothing was run or changed.");
    }

    private Console console() {
        return shell.console();
    }
}
