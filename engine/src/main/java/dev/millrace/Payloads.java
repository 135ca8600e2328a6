package dev.millrace;

import dev.millrace.store.Payload;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Values to what a store keeps, and back: text through its codec and its encoding, or the value itself. */
final class Payloads {

    private static final String PASS_IT = "pass its key";

    private final @Nullable EncodedCodec codec;

    Payloads(@Nullable Codec codec) {
        this.codec = codec == null ? null : EncodedCodec.of(codec);
    }

    /**
     * A value as it is kept, and what its codec wrote.
     *
     * @param text null if the value itself is kept
     */
    record Packed(Payload kept, @Nullable String text) {}

    /**
     * The value as it is kept.
     *
     * @param what for the message if it is too large, such as {@code "The payload of SendInvoice"}
     * @param instead what to do then with the key of what is kept elsewhere, such as {@code "pass its key"}
     * @throws MillraceException if it can't be written, or is too large
     */
    Payload kept(String what, Object value, int mostBytes, String instead) {
        return packed(what, value, mostBytes, instead).kept();
    }

    /** A payload as it is kept. */
    Payload kept(String what, Object value, int mostBytes) {
        return kept(what, value, mostBytes, PASS_IT);
    }

    /** A payload as it is {@link #kept}, with what its codec wrote. */
    Packed packed(String what, Object value, int mostBytes) {
        return packed(what, value, mostBytes, PASS_IT);
    }

    private Packed packed(String what, Object value, int mostBytes, String instead) {
        var codec = this.codec;
        if (codec == null) return new Packed(new Payload.Kept(value), null);
        return packed(codec.encoding(), what, codec.values().encode(value), mostBytes, instead);
    }

    /** A text that somebody else wrote, its syntax checked. Where texts are encrypted nothing of one that is refused is told. */
    Packed written(String what, String text) {
        var codec = this.codec;
        if (codec == null)
            throw new MillraceException(
                    "This store keeps values, not text, so a job can't be given as text. Give the store a codec: new MemoryStore(codec).");
        if (Envelope.isOne(text))
            throw new MillraceException(
                    "%s is given as it is stored: compressed or encrypted, or as a note that stands for that. Pass the payload itself; a process with the keys shows it."
                            .formatted(what));
        var packed = packed(codec.encoding(), what, text, Bounds.PAYLOAD_BYTES, PASS_IT);
        try {
            codec.values().decode(text, Object.class);
        } catch (RuntimeException unread) {
            if (!codec.encoding().encrypts()) throw unread;
            var cause = unread.getCause() == null ? unread : unread.getCause();
            throw new MillraceException( // without its cause, which tells the beginning of the text
                    "%s can't be read by the store's codec, whose JSON it should be: %s. What stands there is not told, since payloads are encrypted here, and what is said of one may be kept in the clear. Check its syntax where you have it; nothing was done."
                            .formatted(what, cause.getClass().getSimpleName()));
        }
        return packed;
    }

    private static Packed packed(Encoding encoding, String what, String text, int mostBytes, String instead) {
        var plain = new Payload.Text(text);
        if (!encoding.changes() && !Envelope.isOne(text))
            return new Packed(checked(what, plain, mostBytes, instead), text);
        int bytes = plain.bytes();
        if (bytes > Bounds.COMPRESSED_BYTES)
            throw new TooLarge(
                    "%s takes %,d bytes; at most %,d are stored, and at most %,d are compressed to that. Keep the data in a table or a bucket of your own, and %s."
                            .formatted(what, bytes, mostBytes, Bounds.COMPRESSED_BYTES, instead));
        var stored = new Payload.Text(encoding.stored(text));
        if (stored.bytes() > mostBytes)
            throw new TooLarge("%s takes %,d bytes %s, from %,d bytes of text; at most %,d are stored. %s"
                    .formatted(
                            what,
                            stored.bytes(),
                            encoding.inWords(),
                            bytes,
                            mostBytes,
                            (encoding.compresses()
                                            ? "Keep the data in a table or a bucket of your own, and %s."
                                            : "Compress it, codec.compressed(); or keep the data in a table or a bucket of your own, and %s.")
                                    .formatted(instead)));
        return new Packed(stored, text);
    }

