package dev.millrace;

import java.lang.reflect.Type;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
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

    /** What stands in the sentence about a misfit of a value that is no list, object or null. */
    private static final Pattern VALUE = Pattern.compile(
            " is (?:a text \\(.*\\)|the (?:number|fraction) [^;]*|true|false); it must", Pattern.DOTALL);

    /**
     * Of a text as it is before it is stored. Where that will be encrypted they tell nothing of values: what is said of it may be kept in the clear, as the failure of the job that
     * enqueued it.
     */
    @Override
    public List<Misfit> misfits(String text, String schema, String name) {
        var misfits = values.misfits(text, schema, name);
        if (!encoding.encrypts()) return misfits;
        return misfits.stream().map(EncodedCodec::hidden).toList();
    }

    private static Misfit hidden(Misfit misfit) {
        var named = misfit.named();
        return new Misfit(
                named,
                named,
                named.equals(misfit.pointer())
                        ? hidden(misfit.message())
                        : "%s does not fit the schema; how is not told, since it would be in the clear"
                                .formatted(named));
    }

    private static String hidden(String message) {
        if (message.startsWith("It can't be read")) return "It can't be read";
        return VALUE.matcher(message).replaceFirst(" is something else; it must");
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
