package dev.millrace.store;

import dev.millrace.JobId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Schedules. One node has a schedule at a time, for a term; it enqueues what its slots ask for, each slot once. The unique slot is what
 * decides; that only one node tries keeps the others from trying in vain.
 *
 * <p>The nodes' steps prove their lease first, as those of {@link Protocol} do, and are called by one thread of a node at a time.
 */
public interface Timetable {

    /**
     * Says which schedules this node knows. One that nobody knew yet, or whose node is not alive any more, is this node's from now on. So
     * is one that is here defined otherwise, if the node that has it joined earlier: the newest build is right; and only after {@link
     * #OLDER_BUILDS_WAIT} without a living node may one that joined earlier than the last come back with another definition. Other times
     * hold from this moment; another policy goes on where the schedule was.
     */
    Owned own(Lease lease, List<ScheduleCard> known);

    /**
     * A schedule as a node knows it.
     *
     * @param times when its slots come, as text
     * @param policy what else is said of it, as text: what becomes of missed ones, and so on
     */
    record ScheduleCard(String name, String times, String policy) {}

    /** A newer build that restarts is back sooner, and does not lose the slots between. */
    Duration OLDER_BUILDS_WAIT = Duration.ofSeconds(30);

    /** A run that was asked for and that no node has enqueued for so long is forgotten: who asked has looked elsewhere. */
    Duration ASKS_LIVE = Duration.ofHours(1);

    /**
     * What a node has.
     *
     * @param now on the store's clock, which slots are held against
     */
    record Owned(Instant now, List<Standing> schedules) {}

    /**
     * How a schedule stands that this node has.
     *
     * @param term counts who had it; a step of an earlier term does nothing
     * @param upto the last slot that was fired, or when its times began to hold; never later than now, whatever the clock once said
     * @param lastJob the job of the last slot; null if none was fired
     * @param asked moments at which somebody asked for a run, the oldest first
     */
    record Standing(
            String name, long term, Instant upto, @Nullable JobId lastJob, List<Instant> asked) {}

    /**
     * Enqueues the runs of slots, all in one transaction: those that were not fired before, and, where it is paused, only those that somebody
     * asked for. Of these only such that still wait to be run. Repeating it changes nothing, so unknown: fire again.
     *
     * A slot whose job has a unique key that is held counts as well: its job is the one that holds the key.
     *
     * @return how many were fired; empty if the schedule is not this node's in this term, and then nothing was done
     */
    OptionalInt fire(Lease lease, String schedule, long term, List<Run> runs);

    /**
     * A run of a schedule.
     *
     * @param asked whether somebody asked for it, at this moment; else it is a slot of the schedule
     */
    record Run(Instant slot, boolean asked, NewJob job) {}

    // ---- for people

    /**
     * Asks for a run of a schedule now, beside its slots. Its node hears of it within two seconds.
     *
     * @return whether such a schedule is known
     * @throws dev.millrace.MillraceException if too many of its runs are asked for and wait
     */
    boolean ask(String schedule, String by);

    /** All schedules that are known, by name. */
    List<Kept> schedules();

    /**
     * A schedule as the store keeps it.
     *
     * @param lastSlot the newest slot that was fired, without runs that were asked for
     */
    record Kept(
            ScheduleCard card,
            Instant since,
            UUID node,
            boolean nodeAlive,
            @Nullable Instant lastSlot,
            @Nullable JobId lastJob,
            @Nullable String pausedBecause) {}
}
