package dev.millrace;

import dev.millrace.store.Payload;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A result that is shown for a time. It stands with its end in the outcome, where nothing is ever changed: so each who reads it looks at the clock, and after
 * its time gets none of it. It is gone from the disk with its partition. As text it is an object of two members, so that SQL can go on reading the column as JSON:
 *
 * <pre>
 *   {"$millrace":"until:1:1764500000000:3600000","result":…}      milliseconds since 1970, and for how long it was kept; then the text as it would be stored
 * </pre>
 *
 * The end is by the clock of the node that ran the job, and looked at by the clock of who reads it.
 *
 * @param until nobody gets it at this moment or later
 * @param kept for how long that was
 * @param result as it is stored otherwise
 */
record ShortLived(Instant until, Duration kept, Payload result) {

    private static final String BEGIN = "{\"$millrace\":\"until:1:";
    private static final String THEN = "\",\"result\":";

    private static final Pattern HEAD =
            Pattern.compile(Pattern.quote(BEGIN) + "(-?[0-9]{1,18}):([0-9]{1,18})" + Pattern.quote(THEN));

    /** A result as it is kept for a time from now on. */
    static Payload of(Payload result, Instant now, Duration kept) {
        var until = Instant.ofEpochMilli(now.plus(kept).toEpochMilli());
        var own = new ShortLived(until, Duration.ofMillis(kept.toMillis()), result);
        return switch (result) {
            case Payload.Text(var text) -> new Payload.Text(own.head() + text + "}");
            case Payload.Kept value -> new Payload.Kept(own);
        };
    }

    private String head() {
        return BEGIN + until.toEpochMilli() + ":" + kept.toMillis() + THEN;
    }

    /** Null if the result is none of these. */
    static @Nullable ShortLived read(Payload result) {
        return switch (result) {
            case Payload.Text(var text) -> read(text);
            case Payload.Kept(var value) -> value instanceof ShortLived own ? own : null;
        };
    }

    /** Null if the text is none of these. */
    static @Nullable ShortLived read(String text) {
        if (!text.startsWith(BEGIN)) return null;
        var head = HEAD.matcher(text);
        if (!head.lookingAt() || !text.endsWith("}")) return null;
        return new ShortLived(
                Instant.ofEpochMilli(Long.parseLong(head.group(1))),
                Duration.ofMillis(Long.parseLong(head.group(2))),
                new Payload.Text(text.substring(head.end(), text.length() - 1)));
    }

    /** Whether its time is over. */
    boolean isOver(Instant now) {
        return !now.isBefore(until);
    }

    /** What is shown in its place. */
    String note() {
        return Envelope.note(
                "the result was kept for %s, until %s, and is gone".formatted(Words.duration(kept), until));
    }
}
