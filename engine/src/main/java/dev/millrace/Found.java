package dev.millrace;

import dev.millrace.Finding.Remedy;
import dev.millrace.Finding.Severity;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A finding as it is written down, and how it speaks of spans and sizes. */
final class Found {

    private final Finding.Type type;
    private final Severity severity;
    private final String object;
    private final List<Remedy> remedies = new ArrayList<>();
    private final Map<String, Object> facts = new LinkedHashMap<>();
    private String text = "";
    private String why = "";

    private Found(Finding.Type type, Severity severity, String object) {
        this.type = type;
        this.severity = severity;
        this.object = object;
    }

    static Found a(Finding.Type type, Severity severity, String object) {
        return new Found(type, severity, object);
    }

    Found says(String seen) {
        text = seen;
        return this;
    }

    Found matters(String because) {
        why = because;
        return this;
    }

    Found mend(String how) {
        remedies.add(Remedy.of(how));
        return this;
    }

    Found mend(String how, String command) {
        remedies.add(new Remedy(how, command));
        return this;
    }

    /** What is not known is left out. */
    Found fact(String name, @Nullable Object value) {
        switch (value) {
            case null -> {}
            case Duration span -> facts.put(name, span.toMillis());
            case Instant at -> facts.put(name, at.toString());
            case Integer number -> facts.put(name, number.longValue());
            case Long number -> facts.put(name, number);
            case Double number -> facts.put(name, number);
            case Boolean truth -> facts.put(name, truth);
            default -> facts.put(name, value.toString());
        }
        return this;
    }

    Finding made() {
        return new Finding(type, severity, object, text, why, remedies, facts);
    }

    // ---- words

    /** A span in its largest unit or two: {@code 45 s}, {@code 12 min}, {@code 2 h 5 min}, {@code 3 d 4 h}. */
    static String span(Duration span) {
        long seconds = Math.max(0, span.toSeconds());
        if (seconds < 1) return Math.max(0, span.toMillis()) + " ms";
        if (seconds < 120) return seconds + " s";
        if (seconds < 3_600) return seconds / 60 + " min";
        if (seconds < 48 * 3_600) return two(seconds / 3_600, "h", seconds / 60 % 60, "min");
        return two(seconds / 86_400, "d", seconds / 3_600 % 24, "h");
    }

    private static String two(long large, String unit, long small, String smaller) {
        return small == 0 ? large + " " + unit : "%d %s %d %s".formatted(large, unit, small, smaller);
    }

    /** A size: {@code 512 kB}, {@code 3.2 GB}, in powers of 1,024 as PostgreSQL counts. */
    static String size(long bytes) {
        if (bytes < 10_240) return bytes + " bytes";
        double value = bytes;
        for (var unit : List.of("kB", "MB", "GB")) {
            value /= 1_024;
            if (value < 1_024) return "%s %s".formatted(number(value), unit);
        }
        return "%s TB".formatted(number(value / 1_024));
    }

    private static String number(double value) {
        return value < 10 ? Double.toString(Math.floor(value * 10) / 10) : Long.toString((long) value);
    }

    /** A text on one line, cut where it gets long. */
    static String line(String text, int most) {
        var one = text.replaceAll("\\s+", " ").strip();
        return one.length() > most ? one.substring(0, most - 1) + "…" : one;
    }

    /** A text as SQL has it. */
    static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    /** A name as SQL has it. */
    static String name(String name) {
        return name.matches("[a-z_][a-z0-9_]*") ? name : "\"" + name.replace("\"", "\"\"") + "\"";
    }

    /** {@code 1 job}, {@code 3 jobs}. */
    static String count(QueueView.Depth jobs) {
        return jobs.exact() && jobs.count() == 1 ? "1 job" : jobs + " jobs";
    }
}
