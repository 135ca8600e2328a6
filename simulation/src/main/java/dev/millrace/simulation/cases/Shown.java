package dev.millrace.simulation.cases;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A case as it is printed: what can't be seen is escaped as in a Java string. */
final class Shown {

    private static final int MOST = 4_000;

    private Shown() {}

    static String of(@Nullable Object drawn) {
        return switch (drawn) {
            case null -> "(nothing: drawing it failed)";
            case String text -> '"' + plain(text) + '"';
            case byte[] bytes -> "the bytes of \"" + plain(new String(bytes, StandardCharsets.ISO_8859_1)) + '"';
            case Object[] many -> Arrays.stream(many).map(Shown::of).collect(Collectors.joining(", ", "[", "]"));
            case Iterable<?> many -> {
                var shown = new StringBuilder();
                for (var one : many) shown.append(shown.isEmpty() ? "[" : ", ").append(of(one));
                yield shown.isEmpty() ? "[]" : shown.append(']').toString();
            }
            default -> plain(printed(drawn));
        };
    }

    private static String printed(Object drawn) {
        try {
            return String.valueOf(drawn);
        } catch (RuntimeException unprintable) {
            return "a " + drawn.getClass().getName() + " that can't be printed: " + unprintable;
        }
    }

    private static String plain(String text) {
        var plain = new StringBuilder();
        for (int i = 0; i < text.length() && plain.length() < MOST; i++) {
            char c = text.charAt(i);
            switch (c) {
                case '\n' -> plain.append("\\n");
                case '\r' -> plain.append("\\r");
                case '\t' -> plain.append("\\t");
                case '"', '\\' -> plain.append('\\').append(c);
                default -> {
                    if (c >= ' ' && c < 0x7f) plain.append(c);
                    else plain.append("\\u").append(HexFormat.of().toHexDigits(c));
                }
            }
        }
        return text.length() > MOST ? plain + "… (%,d characters)".formatted(text.length()) : plain.toString();
    }
}
