package dev.millrace.crawler.fetch;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import org.apache.hc.client5.http.utils.DateUtils;
import org.jspecify.annotations.Nullable;

/** The {@code Retry-After} header (RFC 9110, 10.2.3): seconds, or a date in any of the three formats of HTTP. */
final class RetryAfter {

    /** A server that asks for more gets this much: one misconfigured header must not park a host for a year. */
    static final Duration LONGEST = Duration.ofDays(1);

    private static final DateTimeFormatter ASCTIME =
            DateTimeFormatter.ofPattern("EEE MMM d HH:mm:ss yyyy", Locale.ROOT).withZone(ZoneOffset.UTC);

    private RetryAfter() {}

    /** How long to wait, never negative; null if the header is absent or says nothing that can be read. */
    static @Nullable Duration parse(@Nullable String header, Instant now) {
        if (header == null) return null;
        var text = header.strip();
        if (text.isEmpty()) return null;
        if (text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return text.length() > 9 ? LONGEST : atMostLongest(Duration.ofSeconds(Long.parseLong(text)));
        }
        var date = DateUtils.parseStandardDate(text);
        if (date == null) date = asctime(text);
        if (date == null) return null;
        return date.isBefore(now) ? Duration.ZERO : atMostLongest(Duration.between(now, date));
    }

    /** The oldest of the formats, which the library knows but can't read, as it names no time zone. */
    private static @Nullable Instant asctime(String text) {
        try {
            return ASCTIME.parse(text.replaceAll(" +", " "), Instant::from);
        } catch (DateTimeParseException other) {
            return null;
        }
    }

    private static Duration atMostLongest(Duration asked) {
        return asked.compareTo(LONGEST) > 0 ? LONGEST : asked;
    }
}
