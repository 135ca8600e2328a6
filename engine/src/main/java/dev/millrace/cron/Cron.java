package dev.millrace.cron;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.Optional;

/**
 * A cron expression: which local times it names. It knows no zone: what becomes of a local time that a zone does not have, or has
 * twice, is said by who asks. Immutable.
 *
 * <p>The language is that of crontab(5), with an optional first field of seconds and the signs {@code L}, {@code W}, {@code #} that Quartz
 * has added:
 *
 * <pre>
 *   second            0-59               only if there are six fields; else 0
 *   minute            0-59
 *   hour              0-23
 *   day of the month  1-31, L (the last), L-3 (three before it), 15W (the weekday nearest to it), LW (the last weekday)
 *   month             1-12, JAN-DEC
 *   day of the week   0-7, SUN-SAT (0 and 7 are Sunday), 5L (the last Friday), 5#2 (the second Friday)
 * </pre>
 *
 * <p>Each field is a list of values, ranges {@code a-b}, steps {@code a-b/n}, {@code a/n} (from a on) and <code>&#42;/n</code>. {@code ?} is
 * <code>*</code> in a field of days. If both fields of days are restricted, a day is meant that fits either, as in crontab(5): a field that begins
 * with <code>*</code> restricts nothing in this sense.
 */
public final class Cron {

    private final String text;
    private final long seconds;
    private final long minutes;
    private final long hours;
    private final long months;
    private final Days days;
    private final boolean rhythm;

    Cron(String text, long seconds, long minutes, long hours, long months, Days days, boolean rhythm) {
        this.text = text;
        this.seconds = seconds;
        this.minutes = minutes;
        this.hours = hours;
        this.months = months;
        this.days = days;
        this.rhythm = rhythm;
    }

    /**
     * Reads an expression of five or six fields, or one of the macros {@code @yearly @annually @monthly @weekly @daily @midnight @hourly}.
     *
     * @throws dev.millrace.MillraceException if it is none, or names no day that ever comes; the message names the field
     */
    public static Cron of(String expression) {
        return new CronReader(expression).read();
    }

    /** Whether its hours begin with a star: such an expression names no time of day, but a rhythm. */
    public boolean isRhythm() {
        return rhythm;
    }

    /** The first time that is meant, not before {@code from} and before {@code end}. */
    public Optional<LocalDateTime> next(LocalDateTime from, LocalDateTime end) {
        var date = from.toLocalDate();
        int earliest = secondOfDay(from.toLocalTime());
        while (date.atStartOfDay().isBefore(end)) {
            if (!has(months, date.getMonthValue())) {
                date = date.withDayOfMonth(1).plusMonths(1);
            } else {
                int time = days.mean(date) ? nextTime(earliest) : -1;
                if (time >= 0)
                    return Optional.of(date.atTime(LocalTime.ofSecondOfDay(time)))
                            .filter(found -> found.isBefore(end));
                date = date.plusDays(1);
            }
            earliest = 0;
        }
        return Optional.empty();
    }

    /** Whether any day is ever meant: days of the calendar repeat after 400 years, and nearly all within 40. */
    boolean everComes() {
        var start = LocalDate.of(2000, 1, 1).atStartOfDay();
        return next(start, start.plusYears(400)).isPresent();
    }

    /** Rounded up: times are whole seconds. */
    private static int secondOfDay(LocalTime time) {
        return Math.toIntExact(Math.ceilDiv(time.toNanoOfDay(), 1_000_000_000L));
    }

    /** The first second of a day that is meant, from this one on; -1 if there is none. */
    private int nextTime(int earliest) {
        int hour = earliest / 3_600;
        int minute = earliest / 60 % 60;
        int second = earliest % 60;
        if (has(hours, hour)) {
            if (has(minutes, minute)) {
                int found = nextIn(seconds, second);
                if (found >= 0) return (hour * 60 + minute) * 60 + found;
            }
            int found = nextIn(minutes, minute + 1);
            if (found >= 0) return (hour * 60 + found) * 60 + nextIn(seconds, 0);
        }
        int found = nextIn(hours, hour + 1);
        return found < 0 ? -1 : (found * 60 + nextIn(minutes, 0)) * 60 + nextIn(seconds, 0);
    }

    private static boolean has(long set, int value) {
        return (set >>> value & 1) != 0;
    }

    /** The smallest member that is not smaller than this; -1 if there is none. */
    private static int nextIn(long set, int least) {
        long rest = least > 63 ? 0 : set >>> least << least;
        return rest == 0 ? -1 : Long.numberOfTrailingZeros(rest);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Cron cron
                && seconds == cron.seconds
                && minutes == cron.minutes
                && hours == cron.hours
                && months == cron.months
                && days.equals(cron.days);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(seconds * 31 + minutes * 17 + hours * 7 + months) * 31 + days.hashCode();
    }

    /** The expression as it was written, its blanks single. */
    @Override
    public String toString() {
        return text;
    }
}
