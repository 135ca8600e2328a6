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
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Schedules: which there are, and what can be done with them. */
@Command(
        name = "schedule",
        description = "Look at schedules, and run one now. To pause one: millrace pause schedule NAME.",
        footer = {
            "  millrace schedule list",
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
            description = "List the schedules that nodes have brought: when each fired last, and when it will next.",
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
                                "There are no schedules. A node brings them: node.schedule(\"close-day\", nightly, slot -> …)");
                return ExitCode.OK;
            }
            var table = new Table("schedule", "last slot", "next slot", "node", "paused", "definition");
            for (var schedule : schedules)
                table.row(
                        schedule.name(),
                        Times.distance(schedule.lastSlot(), now),
                        next(schedule, now),
                        schedule.nodeAlive() ? schedule.node().toString().substring(0, 8) : "none is alive",
                        schedule.pausedBecause() == null ? "" : schedule.pausedBecause(),
                        schedule.schedule() == null
                                ? "written by a newer build"
                                : schedule.schedule().toString());
            table.lines(console()).forEach(console()::print);
            return ExitCode.OK;
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
            if (!operations.runNow(name))
                throw new CommandFailed(
                        ExitCode.NOT_FOUND,
                        "There is no schedule %s here. `millrace schedule list` lists those that are.".formatted(name));
            if (common.json)
                print(Json.object().put("schedule", name).put("asked", true).put("nodeAlive", alive));
            else
                console()
                        .print("A run of the schedule %s is asked for; %s."
                                .formatted(
                                        name,
                                        alive
                                                ? "its node enqueues it"
                                                : "no node that brings it is alive, so it waits for one, for an hour"));
            return ExitCode.OK;
        }
    }
}
