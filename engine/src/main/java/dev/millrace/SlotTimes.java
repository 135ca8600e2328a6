package dev.millrace;

import dev.millrace.Schedule.Gap;
import dev.millrace.Schedule.Overlap;
import dev.millrace.cron.Cron;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where the slots of a schedule lie. */
sealed interface SlotTimes {

    ZoneId zone();

    /** The first slot at or after a whole second, before the end. */
    Optional<Instant> first(Instant from, Instant end);

    /**
     * At a fixed rate.
     *
     * @param period in whole seconds
     * @param anchor a slot, in seconds of the epoch
     */
    record Rate(Duration period, long anchor) implements SlotTimes {

        @Override
        public ZoneId zone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Optional<Instant> first(Instant from, Instant end) {
            long past = Math.floorMod(from.getEpochSecond() - anchor, period.toSeconds());
            var slot = past == 0 ? from : from.plusSeconds(period.toSeconds() - past);
            return Optional.of(slot).filter(found -> found.isBefore(end));
        }

        @Override
        public String toString() {
            return "every " + Words.duration(period);
        }
    }

    /** Each so long after the run of the one before has ended: which is not known here, and taken for at once. */
    record Pause(Duration pause) implements SlotTimes {

        @Override
        public ZoneId zone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Optional<Instant> first(Instant from, Instant end) {
            return Optional.of(from).filter(slot -> slot.isBefore(end));
        }

        @Override
        public String toString() {
            return Words.duration(pause) + " after each run";
        }
    }

    /** At local times of a zone. */
    record Crontab(Cron cron, ZoneId zone, Gap gap, Overlap overlap) implements SlotTimes {

        /** Goes from one change of clocks to the next: between them, local time is the instant and an offset. */
        @Override
        public Optional<Instant> first(Instant from, Instant end) {
            var rules = zone.getRules();
            var at = from;
            while (at.isBefore(end)) {
                var stretch = Stretch.of(rules, at, end);
                if (endsGap(stretch, at)) return Optional.of(at);
                var found = in(stretch, at);
                if (found.isPresent()) return found;
                at = stretch.end();
            }
            return Optional.empty();
        }

        /** Whether clocks have just been put forward over a time that is meant. */
        private boolean endsGap(Stretch stretch, Instant at) {
            var before = stretch.before();
            return gap == Gap.RUN_AFTER
                    && before != null
                    && before.isGap()
                    && before.getInstant().equals(at)
                    && cron.next(before.getDateTimeBefore(), before.getDateTimeAfter())
                            .isPresent();
        }

        private Optional<Instant> in(Stretch stretch, Instant at) {
            var from = stretch.local(at);
            var end = stretch.local(stretch.end());
            var before = stretch.before();
            if (overlap == Overlap.FIRST && before != null && before.isOverlap())
                from = later(from, before.getDateTimeBefore()); // up to there, it comes for the second time
            var after = stretch.after();
            if (overlap == Overlap.SECOND && after != null && after.isOverlap())
                end = earlier(end, after.getDateTimeAfter()); // from there on, it comes for the first time
            return cron.next(from, end).map(local -> local.toInstant(stretch.offset()));
        }

        private static LocalDateTime later(LocalDateTime one, LocalDateTime other) {
            return one.isBefore(other) ? other : one;
        }

        private static LocalDateTime earlier(LocalDateTime one, LocalDateTime other) {
            return one.isBefore(other) ? one : other;
        }

        @Override
        public String toString() {
            return "\"%s\" in %s, %s, %s"
                    .formatted(
                            cron,
                            zone,
                            gap == Gap.SKIP ? "not in a gap" : "after a gap",
                            switch (overlap) {
                                case FIRST -> "the first of two";
                                case SECOND -> "the second of two";
                                case BOTH -> "both of two";
                            });
        }
    }

    /**
     * A stretch of time without a change of clocks.
     *
     * @param end the change after it, or where it was cut
     * @param before the last change before it
     * @param after the next change, there or later
     */
    record Stretch(
            ZoneOffset offset,
            Instant end,
            @Nullable ZoneOffsetTransition before,
            @Nullable ZoneOffsetTransition after) {

        /** The one that goes on from a moment, cut at an end. */
        static Stretch of(ZoneRules rules, Instant at, Instant end) {
            var after = rules.nextTransition(at);
            return new Stretch(
                    rules.getOffset(at),
                    after == null || after.getInstant().isAfter(end) ? end : after.getInstant(),
                    rules.previousTransition(at.plusNanos(1)),
                    after);
        }

        LocalDateTime local(Instant at) {
            return LocalDateTime.ofEpochSecond(at.getEpochSecond(), at.getNano(), offset);
        }
    }
}
