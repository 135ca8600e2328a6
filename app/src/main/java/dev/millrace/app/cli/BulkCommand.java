package dev.millrace.app.cli;

import dev.millrace.Filter;
import dev.millrace.Operation;
import dev.millrace.OperationView;
import dev.millrace.Operations;
import dev.millrace.Plan;
import dev.millrace.Priority;
import dev.millrace.Selection;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.Durations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Table;
import dev.millrace.app.console.Visible;
import dev.millrace.app.wire.Shapes;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Many jobs at once. */
@Command(
        name = "bulk",
        description =
                "Requeue, cancel, reschedule, edit or delete many jobs: look first, then do it, go on with it, or take it back.",
        footer = {
            "  millrace bulk requeue --state discarded --kind send-invoice --since 6h",
            "  millrace bulk requeue --state discarded --kind send-invoice --since 6h --run --reason 'the provider is back'",
            "  millrace bulk list",
        })
final class BulkCommand implements Runnable {

    private static final Duration TELL = Duration.ofSeconds(2);

    private static final String ID =
            "An id for the operation, of your own: the command can be repeated with it, and goes on with what it began. Default: one is drawn, and told first.";

    @Mixin
    Common common = new Common();

    @Spec
    CommandSpec spec = CommandSpec.create();

    private BulkCommand() {}

