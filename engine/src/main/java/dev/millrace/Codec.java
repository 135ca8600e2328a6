package dev.millrace;

import java.lang.reflect.Type;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Turns payloads, results and checkpoints into text and back. A store brings one (PostgreSQL: JSON), so that the engine itself needs
 * no JSON library. Implementations are stateless or safe for use by many threads.
 *
 * <p>Its texts may be stored compressed, encrypted, or both: {@code PostgresStore.json().compressed().encrypted(ring)}. Each text tells how it
 * is stored, so what was stored before that was switched on is read as before, and what is compressed is read by all.
 */
public interface Codec {

    /**
     * The text of a value, such as JSON. The same value always gives the same text: idempotency keys compare it.
     *
     * @throws MillraceException if the value can't be written; the message names the class and the component
     */
    String encode(@Nullable Object value);

    /**
     * The value of a text, as the given type.
     *
     * @throws MillraceException if the text does not fit the type; the message names both
     */
    @Nullable
    Object decode(String text, Type type);

    /**
     * What texts of this type look like, for who writes them without having the class: of a codec that writes JSON, a JSON Schema (draft 2020-12). It accepts all
     * that {@link #decode} reads; where it can't tell, it says nothing. Nodes publish it for the kinds that they run.
     *
     * @return null if this codec describes nothing
     */
    default @Nullable String schema(Type type) {
        return null;
    }

    /**
     * What in a text does not fit a schema. That was made by {@link #schema}, of this build or of another one, so that what is not understood in it is passed over.
     *
     * @param name what the text is of, for the messages: {@code send-invoice v2}
     * @return at most 20; empty if the text fits, or this codec can't tell
     */
    default List<Misfit> misfits(String text, String schema, String name) {
        return List.of();
    }

    /**
     * This codec, whose texts are stored encrypted, with AES-256 in Galois/Counter mode: who reads the database, or a backup of it, learns the
     * lengths of payloads, results and checkpoints, and nothing else of them. What all payloads of a kind look like, its {@link #schema}, is published in the
     * clear; and what is said about a job beside its payload, as its kind, keys, tags and errors, stays so. Together with {@link #compressed} a text is compressed first.
     *
     * <p>A text is stored as a JSON object of one member, and grows by a third and some hundred bytes; what is stored may be as large as any payload. To
     * tell whether an idempotency key came with the same request again, a keyed hash of the payload is kept beside it.
     *
     * @throws MillraceException if it encrypts already
     */
    default Codec encrypted(KeyRing ring) {
        return EncodedCodec.of(this).encrypting(ring);
    }

    /**
     * This codec, whose texts of 1 KiB and more are stored deflated if that makes them smaller. So a text may be as large as 1 MiB if no more of
     * it is stored than of any payload.
     */
    default Codec compressed() {
        return EncodedCodec.of(this).compressing();
    }

    /**
     * This codec with another one around it: one that measures, checks or changes values and texts. Where texts are compressed or encrypted, it is put
     * inside of that: it sees them as they are before. A codec that simply calls an encrypting one gives another text each time, and idempotency
     * keys can't compare those.
     *
     * @param other gives the codec that stands around the one it is given
     */
    default Codec around(UnaryOperator<Codec> other) {
        return other.apply(this);
    }
}
