package dev.millrace;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a codec's texts in the store: nothing; or they are deflated, encrypted, or both, in that order, and stand in an
 * {@link Envelope}. Whatever it makes of texts itself, it reads all that can be stored, as far as it knows the keys.
 *
 * <p>Encryption is AES-256 in Galois/Counter mode. Nonces of 96 bits that are drawn by chance should not be used for more than 2³² texts of one
 * key, which a busy fleet writes in days. So each text has a key of its own, derived from the key on the ring and 96 more bits of chance, and
 * the two together repeat in no lifetime. Both draws are the cipher's own: it makes them when it is given none, by the platform's strong source, in
 * simulations too. What is authenticated beside the text is the head of its envelope: form, key and whether it was deflated. Which job it
 * belongs to is not: who can write to the database can also enqueue in the clear.
 *
 * <pre>
 *   salt (12 bytes) | nonce (12) | text | tag (16)        key of the text = HMAC-SHA256(key, "millrace payload 1" salt)
 *                                                         digest          = HMAC-SHA256(key, "millrace digest 1" text)
 * </pre>
 *
 * @param compresses whether texts are deflated
 * @param ring the keys; null if there are none
 */
record Encoding(boolean compresses, @Nullable KeyRing ring) {

    /** Stores texts as they are. */
    static final Encoding PLAIN = new Encoding(false, null);

    /** Below it there is little to gain. */
    private static final int WORTH_COMPRESSING = 1024;

    private static final int SALT = 12;
    private static final int NONCE = 12;
    private static final int TAG = 16;
    private static final int AROUND = SALT + NONCE + TAG;

    /** A text that was in the store, and the name of the key that it was encrypted with; null if with none. */
    record Opened(String text, @Nullable String key) {}

    /** A stored text can't be read, whatever the keys. */
    static final class Damaged extends MillraceException {
        private static final long serialVersionUID = 1L;

        Damaged(String message) {
            super(message);
        }
    }

    /** Whether what is stored may be anything else than the text. */
    boolean changes() {
        return compresses || ring != null;
    }

    /** For people, as the end of a sentence. */
    String inWords() {
        return compresses
                ? encrypts() ? "compressed and encrypted" : "compressed"
                : encrypts() ? "encrypted" : "in the clear";
    }

    /** Whether what is stored from now on is encrypted. */
    boolean encrypts() {
        return ring != null && ring.writes() != null;
    }

    /** The text as it is stored. Encrypted, it is another one each time. */
    String stored(String text) {
        if (!changes() && !Envelope.isOne(text)) return text;
        var bytes = utf8(text);
        var deflated = compresses && bytes.length >= WORTH_COMPRESSING ? deflated(bytes) : null;
        var key = ring == null ? null : ring.writes();
        if (key != null) {
            if (deflated != null && deflated.length < bytes.length) return sealed(key, deflated, true);
            return sealed(key, bytes, false);
        }
        if (deflated != null) {
            var envelope = Envelope.deflated(deflated);
            if (envelope.length() < bytes.length) return envelope;
        }
        return Envelope.isOne(text) ? Envelope.plain(bytes) : text;
    }

    private static byte[] utf8(String text) {
        if (StandardCharsets.UTF_8.newEncoder().canEncode(text)) return text.getBytes(StandardCharsets.UTF_8);
        throw new MillraceException(
                "A text to compress or encrypt holds half of a surrogate pair, which is no character and would be lost. Let the codec escape it, as PostgresStore.json() does.");
    }

    /**
     * A stored text as it was before.
     *
     * @throws UnknownEncryptionKey if its key is not on the ring
     * @throws Damaged if it can't be read
     */
    Opened opened(String stored) {
        if (!Envelope.isOne(stored)) return new Opened(stored, null);
        var envelope = Envelope.read(stored);
        var key = envelope.key();
        var bytes = key == null ? envelope.content() : unsealed(envelope, key);
        return new Opened(new String(envelope.deflated() ? inflated(bytes) : bytes, StandardCharsets.UTF_8), key);
    }

    /** A stored text for people: as it was before, or a note that says why that can't be told. Either is JSON if the text was. */
    String shown(String stored) {
        if (!Envelope.isOne(stored)) return stored;
        try {
            return opened(stored).text();
        } catch (UnknownEncryptionKey | Damaged unread) {
            return Envelope.note(note(stored));
        }
    }

    private String note(String stored) {
        try {
            var envelope = Envelope.read(stored);
            var key = envelope.key();
            if (key == null) return "damaged, %,d bytes".formatted(envelope.content().length);
            var known = ring != null && ring.knows(key);
            return "encrypted with key %s, %,d bytes%s"
                    .formatted(
                            key,
                            Math.max(0, envelope.content().length - AROUND),
                            known ? "; changed since, or this process knows another key of that name" : "");
        } catch (Damaged unread) {
            return unread.getMessage();
        }
    }

    // ---- what is compared

    /** What stands for a text where requests are compared: equal for equal texts, and nothing for who does not know the key. */
    String digest(String text) {
        var key = ring == null ? null : ring.writes();
        return key == null ? Words.sha256(text) : digest(key, text);
    }

    /** What other processes say of the same text, before they take these keys or after: by each key, and by none. */
    Set<String> digestsElsewhere(String text) {
        if (ring == null) return Set.of();
        var all = new HashSet<String>();
        all.add(Words.sha256(text));
        for (var key : ring.all()) all.add(digest(key, text));
        all.remove(digest(text));
        return all;
    }

    private static String digest(EncryptionKey key, String text) {
        var digest = key.derived("millrace digest 1", text.getBytes(StandardCharsets.UTF_8));
        return "hmac-sha256:%s:%s".formatted(key.id(), HexFormat.of().formatHex(digest));
    }

