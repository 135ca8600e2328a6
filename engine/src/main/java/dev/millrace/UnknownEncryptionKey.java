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

    private static final String BEGIN = "It was encrypted with key ";
    private static final String UNKNOWN = ", which this process does not know; it knows ";
    private static final String NONE = ", and this process has no keys. ";

    private final String keyId;

    private UnknownEncryptionKey(String keyId, String message) {
        super(message);
        this.keyId = keyId;
    }

    /** Whether a reason was made of one of these. */
    static boolean tells(String reason) {
        return reason.contains(BEGIN) && (reason.contains(UNKNOWN) || reason.contains(NONE));
    }

    /** @param ring the keys that are known; null if there are none */
    static UnknownEncryptionKey of(String keyId, @Nullable KeyRing ring) {
        return new UnknownEncryptionKey(
                keyId,
                ring == null
                        ? BEGIN
                                + keyId
                                + NONE
                                + "Give its store a codec with that key: PostgresStore.json().encrypted(ring); on the command line, --payload-key-file."
                        : BEGIN
                                + keyId
                                + UNKNOWN
                                + ring.names()
                                + ". Add it to the key ring, alsoReading(…), and start the process again.");
    }

    /** The name of the key. */
    public String keyId() {
        return keyId;
    }
}
