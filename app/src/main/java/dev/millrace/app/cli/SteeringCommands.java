package dev.millrace.app.cli;

import dev.millrace.Operations;
import dev.millrace.Paused;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.Durations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Table;
import dev.millrace.app.console.Visible;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
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
        SCHEDULE,
        TENANT,
        KEY,
        LIMIT;

        /** @param name of a key or a limit also as the list of pauses shows it, with its values, in one word */
        Scope scope(String name, List<String> values) {
            return switch (this) {
                case QUEUE -> Scope.queue(alone(name, values));
                case KIND -> Scope.kind(alone(name, values));
                case SCHEDULE -> Scope.schedule(alone(name, values));
                case TENANT -> Scope.tenant(alone(name, values));
                case KEY ->
                    shown(name, values) ? Scope.of("key", name) : Scope.key(name, EnqueueCommand.values(values));
                case LIMIT ->
                    shown(name, values) ? Scope.of("limit", name) : Scope.limit(name, EnqueueCommand.values(values));
            };
        }

        private static boolean shown(String name, List<String> values) {
            return values.isEmpty() && name.indexOf(' ') > 0;
        }

        private String alone(String name, List<String> values) {
            if (!values.isEmpty())
                throw new CommandFailed(
                        ExitCode.USAGE,
                        "A %s has one name, and \"%s\" is followed by %s. Names with spaces need quotes; only a key and a limit have values."
                                .formatted(word(this), name, String.join(" ", values)));
            return name;
        }
    }

    /** Lets nothing of a queue or kind start. */
    @Command(
            name = "pause",
            description = {
                "Let nothing of a queue, a kind, a tenant, an order key or a limit start any more, or let a schedule",
                "enqueue nothing. What runs goes on. What stands in line for a key or a limit stays there, in order.",
                "When a schedule is resumed, the slots of its pause count as missed: see --missed of schedule preview.",
                "With --for or --until the pause ends by itself, else it lasts until it is resumed. To pause again what is",
                "paused replaces its end."
            },
            footer = {
                "  millrace pause queue billing --reason 'the provider is down'",
                "  millrace pause queue billing --for 2h",
                "  millrace pause kind send-invoice",
                "  millrace pause schedule close-day",
                "  millrace pause tenant acme --reason 'the bill is open'",
                "  millrace pause key sync product 42",
                "  millrace pause limit shop acme",
                "  millrace pauses"
            })
    static final class Pause extends EngineCommand {

        @Parameters(
                index = "0",
                paramLabel = "queue|kind|schedule|tenant|key|limit",
                description = "What the name is of.")
        What what = What.QUEUE;

        @Parameters(index = "1", paramLabel = "NAME", description = "The name; of a key, that of its queue.")
        String name = "";

        @Parameters(
                index = "2..*",
                arity = "0..*",
                paramLabel = "VALUE",
                description =
                        "Of a key or a limit: its values, as in --in-order and --limit-by. Without values a limit is paused as a whole.")
        List<String> values = new ArrayList<>();

        @Option(
                names = "--reason",
                paramLabel = "TEXT",
                defaultValue = "paused on the command line",
                description = "Why; shown to who asks why.")
        String reason = "";

        @ArgGroup
        @Nullable
        End end;

        /** One of these. */
        static final class End {
            @Option(
                    names = "--for",
                    paramLabel = "SPAN",
                    converter = Durations.class,
                    description = "It ends by itself after so long: 30s, 5m, 2h, 1d.")
            @Nullable
            Duration lasts;

            @Option(
                    names = "--until",
                    paramLabel = "MOMENT",
                    converter = EnqueueCommand.Moment.class,
                    description = "It ends by itself at this moment, as 2027-03-27T06:00:00Z.")
            @Nullable
            Instant until;
        }

        Pause(Shell shell) {
            super(shell);
        }

        private Paused paused(Operations operations, Scope scope) {
            if (end == null) return operations.pause(scope, reason);
            if (end.lasts != null) return operations.pause(scope, reason, end.lasts);
            return operations.pause(scope, reason, Objects.requireNonNull(end.until));
        }

        @Override
        ExitCode run(Operations operations) {
            var scope = what.scope(name, values);
            var paused = paused(operations, scope);
            if (common.json) {
                print(Shapes.paused(said(scope), paused));
                return ExitCode.OK;
            }
            console()
                    .print("The %s %s is paused%s: nothing of it %s. To end that%s: millrace resume %s"
                            .formatted(
                                    scope.type(),
                                    Visible.text(scope.name()),
                                    paused.until() == null
                                            ? ""
                                            : " until "
                                                    + Times.text(
                                                            paused.until(),
                                                            shell.world().now()),
                                    what == What.SCHEDULE ? "is enqueued" : "starts",
                                    paused.until() == null ? "" : " before",
                                    scope.type() + " " + Visible.text(quoted(scope.name()))));
            if (!paused.note().isEmpty()) console().say(paused.note());
            var other = paused.other();
            if (other != null)
                console()
                        .say("If you mean that: millrace pause %s %s"
                                .formatted(other.type(), Visible.text(quoted(other.name()))));
            return ExitCode.OK;
        }
    }

    /** Ends a pause. */
    @Command(
            name = "resume",
            description = "End a pause.",
            footer = {"  millrace resume queue billing"})
    static final class Resume extends EngineCommand {

        @Parameters(
                index = "0",
                paramLabel = "queue|kind|schedule|tenant|key|limit",
                description = "What the name is of.")
        What what = What.QUEUE;

        @Parameters(index = "1", paramLabel = "NAME", description = "The name; of a key, that of its queue.")
        String name = "";

        @Parameters(
                index = "2..*",
                arity = "0..*",
                paramLabel = "VALUE",
                description =
                        "Of a key or a limit: its values, as in --in-order and --limit-by. Without values a limit is paused as a whole.")
        List<String> values = new ArrayList<>();

        Resume(Shell shell) {
            super(shell);
        }

        @Override
        ExitCode run(Operations operations) {
            var scope = what.scope(name, values);
            operations.resume(scope);
            if (common.json) print(said(scope).put("paused", false));
            else console().print("The %s %s is not paused.".formatted(scope.type(), Visible.text(scope.name())));
            return ExitCode.OK;
        }
    }

    /** Lists what is paused. */
    @Command(
            name = "pauses",
            description = "List what is paused: by whom, since when, and why.",
            footer = {"  millrace pauses", "  millrace pauses --json"})
    static final class Pauses extends EngineCommand {

        Pauses(Shell shell) {
            super(shell);
        }

        @Override
        ExitCode run(Operations operations) {
            var pauses = operations.pauses();
            if (common.json) {
                print(Shapes.all(pauses, Shapes::pause));
                return ExitCode.OK;
            }
            if (pauses.isEmpty()) {
                console().say("Nothing is paused.");
                return ExitCode.OK;
            }
            var now = shell.world().now();
            var table = new Table("what", "name", "since", "ends", "by", "reason");
            for (var pause : pauses)
                table.row(
                        pause.scope().type(),
                        pause.scope().name(),
                        pause.since() == null ? "" : Times.distance(pause.since(), now),
                        pause.until() == null ? "" : Times.distance(pause.until(), now),
                        pause.by() == null ? "" : pause.by(),
                        pause.reason());
            table.lines(console()).forEach(console()::print);
            return ExitCode.OK;
        }
    }

    private static tools.jackson.databind.node.ObjectNode said(Scope scope) {
        return Json.object().put(scope.type(), scope.name());
    }

    /** As a shell takes it for one word. */
    private static String quoted(String name) {
        return name.matches("[A-Za-z0-9_.:@/-]+") ? name : "'" + name.replace("'", "'\\''") + "'";
    }

    private static String word(What what) {
        return what.name().toLowerCase(Locale.ROOT);
    }
}
