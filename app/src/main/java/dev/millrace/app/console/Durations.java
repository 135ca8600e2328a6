package dev.millrace.app.console;

import java.time.DateTimeException;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Spans of time as people type and read them: {@code 250ms}, {@code 5s}, {@code 1h30m}, {@code 2d}; also {@code PT5S}. */
public final class Durations implements ITypeConverter<Duration> {

    private static final Pattern PARTS =
            Pattern.compile("(-)?(?:(\\d+)d)?(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?(?:(\\d+)ms)?");

    @Override
    public Duration convert(String text) {
        var span = parse(text);
        if (span == null)
            throw new TypeConversionException(
                    "\"%s\" is not a span of time. Write 250ms, 5s, 10m, 1h30m or 2d.".formatted(text));
        return span;
    }

    /** The span, or null if the text is none. A plain 0 needs no unit. */
    public static @Nullable Duration parse(String text) {
        var t = text.strip();
        if (t.equals("0")) return Duration.ZERO;
        try {
            if (t.startsWith("P") || t.startsWith("-P")) return Duration.parse(t);
            var found = PARTS.matcher(t);
            if (t.isEmpty() || t.equals("-") || !found.matches()) return null;
            var span = Duration.ofDays(amount(found.group(2)))
                    .plusHours(amount(found.group(3)))
                    .plusMinutes(amount(found.group(4)))
                    .plusSeconds(amount(found.group(5)))
                    .plusMillis(amount(found.group(6)));
            return found.group(1) == null ? span : span.negated();
        } catch (DateTimeException | ArithmeticException | NumberFormatException tooLong) {
            return null;
        }
    }

    private static long amount(@Nullable String digits) {
        return digits == null ? 0 : Long.parseLong(digits);
    }

    /** In its largest unit or two: {@code 210 ms}, {@code 1.8 s}, {@code 4:12 min}, {@code 2:31 h}, {@code 3 d}. */
    public static String text(Duration span) {
        if (span.toHours() >= 48) return span.toDays() + " d";
        long ms = span.toMillis();
        if (ms < 1_000) return ms + " ms";
        if (ms < 10_000) return "%d.%d s".formatted(ms / 1000, ms % 1000 / 100);
        if (ms < 60_000) return ms / 1000 + " s";
        if (ms < 3_600_000) return "%d:%02d min".formatted(ms / 60_000, ms / 1000 % 60);
        return "%d:%02d h".formatted(ms / 3_600_000, ms / 60_000 % 60);
    }
}
