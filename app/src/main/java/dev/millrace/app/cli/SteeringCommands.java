package dev.millrace.app.cli;

import dev.millrace.Operations;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Visible;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The commands that steer: short enough to stand beside each other. */
final class SteeringCommands {

    private SteeringCommands() {}

    /** Withdraws a job. */
    @Command(
            name = "cancel",
            description = "Withdraw a job, unless it has ended. A running handler is told.",
            footer = {"  millrace cancel 01932c07-209c-7fff-8a5c-3a1f8b2d9e10 --reason 'the customer withdrew'"})
    static final class Cancel extends EngineCommand {

        @Parameters(paramLabel = "ID", description = "The job's id.")
        String id = "";

        @Option(
                names = "--reason",
                paramLabel = "TEXT",
                defaultValue = "cancelled on the command line",
                description = "Why; shown with the job.")
        String reason = "";

        Cancel(Shell shell) {
            super(shell);
        }

        @Override
        void checkArguments() {
            id(id);
        }

        @Override
        ExitCode run(Operations operations) {
            var job = id(id);
            var state = operations.cancel(job, reason).orElseThrow(() -> notFound(job));
            if (state != State.CANCELLED)
                throw new CommandFailed(
                        ExitCode.REFUSED,
                        "Job %s can't be cancelled any more: it is %s. Nothing was changed."
                                .formatted(job, state.wireName()));
            if (common.json) print(Json.object().put("id", job.toString()).put("state", state.wireName()));
            else console().print("Job %s is cancelled.".formatted(job));
            return ExitCode.OK;
        }
    }

    /** Runs an ended job again. */
    @Command(
            name = "retry",
            description = "Run a job that has ended again: a new run, with the payload it had.",
            footer = {"  millrace retry 01932c07-209c-7fff-8a5c-3a1f8b2d9e10"})
    static final class Retry extends EngineCommand {

        @Parameters(paramLabel = "ID", description = "The job's id.")
        String id = "";

        Retry(Shell shell) {
            super(shell);
        }

        @Override
        void checkArguments() {
            id(id);
        }

        @Override
        ExitCode run(Operations operations) {
            var job = id(id);
            var before = operations.requeue(job).orElseThrow(() -> notFound(job));
            if (!before.ended())
                throw new CommandFailed(
                        ExitCode.REFUSED,
                        "Job %s has not ended: it is %s, and runs by itself. Nothing was changed. `millrace why %s` says what it waits for."
                                .formatted(job, before.wireName(), job));
            if (common.json) print(Json.object().put("id", job.toString()).put("before", before.wireName()));
            else console().print("Job %s runs again; it was %s.".formatted(job, before.wireName()));
            return ExitCode.OK;
        }
    }

    /** Says why a job is not running. */
    @Command(
            name = "why",
            description = "Say why a job is not running, or that it is.",
            footer = {"  millrace why 01932c07-209c-7fff-8a5c-3a1f8b2d9e10"})
    static final class WhyNot extends EngineCommand {

        @Parameters(paramLabel = "ID", description = "The job's id.")
        String id = "";

        WhyNot(Shell shell) {
            super(shell);
        }

        @Override
        void checkArguments() {
            id(id);
        }

        @Override
        ExitCode run(Operations operations) {
            var job = id(id);
            var why = operations.why(job);
            if (why.state() == null) throw notFound(job);
            if (common.json) print(Shapes.why(why));
            else for (var reason : why.reasons()) console().print(Visible.text(reason.text()));
            return ExitCode.OK;
        }
    }

    /** What a pause is about. */
    enum What {
        QUEUE,
        KIND,
        SCHEDULE;

        Scope scope(String name) {
            return switch (this) {
                case QUEUE -> Scope.queue(name);
                case KIND -> Scope.kind(name);
                case SCHEDULE -> Scope.schedule(name);
            };
        }
    }

    /** Lets nothing of a queue or kind start. */
    @Command(
            name = "pause",
            description = {
                "Let nothing of a queue or a kind start any more, or let a schedule enqueue nothing. What runs goes on.",
                "When a schedule is resumed, the slots of its pause count as missed: see --missed of schedule preview."
            },
            footer = {
                "  millrace pause queue billing --reason 'the provider is down'",
                "  millrace pause kind send-invoice",
                "  millrace pause schedule close-day"
            })
    static final class Pause extends EngineCommand {

        @Parameters(index = "0", paramLabel = "queue|kind|schedule", description = "What the name is of.")
        What what = What.QUEUE;

        @Parameters(index = "1", paramLabel = "NAME", description = "The name.")
        String name = "";

        @Option(
                names = "--reason",
                paramLabel = "TEXT",
                defaultValue = "paused on the command line",
                description = "Why; shown to who asks why.")
        String reason = "";

        Pause(Shell shell) {
            super(shell);
        }

        @Override
        ExitCode run(Operations operations) {
            operations.pause(what.scope(name), reason);
            if (common.json) print(said(what, name).put("paused", true));
            else
                console()
                        .print("The %s %s is paused: nothing of it %s. To end that: millrace resume %s %s"
                                .formatted(
                                        word(what),
                                        name,
                                        what == What.SCHEDULE ? "is enqueued" : "starts",
                                        word(what),
                                        name));
            return ExitCode.OK;
        }
    }

    /** Ends a pause. */
    @Command(
            name = "resume",
            description = "End a pause.",
            footer = {"  millrace resume queue billing"})
    static final class Resume extends EngineCommand {

        @Parameters(index = "0", paramLabel = "queue|kind|schedule", description = "What the name is of.")
        What what = What.QUEUE;

        @Parameters(index = "1", paramLabel = "NAME", description = "The name.")
        String name = "";

        Resume(Shell shell) {
            super(shell);
        }

        @Override
        ExitCode run(Operations operations) {
            operations.resume(what.scope(name));
            if (common.json) print(said(what, name).put("paused", false));
            else console().print("The %s %s is not paused.".formatted(word(what), name));
            return ExitCode.OK;
        }
    }

    private static tools.jackson.databind.node.ObjectNode said(What what, String name) {
        return Json.object().put(word(what), name);
    }

    private static String word(What what) {
        return what.name().toLowerCase(Locale.ROOT);
    }
}
