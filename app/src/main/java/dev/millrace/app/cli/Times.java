package dev.millrace.app.cli;

import dev.millrace.app.console.Durations;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** Moments as people read them. */
final class Times {

    private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm:ss");
    private static final DateTimeFormatter FULL = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

    private Times() {}

    /** Today only the time, else the date too; in this machine's zone. */
    static String text(@Nullable Instant at, Instant now) {
        if (at == null) return "";
        var zone = ZoneId.systemDefault();
        var local = at.atZone(zone);
        boolean today = local.toLocalDate().equals(now.atZone(zone).toLocalDate());
        return (today ? CLOCK : FULL).format(local);
    }

    /** How long ago, or in how long. */
    static String distance(@Nullable Instant at, Instant now) {
        if (at == null) return "";
        var between = Duration.between(at, now);
        return between.isNegative() ? "in " + Durations.text(between.negated()) : Durations.text(between) + " ago";
    }
}
