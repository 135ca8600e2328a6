package dev.millrace.store;

import dev.millrace.JobId;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who claims from keyed shards: one node at a time, for as long as it lives or until it gives the shard up. It alone knows which jobs of a key run and which
 * wait, so nothing is written for that. {@link Protocol#take} refuses all others with {@link StoreException.NotOwner}.
 *
 * <p>A shard is two streams: what was enqueued, and its front, to which all comes that comes back: rescued, handed back, promoted after a retry or a snooze,
 * released. A new owner takes the shard over, asks what is {@linkplain #absent absent}, then claims all of the front, and only then starts anything: what
 * moves from there to here meanwhile is seen twice, and never in neither place.
 */
public interface Ownership {

    /**
     * A keyed shard.
     *
     * @param stream of what was enqueued
     * @param front of what comes back
     * @param owner null if nobody has it, or who had it is gone and all that it held has been taken back
     */
    record Shard(
            int stream, int front, String queue, @Nullable NodeId owner) {}

    /**
     * Keyed shards and who could own them.
     *
     * @param nodes the living nodes that serve each queue and know of keyed shards; of these, those that know most of the kinds for which a job of the
     *     queue's keyed shards has been parked
     */
    record Shards(List<Shard> shards, Map<String, List<NodeId>> nodes) {}

    /** A job that has been delivered and waits outside of the log: for its next attempt, for a time, or parked. */
    record Absent(JobId job, Line line) {}

    /**
     * That jobs are parked {@linkplain Ending.Parking#BEHIND behind} others of their line.
     *
     * @param line of one of them
     * @param first where the first of them stands in the order of the log
     */
    record Behind(Line line, Line.Position first) {}

    /**
     * Jobs to be recalled.
     *
     * @param row the {@linkplain Line#row row} they stand in
     * @param most how many, the first of them in the order of the log, 1 or more
     */
    record Recall(String row, int most) {}

    /** A job on its way back to the front of its shard, and where it stands in the order of the log. */
    record Back(JobId job, Line.Position first) {}

    /**
     * What was recalled.
     *
     * @param jobs in the order of the log
     * @param next where the first one stands that is still parked behind them; null if none is
     */
    record Recalled(List<Back> jobs, Line.@Nullable Position next) {}

    /**
     * A job that could start, if the slow rate of its limit lets it.
     *
     * @param key tells one key of one limit from all others of the queue
     * @param weight how much of the rate the job takes
     * @param owed so long until the allowance is full again that is counted here, if the store may not know
     */
    record Wish(String queue, String key, Line.Rate rate, int weight, Duration owed) {

        /**
         * What the generic cell rate algorithm answers.
         *
         * @param debt so long until the allowance is full again, as far as the store knows; zero or less if it is
         */
        public Grant given(Duration debt) {
            long owing = Math.clamp(Math.max(debt.toNanos(), owed.toNanos()), 0, rate.fullNanos());
            long wait = rate.waitNanos(owing, weight);
            return wait == 0
                    ? new Grant(true, Duration.ZERO, Duration.ofNanos(owing + rate.costNanos(weight)))
                    : new Grant(false, Duration.ofNanos(wait), Duration.ofNanos(owing));
        }
    }

    /**
     * What becomes of a wish.
     *
     * @param granted whether it may start
     * @param after so long to wait before it is worth asking again; zero if granted
     * @param full so long until the allowance is full again
     */
    record Grant(boolean granted, Duration after, Duration full) {}

    /** The keyed shards of these queues. Those of a queue are made with its first job that has a {@link Line}. */
    Shards shards(Lease lease, Collection<String> queues);

    /**
     * Takes a shard that nobody has. Repeating it changes nothing, so unknown: take it over again.
     *
     * @param stream of what was enqueued
     * @return whether it is the caller's now
     */
    boolean takeOver(Lease lease, int stream);

    /**
     * The jobs with an order key that came from a shard and are to come back to it. Those that wait for their first delivery are not among them, nor those that
     * are parked {@linkplain #behind behind} others.
     */
    List<Absent> absent(Lease lease, int stream);

    /**
     * Behind which rows of a shard jobs are parked. Only an owner parks them, and only an owner recalls them, so an owner that has asked once knows.
     *
     * @param stream of what was enqueued
     * @return one for each row
     */
    List<Behind> behind(Lease lease, int stream);

    /**
     * Puts jobs that are parked behind others to the front of their shard. It holds off who claims from that, and is refused with
     * {@link StoreException.NotOwner} if the shard is another's: a new owner finds there what a former one has recalled. Unknown: what was recalled may stand
     * there; once a later one has been answered, all that stands there can be claimed.
     *
     * @param stream of what was enqueued
     * @param rows at most one for a row
     * @return an answer for each, in the same order
     */
    List<Recalled> recall(Lease lease, int stream, List<Recall> rows);

    /** Which of these jobs come back no more: they have ended, or are not known. In one snapshot. */
    Set<JobId> over(Lease lease, Collection<JobId> jobs);

    /**
     * Grants starts of jobs whose limit has a slow rate, by the store's clock: so that a rate of one an hour outlives the node that counts it. What is granted is
     * taken, whether it is used or not: repeating it takes it once more, so unknown: ask again, and err on the slow side.
     *
     * @param wishes at most one for a key
     * @return an answer for each, in the same order
     */
    List<Grant> grant(Lease lease, List<Wish> wishes);

    /**
     * Gives a shard up, if nothing of it is open with this node. Repeating it changes nothing.
     *
     * @return whether it is not the caller's any more
     */
    boolean giveUp(Lease lease, int stream);
}
