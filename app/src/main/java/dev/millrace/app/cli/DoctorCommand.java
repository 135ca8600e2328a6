package dev.millrace.app.cli;

import dev.millrace.Checkup;
import dev.millrace.Finding;
import dev.millrace.Finding.Severity;
import dev.millrace.Operations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Style;
import dev.millrace.app.console.Visible;
import dev.millrace.app.database.DiskRoom;
import dev.millrace.app.wire.Shapes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/** Says what is wrong, or will be, and what mends it. */
@Command(
        name = "doctor",
        description =
                "Look for what is wrong, or will be: transactions that are open for long, replication slots, partitions, disk, settings of the server, nodes, clocks, queues that nobody serves. Changes nothing. For each finding it says why it matters and what mends it; what it has no right to see it says too.",
        footer = {
            "  millrace doctor",
            "  millrace doctor --json | jq -r '.findings[] | select(.severity != \"notice\") | .text'",
            "  millrace doctor > /dev/null || mail -s 'Millrace is not well' ops@example.org",
        })
final class DoctorCommand extends EngineCommand {

    DoctorCommand(Shell shell) {
        super(shell);
    }

    @Override
    void checkArguments() {
        database.lookOnly();
    }

    @Override
    ExitCode run(Operations operations) {
        var checkup = DiskRoom.addedTo(operations.doctor(), database.given() ? null : database.directory());
        if (common.json) print(Shapes.checkup(checkup));
        else tell(checkup);
        return switch (checkup.verdict()) {
            case HEALTHY -> ExitCode.OK;
            case UNHEALTHY -> ExitCode.UNHEALTHY;
            case UNKNOWN -> ExitCode.NOT_KNOWN;
        };
    }

    private void tell(Checkup checkup) {
        for (var finding : checkup.findings()) {
            console().print(head(finding));
            paragraph("  ", "  ", finding.text());
            paragraph("  Why:  ", "        ", finding.why());
            for (var remedy : finding.remedies()) {
                paragraph("  Do:   ", "        ", remedy.text());
                // Never broken: it is there to be copied.
                if (!remedy.command().isEmpty()) console().print("          " + Visible.line(remedy.command()));
            }
            console().print("");
        }
        console().say(summary(checkup));
        console()
                .hint("Looked at: %s."
                        .formatted(checkup.lookedAt().stream()
                                .map(Finding.Type::looksAt)
                                .collect(Collectors.joining(", "))));
    }

    private String head(Finding finding) {
        var word = finding.severity() == Severity.UNKNOWN
                ? "NOT KNOWN"
                : finding.severity().name();
        return "%s  %s  %s"
                .formatted(
                        console().paint(style(finding.severity()), word),
                        Visible.line(finding.object()),
                        console().paint(Style.DIM, "(" + finding.type().wireName() + ")"));
    }

    private static Style style(Severity severity) {
        return switch (severity) {
            case CRITICAL -> Style.DISCARDED;
            case WARNING -> Style.RETRYABLE;
            case UNKNOWN -> Style.SCHEDULED;
            case NOTICE -> Style.AVAILABLE;
        };
    }

    private void paragraph(String first, String further, String text) {
        int room = console().terminal().out() ? Math.clamp(console().terminal().width(), 40, 120) : Integer.MAX_VALUE;
        var begin = first;
        for (var line : wrapped(Visible.line(text), room - first.length())) {
            console().print(begin + line);
            begin = further;
        }
    }

    /** Broken between words, so far as there are any. */
    static List<String> wrapped(String text, int room) {
        var lines = new ArrayList<String>();
        var line = new StringBuilder();
        for (var word : text.split(" ", -1)) {
            if (!line.isEmpty() && line.length() + 1L + word.length() > room) {
                lines.add(line.toString());
                line.setLength(0);
            }
            if (!line.isEmpty()) line.append(' ');
            line.append(word);
        }
        lines.add(line.toString());
        return lines;
    }

    private static String summary(Checkup checkup) {
        int things = checkup.lookedAt().size();
        if (checkup.findings().isEmpty()) return "Nothing is wrong. %d things were looked at.".formatted(things);
        var counts = Arrays.stream(Severity.values())
                .map(severity -> counted(
                        severity,
                        checkup.findings().stream()
                                .filter(finding -> finding.severity() == severity)
                                .count()))
                .filter(text -> !text.isEmpty())
                .collect(Collectors.joining(", "));
        return switch (checkup.verdict()) {
            case HEALTHY -> "Nothing is wrong; %s. %d things were looked at.".formatted(counts, things);
            case UNKNOWN ->
                "Nothing is wrong as far as could be looked: %s. %d things were looked at.".formatted(counts, things);
            case UNHEALTHY -> "Something is wrong: %s. %d things were looked at.".formatted(counts, things);
        };
    }

    private static String counted(Severity severity, long count) {
        if (count == 0) return "";
        if (severity == Severity.UNKNOWN) return "%d not known".formatted(count);
        var word = severity.name().toLowerCase(Locale.ROOT);
        return "%d %s%s".formatted(count, word, count == 1 || severity == Severity.CRITICAL ? "" : "s");
    }
}