    /**
     * The value again.
     *
     * @throws UnknownEncryptionKey if it was encrypted with a key that is not known here
     * @throws Encoding.Damaged if it was encrypted or compressed, and can't be read
     * @throws MillraceException if it does not fit the type
     */
    @Nullable
    Object value(Payload payload, Type type) {
        return switch (payload) {
            case Payload.Kept(var value) -> value;
            case Payload.Text(var text) -> decoded(text, type);
        };
    }

    /** The result of a job that has completed; also of one whose time is over, where {@link ShortLived#read} tells that. */
    @Nullable
    Object result(Payload result, Type type) {
        var own = ShortLived.read(result);
        return value(own == null ? result : own.result(), type);
    }

    /**
     * What a codec wrote, of a payload that is kept.
     *
     * @throws UnknownEncryptionKey if it was encrypted with a key that is not known here
     * @throws Encoding.Damaged if it was encrypted or compressed, and can't be read
     * @throws MillraceException if the value itself is kept
     */
    String opened(Payload payload) {
        if (!(payload instanceof Payload.Text(var text)) || codec == null)
            throw new MillraceException(
                    "This store keeps values, not text, so there is none to patch. Edit them by a function, edit(SendInvoice.class, old -> …), or give the store a codec: new MemoryStore(codec).");
        return codec.encoding().opened(text).text();
    }

    private @Nullable Object decoded(String text, Type type) {
        if (codec == null) throw new MillraceException("The store gave text, and has no codec to read it.");
        return codec.decode(text, type);
    }

    // ---- what is compared

    /** What stands for a payload where requests are compared. A kept value has no text but its own: that of a record names all its components. */
    String digest(Packed packed) {
        var text = packed.text();
        return codec == null || text == null
                ? Words.sha256(kept(packed))
                : codec.encoding().digest(text);
    }

    /** What stands for it in processes that have other keys: those of before, and those of after. */
    Set<String> digestsElsewhere(Packed packed) {
        var text = packed.text();
        return codec == null || text == null ? Set.of() : codec.encoding().digestsElsewhere(text);
    }

    private static String kept(Packed packed) {
        return switch (packed.kept()) {
            case Payload.Text(var text) -> text;
            case Payload.Kept(var value) -> String.valueOf(value);
        };
    }

    /** A payload that was {@link #kept} just now, as it is kept under a name where it may be set again: the same text for the same payload. */
    Payload repeatable(String name, Payload kept) {
        return codec != null && kept instanceof Payload.Text(var text)
                ? new Payload.Text(codec.encoding().repeatable(name, text))
                : kept;
    }

    // ---- what is shown

    /** A job for people: its payload and its result as they were before they were encoded, or a note that says why they can't be shown. */
    JobView shown(JobView job, Instant now) {
        var payload = shown(job.payload());
        var result = shownResult(job.result(), now);
        boolean same = Objects.equals(payload, job.payload()) && Objects.equals(result, job.result());
        return same ? job : job.with(payload, result);
    }

    private @Nullable String shownResult(@Nullable String text, Instant now) {
        var own = text == null ? null : ShortLived.read(text);
        if (own == null) return shown(text);
        return own.isOver(now) || !(own.result() instanceof Payload.Text(var inside)) ? own.note() : shown(inside);
    }

    /** A text of the store for people, as {@link #shown(JobView, Instant)} shows it. */
    @Nullable
    String shown(@Nullable String text) {
        return codec == null || text == null ? text : codec.encoding().shown(text);
    }

    /** Whether a search for text can't see what is stored here. */
    boolean hidden() {
        return codec != null && codec.encoding().changes();
    }

    private static Payload checked(String what, Payload payload, int mostBytes, String instead) {
        int bytes = payload.bytes();
        if (bytes > mostBytes)
            throw new TooLarge(
                    "%s takes %,d bytes; at most %,d are stored. Keep the data in a table or a bucket of your own, and %s."
                            .formatted(what, bytes, mostBytes, instead));
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
