package dev.millrace;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How the engine puts things for people. */
final class Words {

    /** As far as a duration can be turned around. */
    private static final Duration LONGEST = Duration.ofSeconds(Long.MAX_VALUE);

    /** A surrogate that has no other half: where it has, the two are one character. */
    private static final Pattern UNSTORABLE = Pattern.compile("[\\x00\\p{Cs}]");

    private Words() {}

    /** A duration in its largest units: {@code 250 ms}, {@code 5 s}, {@code 1 h 30 min}. */
    static String duration(Duration duration) {
        if (duration.isZero()) return "0 s";
        if (duration.isNegative())
            return "-" + duration(duration.compareTo(LONGEST.negated()) < 0 ? LONGEST : duration.negated());
        if (duration.compareTo(Duration.ofMillis(1)) < 0) return duration.toNanos() + " ns";
        if (duration.compareTo(Duration.ofSeconds(1)) < 0) return duration.toMillis() + " ms";
        long[] amounts = {
            duration.toDays(),
            duration.toHoursPart(),
            duration.toMinutesPart(),
            duration.toSecondsPart(),
            duration.toMillisPart()
        };
        String[] units = {"d", "h", "min", "s", "ms"};
        int first = 0;
        while (amounts[first] == 0) first++;
        var text = amounts[first] + " " + units[first];
        return first + 1 < units.length && amounts[first + 1] != 0
                ? text + " " + amounts[first + 1] + " " + units[first + 1]
                : text;
    }

    /** A name in the form that kinds and queues have: {@code SendInvoice} becomes {@code send-invoice}. */
    static String asName(String text) {
        var name = text.replaceAll("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-")
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^a-z0-9_.-]+", "-")
                .replaceAll("^[^a-z0-9]+|[^a-z0-9]+$", "");
        if (name.isEmpty()) return "default";
        return name.length() <= 63 ? name : name.substring(0, 63);
    }

    /** A text whose {@code {}} are replaced by the arguments, in order; an argument that can't be printed says so. */
    static String filled(String text, @Nullable Object... arguments) {
        var filled = new StringBuilder(text.length() + 16 * arguments.length);
        int from = 0;
        int next = 0;
        for (int at = text.indexOf("{}"); at >= 0 && next < arguments.length; at = text.indexOf("{}", from)) {
            filled.append(text, from, at).append(printed(arguments[next++]));
            from = at + 2;
        }
        return filled.append(text, from, text.length()).toString();
    }

    /** The error behind the arguments that have their place in the text; null if there is none. */
    static @Nullable Throwable left(String text, @Nullable Object... arguments) {
        if (arguments.length == 0 || !(arguments[arguments.length - 1] instanceof Throwable error)) return null;
        int places = 0;
        for (int at = text.indexOf("{}"); at >= 0; at = text.indexOf("{}", at + 2)) places++;
        return places < arguments.length ? error : null;
    }

    /** At most so many characters, the last one an ellipsis if there were more. No surrogate pair is cut in two. */
    static String cut(String text, int limit) {
        if (text.length() <= limit) return text;
        int end = Character.isHighSurrogate(text.charAt(limit - 2)) ? limit - 2 : limit - 1;
        return text.substring(0, end) + "…";
    }

    /** The text without what no text column holds: a zero and half a surrogate pair become U+FFFD. */
    static String storable(String text) {
        return UNSTORABLE.matcher(text).replaceAll("\uFFFD");
    }

    /** The text in one line: white space as blanks, and a sign in the place of what can't be shown. */
    static String line(String text) {
        if (text.codePoints().allMatch(Words::showable)) return text;
        var line = new StringBuilder(text.length());
        text.codePoints()
                .forEach(c -> line.appendCodePoint(showable(c) ? c : Character.isWhitespace(c) ? ' ' : '\uFFFD'));
        return line.toString();
    }

    /** Neither a control character nor half of one that takes two. */
    private static boolean showable(int c) {
        return !Character.isISOControl(c) && Character.getType(c) != Character.SURROGATE;
    }

    /** A text of any length as one of 71 characters. */
    static String sha256(String text) {
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return "sha256:" + HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("Every Java platform has SHA-256", impossible);
        }
    }

    private static String printed(@Nullable Object value) {
        try {
            return String.valueOf(value);
        } catch (RuntimeException unprintable) {
            return "(a " + (value == null ? "null" : value.getClass().getName()) + " that can't be printed)";
        }
    }
}
