package dev.millrace.app.cli;

import dev.millrace.JobOptions;
import dev.millrace.NodeView;
import dev.millrace.Operations;
import dev.millrace.Operations.NamedJob;
import dev.millrace.Operations.Scheduling;
import dev.millrace.Priority;
import dev.millrace.Schedule;
import dev.millrace.ScheduleView;
import dev.millrace.Unique;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.Durations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sets a schedule at run time. */
@Command(
        name = "set",
        description = {
            "Set a schedule at run time: make it, or change the one that was set under this name. It is kept in the database, and fired by whichever node is alive.",
            "Other times hold from now on; with the same times it goes on where it was. To see when it comes: millrace schedule preview."
        },
        footer = {
            "  millrace schedule set close-day-acme --cron '30 2 * * *' --zone Europe/Berlin --kind close-day --payload '{\"shop\":\"acme\"}'",
            "  millrace schedule set poll-acme --every 10m --kind poll --if-missed skip --jitter 1m --tenant acme",
            "  millrace schedule set sync --after-each 5m --kind sync --reason 'the customer wants it'",
        })
final class ScheduleSetCommand extends EngineCommand {

    @Parameters(paramLabel = "NAME", description = "The schedule's name.")
    String name = "";

    @Option(
            names = "--cron",
            paramLabel = "CRON",
            description = "At the local times that a cron expression names; with --zone.")
    @Nullable
    String cron;

    @Option(
            names = "--zone",
            paramLabel = "ZONE",
            description = "With --cron: whose clocks, an IANA name such as Europe/Berlin, or UTC.")
    @Nullable
    String zone;

    @Option(
            names = "--gap",
            paramLabel = "run|skip",
            description =
                    "With --cron: a time that is left out, when clocks are put forward, runs right after, or not. Default: run; skip if its hours begin with a star.")
    SchedulePreviewCommand.@Nullable WhenLeftOut gap;

    @Option(
            names = "--overlap",
            paramLabel = "first|second|both",
            description =
                    "With --cron: a time that comes twice, when clocks are put back, runs at the first, the second, or both. Default: first; both if its hours begin with a star.")
    Schedule.@Nullable Overlap overlap;

    @Option(
            names = "--every",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "At a fixed rate, counted from --from or else from 1970: 30s, 10m, 2d.")
    @Nullable
    Duration every;

    @Option(
            names = "--after-each",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "So long after the run before has ended.")
    @Nullable
    Duration afterEach;

    @Option(
            names = "--if-missed",
            paramLabel = "skip|once|all",
            description =
                    "What becomes of slots that nobody could fire when they came: none of them runs, one in place of all, or all. Default: once.")
    Schedule.@Nullable Missed ifMissed;

    @Option(
            names = "--look-back",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "How old a missed slot may be to run at all. Default: 7d.")
    @Nullable
    Duration lookBack;

    @Option(
            names = "--jitter",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "Each run begins up to so much later, by chance.")
    @Nullable
    Duration jitter;

    @Option(
            names = "--from",
            paramLabel = "TIME",
            converter = EnqueueCommand.Moment.class,
            description = "No slot before this moment: 2027-03-27T00:00:00Z.")
    @Nullable
    Instant from;

    @Option(
            names = "--until",
            paramLabel = "TIME",
            converter = EnqueueCommand.Moment.class,
            description = "No slot at this moment or later.")
    @Nullable
    Instant until;

    @Option(
            names = "--kind",
            paramLabel = "KIND",
            required = true,
            description = "The wire name of the kind of its jobs.")
    String kind = "";

    @Option(
            names = "--payload",
            paramLabel = "JSON",
            defaultValue = "{}",
            description = "The payload of its jobs, at most 16 KiB; - reads it from standard input. Default: {}.")
    String payload = "{}";

    @Option(
            names = "--version",
            paramLabel = "N",
            defaultValue = "1",
            description = "The version of the kind. Default: 1.")
    int version = 1;

    @Option(names = "--queue", paramLabel = "NAME", description = "The queue its jobs wait in. Default: default.")
    @Nullable
    String queue;

    @Option(names = "--priority", paramLabel = "P", description = "urgent, high, normal or bulk. Default: normal.")
    @Nullable
    String priority;

    @Option(
            names = "--expires",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "A job is discarded if it has not started so long after its slot was fired.")
    @Nullable
    Duration expires;

    @Option(
            names = "--unique",
            paramLabel = "VALUE",
            description =
                    "One job of this kind and value at a time: a slot that comes while one has not ended leads to that one. May be repeated; values as in enqueue.")
    List<String> unique = new ArrayList<>();

    @Option(
            names = "--within",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "With --unique: one in this span, whether it has ended or not.")
    @Nullable
    Duration within;

    @Option(
            names = "--in-order",
            paramLabel = "VALUE",
            description =
                    "Jobs of its queue with this value run one after the other. May be repeated; values as in enqueue.")
    List<String> inOrder = new ArrayList<>();

    @Option(names = "--tenant", paramLabel = "NAME", description = "Whose jobs they are.")
    @Nullable
    String tenant;

