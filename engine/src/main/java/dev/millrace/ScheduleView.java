package dev.millrace;

import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A schedule as an operator sees it.
 *
 * @param schedule its definition, as the node that has it says; null if this build can't read it, since a newer one wrote it
 * @param since when this definition began to hold
 * @param node the node that fires it; one that has died is shown until another takes it over
 * @param nodeAlive whether that node is alive
 * @param lastSlot the newest slot that was fired; null if none was
 * @param lastJob its job; null if none was
 * @param pausedBecause null if it is not paused
 */
public record ScheduleView(
        String name,
        @Nullable Schedule schedule,
        Instant since,
        UUID node,
        boolean nodeAlive,
        @Nullable Instant lastSlot,
        @Nullable JobId lastJob,
        @Nullable String pausedBecause) {

    /**
     * The next slot after a moment, without its jitter; empty if there is none, or it is not known: nobody fires it now, its definition can't
     * be read, or it is counted from the end of a run.
     */
    public Optional<Instant> next(Instant after) {
        if (schedule == null || pausedBecause != null || !nodeAlive || schedule.isAfterEach()) return Optional.empty();
        return schedule.next(after);
    }
}
