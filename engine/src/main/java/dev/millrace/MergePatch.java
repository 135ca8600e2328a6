package dev.millrace;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A JSON merge patch, RFC 7396: members that it names are put in the place of those of the same name, those that it says are null are taken out, and objects
 * are merged member by member. What it does not name stays as it was, to the letter: a number keeps its digits. The engine has no JSON library, and needs
 * none for this: texts are taken apart into members, and values that are no objects are never read.
 */
final class MergePatch {

    private static final int DEEPEST = 500;

    private final Value patch;

    /** A value: an object by its members, or anything else as it is written. Names are kept as they are written, between their quotes. */
    private sealed interface Value {
        record Members(Map<String, Value> all) implements Value {}

        record Other(String text) implements Value {}
    }

    private MergePatch(Value patch) {
        this.patch = patch;
    }

    /** A text is no JSON, or no object. */
    static final class NoObject extends MillraceException {
        private static final long serialVersionUID = 1L;

        NoObject(String message) {
            super(message);
        }
    }

    /**
     * Reads a patch.
     *
     * @throws NoObject if it is no JSON object, or an empty one
     */
    static MergePatch of(String text) {
        var read = new Reader("The patch", text).whole();
        if (!(read instanceof Value.Members(var members)))
            throw new NoObject(
                    "The patch is no object: %s. It names the members that become something else, such as {\"currency\":\"EUR\"}."
                            .formatted(Words.cut(text, 80)));
        if (members.isEmpty())
            throw new NoObject(
                    "The patch {} names no members, and changes nothing. Say which become what, such as {\"currency\":\"EUR\"}.");
        return new MergePatch(read);
    }

    /**
     * The text with all that the patch says.
     *
     * @throws NoObject if it is no JSON object
     */
    String applied(String text) {
        var target = new Reader("The payload", text).whole();
        if (!(target instanceof Value.Members))
            throw new NoObject("The payload is JSON, but no object, and has no members to patch.");
        var merged = merged(target, patch);
        if (merged.equals(target)) return text;
        var written = new StringBuilder();
        write(merged, written);
        return written.toString();
    }

    private static Value merged(@Nullable Value target, Value patch) {
        if (!(patch instanceof Value.Members(var members))) return patch;
        var all = new LinkedHashMap<>(target instanceof Value.Members(var old) ? old : Map.<String, Value>of());
        members.forEach((name, value) -> {
            if (value instanceof Value.Other(var text) && text.equals("null")) all.remove(name);
            else all.put(name, merged(all.get(name), value));
        });
        return new Value.Members(all);
    }

    private static void write(Value value, StringBuilder to) {
        switch (value) {
            case Value.Other(var text) -> to.append(text);
            case Value.Members(var members) -> {
                to.append('{');
                var comma = "";
                for (var member : members.entrySet()) {
                    to.append(comma).append('"').append(quoted(member.getKey())).append("\":");
                    write(member.getValue(), to);
                    comma = ",";
                }
                to.append('}');
            }
        }
    }

    private static String quoted(String name) {
        var quoted = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '"' || c == '\\') quoted.append('\\').append(c);
            else if (c < ' ' || Character.isSurrogate(c)) quoted.append("\\u%04x".formatted((int) c));
            else quoted.append(c);
        }
        return quoted.toString();
    }

    /** Takes a text apart. */
    private static final class Reader {
        private final String what;
        private final String text;
        private int at;

        Reader(String what, String text) {
            this.what = what;
            this.text = text;
        }

        Value whole() {
            var value = value(0);
            space();
            if (at < text.length()) throw bad();
            return value;
        }

        private Value value(int depth) {
            if (depth > DEEPEST)
                throw new NoObject("%s is nested deeper than %d levels, and is not patched.".formatted(what, DEEPEST));
            space();
            if (peek() == '{') return members(depth);
            int from = at;
            switch (peek()) {
                case '[' -> elements(depth);
                case '"' -> name();
                default -> scalar();
            }
            return new Value.Other(text.substring(from, at));
        }

        private Value members(int depth) {
            var all = new LinkedHashMap<String, Value>();
            at++;
            space();
            if (peek() == '}') {
                at++;
                return new Value.Members(all);
            }
            while (true) {
                space();
                if (peek() != '"') throw bad();
                var name = name();
                space();
                if (peek() != ':') throw bad();
                at++;
                all.put(name, value(depth + 1));
                space();
                char next = peek();
                at++;
                if (next == '}') return new Value.Members(all);
                if (next != ',') throw bad();
            }
        }

        private void elements(int depth) {
            at++;
            space();
            if (peek() == ']') {
                at++;
                return;
            }
            while (true) {
                Objects.requireNonNull(value(depth + 1));
                space();
                char next = peek();
                at++;
                if (next == ']') return;
                if (next != ',') throw bad();
            }
        }

        /** A text, which is given without its quotes and escapes. */
        private String name() {
            var name = new StringBuilder();
            at++;
            while (peek() != '"') {
                char c = peek();
                at++;
                if (c < ' ') throw bad();
                name.append(c == '\\' ? escaped() : c);
            }
            at++;
            return name.toString();
        }

        private char escaped() {
            char c = peek();
            at++;
            return switch (c) {
                case '"', '\\', '/' -> c;
                case 'b' -> '\b';
                case 'f' -> '\f';
                case 'n' -> '\n';
                case 'r' -> '\r';
                case 't' -> '\t';
                case 'u' -> unicode();
                default -> throw bad();
            };
        }

        private char unicode() {
            if (at + 4 > text.length() || !text.substring(at, at + 4).matches("[0-9a-fA-F]{4}")) throw bad();
            at += 4;
            return (char) Integer.parseInt(text.substring(at - 4, at), 16);
        }

        private void scalar() {
            int from = at;
            while (at < text.length() && " \t\r\n,]}:".indexOf(text.charAt(at)) < 0) at++;
            if (!text.substring(from, at).matches("true|false|null|-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?"))
                throw bad();
        }

        private void space() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
        }

        private char peek() {
            if (at >= text.length()) throw bad();
            return text.charAt(at);
        }

        private NoObject bad() {
            return new NoObject(
                    "%s is no JSON: it breaks off, or is something else, at character %,d. Only JSON can be patched."
                            .formatted(what, Math.min(at + 1, text.length())));
        }
    }
}
