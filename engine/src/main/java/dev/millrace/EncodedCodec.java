package dev.millrace;

import java.lang.reflect.Type;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A codec and what becomes of its texts in the store. The engine takes it apart: it compares what the codec wrote, and stores what the encoding
 * makes of that. For everybody else it is a codec that writes what is stored.
 */
record EncodedCodec(Codec values, Encoding encoding) implements Codec {

    static EncodedCodec of(Codec codec) {
        return codec instanceof EncodedCodec encoded ? encoded : new EncodedCodec(codec, Encoding.PLAIN);
    }

    Codec encrypting(KeyRing ring) {
        if (encoding.ring() != null)
            throw new MillraceException(
                    "This codec encrypts already, by a %s. Put all keys on one ring: KeyRing.writing(key).alsoReading(…)."
                            .formatted(encoding.ring()));
        return new EncodedCodec(values, new Encoding(encoding.compresses(), ring));
    }

    Codec compressing() {
        return new EncodedCodec(values, new Encoding(true, encoding.ring()));
    }

    @Override
    public Codec around(UnaryOperator<Codec> other) {
        return new EncodedCodec(other.apply(values), encoding);
    }

    @Override
    public String encode(@Nullable Object value) {
        return encoding.stored(values.encode(value));
    }

    @Override
    public @Nullable String schema(Type type) {
        return values.schema(type);
    }

    /** Of a text as it is before it is stored. */
    @Override
    public List<Misfit> misfits(String text, String schema, String name) {
        return values.misfits(text, schema, name);
    }

    /** What is said of an encrypted text that does not fit is stored and shown in the clear, so it tells nothing of the text. */
    @Override
    public @Nullable Object decode(String text, Type type) {
        var opened = encoding.opened(text);
        if (opened.key() == null) return values.decode(opened.text(), type);
        try {
            return values.decode(opened.text(), type);
        } catch (RuntimeException unfit) {
            throw new MillraceException(
                    "What was encrypted with key %s is no %s: a %s, which would tell in the clear what stands there. Look at the job where the keys are (millrace job with --payload-key-file), and compare it with the type."
                            .formatted(
                                    opened.key(),
                                    type.getTypeName(),
                                    unfit.getClass().getSimpleName()));
        }
    }
}
