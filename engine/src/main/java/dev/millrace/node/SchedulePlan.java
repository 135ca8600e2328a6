package dev.millrace.node;

import dev.millrace.store.NewJob;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.SetSchedule;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A schedule as this node knows it: when its slots come, and what runs then. The front door makes it. A pure function but for {@link #job}. */
public interface SchedulePlan {

    ScheduleCard card();

    /** Of the slots after one that was dealt with, those that are to run now; at most so many, the oldest first. */
    List<Instant> due(Instant after, Instant now, int most);

    /** The first slot after a moment. */
    Optional<Instant> next(Instant after);

    /** Whether a slot is counted from the end of the run before: then that, and not the slot before, is what is to be given for it. */
    default boolean afterEach() {
        return false;
    }

    /**
     * The job of a slot. It is the user's code that makes it, and that may throw and take its time.
     *
     * @param asked whether somebody asked for this run
     */
    NewJob job(Instant slot, boolean asked);

    /** Makes plans of schedules that were set at run time. */
    @FunctionalInterface
    interface Reader {

        /** Null if this build can't read it, since a newer one wrote it. */
        @Nullable
        SchedulePlan read(SetSchedule schedule);
    }
}
