package dev.millrace.test;

import dev.millrace.Codec;
import dev.millrace.MillraceException;
import java.lang.reflect.Type;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A codec that reads what it writes, at once: a payload that would be found unreadable by its handler, days later, is refused where it
 * is enqueued. It stands inside of compression and encryption ({@link Codec#around}), which are not what it tries. Records are tried whose type says it all; of others, such as lists, only their reader knows the type.
 */
final class RoundTrip implements Codec {

    private final Codec codec;

    RoundTrip(Codec codec) {
        this.codec = codec;
    }

    @Override
    public String encode(@Nullable Object value) {
        var text = codec.encode(value);
        if (value != null && value.getClass().isRecord() && value.getClass().getTypeParameters().length == 0)
            tryToRead(value, text);
        return text;
    }

    private void tryToRead(Object value, String text) {
        Object one;
        Object other;
        try {
            one = Objects.requireNonNull(codec.decode(text, value.getClass()));
            other = Objects.requireNonNull(codec.decode(text, value.getClass()));
        } catch (RuntimeException unreadable) {
            throw new MillraceException(
                    "A %s can be written, but what was written can't be read again: %s. The text is %s"
                            .formatted(value.getClass().getName(), unreadable.getMessage(), cut(text)),
                    unreadable);
        }
        boolean comparable = one.equals(other); // not with an array in it
        if (comparable ? one.equals(value) : codec.encode(one).equals(text)) return;
        throw new MillraceException(
                "A %s does not come back as it was. It was %s, and comes back as %s. The text between is %s"
                        .formatted(value.getClass().getName(), cut(value.toString()), cut(one.toString()), cut(text)));
    }

    private static String cut(String text) {
        return text.length() <= 200 ? text : text.substring(0, 200) + "…";
    }

    @Override
    public @Nullable Object decode(String text, Type type) {
        return codec.decode(text, type);
    }
}
