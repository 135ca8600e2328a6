package dev.millrace;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * A payload, a result or a checkpoint was encrypted with a key that this process does not know. A job whose payload, or whose checkpoint, this is
 * said of is parked, and runs once a process with the key has started.
 */
public final class UnknownEncryptionKey extends MillraceException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final String keyId;

    private UnknownEncryptionKey(String keyId, String message) {
        super(message);
        this.keyId = keyId;
    }

    /** @param ring the keys that are known; null if there are none */
    static UnknownEncryptionKey of(String keyId, @Nullable KeyRing ring) {
        return new UnknownEncryptionKey(
                keyId,
                ring == null
                        ? "It was encrypted with key %s, and this process has no keys. Give its store a codec with that key: PostgresStore.json().encrypted(ring); on the command line, --payload-key-file."
                                .formatted(keyId)
                        : "It was encrypted with key %s, which this process does not know; it knows %s. Add it to the key ring, alsoReading(…), and start the process again."
                                .formatted(keyId, ring.names()));
    }

    /** The name of the key. */
    public String keyId() {
        return keyId;
    }
}
