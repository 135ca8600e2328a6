package dev.millrace;

import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;

/** The limits of what a user may say, each with the sentence that explains it. */
final class Bounds {

    /** 256 KiB: what is larger belongs in a table or a bucket of its own; the log is read and copied in blocks of 8 MB. */
    static final int PAYLOAD_BYTES = 256 * 1024;

    /** 1 MiB: what is longer before it is compressed would be a large thing in the memory of its node, however little of it is stored. */
    static final int COMPRESSED_BYTES = 1024 * 1024;

    /** As large as a payload: a result often becomes the next job's payload. */
    static final int RESULT_BYTES = PAYLOAD_BYTES;

    /** As large as a payload: it is a position, not the work itself. */
    static final int CHECKPOINT_BYTES = PAYLOAD_BYTES;

    /** Ten years: longer is a slip of units. */
    static final Duration DELAY = Duration.ofDays(3650);

    /** A week, as long as partitions are kept; a heartbeat starts it anew. */
    static final Duration DEADLINE = Duration.ofDays(7);

    /** Long enough for a page fetch or a report, short enough that a hang is noticed before lunch. */
    static final Duration DEFAULT_DEADLINE = Duration.ofMinutes(5);

    /** Enough for a trace, a tenant and a dozen facts; more is payload. */
    static final int HEADERS = 32;

    /** Jobs that one runs after: each is a row, and more of them are a batch. */
    static final int BLOCKERS = 1_000;

    /** Characters of a header, a tag, a tenant, an idempotency key. */
    static final int WORD = 200;

    /** Characters of a reason. */
    static final int REASON = 1_000;

    /** Characters of a log line. */
    static final int LOG_LINE = 1_000;

    /** Slots of a node: beyond it, more nodes. */
    static final int SLOTS = 100_000;

    /** How often a queue or a kind runs at once over a fleet: beyond it nobody needs to be held back. */
    static final int FLEET = 1_000_000;

    /** The period of a rate: beyond a month a schedule is meant. */
    static final Duration PERIOD = Duration.ofDays(31);

    /** Attempts of a run: beyond it, a schedule is meant. */
    static final int ATTEMPTS = 1_000;

    /** What is shorter is no time at all: stores count in microseconds, and timers in milliseconds. */
    private static final Duration SHORTEST = Duration.ofMillis(1);

    /** What is said of moments lies between these: before and after them a slip of units is meant, and not every store can tell it. */
    private static final Instant EARLIEST = Instant.EPOCH;

    private static final Instant LATEST = Instant.parse("3000-01-01T00:00:00Z");

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_.-]{0,62}");

    private Bounds() {}

    /** The name of a queue, a kind or a header. */
    static String name(String what, String name) {
        if (!NAME.matcher(name).matches())
            throw new MillraceException(
                    "%s can't be called \"%s\". A name has 1 to 63 lower-case letters, digits, dots, dashes or underscores, and begins with a letter or digit: \"%s\" would do."
                            .formatted(what, shortened(name), Words.asName(name)));
        return name;
    }

    /** A tag, a tenant, a key: text for people and programs, without a form of its own. */
    static String word(String what, String word) {
        if (word.isBlank()) throw new MillraceException(what + " is empty. Leave it out, or give it text.");
        if (word.length() > WORD)
            throw new MillraceException("%s has %,d characters; at most %d are stored. Shorten it, or use a hash of it."
                    .formatted(what, word.length(), WORD));
        if (word.chars().anyMatch(Character::isISOControl))
            throw new MillraceException(
                    what + " holds a control character, such as a line break or a zero. Use visible characters.");
        if (!Words.storable(word).equals(word))
            throw new MillraceException(
                    what + " holds half of a surrogate pair, which is no character. Cut texts between characters.");
        return word;
    }

    /** A reason as it is stored. */
    static String reason(String what, String reason) {
        if (reason.isBlank())
            throw new MillraceException(
                    what + " needs a reason: who looks at the job later reads it. Say in a few words why.");
        return shown(reason);
    }

    /** Text for people, as it is stored and shown in one line: at most so long, and without characters that a database or a terminal trips over. */
    static String shown(String text) {
        return Words.cut(Words.line(text), REASON);
    }

    /** Zero to ten years. */
    static Duration delay(String what, Duration delay) {
        if (delay.isNegative())
            throw new MillraceException("%s of %s lies in the past. It is zero to ten years: 0 s would do."
                    .formatted(what, Words.duration(delay)));
        if (delay.compareTo(DELAY) > 0)
            throw new MillraceException(
                    "%s of %s is longer than ten years, the most there is. Check its unit; it is zero to ten years: %s would do."
                            .formatted(what, Words.duration(delay), Words.duration(DELAY)));
        return delay;
    }

    /** A delay that is not zero. */
    static Duration span(String what, Duration span, Duration most) {
        return span(what, span, SHORTEST, most);
    }

    private static Duration span(String what, Duration span, Duration least, Duration most) {
        boolean tooShort = span.compareTo(least) < 0;
        if (tooShort || span.compareTo(most) > 0)
            throw new MillraceException("%s of %s is too %s. It is %s to %s: %s would do."
                    .formatted(
                            what,
                            Words.duration(span),
                            tooShort ? "short" : "long",
                            Words.duration(least),
                            Words.duration(most),
                            Words.duration(tooShort ? least : most)));
        return span;
    }

    /** A moment that a calendar and every store can hold. */
    static Instant moment(String what, Instant moment) {
        boolean tooEarly = moment.isBefore(EARLIEST);
        if (tooEarly || moment.isAfter(LATEST))
            throw new MillraceException("%s can't be %s. It is a moment from %s to %s: %s would do."
                    .formatted(what, moment, EARLIEST, LATEST, tooEarly ? EARLIEST : LATEST));
        return moment;
    }

    /** How long idempotency keys are kept: below a second a repetition could come too late, above ten years a unit has slipped. */
    static Duration idempotencyKeys(Duration span) {
        return span("A span for idempotency keys", span, Duration.ofSeconds(1), DELAY);
    }

    static int count(String what, int count, int most) {
        if (count < 1 || count > most)
            throw new MillraceException("%s can't be %,d. It is 1 to %,d: %,d would do."
                    .formatted(what, count, most, count < 1 ? 1 : most));
        return count;
    }

    /** How often a queue or a kind runs at once over the whole fleet. */
    static int fleet(String what, int jobs) {
        if (jobs < 1 || jobs > FLEET)
            throw new MillraceException("%s can't be %,d. It is 1 to %,d.%s"
                    .formatted(what, jobs, FLEET, jobs == 0 ? " To let nothing start, pause it." : ""));
        return jobs;
    }

    static Duration timeout(Duration timeout) {
        if (timeout.isNegative())
            throw new MillraceException("A wait of %s lies in the past. Zero looks once, without waiting."
                    .formatted(Words.duration(timeout)));
        return timeout;
    }

    private static String shortened(String text) {
        return text.length() <= 80 ? text : text.substring(0, 79) + "…";
    }
}
