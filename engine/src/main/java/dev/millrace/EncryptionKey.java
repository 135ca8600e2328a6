package dev.millrace;

import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * 256 secret bits with a name, for {@link KeyRing}: {@code EncryptionKey.of("2025-11", base64)}. The name is stored in the clear with each
 * text that the key encrypts, so that whoever reads one knows which key it takes; the bits are never stored, and never printed. Immutable.
 *
 * <p>Draw them by chance, {@code openssl rand -base64 32}, and make none from a word. One name means one key for ever: texts that a key wrote
 * can't be read by another one of its name.
 */
public final class EncryptionKey {

    private static final int BYTES = 32;

    private final String id;
    private final SecretKeySpec secret;

    private EncryptionKey(String id, byte[] secret) {
        this.id = name(id);
        if (secret.length != BYTES)
            throw new MillraceException(
                    "The encryption key %s has %,d bytes, and AES-256 takes %d. Make one with: openssl rand -base64 32"
                            .formatted(id, secret.length, BYTES));
        this.secret = new SecretKeySpec(secret, "HmacSHA256");
    }

    /** Where the two were mixed up, it is the key itself that can't be a name. */
    private static String name(String id) {
        try {
            return Bounds.name("An encryption key", id);
        } catch (MillraceException refused) {
            throw new MillraceException(
                    "This can't be the name of an encryption key, and is not shown, as it may be the key. A name has 1 to 63 lower-case letters, digits, dots, dashes or underscores, such as 2025-11, and comes before the key.");
        }
    }

    /**
     * A key.
     *
     * @param id its name: 1 to 63 lower-case letters, digits, dots, dashes or underscores, such as {@code 2025-11}
     * @param secret 32 bytes; copied
     */
    public static EncryptionKey of(String id, byte[] secret) {
        return new EncryptionKey(id, secret);
    }

    /**
     * A key from an environment, a file or a vault of secrets.
     *
     * @param id as in {@link #of(String, byte[])}
     * @param base64 32 bytes in Base64, also in the form for addresses; white space around it does not matter
     */
    public static EncryptionKey of(String id, String base64) {
        try {
            return of(
                    id,
                    Base64.getDecoder().decode(base64.strip().replace('-', '+').replace('_', '/')));
        } catch (IllegalArgumentException otherText) { // it may tell what stands there, and is not handed on
            throw new MillraceException(
                    "The encryption key %s is not Base64. Make one with: openssl rand -base64 32".formatted(id));
        }
    }

    /**
     * A key of the Java platform's.
     *
     * @param id as in {@link #of(String, byte[])}
     * @param secret one of 32 bytes that gives them: a key inside of a hardware module does not
     */
    public static EncryptionKey of(String id, SecretKey secret) {
        byte @Nullable [] bytes = secret.getEncoded();
        if (bytes == null)
            throw new MillraceException(
                    "The encryption key %s does not give its bytes, as one inside of a hardware module. Let that module encrypt a key of 32 bytes, and pass what it decrypts at the start."
                            .formatted(id));
        return of(id, bytes);
    }

    /** Its name. */
    public String id() {
        return id;
    }

    /** 32 bytes that nobody can tell without the key, equal for equal purposes. Nothing else is ever done with the key itself. */
    byte[] derived(String purpose, byte[] by) {
        try {
            var mac = Mac.getInstance(secret.getAlgorithm());
            mac.init(secret);
            mac.update(purpose.getBytes(StandardCharsets.US_ASCII));
            return mac.doFinal(by);
        } catch (NoSuchAlgorithmException | InvalidKeyException impossible) {
            throw new AssertionError("Every Java platform has HmacSHA256, for keys of any length", impossible);
        }
    }

    /** Its name alone. */
    @Override
    public String toString() {
        return "encryption key " + id;
    }
}
