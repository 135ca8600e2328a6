package dev.millrace.app.cli;

import dev.millrace.Operations;
import dev.millrace.ScheduleView;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Table;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import java.time.Instant;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Schedules: which there are, and what can be done with them. */
@Command(
        name = "schedule",
        description =
                "Look at schedules, set and remove them at run time, and run one now. To pause one: millrace pause schedule NAME.",
        footer = {
            "  millrace schedule list",
            "  millrace schedule set close-day-acme --cron '30 2 * * *' --zone Europe/Berlin --kind close-day",
            "  millrace schedule remove close-day-acme --reason 'the customer has left'",
            "  millrace schedule run close-day",
            "  millrace schedule preview '30 2 * * *' --zone Europe/Berlin"
        })
final class ScheduleCommand implements Runnable {

    @Mixin
    Common common = new Common();

    @Spec
    CommandSpec spec = CommandSpec.create();

    private ScheduleCommand() {}

    static CommandLine of(Shell shell) {
        return new CommandLine(new ScheduleCommand())
                .addSubcommand(new Listing(shell))
                .addSubcommand(new ScheduleSetCommand(shell))
                .addSubcommand(new Remove(shell))
                .addSubcommand(new RunNow(shell))
                .addSubcommand(new SchedulePreviewCommand(shell));
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "Say what to do: " + String.join(", ", spec.subcommands().keySet()) + ".");
    }

    /** Lists schedules. */
    @Command(
            name = "list",
            description =
                    "List the schedules that nodes have brought or that were set at run time: when each fired last, and when it will next.",
            footer = {"  millrace schedule list", "  millrace schedule list --json"})
    static final class Listing extends EngineCommand {

        Listing(Shell shell) {
            super(shell);
        }

        @Override
        ExitCode run(Operations operations) {
            var schedules = operations.schedules();
            var now = shell.world().now();
            if (common.json) {
                print(Shapes.all(schedules, schedule -> Shapes.schedule(schedule, now)));
                return ExitCode.OK;
            }
            if (schedules.isEmpty()) {
                console()
                        .say(
                                "There are no schedules. A node brings them: node.schedule(\"close-day\", nightly, slot -> …); or you set one: millrace schedule set");
                return ExitCode.OK;
            }
            var table = new Table("schedule", "last slot", "next slot", "node", "paused", "definition", "comes from");
            for (var schedule : schedules)
                table.row(
                        schedule.name(),
                        Times.distance(schedule.lastSlot(), now),
                        next(schedule, now),
                        node(schedule),
                        schedule.pausedBecause() == null ? "" : schedule.pausedBecause(),
                        schedule.schedule() == null
                                ? "written by a newer build"
                                : schedule.schedule().toString(),
                        origin(schedule, now));
            table.lines(console()).forEach(console()::print);
            return ExitCode.OK;
        }

        private static String node(ScheduleView view) {
            var node = view.node();
            if (node == null) return "none yet";
            return view.nodeAlive() ? node.toString().substring(0, 8) : "none is alive";
        }

        private static String origin(ScheduleView view, Instant now) {
            var set = view.set();
            return set == null ? "code" : "%s, %s: %s".formatted(set.by(), Times.distance(set.at(), now), set.reason());
        }

        /** As far as it is known: nobody fires what is paused, or has no node. */
        private static String next(ScheduleView view, Instant now) {
            if (view.pausedBecause() != null) return "paused";
            if (!view.nodeAlive()) return "when a node is up";
            if (view.schedule() == null) return "unknown";
            if (view.schedule().isAfterEach()) return "after its run";
            return view.next(now).map(slot -> Times.distance(slot, now)).orElse("never");
        }
    }

    /** Removes one that was set. */
    @Command(
            name = "remove",
            description = {
                "Remove a schedule that was set at run time, with its pause; what it has enqueued runs. When this is answered, it fires nothing any more.",
                "One that no living node brings any more is forgotten at once, not only after 30 days."
            },
            footer = {"  millrace schedule remove close-day-acme --reason 'the customer has left'"})
    static final class Remove extends EngineCommand {

        @Parameters(paramLabel = "NAME", description = "The schedule's name.")
        String name = "";

        @Option(
                names = "--reason",
                paramLabel = "TEXT",
                defaultValue = "removed on the command line",
                description = "Why; kept with who did it.")
        String reason = "";

        Remove(Shell shell) {
            super(shell);
        }

        @Override
        ExitCode run(Operations operations) {
            if (!operations.unschedule(name, reason)) throw unknown(name);
            if (common.json) print(Json.object().put("schedule", name).put("removed", true));
            else console().print("The schedule %s is removed: it fires nothing any more.".formatted(name));
            return ExitCode.OK;
        }
    }

    private static CommandFailed unknown(String name) {
        return new CommandFailed(
                ExitCode.NOT_FOUND,
                "There is no schedule %s here. `millrace schedule list` lists those that are.".formatted(name));
    }

    /** Runs one now. */
    @Command(
            name = "run",
            description =
                    "Run a schedule now, beside its slots; also one that is paused. Its node enqueues the job within about two seconds.",
            footer = {"  millrace schedule run close-day"})
    static final class RunNow extends EngineCommand {

        @Parameters(paramLabel = "NAME", description = "The schedule's name.")
        String name = "";

        RunNow(Shell shell) {
            super(shell);
        }

        @Override
        ExitCode run(Operations operations) {
            boolean alive = operations.schedules().stream()
                    .anyMatch(schedule -> schedule.name().equals(name) && schedule.nodeAlive());
            if (!operations.runNow(name)) throw unknown(name);
            if (common.json)
                print(Json.object().put("schedule", name).put("asked", true).put("nodeAlive", alive));
            else
                console()
                        .print(
                                "A run of the schedule %s is asked for; %s."
                                        .formatted(
                                                name,
                                                alive
                                                        ? "its node enqueues it"
                                                        : "no node that could fire it is alive, so it waits for one, for an hour"));
            return ExitCode.OK;
        }
    }
}
