package dev.millrace;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a job is not running, or that it is. Immutable.
 *
 * @param state the state it is in now; null if the job is not known
 * @param reasons all that apply, the weightiest first; never empty
 */
public record Why(JobId job, @Nullable State state, List<Reason> reasons) {

    public Why {
        reasons = List.copyOf(reasons);
    }

    /** One reason, for programs by its type, for people by its text. */
    public sealed interface Reason {

        /** A whole sentence. */
        String text();
    }

    /** It runs, or is about to. */
    public record Running(
            String text, @Nullable String node, @Nullable Instant since) implements Reason {}

    /** It waits for a time: scheduled, snoozed, or for its next attempt. */
    public record NotYet(
            String text, @Nullable Instant until, @Nullable Failure lastFailure) implements Reason {}

    /** It follows a batch, and waits for the parts. */
    public record PartsOpen(String text, BatchView batch) implements Reason {}

    /**
     * It runs after other jobs, and waits for them to end.
     *
     * @param open how many it waits for still
     * @param some the first 20 of them
     */
    public record BlockersOpen(String text, long open, List<Blocker> some) implements Reason {

        public BlockersOpen {
            some = List.copyOf(some);
        }
    }

    /** A job that another one waits for, and its state now; null if it is not known any more. */
    public record Blocker(JobId job, @Nullable State state) {}

    /**
     * It stands in line for its key, and others before it have to end first.
     *
     * @param front the job that stands first
     * @param ahead how many stand before it, the first one included; not exact where there may be more
     */
    public record InLine(String text, JobId front, QueueView.Depth ahead) implements Reason {}

    /** Somebody paused what it belongs to. */
    public record Paused(String text, Scope scope) implements Reason {}

    /** No node that is alive could run it. */
    public record NoNode(String text) implements Reason {}

    /** A node had it and could not run it: the text says what it waits for. */
    public record Parked(String text) implements Reason {}

    /** Others are before it. */
    public record Behind(String text, QueueView.Depth others) implements Reason {}

    /** It has ended, and will not run again unless somebody requeues it. */
    public record Ended(String text, @Nullable Failure failure) implements Reason {}

    /** The engine can't tell. */
    public record Unknown(String text) implements Reason {}
}
