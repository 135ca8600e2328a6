package dev.millrace.crawler.fetch;

import java.time.Duration;

/**
 * What one fetch may cost.
 *
 * @param deadline     for everything together: looking up names, connecting, TLS, all redirects, headers and body
 * @param maxBodyBytes of the body, as sent and as decoded
 * @param oversize     what to do with a body that is larger
 * @param maxRedirects that are followed
 * @param maxInflation how many bytes one compressed byte may become, once there is more than a mebibyte
 */
public record FetchLimits(Duration deadline, long maxBodyBytes, Oversize oversize, int maxRedirects, int maxInflation) {

    /** What to do with a body that is too large. */
    public enum Oversize {
        /**
         * Fail with {@link Reason#TOO_LARGE} and keep nothing. The default: half a page has half of its links and the
         * checksum of nothing, and which half depends on a setting.
         */
        REFUSE,
        /** Keep the beginning. For robots.txt, where RFC 9309 says so. */
        TRUNCATE
    }

    private static final Duration SHORTEST_DEADLINE = Duration.ofMillis(1);
    private static final Duration LONGEST_DEADLINE = Duration.ofHours(1);
    private static final long LARGEST_BODY = 1L << 30; // it is held in one array

    /** Checks the ranges. */
    public FetchLimits {
        if (deadline.compareTo(SHORTEST_DEADLINE) < 0 || deadline.compareTo(LONGEST_DEADLINE) > 0) {
            throw new IllegalArgumentException("deadline is between a millisecond and an hour, not " + deadline + ".");
        }
        if (maxBodyBytes < 1 || maxBodyBytes > LARGEST_BODY) {
            throw new IllegalArgumentException(
                    "maxBodyBytes is between 1 and %,d, not %,d.".formatted(LARGEST_BODY, maxBodyBytes));
        }
        if (maxRedirects < 0 || maxRedirects > 100) {
            throw new IllegalArgumentException("maxRedirects is between 0 and 100, not " + maxRedirects + ".");
        }
        if (maxInflation < 2 || maxInflation > 2_000) {
            throw new IllegalArgumentException("maxInflation is between 2 and 2,000, not " + maxInflation + ".");
        }
    }

    /**
     * 30 seconds, since a page that takes longer holds up its whole host; 10 MiB, more than any page that people read;
     * 10 redirects, half of what browsers follow; 200-fold inflation, above all real markup and far below the
     * 1,000-fold of a bomb.
     */
    public static FetchLimits defaults() {
        return new FetchLimits(Duration.ofSeconds(30), 10L << 20, Oversize.REFUSE, 10, 200);
    }

    /** With another deadline. */
    public FetchLimits deadline(Duration total) {
        return new FetchLimits(total, maxBodyBytes, oversize, maxRedirects, maxInflation);
    }

    /** With another size, and what to do beyond it. */
    public FetchLimits maxBodyBytes(long bytes, Oversize beyond) {
        return new FetchLimits(deadline, bytes, beyond, maxRedirects, maxInflation);
    }

    /** With another number of redirects. */
    public FetchLimits maxRedirects(int redirects) {
        return new FetchLimits(deadline, maxBodyBytes, oversize, redirects, maxInflation);
    }
}
