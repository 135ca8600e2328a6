package dev.millrace;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A schedule as an operator sees it.
 *
 * @param schedule its definition, as the node that has it says, or as it was set; null if this build can't read it, since a newer one wrote it
 * @param since when its times began to hold
 * @param node the node that fires it; one that has died is shown until another takes it over; null if it was set at run time, and no node has taken it yet
 * @param nodeAlive whether that node is alive
 * @param lastSlot the newest slot that was fired; null if none was
 * @param lastJob its job; null if none was
 * @param pausedBecause null if it is not paused
 * @param set what was set at run time; null if it comes from code
 */
public record ScheduleView(
        String name,
        @Nullable Schedule schedule,
        Instant since,
        @Nullable UUID node,
        boolean nodeAlive,
        @Nullable Instant lastSlot,
        @Nullable JobId lastJob,
        @Nullable String pausedBecause,
        @Nullable Set set) {

    /**
     * What was set at run time: who set it to what it is, when and why, and what each of its jobs has.
     *
     * @param payload as text; null if the store keeps values, not text
     * @param headers tenant, tags and others; each job has the headers {@code schedule} and {@code slot} beside these
     */
    public record Set(
            String by,
            Instant at,
            String reason,
            String kind,
            int kindVersion,
            @Nullable String payload,
            String queue,
            Priority priority,
            Map<String, String> headers) {}

    /**
     * The next slot after a moment, without its jitter; empty if there is none, or it is not known: nobody fires it now, its definition can't
     * be read, or it is counted from the end of a run.
     */
    public Optional<Instant> next(Instant after) {
        if (schedule == null || pausedBecause != null || !nodeAlive || schedule.isAfterEach()) return Optional.empty();
        return schedule.next(after);
    }
}
