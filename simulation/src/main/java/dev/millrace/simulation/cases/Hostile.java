package dev.millrace.simulation.cases;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/** What nobody means to send, and somebody does: texts, bytes and JSON that programs stumble over. */
public final class Hostile {

    private static final String DIGITS = "1234567890".repeat(120);

    private Hostile() {}

    /** Any characters: pieces of markup and of formats, control characters, halves of pairs, scripts of the world. */
    public static String text(Choices choices) {
        return choices.text(8, Hostile::piece);
    }

    private static String piece(Choices choices) {
        return choices.any(Hostile::letter, Hostile::letter, Hostile::mark, Hostile::oddity, Hostile::longRun);
    }

    private static String letter(Choices choices) {
        return choices.of("a", "B", "7", "-", ".", "_", "job", "é", "漢", "😀");
    }

    private static String mark(Choices choices) {
        return choices.of(
                " ",
                "\"",
                "'",
                "\\",
                "/",
                "%",
                "%s",
                "%n",
                "${env:HOME}",
                "{}",
                "[",
                "]",
                "<b>",
                "&",
                ";",
                ",",
                ":",
                "=",
                "--",
                "*",
                "?",
                "#",
                "@",
                "$1",
                "`",
                "|",
                "(",
                ")",
                "+",
                "\n",
                "\r\n",
                "\t");
    }

    private static String oddity(Choices choices) {
        return choices.of(
                "\0",
                "\u0001",
                "\u001b[31m",
                "\u007f",
                "\u0085",
                "\u00a0",
                "\u00ad",
                "\u0130",
                "\u0131",
                "ß",
                "e\u0301",
                "\u0661",
                "\u200b",
                "\u200d",
                "\u202e",
                "\u2028",
                "\ufeff",
                "\ufffd",
                "\uffff",
                "\ud83d",
                "\ude00",
                "\udbff\udfff");
    }

    private static String longRun(Choices choices) {
        return choices.of("x", "é", "\ud800", "\0", "%", "/")
                .repeat((int) choices.between(1, choices.oneIn(8) ? 70_000 : 300));
    }

    /** Any bytes: often text as UTF-8, cut or with a byte changed, else what comes. */
    public static byte[] bytes(Choices choices) {
        return choices.oneIn(3) ? noise(choices) : spoilt(choices, text(choices).getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] noise(Choices choices) {
        var bytes = new byte[choices.below(64)];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) choices.below(256);
        return bytes;
    }

    /** The same bytes, or cut somewhere, or with some of them changed. */
    public static byte[] spoilt(Choices choices, byte[] bytes) {
        if (bytes.length == 0) return bytes;
        return switch (choices.below(4)) {
            case 1 -> Arrays.copyOf(bytes, choices.below(bytes.length));
            case 2 -> {
                var changed = bytes.clone();
                for (int times = choices.below(4); times >= 0; times--)
                    changed[choices.below(changed.length)] = (byte) choices.below(256);
                yield changed;
            }
            default -> bytes;
        };
    }

    /** A value as JSON text, sound by RFC 8259 but for keys that may come twice, and for its depth and size. */
    public static String json(Choices choices) {
        return choices.oneIn(40) ? deep(choices) : value(choices, 3);
    }

    /** What may be JSON: a value, cut or with characters put in, or something like it. */
    public static String nearlyJson(Choices choices) {
        return choices.any(Hostile::json, Hostile::changed, Hostile::lookalike, Hostile::text);
    }

    private static String changed(Choices choices) {
        var json = json(choices);
        int at = choices.below(json.length() + 1);
        return switch (choices.below(3)) {
            case 0 -> json.substring(0, at);
            case 1 -> json.substring(0, at) + choices.any(Hostile::mark, Hostile::oddity) + json.substring(at);
            default -> json + json.substring(at);
        };
    }

    private static String lookalike(Choices choices) {
        return choices.of(
                "",
                " ",
                "NaN",
                "-Infinity",
                "+1",
                ".5",
                "1.",
                "01",
                "0x10",
                "1e",
                "tru",
                "nul",
                "undefined",
                "'a'",
                "{a:1}",
                "[1,]",
                "{\"a\":1,}",
                "[,]",
                "// a\n1",
                "/* a */1",
                "\ufeff1",
                "\"\t\"",
                "\"\\x41\"",
                "\"\\ud83\"",
                "\"\0\"",
                "]",
                "}",
                "1 2",
                "{}{}",
                "null null");
    }

    private static String deep(Choices choices) {
        int levels = (int) choices.between(1, choices.of(20, 600, 30_000));
        var around = choices.of("[]", "{\"a\":}");
        int middle = around.length() - 1;
        var close = choices.oneIn(4) ? "" : around.substring(middle).repeat(levels);
        return around.substring(0, middle).repeat(levels) + choices.of("1", "[]", "{}") + close;
    }

    private static String value(Choices choices, int levels) {
        if (levels == 0) return scalar(choices);
        return switch (choices.below(4)) {
            case 0, 1 -> scalar(choices);
            case 2 -> "[" + String.join(",", choices.list(4, c -> value(c, levels - 1))) + "]";
            default -> "{" + String.join(",", choices.list(4, c -> quoted(c) + ":" + value(c, levels - 1))) + "}";
        };
    }

    private static String scalar(Choices choices) {
        return choices.any(Hostile::number, Hostile::quoted, c -> c.of("null", "true", "false"));
    }

    /** A number as JSON text, of any size. */
    public static String number(Choices choices) {
        return choices.of(
                "0",
                "1",
                "7",
                "-1",
                "-0",
                "0.1",
                "1.0",
                "1e2",
                "1E+2",
                "1e-2",
                "1.7",
                "127",
                "128",
                "32768",
                "2147483647",
                "2147483648",
                "-2147483648",
                "-2147483649",
                "9007199254740993",
                "9223372036854775807",
                "9223372036854775808",
                "-9223372036854775808",
                "-9223372036854775809",
                "0.1234567890123456789012345678901234567890",
                "1e308",
                "1e309",
                "-1e400",
                "1e-400",
                "1e2147483647",
                "1e-2147483648",
                "1e99999999999",
                DIGITS,
                "-0." + DIGITS);
    }

    /** A text as JSON, its characters escaped in one of the ways that there are. */
    public static String quoted(Choices choices) {
        var name = choices.oneIn(3) ? text(choices) : choices.of("a", "b", "kind", "payload", "");
        int every = choices.of(1_000_000, 1, 3); // so many characters without need of one that is escaped
        var quoted = new StringBuilder("\"");
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean must = c < ' ' || c == '"' || c == '\\';
            boolean half = Character.isSurrogate(c); // as raw characters they would not survive on the way to a server
            if (must || half || i % every == every - 1)
                quoted.append("\\u").append(HexFormat.of().toHexDigits(c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }
}