    @Option(
            names = "--share",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "With --tenant: how much it gets, relative to others, where tenants have so much to do that it must be shared: 1 to 100, default ${DEFAULT-VALUE}.")
    int share;

    @Option(names = "--tag", paramLabel = "WORD", description = "A word to find its jobs by. May be repeated.")
    List<String> tags = new ArrayList<>();

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            defaultValue = "set on the command line",
            description = "Why; shown with the schedule.")
    String reason = "";

    ScheduleSetCommand(Shell shell) {
        super(shell);
    }

    @Override
    void checkArguments() {
        int said = (cron == null ? 0 : 1) + (every == null ? 0 : 1) + (afterEach == null ? 0 : 1);
        if (said != 1)
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "Say when its slots come by one of --cron, --every and --after-each; %s given."
                            .formatted(said == 0 ? "none is" : said + " are"));
        if ((cron == null) != (zone == null))
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "--cron and --zone go together: an expression names local times, and the zone says whose. For example --cron '30 2 * * *' --zone Europe/Berlin.");
        if (cron == null && (gap != null || overlap != null))
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "--gap and --overlap speak of local times, which only --cron names. Leave them out.");
        if (unique.isEmpty() && within != null)
            throw new CommandFailed(
                    ExitCode.USAGE, "--within says how a key is unique, and there is none. Add --unique VALUE.");
        EnqueueCommand.refuseBlank("--unique", unique);
        EnqueueCommand.refuseBlank("--in-order", inOrder);
        payload = EnqueueCommand.json(payload, "The schedule was not set");
    }

    @Override
    ExitCode run(Operations operations) {
        var set = operations.schedule(name, when(), new NamedJob(kind, version, payload, this::options), reason);
        var now = shell.world().now();
        var view = operations.schedules().stream()
                .filter(one -> one.name().equals(name))
                .findFirst();
        if (common.json) {
            var json = view.map(one -> Shapes.schedule(one, now)).orElseGet(Json::object);
            print(json.put("name", name).put("outcome", set.name().toLowerCase(Locale.ROOT)));
            return ExitCode.OK;
        }
        console()
                .print("The schedule %s %s.%s"
                        .formatted(
                                name, said(set), view.map(one -> next(one, now)).orElse("")));
        note(operations);
        return ExitCode.OK;
    }

    private static String said(Scheduling set) {
        return switch (set) {
            case CREATED -> "is set";
            case CHANGED -> "is changed";
            case UNCHANGED -> "says just this already: nothing was changed";
        };
    }

    private static String next(ScheduleView view, Instant now) {
        if (view.pausedBecause() != null)
            return " It is paused: %s. To end that: millrace resume schedule %s"
                    .formatted(view.pausedBecause(), view.name());
        var schedule = view.schedule();
        if (schedule == null || schedule.isAfterEach()) return "";
        var next = schedule.next(1, now);
        if (next.isEmpty()) return " It has no slot any more.";
        var slot = next.getFirst().toInstant();
        return " Its next slot is %s, at %s.".formatted(Times.distance(slot, now), slot);
    }

    /** Nobody may be there to fire it, or to run what it enqueues. That is no error: a node may be started later. */
    private void note(Operations operations) {
        var alive = operations.nodes().stream()
                .filter(node -> node.life() == NodeView.Life.ALIVE)
                .toList();
        if (alive.isEmpty()) console().say("No node is alive, so nobody fires it. Start one: millrace up");
        else if (alive.stream()
                .noneMatch(node ->
                        node.kinds().stream().anyMatch(known -> known.equals(kind) || known.startsWith(kind + ":"))))
            console()
                    .say("No node that is alive runs \"%s\": its jobs wait until one does. Is the name right?"
                            .formatted(kind));
    }

    private Schedule when() {
        var when = times();
        if (gap != null) when = when.inGap(gap.gap);
        if (overlap != null) when = when.inOverlap(overlap);
        if (ifMissed != null) when = when.ifMissed(ifMissed);
        if (lookBack != null) when = when.lookBack(lookBack);
        if (jitter != null) when = when.jitter(jitter);
        if (from != null) when = when.startingAt(from);
        return until == null ? when : when.endingAt(until);
    }

    private Schedule times() {
        if (cron != null && zone != null) return Schedule.cron(cron, SchedulePreviewCommand.zone(zone));
        if (every != null) return Schedule.every(every);
        if (afterEach != null) return Schedule.afterEach(afterEach);
        throw new IllegalStateException("The arguments were not checked");
    }

    private JobOptions options(JobOptions o) {
        if (queue != null) o = o.queue(queue);
        if (priority != null) o = o.priority(Priority.of(priority));
        if (expires != null) o = o.expiresAfter(expires);
        if (!unique.isEmpty()) {
            var key = Unique.by(EnqueueCommand.values(unique));
            o = o.unique(within == null ? key : key.within(within));
        }
        if (!inOrder.isEmpty()) o = o.inOrder(EnqueueCommand.values(inOrder));
        if (tenant != null) o = o.tenant(tenant);
        if (share != 1) o = o.share(share);
        for (var tag : tags) o = o.tag(tag);
        return o;
    }
}