    static CommandLine of(Shell shell) {
        return new CommandLine(new BulkCommand())
                .addSubcommand(new Requeue(shell))
                .addSubcommand(new Cancel(shell))
                .addSubcommand(new Reschedule(shell))
                .addSubcommand(new Edit(shell))
                .addSubcommand(new Delete(shell))
                .addSubcommand(new Listing(shell))
                .addSubcommand(new Resume(shell))
                .addSubcommand(new Stop(shell))
                .addSubcommand(new Undo(shell));
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "Say what to do: " + String.join(", ", spec.subcommands().keySet()) + ".");
    }

    /** What is said of a change of many. */
    private abstract static class Changing extends EngineCommand {

        @Mixin
        FilterOptions filter = new FilterOptions();

        @Option(names = "--all", description = "All jobs of the state are meant, and nothing was forgotten.")
        boolean everything;

        @Option(
                names = "--run",
                description = "Do it. Without it you are told what would be done, and nothing happens.")
        boolean run;

        @Option(names = "--reason", paramLabel = "TEXT", description = "Why; kept with who did it. Needed with --run.")
        @Nullable
        String reason;

        @Option(
                names = "--rate",
                paramLabel = "N",
                defaultValue = "0",
                description = "Not faster than N jobs a second. Default: as fast as it goes.")
        int rate;

        @Option(names = "--id", paramLabel = "UUID", description = ID)
        @Nullable
        String id;

        Changing(Shell shell) {
            super(shell);
        }

        abstract Plan plan(Selection selection);

        @Override
        void checkArguments() {
            if (run && reason == null)
                throw new CommandFailed(
                        ExitCode.USAGE, "Why is it done? Who looks at it later reads that: add --reason TEXT.");
            if (rate < 0) throw new CommandFailed(ExitCode.USAGE, "--rate is 1 or more; 0 is as fast as it goes.");
            if (id != null) parsed(id);
        }

        @Override
        ExitCode run(Operations operations) {
            var plan = plan(operations.jobs(this::said));
            if (!run) {
                tell(plan);
                return ExitCode.OK;
            }
            var named = id == null ? plan : plan.withId(parsed(id));
            sayFirst(this, named.id());
            go(this, named.begin(reason == null ? "" : reason, rate));
            return ExitCode.OK;
        }

        private Filter said(Filter f) {
            f = filter.applied(f);
            return everything ? f.everything() : f;
        }

        private void tell(Plan plan) {
            var sample = plan.sample();
            if (common.json) {
                print(Shapes.plan(plan));
                return;
            }
            console().print("Would " + plan + ". Nothing has happened.");
            var now = shell.world().now();
            var table = new Table("id", "kind", "queue", "state", "enqueued", "note");
            for (var job : sample)
                table.row(
                        job.id().toString(),
                        job.kind(),
                        job.queue(),
                        job.state().wireName(),
                        Times.distance(job.enqueuedAt(), now),
                        String.valueOf(Notes.of(job, now)));
            if (!sample.isEmpty()) table.lines(console()).forEach(console()::print);
            for (var edit : plan.edits()) {
                console().print("  " + edit.job());
                console().print("    before " + cut(edit.before()));
                console().print("    after  " + cut(edit.after()));
            }
            if (plan.refusedCount() > 0)
                console().print("%,d would be left as they are, among them:".formatted(plan.refusedCount()));
            for (var refused : plan.refused())
                console().print("  %s  %s".formatted(refused.job(), Visible.line(refused.why())));
            if (plan.count() > 0)
                console()
                        .hint(
                                plan.meetsAll() && !everything
                                        ? "These are all that are %s. If that is meant, do it: add --all --run --reason 'why'"
                                                .formatted(filter.state)
                                        : "Do it: add --run --reason 'why'");
        }
    }

    private static String cut(String payload) {
        var line = Visible.line(payload);
        return line.length() <= 300 ? line : line.substring(0, 300) + "… (--json shows all)";
    }

    /** Tells the id before anything is written: whoever is interrupted, whenever, can go on with it, or take it back. */
    private static void sayFirst(EngineCommand command, UUID id) {
        command.console()
                .say(
                        "Operation %s begins. If this stops: millrace bulk resume %<s. If there is none by that id then, nothing was done."
                                .formatted(id));
    }

    private static void go(EngineCommand command, Operation operation) {
        long[] told = {command.shell.world().nanoTime()};
        operation.resume(view -> {
            long now = command.shell.world().nanoTime();
            if (command.common.json || now - told[0] < TELL.toNanos()) return;
            told[0] = now;
            command.console().say("%,d of %,d jobs".formatted(view.matched(), view.planned()));
        });
        done(command, operation.view());
    }

    private static void done(EngineCommand command, OperationView view) {
        if (command.common.json) {
            command.print(Shapes.operation(view));
            return;
        }
        command.console()
                .print("%s %s: %,d of %,d jobs.".formatted(view.what(), view.id(), view.changed(), view.planned()));
        if (view.matched() < view.planned() && view.stopped() == null)
            command.console()
                    .print("  %,d were not met any more: they have changed since it was planned."
                            .formatted(view.planned() - view.matched()));
        view.left()
                .forEach((why, count) -> command.console().print("  %,d left as they are: %s".formatted(count, why)));
        var stopped = view.stopped();
        if (stopped != null)
            command.console().print("  stopped by %s: %s".formatted(stopped.by(), Visible.line(stopped.reason())));
        if (view.undoes() == null && view.changed() > 0)
            command.console().hint("Take it back: millrace bulk undo %s --reason 'why'".formatted(view.id()));
    }

    /** Runs many again. */
    @Command(
            name = "requeue",
            description = "Run discarded or cancelled jobs again. Shows what would be done, unless --run is said.",
            footer = {
                "  millrace bulk requeue --state discarded --failed-with com.example.TooManyRequests",
                "  millrace bulk requeue --state discarded --queue billing --priority bulk --rate 100 --run --reason 'the provider is back'",
            })
    private static final class Requeue extends Changing {

        @Option(
                names = "--priority",
                paramLabel = "P",
                description = "urgent, high, normal or bulk. Default: what each job had.")
        @Nullable
        String priority;

        Requeue(Shell shell) {
            super(shell);
        }

        @Override
        Plan plan(Selection selection) {
            return selection.requeue(o -> priority == null ? o : o.priority(Priority.of(priority)));
        }
    }

    /** Withdraws many. */
    @Command(
            name = "cancel",
            description =
                    "Withdraw scheduled, retryable or available jobs. Those that a node has are left alone. Shows what would be done, unless --run is said.",
            footer = {"  millrace bulk cancel --state available --queue import --run --reason 'a wrong file'"})
    private static final class Cancel extends Changing {

        Cancel(Shell shell) {
            super(shell);
        }

        @Override
        Plan plan(Selection selection) {
            return selection.cancel();
        }
    }

    /** Gives many another time. */
    @Command(
            name = "reschedule",
            description = {
                "Let scheduled, retryable or available jobs run at another time. Those that a node has are left alone. Shows",
                "what would be done, unless --run is said."
            },
            footer = {
                "  millrace bulk reschedule --state retryable --kind send-invoice --at 2027-03-27T06:00:00Z",
                "  millrace bulk reschedule --state available --queue billing --in 2h --run --reason 'the provider is down'",
                "  millrace bulk reschedule --state scheduled --tenant acme --earlier 1d --run --reason 'they moved'",
            })
    private static final class Reschedule extends Changing {

        @ArgGroup(multiplicity = "1")
        When when = new When();

        /** One of these. */
        static final class When {
            @Option(
                    names = "--at",
                    paramLabel = "MOMENT",
                    converter = EnqueueCommand.Moment.class,
                    description = "To this moment, as 2027-03-27T06:00:00Z. One that has come is now.")
            @Nullable
            Instant at;

            @Option(
                    names = "--in",
                    paramLabel = "SPAN",
                    converter = Durations.class,
                    description = "To so long from now: 30s, 5m, 2h, 1d.")
            @Nullable
            Duration in;

            @Option(
                    names = "--later",
                    paramLabel = "SPAN",
                    converter = Durations.class,
                    description = "So much later than each of them would run.")
            @Nullable
            Duration later;

            @Option(
                    names = "--earlier",
                    paramLabel = "SPAN",
                    converter = Durations.class,
                    description = "So much earlier than each of them would run.")
            @Nullable
            Duration earlier;
        }

        Reschedule(Shell shell) {
            super(shell);
        }

        @Override
        Plan plan(Selection selection) {
            if (when.at != null) return selection.reschedule(when.at);
            if (when.in != null) return selection.reschedule(when.in);
            if (when.later != null) return selection.delay(when.later);
            return selection.delay(Objects.requireNonNull(when.earlier).negated());
        }
    }

    /** Gives many another payload. */
    @Command(
            name = "edit",
            description = {
                "Patch the payloads of scheduled, retryable, available or discarded jobs; discarded ones run again. The patch is",
                "a JSON merge patch: members that it names become what it says, those that it says are null are taken out. What",
                "would not fit what nodes have published of its kind is left. Shows what would be done, unless --run is said."
            },
            footer = {
                "  millrace bulk edit --state discarded --kind send-invoice --patch '{\"currency\":\"EUR\"}'",
                "  millrace bulk edit --state scheduled --kind send-invoice --patch '{\"note\":null}' --run --reason 'a wrong note'",
            })
    private static final class Edit extends Changing {

        @Option(
                names = "--patch",
                paramLabel = "JSON",
                required = true,
                description = "What becomes of each payload: a JSON merge patch (RFC 7396).")
        String patch = "";

        Edit(Shell shell) {
            super(shell);
        }

        @Override
        Plan plan(Selection selection) {
            return selection.edit(patch);
        }
    }

    /** Tells of many no more. */
    @Command(
            name = "delete",
            description = {
                "Tell of discarded or cancelled jobs no more: they are gone from lists, searches and groups of failures. What is",
                "stored of them goes when its retention is over; until then they can be brought back. Shows what would be done,",
                "unless --run is said."
            },
            footer = {"  millrace bulk delete --state discarded --tag test --run --reason 'they were test data'"})
    private static final class Delete extends Changing {

        Delete(Shell shell) {
            super(shell);
        }

        @Override
        Plan plan(Selection selection) {
            return selection.delete();
        }
    }

    /** Lists operations. */
    @Command(
            name = "list",
            description = "List changes of many jobs, the newest first.",
            footer = {"  millrace bulk list", "  millrace bulk list --json"})
    private static final class Listing extends EngineCommand {

        @Option(
                names = "--limit",
                paramLabel = "N",
                defaultValue = "20",
                description = "At most so many, up to 1000. Default: 20.")
        int limit = 20;

        Listing(Shell shell) {
            super(shell);
        }

        @Override
        ExitCode run(Operations operations) {
            var all = operations.operations(limit);
            if (common.json) {
                print(Shapes.all(all, Shapes::operation));
                return ExitCode.OK;
            }
            if (all.isEmpty()) {
                console().say("Nobody has changed many jobs at once. See: millrace bulk requeue --help");
                return ExitCode.OK;
            }
            var now = shell.world().now();
            var table = new Table("id", "what", ">planned", ">changed", "by", "begun", "state", "reason");
            for (var view : all)
                table.row(
                        view.id().toString(),
                        view.how() == null ? view.what() : view.what() + ", " + view.how(),
                        "%,d".formatted(view.planned()),
                        "%,d".formatted(view.changed()),
                        view.by(),
                        Times.distance(view.at(), now),
                        view.stopped() != null ? "stopped" : view.endedAt() == null ? "not done" : "done",
                        view.reason());
            table.lines(console()).forEach(console()::print);
            return ExitCode.OK;
        }
    }

    private static Operation operation(Operations operations, String id) {
        return operations
                .operation(parsed(id))
                .orElseThrow(() -> new CommandFailed(
                        ExitCode.NOT_FOUND,
                        "There is no operation %s here. `millrace bulk list` lists those that are.".formatted(id)));
    }

    private static UUID parsed(String id) {
        try {
            var read = UUID.fromString(id);
            if (read.toString().equalsIgnoreCase(id)) return read;
            throw new IllegalArgumentException("it has too few digits");
        } catch (IllegalArgumentException none) {
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "\"%s\" is no id of an operation. `millrace bulk list` shows them.".formatted(id),
                    none);
        }
    }

    /** Goes on with one. */
    @Command(
            name = "resume",
            description = "Go on with a change whose process has died.",
            footer = {"  millrace bulk resume 3f1c9a52-0e0c-4b1a-9d3e-5a2f7c8b9d10"})
    private static final class Resume extends EngineCommand {

        @Parameters(paramLabel = "ID", description = "The operation's id.")
        String id = "";

        Resume(Shell shell) {
            super(shell);
        }

        @Override
        void checkArguments() {
            parsed(id);
        }

        @Override
        ExitCode run(Operations operations) {
            var operation = operation(operations, id);
            if (!common.json) console().say("Operation %s goes on.".formatted(operation.id()));
            go(this, operation);
            return ExitCode.OK;
        }
    }

    /** Ends one where it is. */
    @Command(
            name = "stop",
            description = {
                "End a change where it is: what it has done stays done, what it has not is left as it is. Nobody can go on with it then;",
                "what it did can still be taken back."
            },
            footer = {"  millrace bulk stop 3f1c9a52-0e0c-4b1a-9d3e-5a2f7c8b9d10 --reason 'it was the wrong queue'"})
    private static final class Stop extends EngineCommand {

        @Parameters(paramLabel = "ID", description = "The operation's id.")
        String id = "";

        @Option(names = "--reason", paramLabel = "TEXT", required = true, description = "Why; kept with who did it.")
        String reason = "";

        Stop(Shell shell) {
            super(shell);
        }

        @Override
        void checkArguments() {
            parsed(id);
        }

        @Override
        ExitCode run(Operations operations) {
            var operation = operation(operations, id);
            boolean stopped = operation.stop(reason);
            if (!stopped && !common.json)
                console().say("Operation %s had ended already. Nothing was changed.".formatted(operation.id()));
            done(this, operation.view());
            return ExitCode.OK;
        }
    }

    /** Takes one back. */
    @Command(
            name = "undo",
            description = {
                "Take a change back, as far as that is possible: runs that no node has taken yet end as the run before had",
                "ended, cancelled jobs wait again, rescheduled ones for the time they had, edited ones with the payload they had,",
                "deleted ones are told of again. What has run meanwhile is left as it is."
            },
            footer = {"  millrace bulk undo 3f1c9a52-0e0c-4b1a-9d3e-5a2f7c8b9d10 --reason 'wrong hour'"})
    private static final class Undo extends EngineCommand {

        @Parameters(paramLabel = "ID", description = "The operation's id.")
        String id = "";

        @Option(names = "--reason", paramLabel = "TEXT", required = true, description = "Why; kept with who did it.")
        String reason = "";

        @Option(names = "--id", paramLabel = "UUID", description = ID)
        @Nullable
        String undo;

        Undo(Shell shell) {
            super(shell);
        }

        @Override
        void checkArguments() {
            parsed(id);
            if (undo != null) parsed(undo);
        }

        @Override
        ExitCode run(Operations operations) {
            var undone = operation(operations, id);
            var taking = undo == null ? drawn(shell) : parsed(undo);
            sayFirst(this, taking);
            go(this, undone.beginUndo(taking, reason));
            return ExitCode.OK;
        }

        /** By chance, version 4. */
        private static UUID drawn(Shell shell) {
            var random = shell.world().random();
            return new UUID(
                    (random.nextLong() & 0xffff_ffff_ffff_0fffL) | 0x4000L,
                    (random.nextLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L);
        }
    }
}
