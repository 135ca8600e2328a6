package dev.millrace.store;

import dev.millrace.NodeView;
import java.sql.Connection;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The nodes' side: one method is one protocol step, one transaction, one round trip. Each step proves its lease first and throws
 * {@link StoreException.Fenced} if it is over; then nothing was written. {@link StoreException.Unavailable} means that nothing was
 * written either; {@link StoreException.CommitUnknown} that nobody knows, and the step's own text says how that is resolved.
 *
 * <p>Steps of different duties may be called at the same time; each duty (beat; take, resolve, read; flush; keep; the rest) calls
 * from one thread at a time.
 */
public interface Protocol {

    /** Poison: a job is discarded when so many of its marked starts, one after the other, died young with their node. */
    int YOUNG_DEATHS = 3;

    /** Slow poison: a job is discarded when so many of its marked starts, in one run, died with their node, soon or late. */
    int MARKED_DEATHS = 6;

    // ---- life of a node

    /** Becomes a node, at epoch 1 and with its beat at 0. Unknown: join again under another id. */
    Lease join(NodeCard card);

    /**
     * Raises the node's own beat counter by one.
     *
     * @param stuck what it tells of its stuck handlers until the next beat: shown, never used to judge; null if it has none
     */
    void beat(Lease lease, NodeView.@Nullable Stuck stuck);

    /** The beat of a node that has no stuck handlers. */
    default void beat(Lease lease) {
        beat(lease, null);
    }

    /** Says good-bye. What is still open is rescued by the others, without waiting for a lease. */
    void leave(Lease lease);

    /** All nodes that are alive, or deposed and not yet cleared. */
    List<Peer> census(Lease lease);

    /**
     * Records that this node has watched the peer's beat stand still for so long, on its own clock and while its own beats went through.
     * Should the watcher die as well, who comes after it need not begin anew. Of several records the longest stands.
     */
    void witness(Lease by, Peer silent, Duration watched);

    /**
     * Deposes a node whose beat stood still: raises its epoch, if epoch and beat are still what the caller saw.
     *
     * @return whether this call deposed it
     */
    boolean depose(Lease by, Peer dead);

    /**
     * Takes back open deliveries of a deposed node: each gets the outcome {@code rescued} and goes to the front of its queue. Any node
     * may, any number of times, until nothing comes back: then the node is gone.
     *
     * <p>A marked start that had not {@linkplain #outlived outlived} its youth is charged with the death. The third such charge in a row
     * discards the job, and so does the sixth marked start of a run that died later.
     */
    List<Rescued> rescue(Lease by, NodeId dead, int limit);

    // ---- claim

    /** The streams of these queues; a queue that has none gets them. */
    List<StreamInfo> streams(Collection<String> queues);

    /** Which of these streams have something to claim. A hint: {@link #take} decides. */
    Set<Integer> poll(Collection<Integer> streams);

    /**
     * Claims the next deliveries of a stream.
     *
     * <p>Unknown: {@link #resolve} with the same token, until it answers.
     */
    Claim take(Lease lease, int stream, int want, long ordinal, ClaimToken token);

    /** After an unknown {@link #take}: its claim if it was committed; if not, an empty one, and it never will be. */
    Claim resolve(Lease lease, int stream, long ordinal, ClaimToken token);

    /**
     * The deliveries at these places of one claim, in order: all of them, or as many as fit into {@code maxBytes}, at least one.
     * Writes nothing and holds no lock. Should one be missing, which only a hand can have deleted, those before it; none, if it is the first.
     */
    List<Delivery> read(ClaimToken token, List<Place> places, long maxBytes);

    /** Marks these deliveries as started, durably, before their handlers run. Repeating it changes nothing. */
    void mark(Lease lease, List<Place> places);

    /**
     * These marked starts have outlived their youth: a death of the node from now on is not charged to them, and what they were
     * charged with before is forgotten. Repeating it changes nothing.
     */
    void outlived(Lease lease, List<Place> places);

    /**
     * Tells which deliveries the node still holds, so that a rescuer need not read all its claims.
     *
     * @param no the manifest's own count
     * @param upto all claims up to this ordinal are covered; never past one that is not resolved
     * @param open may name too much, never too little
     */
    void manifest(Lease lease, long no, long upto, Collection<Place> open);

    // ---- end

    /**
     * Writes outcomes, and for those that won everything that hangs on them: timers, front deliveries, parkings. Repeating a flush
     * changes nothing and answers {@link Settled#REPEATED}, so unknown: flush again. Those that won and {@linkplain Ended#partOf end parts} of batches
     * are counted with them, and a batch that is at its end is followed.
     *
     * <p>It waits at most a second or two for a delivery whose outcome another transaction holds open; then it throws {@link
     * StoreException.Blocked}, and nothing of the batch was written. A lone outcome that stays blocked for long may end that transaction.
     *
     * @return one answer per entry, in the order given
     */
    List<Settled> flush(Lease lease, List<Ended> ended);

    /**
     * The outcome of one delivery, in the transaction of its handler. Commit decides. A part of a batch is counted; whether it was the last
     * {@link #promote} looks.
     *
     * @throws StoreException.Fenced if the lease was lost or the delivery has ended already; the transaction must be rolled back
     */
    void complete(Connection tx, Lease lease, Ended ended);

    // ---- waiting

    /**
     * Moves timers that are due into the log, at most so many; expired ones are discarded on the way. So are, some at a time, expired jobs
     * that are parked. Follows batches of which parts have ended otherwise than by a flush, if these were the last. Lets jobs go
     * that run after others, as these have ended, or cancels them.
     */
    Promoted promote(Lease lease, int limit);

    /**
     * Moves parked deliveries back into their streams, oldest first: those of the queues that this node serves, as its card says.
     *
     * @param room how many of each kind ({@code name:version}) this node can run now
     * @return how many were released
     */
    int release(Lease lease, Map<String, Integer> room, int limit);

    /**
     * The same, where some queues have room for less than their kinds have.
     *
     * @param queues how many jobs of each of these queues this node can run now, of all kinds together; 0 or more. Those of other queues are not counted
     */
    int release(Lease lease, Map<String, Integer> room, Map<String, Integer> queues, int limit);

    /** What operators said since the cursor. */
    Control control(Lease lease, String cursor);

    // ---- handlers

    /** Writes progress and log lines of deliveries that this node holds. */
    void note(Lease lease, List<Note> notes);

    /**
     * Writes a checkpoint of a delivery that has not ended; durable when the call returns.
     *
     * @throws StoreException.Blocked if an earlier delivery of the job keeps one open in a transaction; it is waited for shortly
     */
    void checkpoint(Lease lease, Delivery delivery, Payload value);

    /**
     * The same in the caller's transaction: it commits with the caller's rows.
     *
     * @throws StoreException.Fenced if the lease was lost or the delivery has ended already; the transaction must be rolled back
     */
    void checkpoint(Connection tx, Lease lease, Delivery delivery, Payload value);

    /**
     * The last checkpoint of the job's run. An earlier delivery of the same run can write none from now on.
     *
     * @throws StoreException.Blocked if an earlier delivery of the job keeps one open in a transaction; it is waited for shortly
     */
    Optional<Payload> checkpointOf(Lease lease, Delivery delivery);

    // ---- keeping

    /** One bounded turn of housekeeping: partitions made ahead, sealed, dropped; old notes removed. Safe if two do it. */
    void keep(Lease lease);
}
