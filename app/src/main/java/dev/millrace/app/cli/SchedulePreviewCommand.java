package dev.millrace.app.cli;

import dev.millrace.Schedule;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.Console;
import dev.millrace.app.console.Durations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Table;
import dev.millrace.app.wire.Json;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.zone.ZoneOffsetTransition;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows when a cron expression comes. Asks no database. */
@Command(
        name = "preview",
        description = {
            "Show when a cron expression comes next, and how it passes changes of clocks. No database is asked.",
            "Five fields (minute, hour, day of the month, month, day of the week), six with a second before them, or a macro such as @daily; with L, W and #."
        },
        footer = {
            "  millrace schedule preview '30 2 * * *' --zone Europe/Berlin",
            "  millrace schedule preview '0 9 * * MON#1' --zone America/New_York --count 12",
            "  millrace schedule preview '30 2 * * *' --zone Europe/Berlin --gap skip --from 2027-03-27T00:00:00Z --json",
        })
final class SchedulePreviewCommand implements Callable<Integer> {

    private static final DateTimeFormatter LOCAL =
            DateTimeFormatter.ofPattern("EEE yyyy-MM-dd HH:mm:ss xxx", Locale.ROOT);
    private static final DateTimeFormatter WALL = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT);

    /** What becomes of a time that is left out. */
    enum WhenLeftOut {
        RUN(Schedule.Gap.RUN_AFTER),
        SKIP(Schedule.Gap.SKIP);

        final Schedule.Gap gap;

        WhenLeftOut(Schedule.Gap gap) {
            this.gap = gap;
        }
    }

    @Parameters(paramLabel = "CRON", description = "The expression, in quotes.")
    String cron = "";

    @Option(
            names = "--zone",
            paramLabel = "ZONE",
            required = true,
            description = "Whose clocks: an IANA name such as Europe/Berlin, or UTC.")
    String zone = "";

    @Option(
            names = "--gap",
            paramLabel = "run|skip",
            description =
                    "A time that is left out, when clocks are put forward, runs right after, or not. Default: run; skip if its hours begin with a star.")
    @Nullable
    WhenLeftOut gap;

    @Option(
            names = "--overlap",
            paramLabel = "first|second|both",
            description =
                    "A time that comes twice, when clocks are put back, runs at the first, the second, or both. Default: first; both if its hours begin with a star.")
    Schedule.@Nullable Overlap overlap;

    @Option(
            names = "--missed",
            paramLabel = "skip|once|all",
            defaultValue = "once",
            description =
                    "What became of slots that nobody could run when they came: none of them runs, one in place of all, or all. Told in words: it changes no slot. Default: once.")
    Schedule.Missed missed = Schedule.Missed.ONCE;

    @Option(
            names = "--from",
            paramLabel = "INSTANT",
            description =
                    "Slots after this moment, such as 2027-03-27T00:00:00Z or 2027-03-27T00:00:00+01:00. Default: now.")
    @Nullable
    String from;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "10",
            description = "How many, 1 to 10,000. Default: 10.")
    int count = 10;

    @Mixin
    Common common = new Common();

    private final Shell shell;

    SchedulePreviewCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() {
        var schedule = Schedule.cron(cron, zone(zone)).ifMissed(missed);
        if (gap != null) schedule = schedule.inGap(gap.gap);
        if (overlap != null) schedule = schedule.inOverlap(overlap);
        var after = from == null ? shell.world().now() : moment(from);
        var slots = schedule.next(count, after);
        if (common.json) tellPrograms(slots);
        else tellPeople(schedule, after, slots);
        return ExitCode.OK.number();
    }

    private void tellPrograms(List<ZonedDateTime> slots) {
        var instants = Json.array();
        for (var slot : slots) instants.add(slot.toInstant().toString());
        shell.console().print(Json.write(instants));
    }

    private void tellPeople(Schedule schedule, Instant after, List<ZonedDateTime> slots) {
        var console = shell.console();
        console.say(schedule.toString());
        if (slots.isEmpty()) {
            console.say(
                    "It never comes after %s: the zone leaves out every time that it names, or it lies beyond the year 3000."
                            .formatted(after));
            return;
        }
        var table = new Table("local time", "instant", "after the one before", "clocks");
        var before = after;
        for (var slot : slots) {
            var instant = slot.toInstant();
            table.row(
                    LOCAL.format(slot),
                    instant.toString(),
                    before.equals(after) ? "" : Durations.text(Duration.between(before, instant)),
                    changes(slot.getZone(), before, instant));
            before = instant;
        }
        lines(table, console);
    }

    private static void lines(Table table, Console console) {
        table.lines(console).forEach(console::print);
    }

    /** The changes of clocks after one moment and up to another. */
    private static String changes(ZoneId zone, Instant after, Instant upTo) {
        var changes = new ArrayList<String>();
        var rules = zone.getRules();
        for (var next = rules.nextTransition(after);
                next != null && !next.getInstant().isAfter(upTo) && changes.size() < 3;
                next = rules.nextTransition(next.getInstant())) changes.add(words(next));
        return String.join("; ", changes);
    }

    private static String words(ZoneOffsetTransition change) {
        return "%s by %s at %s, to %s"
                .formatted(
                        change.isGap() ? "forward" : "back",
                        Durations.text(change.getDuration().abs()),
                        WALL.format(change.getDateTimeBefore()),
                        change.getOffsetAfter());
    }

    private static Instant moment(String text) {
        try {
            return DateTimeFormatter.ISO_OFFSET_DATE_TIME.parse(text.strip(), Instant::from);
        } catch (DateTimeParseException none) {
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "--from takes a moment with its offset, such as 2027-03-27T00:00:00Z or 2027-03-27T00:00:00+01:00; \"%s\" is none."
                            .formatted(text),
                    none);
        }
    }

    static ZoneId zone(String text) {
        try {
            return ZoneId.of(text.strip());
        } catch (java.time.DateTimeException unknown) {
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "There is no zone \"%s\".%s Zones have IANA names, such as Europe/Berlin or UTC."
                            .formatted(text, meant(text)),
                    unknown);
        }
    }

    /** Zones whose names begin alike, letters large or small. */
    private static String meant(String text) {
        var typed = text.strip().toLowerCase(Locale.ROOT).replace(' ', '_');
        for (int letters = typed.length(); letters >= 3; letters--) {
            var beginning = typed.substring(0, letters);
            var alike = ZoneId.getAvailableZoneIds().stream()
                    .filter(zone -> begins(zone.toLowerCase(Locale.ROOT), beginning))
                    .sorted()
                    .limit(3)
                    .toList();
            if (!alike.isEmpty()) return " Did you mean " + String.join(" or ", alike) + "?";
        }
        return "";
    }

    private static boolean begins(String zone, String beginning) {
        return zone.startsWith(beginning)
                || zone.substring(zone.lastIndexOf('/') + 1).startsWith(beginning);
    }
}
