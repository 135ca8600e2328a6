package dev.millrace.store;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** A payload, a result or a checkpoint as a store keeps it: text from a codec, or in memory the immutable value itself. */
public sealed interface Payload {

    /** What a codec wrote, or what it was compressed or encrypted to. */
    record Text(String text) implements Payload {

        private static final Pattern ENCODED = Pattern.compile("\\s*+\\{\\s*+\"\\$millrace\"");

        /**
         * Whether it begins as what is stored compressed or encrypted does, and no other text ever stored by a codec: Base64 stands there, in which a search
         * for words would find by chance what is not there.
         */
        public boolean isEncoded() {
            return ENCODED.matcher(text).lookingAt();
        }
    }

    /** The value itself: only a store in this process can keep it. */
    record Kept(Object value) implements Payload {}

    /** How many bytes it takes as UTF-8; 0 for a kept value. */
    default int bytes() {
        return switch (this) {
            case Text(var text) -> utf8Length(text);
            case Kept kept -> 0;
        };
    }

    private static int utf8Length(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) return text.getBytes(StandardCharsets.UTF_8).length;
        }
        return text.length();
    }
}