    // ---- encryption

    private static String sealed(EncryptionKey key, byte[] bytes, boolean deflated) {
        try {
            var cipher = cipher();
            cipher.init(Cipher.ENCRYPT_MODE, keyOfText(key, new byte[SALT])); // encrypts nothing, and draws the salt
            var salt = cipher.getIV();
            cipher.init(Cipher.ENCRYPT_MODE, keyOfText(key, salt));
            return sealed(cipher, salt, Envelope.head(key.id(), deflated), bytes);
        } catch (GeneralSecurityException impossible) {
            throw cannotEncrypt(impossible);
        }
    }

    private static String sealed(Cipher cipher, byte[] salt, String head, byte[] bytes)
            throws GeneralSecurityException {
        cipher.updateAAD(head.getBytes(StandardCharsets.US_ASCII));
        var all = Arrays.copyOf(salt, AROUND + bytes.length);
        System.arraycopy(cipher.getIV(), 0, all, SALT, NONCE);
        cipher.doFinal(bytes, 0, bytes.length, all, SALT + NONCE);
        return Envelope.of(head, all);
    }

    private static IllegalStateException cannotEncrypt(GeneralSecurityException impossible) {
        return new IllegalStateException("This Java platform can't encrypt by AES-256 in GCM", impossible);
    }

    /**
     * A text that was {@link #stored} just now, as it is stored where it is kept under a name and compared when it is set again: the same each time.
     * Salt and nonce are no chance then, but made of the name and of all that is encrypted, so that the two come again with the same text only, and tell
     * that it is the same.
     */
    String repeatable(String name, String stored) {
        var writes = ring == null ? null : ring.writes();
        if (writes == null || !Envelope.isOne(stored)) return stored;
        var envelope = Envelope.read(stored);
        var bytes = unsealed(envelope, writes.id());
        var head = envelope.head().getBytes(StandardCharsets.US_ASCII);
        var all = new ByteArrayOutputStream();
        for (var part : List.of(utf8(name), new byte[1], head, bytes)) all.writeBytes(part);
        var made = writes.derived("millrace repeatable 1", all.toByteArray());
        try {
            var salt = Arrays.copyOf(made, SALT);
            var cipher = cipher();
            cipher.init(
                    Cipher.ENCRYPT_MODE,
                    keyOfText(writes, salt),
                    new GCMParameterSpec(TAG * Byte.SIZE, made, SALT, NONCE));
            return sealed(cipher, salt, envelope.head(), bytes);
        } catch (GeneralSecurityException impossible) {
            throw cannotEncrypt(impossible);
        }
    }

    private byte[] unsealed(Envelope envelope, String id) {
        if (ring == null) throw UnknownEncryptionKey.of(id, null);
        var key = ring.key(id);
        var all = envelope.content();
        if (all.length < AROUND) throw cutShort(id);
        try {
            var cipher = cipher();
            cipher.init(
                    Cipher.DECRYPT_MODE,
                    keyOfText(key, Arrays.copyOf(all, SALT)),
                    new GCMParameterSpec(TAG * Byte.SIZE, all, SALT, NONCE));
            cipher.updateAAD(envelope.head().getBytes(StandardCharsets.US_ASCII));
            return cipher.doFinal(all, SALT + NONCE, all.length - SALT - NONCE);
        } catch (AEADBadTagException otherwise) {
            throw new Damaged(
                    "It does not open with key %s: it was changed after it was encrypted, or the process that wrote it knows another key of that name. Compare the keys of both; a changed text can't be read by anyone."
                            .formatted(id));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("This Java platform can't decrypt by AES-256 in GCM", impossible);
        }
    }

    private static Damaged cutShort(String id) {
        return new Damaged(
                "It was encrypted with key %s, and its end is missing. It was changed after it was stored, and can't be read by anyone."
                        .formatted(id));
    }

    private static Cipher cipher() throws GeneralSecurityException {
        return Cipher.getInstance("AES/GCM/NoPadding");
    }

    private static SecretKeySpec keyOfText(EncryptionKey key, byte[] salt) {
        return new SecretKeySpec(key.derived("millrace payload 1", salt), "AES");
    }

    // ---- compression

    private static byte[] deflated(byte[] bytes) {
        var deflater = new Deflater(Deflater.DEFAULT_COMPRESSION);
        try {
            deflater.setInput(bytes);
            deflater.finish();
            var out = new ByteArrayOutputStream(bytes.length / 4);
            var piece = new byte[8 * 1024];
            while (!deflater.finished()) out.write(piece, 0, deflater.deflate(piece));
            return out.toByteArray();
        } finally {
            deflater.end();
        }
    }

    /** Not more than was ever deflated: a few bytes may unfold into gigabytes. */
    private static byte[] inflated(byte[] bytes) {
        var inflater = new Inflater();
        try {
            inflater.setInput(bytes);
            var out = new ByteArrayOutputStream(4 * bytes.length);
            var piece = new byte[8 * 1024];
            while (!inflater.finished()) {
                int some = inflater.inflate(piece);
                if (some == 0 && (inflater.needsInput() || inflater.needsDictionary()))
                    throw new DataFormatException("");
                out.write(piece, 0, some);
                if (out.size() > Bounds.COMPRESSED_BYTES)
                    throw new Damaged(
                            "It unfolds into more than %,d bytes, and no such text is ever stored. It was changed after it was stored, and can't be read by anyone."
                                    .formatted(Bounds.COMPRESSED_BYTES));
            }
            return out.toByteArray();
        } catch (DataFormatException otherwise) {
            throw new Damaged(
                    "It is stored compressed, and can't be unfolded. It was changed after it was stored, and can't be read by anyone.");
        } finally {
            inflater.end();
        }
    }
}
