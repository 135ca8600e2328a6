package dev.millrace.crawler.fetch;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The content of an answer, decompressed and complete. Unlike a bare array it can be printed, and says what its bytes
 * mean.
 */
public final class Body {

    private final byte[] bytes;
    private final TextEncoding encoding;
    private final long transferred;

    Body(byte[] bytes, TextEncoding encoding, long transferred) {
        this.bytes = bytes;
        this.encoding = encoding;
        this.transferred = transferred;
    }

    /** A body that came from somewhere else than the network. */
    public static Body of(byte[] bytes, ContentType type) {
        return new Body(bytes, TextEncoding.detect(bytes, type), bytes.length);
    }

    /** The bytes themselves, not a copy: not to be changed. */
    public byte[] bytes() {
        return bytes;
    }

    /** How many bytes it has. */
    public int length() {
        return bytes.length;
    }

    /** How many bytes came over the network for it, compressed, without headers. */
    public long transferred() {
        return transferred;
    }

    /** How its bytes are text. */
    public TextEncoding encoding() {
        return encoding;
    }

    /** The bytes as text; what is no character in the encoding becomes U+FFFD. */
    public String text() {
        return encoding.decode(bytes);
    }

    /** The SHA-256 of the bytes, in hexadecimal. */
    public String sha256() {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every Java platform has SHA-256", impossible);
        }
    }

    @Override
    public String toString() {
        return "%,d bytes of %s".formatted(bytes.length, encoding.charset());
    }
}
