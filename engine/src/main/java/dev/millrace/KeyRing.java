package dev.millrace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The keys that a process knows: one to write with, and all to read with. {@code KeyRing.writing(november).alsoReading(may)}. Immutable.
 *
 * <p>A key is changed in steps, each of which waits until all processes have taken the one before: all learn to read with the new key
 * ({@code writing(may).alsoReading(november)}), then they write with it ({@code writing(november).alsoReading(may)}), and when nothing is
 * stored any more that the old one wrote, it is left out. What has to be read by a process that does not know its key waits there, parked,
 * and is not lost.
 */
public final class KeyRing {

    private final @Nullable EncryptionKey writes;
    private final Map<String, EncryptionKey> keys;

    private KeyRing(@Nullable EncryptionKey writes, List<EncryptionKey> keys) {
        this.writes = writes;
        this.keys = new LinkedHashMap<>();
        for (var key : keys)
            if (this.keys.putIfAbsent(key.id(), key) != null)
                throw new MillraceException(
                        "There are two encryption keys %s on one ring. A name means one key for ever: leave one of them out, or give the newer one another name."
                                .formatted(key.id()));
    }

    /** Writes with this key, and reads what it wrote. */
    public static KeyRing writing(EncryptionKey key) {
        return new KeyRing(key, List.of(key));
    }

    /**
     * Reads what these keys wrote, and writes in the clear: the first step of a fleet that begins to encrypt. Where some processes write with a key
     * that others don't know yet, those can't run what they claim.
     */
    public static KeyRing onlyReading(EncryptionKey... keys) {
        if (keys.length == 0) throw new MillraceException("A key ring without keys reads nothing. Give it one.");
        return new KeyRing(null, List.of(keys));
    }

    /** Reads what these keys wrote too: those that wrote before, and those that will. */
    public KeyRing alsoReading(EncryptionKey... more) {
        var all = new ArrayList<>(keys.values());
        all.addAll(Arrays.asList(more));
        return new KeyRing(writes, all);
    }

    /**
     * A ring from text, as it stands in a file or a vault of secrets: in each line the name of a key and its 32 bytes in Base64. The first one
     * writes, all read. Empty lines, and those that begin with {@code #}, are left out.
     *
     * @throws MillraceException if it is none; the message names the line, and tells nothing of what stands there
     */
    public static KeyRing parse(String text) {
        @Nullable KeyRing ring = null;
        int number = 0;
        for (var line : text.lines().toList()) {
            number++;
            var stripped = line.strip();
            if (stripped.isEmpty() || stripped.startsWith("#")) continue;
            var key = parsed(number, stripped);
            ring = ring == null ? writing(key) : ring.alsoReading(key);
        }
        if (ring == null)
            throw new MillraceException(
                    "There are no encryption keys in this text. Each line has a name and 32 bytes in Base64, such as: 2025-11 $(openssl rand -base64 32)");
        return ring;
    }

    private static EncryptionKey parsed(int number, String line) {
        var words = line.split("\\s+", -1);
        if (words.length != 2)
            throw new MillraceException(
                    "Line %d of the encryption keys has %d words, and takes two: a name and 32 bytes in Base64, with a blank between."
                            .formatted(number, words.length));
        try {
            return EncryptionKey.of(words[0], words[1]);
        } catch (MillraceException refused) {
            throw new MillraceException(
                    "Line %d of the encryption keys makes none. %s".formatted(number, refused.getMessage()));
        }
    }

    /** The one that it writes with; null if it only reads. */
    @Nullable
    EncryptionKey writes() {
        return writes;
    }

    /** All of them, the one that writes first. */
    Iterable<EncryptionKey> all() {
        return keys.values();
    }

    boolean knows(String id) {
        return keys.containsKey(id);
    }

    /**
     * The key of this name.
     *
     * @throws UnknownEncryptionKey if it is not on the ring
     */
    EncryptionKey key(String id) {
        var key = keys.get(id);
        if (key == null) throw UnknownEncryptionKey.of(id, this);
        return key;
    }

    /** Their names, for people. */
    String names() {
        return String.join(", ", keys.keySet());
    }

    /** The names of the keys, and nothing else of them. */
    @Override
    public String toString() {
        return "key ring that %s, and reads with %s"
                .formatted(writes == null ? "writes in the clear" : "writes with " + writes.id(), names());
    }
}
