package dev.millrace;

import java.time.Duration;
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

    /**
     * Its limit holds it up, or may: as many of its key run as may run at once, or its rate lets it start only in a while. Which of a key's jobs run the node that
     * owns their shard knows alone, so of one that a node holds it may be that it runs.
     *
     * @param limit the limit's name
     * @param key whose it counts against, as the jobs say it: {@code ("acme")}
     * @param concurrency how many of the key may run at once; null if that is not limited
     * @param rate how many of the key may start in a time; null if that is not limited
     * @param adjusted whether operators have set any of these numbers over those that jobs say
     * @param held how many of the key the node holds that owns their shard, this one included if it does: those that run and those that wait; not exact where
     *     there may be more
     * @param ahead how many of the key that have not ended stand before it, whether the node holds them or nobody has claimed them; not exact where there may be more
     * @param mayRun whether it may be running; if not, nobody has claimed it yet
     * @param startsWithin of a rate, about how long it takes at most until it starts, if nothing else holds it up; null without a rate, and if that is not known
     * @param node which holds it, as far as is known; null if nobody has claimed it
     */
    public record Limited(
            String text,
            String limit,
            String key,
            @Nullable Integer concurrency,
            AdjustmentView.@Nullable Rate rate,
            boolean adjusted,
            QueueView.Depth held,
            QueueView.Depth ahead,
            boolean mayRun,
            @Nullable Duration startsWithin,
            @Nullable String node)
            implements Reason {}

    /**
     * Its queue or its kind runs as often as it may on all nodes together: see {@link Operations#fleetConcurrency}.
     *
     * @param scope the queue or the kind
     * @param concurrency how many may run at once
     * @param running how many do, as far as the nodes have said
     * @param shares who holds shares of the number
     */
    public record FleetFull(
            String text, Scope scope, int concurrency, int running, List<FleetConcurrencyView.Share> shares)
            implements Reason {

        public FleetFull {
            shares = List.copyOf(shares);
        }
    }

    /** Somebody paused what it belongs to. */
    public record Paused(String text, Scope scope) implements Reason {}

    /**
     * No node that is alive could run it.
     *
     * @param queue that a node would have to serve
     * @param kind that it would have to handle
     * @param version of the kind's payload that it would have to read
     * @param missing what there is none of
     */
    public record NoNode(String text, String queue, String kind, int version, Missing missing) implements Reason {

        /** The first thing that is wanting. */
        public enum Missing {
            /** No node is alive. */
            NODE,
            /** None of them serves the queue. */
            QUEUE,
            /** None of those that do handles the kind. */
            KIND,
            /** Some of those handle it, and none in this version. */
            VERSION
        }
    }

    /**
     * A node had it and could not run it.
     *
     * @param queue it comes back to
     * @param kind its kind
     * @param version its kind's version
     * @param because what it waits for, as the node that put it aside said it
     */
    public record Parked(String text, String queue, String kind, int version, String because) implements Reason {}

    /**
     * Jobs of a higher priority are available in its queue, and go first: nine times out of ten.
     *
     * @param higher the priorities above its own at which jobs are available, the highest first, each with how many; never empty
     * @param ahead how many stand before it in its own shard
     */
    public record Outranked(String text, List<Band> higher, QueueView.Depth ahead) implements Reason {

        public Outranked {
            higher = List.copyOf(higher);
        }
    }

    /** Jobs of one priority in a queue that are available; not exact where there may be more. */
    public record Band(Priority priority, QueueView.Depth available) {}

    /**
     * Its tenant has asked for more than a few jobs and was set aside: what others have goes first, three times out of four.
     *
     * @param tenant whose it is; null if the job does not say so any more
     * @param alone whether its side shard is this tenant's alone; if not, others that have more than a few jobs share it
     * @param ahead how many stand before it in its side shard
     * @param others how many jobs go first: of those who are not set aside, at its own priority
     */
    public record SetAside(
            String text, @Nullable String tenant, boolean alone, QueueView.Depth ahead, QueueView.Depth others)
            implements Reason {}

    /**
     * Others are before it, or may be.
     *
     * @param others of its own priority in its queue, as far as that is known; not exact where there may be more
     */
    public record Behind(String text, QueueView.Depth others) implements Reason {}

    /** It has ended, and will not run again unless somebody requeues it. */
    public record Ended(String text, @Nullable Failure failure) implements Reason {}

    /** The engine can't tell. */
    public record Unknown(String text) implements Reason {}
}
