package dev.millrace.app.cli;

import dev.millrace.AdjustmentView;
import dev.millrace.Limit;
import dev.millrace.Operations;
import dev.millrace.Scope;
import dev.millrace.app.cli.EnqueueCommand.LimitConverter;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Table;
import dev.millrace.app.console.Visible;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Numbers of limits, kinds and queues: which are set over those of the code, and how to set and reset them. */
@Command(
        name = "limit",
        description =
                "Set the numbers of a limit, how often a kind runs at once on each node, or how often a kind or a queue runs at once on all nodes together, over those that code says; on all nodes, until they are reset.",
        footer = {
            "  millrace limit list",
            "  millrace limit set shop 5,200/1m,burst=20 --reason 'the provider allows more'",
            "  millrace limit set send-invoice 3 --kind --reason 'the printer is slow'",
            "  millrace limit set send-mail 20 --kind --fleet",
            "  millrace limit fleet",
            "  millrace limit reset shop"
        })
final class LimitCommand implements Runnable {

    @Mixin
    Common common = new Common();

    @Spec
    CommandSpec spec = CommandSpec.create();

    private LimitCommand() {}

    static CommandLine of(Shell shell) {
        return new CommandLine(new LimitCommand())
                .addSubcommand(new Listing(shell))
                .addSubcommand(new Fleet(shell))
                .addSubcommand(new Setting(shell))
                .addSubcommand(new Resetting(shell));
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "Say what to do: " + String.join(", ", spec.subcommands().keySet()) + ".");
    }

    /** Lists what is set. */
    @Command(
            name = "list",
            description = "List the numbers that are set over those of the code: by whom, since when, and why.",
            footer = {"  millrace limit list", "  millrace limit list --json"})
    static final class Listing extends EngineCommand {

        Listing(Shell shell) {
            super(shell);
        }

        @Override
        ExitCode run(Operations operations) {
            var all = operations.adjustments();
            if (common.json) {
                print(Shapes.all(all, Shapes::adjustment));
                return ExitCode.OK;
            }
            if (all.isEmpty()) {
                console().say("No numbers are set: all limits and kinds run as their code says.");
                return ExitCode.OK;
            }
            var now = shell.world().now();
            var table = new Table("what", "name", "numbers", "since", "by", "reason");
            for (var one : all)
                table.row(
                        what(one.of()),
                        one.name(),
                        one.numbers(),
                        Times.distance(one.since(), now),
                        one.by(),
                        one.reason());
            table.lines(console()).forEach(console()::print);
            return ExitCode.OK;
        }
    }

    private static String what(AdjustmentView.Of of) {
        return switch (of) {
            case LIMIT -> "limit";
            case KIND -> "kind, on each node";
            case FLEET_KIND -> "kind, on all nodes";
            case FLEET_QUEUE -> "queue, on all nodes";
        };
    }

    /** Shows how numbers of the whole fleet are divided. */
    @Command(
            name = "fleet",
            description =
                    "Show how often kinds and queues may run at once on all nodes together, how often they do, and what share each node has.",
            footer = {"  millrace limit fleet", "  millrace limit fleet --json"})
    static final class Fleet extends EngineCommand {

        Fleet(Shell shell) {
            super(shell);
        }

        @Override
        ExitCode run(Operations operations) {
            var all = operations.fleetConcurrencies();
            if (common.json) {
                print(Shapes.all(all, Shapes::fleet));
                return ExitCode.OK;
            }
            if (all.isEmpty()) {
                console()
                        .say(
                                "No number is set for all nodes together. To set one: millrace limit set send-mail 20 --kind --fleet");
                return ExitCode.OK;
            }
            var table = new Table("what", "name", ">at once", ">running", "set by", "shares");
            for (var one : all)
                table.row(
                        one.scope().type(),
                        one.scope().name(),
                        "%,d".formatted(one.concurrency()),
                        "%,d".formatted(one.running()),
                        one.coded() ? "code" : "operator",
                        one.shares().stream()
                                .map(share -> "%s %,d of %,d".formatted(share.name(), share.running(), share.share()))
                                .collect(Collectors.joining(", ")));
            table.lines(console()).forEach(console()::print);
            return ExitCode.OK;
        }
    }

    /** What a number is of. */
    static final class Target {

        @Option(names = "--kind", description = "The name is of a kind: so many of it run at once on each node.")
        boolean kind;

        @Option(
                names = "--queue",
                description = "The name is of a queue: with --fleet, so many of its jobs run at once.")
        boolean queue;

        @Option(names = "--fleet", description = "The number is for all nodes together, of a kind or a queue.")
        boolean fleet;

        void check() {
            if (kind && queue)
                throw new CommandFailed(
                        ExitCode.USAGE, "The name can't be of a kind and of a queue. Leave out --kind or --queue.");
            if (queue && !fleet)
                throw new CommandFailed(
                        ExitCode.USAGE,
                        "A queue has a number for all nodes together only: add --fleet. How much one node runs at once, its slots say.");
            if (fleet && !kind && !queue)
                throw new CommandFailed(
                        ExitCode.USAGE,
                        "A number for all nodes together is of a kind or a queue: add --kind or --queue. A limit counts over all nodes by itself.");
        }

        Scope scope(String name) {
            return queue ? Scope.queue(name) : Scope.kind(name);
        }

        String word() {
            return queue ? "queue" : kind ? "kind" : "limit";
        }

        String options() {
            return (kind ? " --kind" : queue ? " --queue" : "") + (fleet ? " --fleet" : "");
        }
    }

    /** Sets numbers. */
    @Command(
            name = "set",
            description = {
                "Set numbers in place of those that were set before: N at once, N/TIME, burst=N, with commas between",
                "them. What is left out stays as the jobs of the limit say. Nodes hear of it within about a second; what",
                "waits goes by the new numbers, what runs goes on."
            },
            footer = {
                "  millrace limit set shop 5,200/1m,burst=20 --reason 'the provider allows more'",
                "  millrace limit set send-invoice 3 --kind",
                "  millrace limit set send-mail 20 --kind --fleet --reason 'the provider allows 20'",
                "  millrace limit set imports 4 --queue --fleet"
            })
    static final class Setting extends EngineCommand {

        @Parameters(
                index = "0",
                paramLabel = "NAME",
                description = "The limit's name; with --kind or --queue that of the kind or the queue.")
        String name = "";

        @Parameters(index = "1", paramLabel = "NUMBERS", description = "Such as 5, 200/1m, or 5,200/1m,burst=20.")
        String numbers = "";

        @Mixin
        Target target = new Target();

        @Option(
                names = "--reason",
                paramLabel = "TEXT",
                defaultValue = "set on the command line",
                description = "Why; kept with who did it.")
        String reason = "";

        Setting(Shell shell) {
            super(shell);
        }

        @Override
        void checkArguments() {
            target.check();
            if (target.kind || target.queue) atOnce();
            else limit();
        }

        private Limit limit() {
            try {
                return new LimitConverter().convert(name + "=" + numbers);
            } catch (TypeConversionException wrong) {
                throw new CommandFailed(ExitCode.USAGE, String.valueOf(wrong.getMessage()), wrong);
            }
        }

        private int atOnce() {
            if (!numbers.matches("[0-9]{1,9}"))
                throw new CommandFailed(
                        ExitCode.USAGE,
                        "\"%s\" does not say how often a %s runs at once. Write a number from 1 to %s, such as 3. A rate can be set for a limit, not for a %s."
                                .formatted(
                                        numbers, target.word(), target.fleet ? "1,000,000" : "100,000", target.word()));
            return Integer.parseInt(numbers);
        }

        @Override
        ExitCode run(Operations operations) {
            if (target.fleet) operations.fleetConcurrency(target.scope(name), atOnce(), reason);
            else if (target.kind) operations.concurrency(name, atOnce(), reason);
            else operations.limit(name, said -> limit(), reason);
            var what = target.word();
            if (common.json) print(Json.object().put(what, name).put("set", true));
            else
                console()
                        .print(
                                "The numbers of %s %s are set, on all nodes within about a second. To have those of the code again: millrace limit reset %s%s"
                                        .formatted(what, Visible.text(name), Visible.text(name), target.options()));
            return ExitCode.OK;
        }
    }

    /** Has the code's own numbers hold again. */
    @Command(
            name = "reset",
            description = "Have those numbers hold again that code says.",
            footer = {
                "  millrace limit reset shop",
                "  millrace limit reset send-invoice --kind",
                "  millrace limit reset send-mail --kind --fleet"
            })
    static final class Resetting extends EngineCommand {

        @Parameters(
                index = "0",
                paramLabel = "NAME",
                description = "The limit's name; with --kind or --queue that of the kind or the queue.")
        String name = "";

        @Mixin
        Target target = new Target();

        @Option(
                names = "--reason",
                paramLabel = "TEXT",
                defaultValue = "reset on the command line",
                description = "Why; kept with who did it.")
        String reason = "";

        Resetting(Shell shell) {
            super(shell);
        }

        @Override
        void checkArguments() {
            target.check();
        }

        @Override
        ExitCode run(Operations operations) {
            boolean were = target.fleet
                    ? operations.resetFleetConcurrency(target.scope(name), reason)
                    : target.kind ? operations.resetConcurrency(name, reason) : operations.resetLimit(name, reason);
            var what = target.word();
            if (common.json)
                print(Json.object().put(what, name).put("set", false).put("before", were));
            else
                console()
                        .print((were
                                        ? "The numbers of %s %s are those of the code again, on all nodes within about a second."
                                        : "No numbers were set of %s %s: it runs as its code says.")
                                .formatted(what, Visible.text(name)));
            return ExitCode.OK;
        }
    }
}
