package dev.millrace.store;

import dev.millrace.JobId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
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
     *
     * <p>Schedules that were {@linkplain #set set at run time} are no code's, and any node may have them: those that nobody has, and those whose node
     * is not alive any more, become this node's as well. A name that was set is nobody's to bring: it is told as a clash, until it is removed.
     *
     * @param held which of those set at run time this node already knows the definition of, by the term it has them in: that of others is told; null if
     *     this node does not fire such schedules
     */
    Owned own(Lease lease, List<ScheduleCard> known, @Nullable Map<String, Long> held);

    /** The same for a node that fires nothing but what its code brings. */
    default Owned own(Lease lease, List<ScheduleCard> known) {
        return own(lease, known, null);
    }

    /**
     * A schedule as a node knows it.
     *
     * @param times when its slots come, as text
     * @param policy what else is said of it, as text: what becomes of missed ones, and so on
     */
    record ScheduleCard(String name, String times, String policy) {}

    /** A newer build that restarts is back sooner, and does not lose the slots between. */
    Duration OLDER_BUILDS_WAIT = Duration.ofSeconds(30);

    /** A schedule that was set at run time, and what runs at each of its slots. */
    record SetSchedule(ScheduleCard card, JobTemplate job) {}

    /** Schedules that are set at run time: one node may have all of them in its memory. */
    int MOST_SET = 10_000;

    /** A run that was asked for and that no node has enqueued for so long is forgotten: who asked has looked elsewhere. */
    Duration ASKS_LIVE = Duration.ofHours(1);

    /**
     * What a node has.
     *
     * @param now on the store's clock, which slots are held against
     * @param clashes names that it brings and that were set at run time
     */
    record Owned(Instant now, List<Standing> schedules, List<String> clashes) {}

    /**
     * How a schedule stands that this node has.
     *
     * @param term counts who had it; a step of an earlier term does nothing
     * @param upto the last slot that was fired, or when its times began to hold; never later than now, whatever the clock once said
     * @param lastJob the job of the last slot; null if none was fired
     * @param asked moments at which somebody asked for a run, the oldest first
     * @param set whether it was set at run time; else this node brings it
     * @param definition of one that was set, unless the node knows it
     */
    record Standing(
            String name,
            long term,
            Instant upto,
            @Nullable JobId lastJob,
            List<Instant> asked,
            boolean set,
            @Nullable SetSchedule definition) {

        /** Of one that this node brings. */
        public Standing(String name, long term, Instant upto, @Nullable JobId lastJob, List<Instant> asked) {
            this(name, term, upto, lastJob, asked, false, null);
        }
    }

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
     * Sets a schedule at run time: makes it, or has it say from now on what is given. Once this has returned, nothing is fired any more by what it said
     * before, by no node, whatever that is doing: a change begins a new term, which each step that fires proves. Other times hold from this moment; with
     * the same times it goes on where it was. Setting it to what it is changes nothing, so unknown: set again.
     */
    SetAnswer set(SetSchedule schedule, String by, String reason);

    /** What has become of a {@link #set}. */
    enum SetAnswer {
        CREATED,
        CHANGED,
        /** It says just that already. */
        UNCHANGED,
        /** Nothing was done: code brings a schedule of this name, or did. */
        BROUGHT,
        /** Nothing was done: there are {@link #MOST_SET}. */
        TOO_MANY
    }

    /**
     * Removes a schedule that was set at run time, or forgets one that no living node brings, with its pause and the runs that were asked for. Once this has
     * returned, nothing of it is fired any more, by no node. Unknown: remove again.
     */
    RemoveAnswer remove(String schedule, String by, String reason);

    /** What has become of a {@link #remove}. */
    enum RemoveAnswer {
        REMOVED,
        UNKNOWN,
        /** Nothing was done: a living node brings it. */
        BROUGHT
    }

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
     * @param node null if no node has had it yet
     * @param lastSlot the newest slot that was fired, without runs that were asked for
     * @param setting null if code brings it
     */
    record Kept(
            ScheduleCard card,
            Instant since,
            @Nullable UUID node,
            boolean nodeAlive,
            @Nullable Instant lastSlot,
            @Nullable JobId lastJob,
            @Nullable String pausedBecause,
            @Nullable Setting setting) {}

    /**
     * What was set at run time.
     *
     * @param by who set it to what it is
     * @param at when, on the store's clock
     */
    record Setting(JobTemplate job, String by, String reason, Instant at) {}
}
