package dev.millrace;

import dev.millrace.cron.Cron;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * When something is to run again and again: a pure function of time. Each time it names is a <em>slot</em>. Immutable; each method gives a
 * changed copy.
 *
 * <p>A cron expression names local times of a zone, and clocks are put forward and back. A local time that is left out (a
 * {@linkplain Gap gap}) or comes twice (an {@linkplain Overlap overlap}) is treated as you say. Unless you do: an expression that names hours
 * means a time of day, and runs once each day: right after a gap, and at the first of two. One whose hours begin with a star (<code>*&#47;15 * * * *</code>)
 * means a rhythm, and keeps it: nothing in a gap, and both of two. cron itself makes much the same difference.
 *
 * <p>The rules of zones are those of the Java platform that asks (<a href="https://www.iana.org/time-zones">IANA</a>); keep it
 * current, since countries change theirs at short notice.
 */
public final class Schedule {

    /** From here on times are computed, and up to {@link #LATEST}: beyond, the rules of zones are guesses or unknown. */
    static final Instant EARLIEST = Instant.parse("1900-01-01T00:00:00Z");

    static final Instant LATEST = Instant.parse("3000-01-01T00:00:00Z");

    /** The shortest period: what runs more often is one long job. */
    static final Duration SHORTEST = Duration.ofSeconds(1);

    /** The most slots that are computed at once. */
    static final int MOST_SLOTS = 10_000;

    /** Longer than an outage is usually left alone, a long weekend in it. */
    static final Duration DEFAULT_LOOK_BACK = Duration.ofDays(7);

    /** Slots whose distance tells what a jitter may be. */
    private static final int LOOKED_AT = 100;

    /** Where that look begins: somewhere, and always the same. */
    private static final Instant A_DAY_WITHOUT_CHANGES = Instant.parse("2027-01-01T00:00:00Z");

    /** When a slot counts as missed. */
    static final Duration LATE = Duration.ofSeconds(30);

    /** What becomes of a local time that a zone leaves out, when clocks are put forward. */
    public enum Gap {
        /** It runs at the end of the gap; several that are left out together run once. */
        RUN_AFTER,

        /** It does not run. */
        SKIP
    }

    /** What becomes of a local time that comes twice, when clocks are put back. */
    public enum Overlap {
        /** It runs at the first. */
        FIRST,

        /** It runs at the second. */
        SECOND,

        /** It runs at both. */
        BOTH
    }

    /**
     * What becomes of slots that nobody could fire when they came: no node was up, the database was away, the schedule was paused, or its own
     * code failed. A slot counts as missed after
     * 30 seconds: a node that takes over from a dead one is faster than that. Not looked at is what is older than the
     * {@linkplain #lookBack look-back}.
     */
    public enum Missed {
        /** They do not run. */
        SKIP,

        /** The newest runs, in place of them all, unless one that is in time does. */
        ONCE,

        /** All run, the oldest first. */
        ALL
    }

    private final SlotTimes times;
    private final Missed missed;
    private final Duration lookBack;
    private final Duration jitter;
    private final @Nullable Instant start;
    private final @Nullable Instant end;

    private Schedule(
            SlotTimes times,
            Missed missed,
            Duration lookBack,
            Duration jitter,
            @Nullable Instant start,
            @Nullable Instant end) {
        this.times = times;
        this.missed = missed;
        this.lookBack = lookBack;
        this.jitter = jitter;
        this.start = start;
        this.end = end;
    }

    /**
     * At the local times of a zone that a cron expression names: five fields (minute, hour, day of the month, month, day of the week), six
     * with a second before them, or a macro such as {@code @daily}; with {@code L}, {@code W} and {@code #}. {@code "30 2 * * *"} is half past two each
     * night, {@code "0 9 * * MON#1"} nine o'clock on the first Monday of a month, {@code "0 18 LW * *"} six in the evening of its last weekday.
     *
     * @param zone never the server's: {@code ZoneId.of("Europe/Berlin")}
     * @throws MillraceException if the expression can't be read, or names no day that ever comes; the message names the field
     */
    public static Schedule cron(String expression, ZoneId zone) {
        var cron = Cron.of(expression);
        return new Schedule(
                new SlotTimes.Crontab(
                        cron,
                        zone,
                        cron.isRhythm() ? Gap.SKIP : Gap.RUN_AFTER,
                        cron.isRhythm() ? Overlap.BOTH : Overlap.FIRST),
                Missed.ONCE,
                DEFAULT_LOOK_BACK,
                Duration.ZERO,
                null,
                null);
    }

    /**
     * At a fixed rate, whatever the clocks on the wall: every 10 minutes is at :00, :10, :20. Counted from the {@linkplain #startingAt start}, or else from
     * 1970-01-01T00:00Z, so that a restart does not shift it. Slots are shown in UTC.
     *
     * @param period a second to ten years, whole seconds
     */
    public static Schedule every(Duration period) {
        if (period.compareTo(SHORTEST) < 0
                || period.compareTo(Bounds.DELAY) > 0
                || !period.truncatedTo(ChronoUnit.SECONDS).equals(period))
            throw new MillraceException(
                    "A schedule can't have a period of %s. It is 1 s to ten years, in whole seconds."
                            .formatted(Words.duration(period)));
        return new Schedule(new SlotTimes.Rate(period, 0), Missed.ONCE, DEFAULT_LOOK_BACK, Duration.ZERO, null, null);
    }

    /**
     * So long after the run before has ended, however it ended: its runs do not overlap, but for those that somebody {@linkplain
     * Operations#runNow asks for}. The first comes this long after the schedule is known.
     * Nothing is ever missed: what was to come while no node was up comes then, once. The next slot is known only when a run has ended, so that {@link
     * #next} shows them as if each ended at once.
     *
     * @param pause 1 ms to ten years
     */
    public static Schedule afterEach(Duration pause) {
        Bounds.span("A pause between runs", pause, Bounds.DELAY);
        return new Schedule(new SlotTimes.Pause(pause), Missed.ONCE, DEFAULT_LOOK_BACK, Duration.ZERO, null, null);
    }

    /** What becomes of a local time that is left out when clocks are put forward. */
    public Schedule inGap(Gap gap) {
        var crontab = crontab("inGap");
        return with(new SlotTimes.Crontab(crontab.cron(), crontab.zone(), gap, crontab.overlap()));
    }

    /** What becomes of a local time that comes twice when clocks are put back. */
    public Schedule inOverlap(Overlap overlap) {
        var crontab = crontab("inOverlap");
        return with(new SlotTimes.Crontab(crontab.cron(), crontab.zone(), crontab.gap(), overlap));
    }

    private SlotTimes.Crontab crontab(String asked) {
        if (times instanceof SlotTimes.Crontab crontab) return crontab;
        throw new MillraceException(
                "%s has no meaning for a schedule %s: it knows no local times, so none is left out or comes twice. Leave it out, or use Schedule.cron(…)."
                        .formatted(asked, times));
    }

    /** What becomes of slots that were missed. Default: one run in place of them all. */
    public Schedule ifMissed(Missed missed) {
        refuseForPauses("ifMissed");
        return new Schedule(times, missed, lookBack, jitter, start, end);
    }

    /**
     * How old a missed slot may be to run at all; what is older is forgotten. Default: seven days.
     *
     * @param longest 1 ms to ten years
     */
    public Schedule lookBack(Duration longest) {
        refuseForPauses("lookBack");
        Bounds.span("A look-back", longest, Bounds.DELAY);
        return new Schedule(times, missed, longest, jitter, start, end);
    }

    private void refuseForPauses(String asked) {
        if (times instanceof SlotTimes.Pause)
            throw new MillraceException(
                    "%s has no meaning for a schedule %s: it has no slot that could be missed. Leave it out, or use Schedule.every(…)."
                            .formatted(asked, times));
    }

    /**
     * Each run begins up to this much later than its slot, by chance: what many schedules name together does not come together.
     *
     * @param most zero to a day, and not longer than it is from one slot to the next where they come at a fixed rate: a run would come behind the next one
     */
    public Schedule jitter(Duration most) {
        if (most.isNegative() || most.compareTo(Duration.ofDays(1)) > 0)
            throw new MillraceException(
                    "A jitter of %s can't be had. It is zero to a day.".formatted(Words.duration(most)));
        var between = longestWait();
        if (between != null && most.compareTo(between) > 0)
            throw new MillraceException(
                    "A jitter of %s is longer than it is from one slot to the next, %s: each run would come behind the next one. It is zero to %2$s here."
                            .formatted(Words.duration(most), Words.duration(between)));
        return jittered(most);
    }

    /** The longest time from one slot to the next, as far as its next hundred tell; null where there is none. */
    private @Nullable Duration longestWait() {
        if (times instanceof SlotTimes.Rate(var period, long ignored)) return period;
        if (isAfterEach()) return null;
        @Nullable Duration longest = null;
        @Nullable Instant last = null;
        for (var slot : next(LOOKED_AT, A_DAY_WITHOUT_CHANGES)) {
            var at = slot.toInstant();
            if (last != null && (longest == null || Duration.between(last, at).compareTo(longest) > 0))
                longest = Duration.between(last, at);
            last = at;
        }
        return longest;
    }

    /** As it was stored, whatever it is. */
    Schedule jittered(Duration most) {
        return new Schedule(times, missed, lookBack, most, start, end);
    }

    /** No slot comes before this moment; a fixed rate is counted from it. Parts of a second are rounded up. */
    public Schedule startingAt(Instant first) {
        refuseOutside("A start", first);
        refuseEmpty(first, end);
        var second = first.truncatedTo(ChronoUnit.SECONDS).equals(first) ? first : nextSecond(first);
        var counted = times instanceof SlotTimes.Rate(var period, long ignored)
                ? new SlotTimes.Rate(period, second.getEpochSecond())
                : times;
        return new Schedule(counted, missed, lookBack, jitter, second, end);
    }

    private static Instant nextSecond(Instant moment) {
        return Instant.ofEpochSecond(moment.getEpochSecond() + 1);
    }

    /** No slot comes at this moment or after it. */
    public Schedule endingAt(Instant end) {
        refuseOutside("An end", end);
        refuseEmpty(start, end);
        return new Schedule(times, missed, lookBack, jitter, start, end);
    }

    private static void refuseEmpty(@Nullable Instant start, @Nullable Instant end) {
        if (start != null && end != null && !start.isBefore(end))
            throw new MillraceException(
                    "The schedule would end at %s, before its start at %s: it has no slot. Change one of them."
                            .formatted(end, start));
    }

    private static void refuseOutside(String what, Instant moment) {
        if (moment.isBefore(EARLIEST) || moment.isAfter(LATEST))
            throw new MillraceException(
                    "%s at %s is outside of what schedules know: %s to %s.".formatted(what, moment, EARLIEST, LATEST));
    }

    private Schedule with(SlotTimes others) {
        return new Schedule(others, missed, lookBack, jitter, start, end);
    }

    /**
     * The next slots after a moment, in order, without jitter: fewer than asked for if the schedule ends, or there are none up to the year 3000. {@code nightly.next(3,
     * Instant.parse("2027-03-27T00:00:00Z")).forEach(System.out::println)} shows how a schedule passes a change of clocks.
     *
     * @param count 1 to 10,000
     * @param after a slot at this very moment is not among them
     */
    public List<ZonedDateTime> next(int count, Instant after) {
        Bounds.count("The number of slots", count, MOST_SLOTS);
        refuseOutside("A moment", after);
        var slots = new ArrayList<ZonedDateTime>();
        for (var slot = next(after); slot.isPresent() && slots.size() < count; slot = next(slot.get()))
            slots.add(slot.get().atZone(zone()));
        return List.copyOf(slots);
    }

    /** The first slot after a moment. */
    Optional<Instant> next(Instant after) {
        var from = times instanceof SlotTimes.Pause(var pause) ? after.plus(pause) : nextSecond(after);
        return times.first(
                start != null && from.isBefore(start) ? start : from,
                end != null && end.isBefore(LATEST) ? end : LATEST);
    }

    /** Whether a slot is counted from the end of the run before, as {@link #afterEach} says: then it is known only when that has ended. */
    public boolean isAfterEach() {
        return times instanceof SlotTimes.Pause;
    }

    /** The zone of its slots. */
    ZoneId zone() {
        return times.zone();
    }

    /**
     * What is to run now: of the slots after one that was dealt with, those that have come, without those that were missed and are not to run.
     * At most so many, the oldest first; dealing with them leads to the rest.
     *
     * @param after the last slot that was dealt with, or the moment from which the schedule holds
     */
    List<Instant> due(Instant after, Instant now, int most) {
        if (isAfterEach())
            return next(after).filter(slot -> !slot.isAfter(now)).stream().toList();
        var late = now.minus(LATE);
        var oldest =
                now.minus(lookBack.compareTo(LATE) > 0 ? lookBack : LATE); // what is in time is none of its business
        var from = after.isBefore(oldest) ? oldest.minusNanos(1) : after;
        if (missed == Missed.ALL) return between(from, now, most);
        var inTime = between(from.isBefore(late) ? late.minusNanos(1) : from, now, most);
        if (missed == Missed.SKIP || !inTime.isEmpty()) return inTime;
        return next(from).filter(slot -> !slot.isAfter(now)).map(first -> newest(first, now)).stream()
                .toList();
    }

    private List<Instant> between(Instant after, Instant upTo, int most) {
        var slots = new ArrayList<Instant>();
        for (var slot = next(after);
                slot.isPresent() && !slot.get().isAfter(upTo) && slots.size() < most;
                slot = next(slot.get())) slots.add(slot.get());
        return slots;
    }

    /** The last slot up to now; one is known. Looks back from now in ever longer steps: a second-wise schedule has a million slots in a fortnight. */
    private Instant newest(Instant known, Instant now) {
        for (var back = Duration.ofMinutes(1); now.minus(back).isAfter(known); back = back.multipliedBy(2)) {
            var found = next(now.minus(back)).filter(slot -> !slot.isAfter(now));
            if (found.isPresent()) return lastFrom(found.get(), now);
        }
        return lastFrom(known, now);
    }

    private Instant lastFrom(Instant slot, Instant now) {
        var last = slot;
        for (var next = next(last); next.isPresent() && !next.get().isAfter(now); next = next(last)) last = next.get();
        return last;
    }

    SlotTimes times() {
        return times;
    }

    @Nullable
    Instant start() {
        return start;
    }

    @Nullable
    Instant end() {
        return end;
    }

    Missed missed() {
        return missed;
    }

    Duration lookBack() {
        return lookBack;
    }

    Duration jitter() {
        return jitter;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Schedule schedule
                && times.equals(schedule.times)
                && missed == schedule.missed
                && lookBack.equals(schedule.lookBack)
                && jitter.equals(schedule.jitter)
                && Objects.equals(start, schedule.start)
                && Objects.equals(end, schedule.end);
    }

    @Override
    public int hashCode() {
        return Objects.hash(times, missed, lookBack, jitter, start, end);
    }

    /** In words: {@code "30 2 * * *" in Europe/Berlin, after a gap, the first of two; missed: once, up to 7 d back}. */
    @Override
    public String toString() {
        var text = new StringBuilder(times.toString());
        if (!isAfterEach())
            text.append("; missed: ")
                    .append(
                            switch (missed) {
                                case SKIP -> "none";
                                case ONCE -> "once, up to " + Words.duration(lookBack) + " back";
                                case ALL -> "all, up to " + Words.duration(lookBack) + " back";
                            });
        if (!jitter.isZero())
            text.append("; up to ").append(Words.duration(jitter)).append(" later");
        if (start != null) text.append("; from ").append(start);
        if (end != null) text.append("; before ").append(end);
        return text.toString();
    }
}
