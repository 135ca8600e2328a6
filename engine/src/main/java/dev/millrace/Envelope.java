package dev.millrace;

import java.util.Base64;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a text is stored that is not stored as it is: a JSON object of one member, so that SQL can go on reading the column as JSON, and count
 * what was written with which key. White space in it does not matter, since {@code jsonb} writes its own.
 *
 * <pre>
 *   {"$millrace":"deflated:1:BASE64"}
 *   {"$millrace":"encrypted:1:KEY:plain:BASE64"}      or deflated:, before it was encrypted
 *   {"$millrace":"plain:1:BASE64"}                    a text that itself begins like one of these
 * </pre>
 *
 * @param head all before the content, with the colon
 * @param key the name of the key that the content was encrypted with; null if with none
 * @param deflated whether it was deflated, before it was encrypted
 */
record Envelope(String head, @Nullable String key, boolean deflated, byte[] content) {

    private static final String MEMBER = "\"$millrace\"";

    /** As {@link dev.millrace.store.Payload.Text#isEncoded} has it for stores. */
    private static final Pattern BEGINNING = Pattern.compile("\\s*+\\{\\s*+\"\\$millrace\"");

    private static final Pattern WHOLE =
            Pattern.compile("\\s*+\\{\\s*+\"\\$millrace\"\\s*+:\\s*+\"([\\w.:+/=-]*+)\"\\s*+}\\s*+");

    private static final Pattern HEAD = Pattern.compile("(plain|deflated):1:|encrypted:1:([\\w.-]+):(plain|deflated):");

    /** Whether the text begins as an envelope does. No text of a user is ever stored that does. */
    static boolean isOne(String text) {
        return mayBeOne(text) && BEGINNING.matcher(text).lookingAt();
    }

    /** Each payload is asked, and hardly any is one: a look at its first characters makes no matcher for it. */
    private static boolean mayBeOne(String text) {
        int brace = visible(text, 0);
        if (brace == text.length() || text.charAt(brace) != '{') return false;
        int quote = visible(text, brace + 1);
        return text.startsWith("\"$", quote);
    }

    private static int visible(String text, int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) <= ' ') at++;
        return at;
    }

    static String plain(byte[] content) {
        return of("plain:1:", content);
    }

    static String deflated(byte[] content) {
        return of("deflated:1:", content);
    }

    /** The head of an encrypted text. */
    static String head(String key, boolean deflated) {
        return "encrypted:1:%s:%s:".formatted(key, deflated ? "deflated" : "plain");
    }

    static String of(String head, byte[] content) {
        return "{" + MEMBER + ":\"" + head + Base64.getEncoder().encodeToString(content) + "\"}";
    }

    /** Something to say in the place of a text that can't be shown: without quotes, and no envelope. */
    static String note(String text) {
        return "{" + MEMBER + ":\"" + text + "\"}";
    }

    /**
     * What was written by one of these.
     *
     * @throws Encoding.Damaged if it can't be read
     */
    static Envelope read(String text) {
        var whole = WHOLE.matcher(text);
        if (!whole.matches()) throw damaged();
        var inside = whole.group(1);
        var head = HEAD.matcher(inside);
        if (!head.lookingAt())
            throw new Encoding.Damaged(
                    "It is stored in a form that this version of Millrace does not know: %s. A newer one wrote it, or it was changed since. Update this process."
                            .formatted(Words.cut(inside, 40)));
        var form = head.group(1) == null ? head.group(3) : head.group(1);
        try {
            return new Envelope(
                    head.group(),
                    head.group(2),
                    "deflated".equals(form),
                    Base64.getDecoder().decode(inside.substring(head.end())));
        } catch (IllegalArgumentException otherText) {
            throw damaged();
        }
    }

    private static Encoding.Damaged damaged() {
        return new Encoding.Damaged(
                "It begins as a text that is stored compressed or encrypted, and is none. It was changed after it was stored, and can't be read by anyone.");
    }
}
