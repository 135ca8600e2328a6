package dev.millrace.crawler.robots;

import dev.millrace.crawler.fetch.FetchLimits;
import dev.millrace.crawler.fetch.FetchLimits.Oversize;
import dev.millrace.crawler.fetch.FetchRequest;
import dev.millrace.crawler.fetch.Fetched;
import dev.millrace.crawler.fetch.Fetched.Failed;
import dev.millrace.crawler.fetch.Fetched.Moved;
import dev.millrace.crawler.fetch.Fetched.OtherType;
import dev.millrace.crawler.fetch.Fetched.Response;
import dev.millrace.crawler.fetch.Headers;
import dev.millrace.crawler.url.HostKey;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a host's robots.txt, as plain values that a database can keep. {@link #after} is the whole life of
 * one: a pure function of what was known, what a fetch brought, and the time.
 *
 * <p>By <a href="https://www.rfc-editor.org/rfc/rfc9309#section-2.3">RFC 9309, section 2.3</a>:
 *
 * <ul>
 *   <li>Got it (2xx): its rules hold. At most 500 KiB are read; a line that the limit cuts is dropped, since half a
 *       path forbids more than the whole one.
 *   <li><em>Unavailable</em> (4xx; also more than 5 redirects, or redirects that lead nowhere): there are no rules.
 *       One exception, with Google and against the letter: 429 says that the server is busy, not that the file is
 *       missing.
 *   <li><em>Unreachable</em> (5xx, timeout, no DNS, …): nothing may be fetched for now. What was known before goes on
 *       to hold, however old, if there is any; otherwise everything waits, for 30 days at most, after which the file
 *       counts as unavailable.
 * </ul>
 *
 * <p>A file is asked for again after a day, or earlier when its {@code Cache-Control} says so, but not within five
 * minutes. An unreachable one is tried again after a minute, two, four, up to an hour, or when the server's {@code
 * Retry-After} has passed.
 *
 * @param standing     what the text is worth
 * @param text         the file, cut to its limit; empty unless there are rules
 * @param status       of the answer that the text came with, or of the last one if there never was a text; 0: no answer
 * @param fetchedAt    when that answer came
 * @param refreshAt    when to ask again
 * @param trouble      why it is unreachable; null while it is reachable
 */
