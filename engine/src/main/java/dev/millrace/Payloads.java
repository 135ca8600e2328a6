package dev.millrace;

import dev.millrace.store.Payload;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;

/** Values to what a store keeps, and back: text through its codec, or the value itself. */
final class Payloads {

    private final @Nullable Codec codec;

    Payloads(@Nullable Codec codec) {
        this.codec = codec;
    }

    /**
     * The value as it is kept.
     *
     * @param what for the message if it is too large, such as {@code "The payload of SendInvoice"}
     * @throws MillraceException if it can't be written, or is too large
     */
    Payload kept(String what, Object value, int mostBytes) {
        return checked(
                what, codec == null ? new Payload.Kept(value) : new Payload.Text(codec.encode(value)), mostBytes);
    }

    /** A text that somebody else wrote, its syntax checked. */
    Payload written(String what, String text) {
        var codec = this.codec;
        if (codec == null)
            throw new MillraceException(
                    "This store keeps values, not text, so a job can't be given as text. Give the store a codec: new MemoryStore(codec).");
        var payload = checked(what, new Payload.Text(text), Bounds.PAYLOAD_BYTES);
        codec.decode(text, Object.class);
        return payload;
    }

    /** The value again. */
    @Nullable
    Object value(Payload payload, Type type) {
        return switch (payload) {
            case Payload.Kept(var value) -> value;
            case Payload.Text(var text) -> decoded(text, type);
        };
    }

    private @Nullable Object decoded(String text, Type type) {
        if (codec == null) throw new MillraceException("The store gave text, and has no codec to read it.");
        return codec.decode(text, type);
    }

    private static Payload checked(String what, Payload payload, int mostBytes) {
        int bytes = payload.bytes();
        if (bytes > mostBytes)
            throw new TooLarge(
                    "%s takes %,d bytes; at most %,d are stored. Keep the data in a table or a bucket of your own, and pass its key."
                            .formatted(what, bytes, mostBytes));
        return payload;
    }

    /** A value takes more bytes than are stored. */
    static final class TooLarge extends MillraceException {
        private static final long serialVersionUID = 1L;

        TooLarge(String message) {
            super(message);
        }
    }
}
