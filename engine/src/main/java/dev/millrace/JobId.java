package dev.millrace;

import java.util.UUID;

/**
 * The identity of a job. Ids made by Millrace are UUIDs of version 7 (RFC 9562): their first 48 bits are the sender's wall clock in
 * milliseconds, so ids of one sender sort by time; across senders with different clocks they do not.
 *
 * @param value the UUID
 */
public record JobId(UUID value) implements Comparable<JobId> {

    /**
     * Reads an id from its 36-character form.
     *
     * @throws MillraceException if the text is no UUID
     */
    public static JobId of(String text) {
        try {
            var value = UUID.fromString(text.strip());
            if (text.strip().length() == 36) return new JobId(value);
        } catch (IllegalArgumentException notAnId) {
            throw new MillraceException(complaint(text), notAnId);
        }
        throw new MillraceException(complaint(text));
    }

    private static String complaint(String text) {
        return "\"%s\" is not a job id: ids look like 01932c07-209c-7fff-8a5c-3a1f8b2d9e10. Copy it from the answer to enqueue."
                .formatted(Words.cut(text, 80));
    }

    /** By time of creation, as the sender's clock told it. */
    @Override
    public int compareTo(JobId other) {
        int high = Long.compareUnsigned(value.getMostSignificantBits(), other.value.getMostSignificantBits());
        return high != 0
                ? high
                : Long.compareUnsigned(value.getLeastSignificantBits(), other.value.getLeastSignificantBits());
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