public record RobotsFile(
        Standing standing,
        String text,
        int status,
        Instant fetchedAt,
        Instant refreshAt,
        @Nullable Trouble trouble) {

    /**
     * A robots.txt out of reach.
     *
     * @param since    since when
     * @param failures how often in a row
     * @param message  why the last time, in one sentence
     */
    public record Trouble(Instant since, int failures, String message) {}

    /** What is known of a robots.txt. */
    public enum Standing {
        /** There is one. */
        RULES,
        /** There is none: everything is allowed. */
        ABSENT,
        /** Nobody knows: nothing is allowed until somebody does. */
        UNKNOWN
    }

    static final int MAX_BYTES = 500 * 1024; // RFC 9309, 2.5: at least this much must be read
    static final int MAX_REDIRECTS = 5; // RFC 9309, 2.3.1.2: at least this many must be followed
    static final Duration LONGEST_FRESH = Duration.ofHours(24); // RFC 9309, 2.4
    static final Duration SHORTEST_FRESH = Duration.ofMinutes(5); // a page a second must not mean a robots.txt a second
    static final Duration GIVEN_UP_AFTER = Duration.ofDays(30); // RFC 9309, 2.3.1.4: "a reasonably long period"
    static final Duration FIRST_RETRY = Duration.ofMinutes(1);
    static final Duration LAST_RETRY = Duration.ofHours(1);

    private static final int MOST_FAILURES = 1_000_000; // counted; the pause has long stopped growing

    private static final Pattern MAX_AGE = Pattern.compile("(?i)(?:^|[\\s,])max-age\\s*=\\s*\"?(\\d{1,9})");
    private static final Pattern NO_CACHE = Pattern.compile("(?i)(?:^|[\\s,])no-(cache|store)");

    /**
     * The request for a host's file: any type, redirects to anywhere (RFC 9309, 2.3.1.2), the beginning if it is too
     * large.
     */
    public static FetchRequest request(HostKey host, Duration deadline) {
        var limits = FetchLimits.defaults()
                .deadline(deadline)
                .maxRedirects(MAX_REDIRECTS)
                .maxBodyBytes(MAX_BYTES, Oversize.TRUNCATE);
        return new FetchRequest(host.at("/robots.txt"), limits, hop -> true, type -> true);
    }

    /** A file for a crawl that is told to obey none. */
    public static RobotsFile ignored(Instant now) {
        return new RobotsFile(Standing.ABSENT, "", 0, now, now.plus(LONGEST_FRESH), null);
    }

    /**
     * What is known after a fetch.
     *
     * @param before what was known; null: nothing
     */
    public static RobotsFile after(@Nullable RobotsFile before, Fetched fetched, Instant now) {
        return switch (fetched) {
            case Response response ->
                new RobotsFile(
                        Standing.RULES,
                        textOf(response),
                        response.status(),
                        now,
                        now.plus(freshFor(response.headers())),
                        null);
            case OtherType other -> absent(other.status(), now); // never, as any type was asked for
            case Moved moved -> absent(moved.hop().status(), now); // never, as all redirects were followed
            case Failed failed when isUnavailable(failed) -> absent(failed.status(), now);
            case Failed failed -> unreachable(before, failed, now);
        };
    }

    /** Whether it is time to ask again. */
    public boolean isDue(Instant now) {
        return !now.isBefore(refreshAt);
    }

    private static RobotsFile absent(int status, Instant now) {
        return new RobotsFile(Standing.ABSENT, "", status, now, now.plus(LONGEST_FRESH), null);
    }

    private static RobotsFile unreachable(@Nullable RobotsFile before, Failed failed, Instant now) {
        var known = before == null ? null : before.trouble;
        var trouble = known == null
                ? new Trouble(now, 1, failed.message())
                : new Trouble(known.since, Math.min(known.failures + 1, MOST_FAILURES), failed.message());
        var refreshAt = now.plus(pause(trouble.failures, failed.retryAfter()));
        if (before != null && before.standing != Standing.UNKNOWN) {
            return new RobotsFile(before.standing, before.text, before.status, before.fetchedAt, refreshAt, trouble);
        }
        boolean givenUp = Duration.between(trouble.since, now).compareTo(GIVEN_UP_AFTER) >= 0;
        return new RobotsFile(
                givenUp ? Standing.ABSENT : Standing.UNKNOWN, "", failed.status(), now, refreshAt, trouble);
    }

    private static Duration pause(int failures, @Nullable Duration retryAfter) {
        var doubled = FIRST_RETRY.multipliedBy(1L << Math.min(failures - 1, 10));
        var pause = doubled.compareTo(LAST_RETRY) > 0 ? LAST_RETRY : doubled;
        return retryAfter != null && retryAfter.compareTo(pause) > 0 ? retryAfter : pause;
    }

    private static boolean isUnavailable(Failed failed) {
        return switch (failed.reason()) {
            case STATUS_CLIENT_ERROR -> failed.status() != 429;
            case REDIRECT_LOOP, TOO_MANY_REDIRECTS, BAD_REDIRECT, STATUS_UNEXPECTED -> true;
            case DNS,
                    REFUSED_ADDRESS,
                    UNREACHABLE,
                    TIMEOUT,
                    CONNECTION_LOST,
                    TLS,
                    PROTOCOL,
                    BAD_ENCODING,
                    TOO_LARGE,
                    BOMB,
                    STATUS_SERVER_ERROR -> false;
        };
    }

    private static Duration freshFor(Headers headers) {
        var cacheControl = String.join(", ", headers.all("cache-control"));
        if (NO_CACHE.matcher(cacheControl).find()) return SHORTEST_FRESH;
        var maxAge = MAX_AGE.matcher(cacheControl);
        if (!maxAge.find()) return LONGEST_FRESH;
        var asked = Duration.ofSeconds(Long.parseLong(maxAge.group(1)));
        if (asked.compareTo(SHORTEST_FRESH) < 0) return SHORTEST_FRESH;
        return asked.compareTo(LONGEST_FRESH) > 0 ? LONGEST_FRESH : asked;
    }

    /** UTF-8 whatever the header says (RFC 9309, 2.3), without the NUL that no database takes. */
    private static String textOf(Response response) {
        var bytes = response.body().bytes();
        if (bytes.length >= MAX_BYTES) {
            int lineEnd = MAX_BYTES;
            while (lineEnd > 0 && bytes[lineEnd - 1] != '\n' && bytes[lineEnd - 1] != '\r') lineEnd--;
            bytes = Arrays.copyOf(bytes, lineEnd);
        }
        return new String(bytes, StandardCharsets.UTF_8).replace("\uFEFF", "").replace('\0', ' ');
    }
}
