package dev.millrace.store;

import dev.millrace.store.Adjustment.Of;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How often a queue or a kind runs at once over all nodes together: {@link Of#FLEET_QUEUE} and {@link Of#FLEET_KIND}. Each has a number, set by an operator
 * ({@link Steering#adjust}) or else by code, and each node holds a share of it. The shares of all nodes that are not gone are never more than the number together,
 * and a node runs no more than its share; so nothing is written, and nobody is asked, when a job starts.
 *
 * <p>A share falls by its node's own word alone, and grows by the store's answer alone. What one node holds too much of the store only asks it for, and gives it to
 * others when that node has said that it holds less. So an answer that is lost does no harm: a node that has not heard that it got more runs less, and one that has
 * not heard that it should run less still holds what the store counts.
 *
 * <p>The share of a node that was deposed stays its own until all that it held has been taken back. What its handlers do from then on, if it has not noticed that
 * it was deposed, nobody counts: as with the owner of a keyed shard.
 *
 * <p>When a number is set where none was, nodes run what they run; those that have said so are counted. After it was lowered the shares fall to it as what runs
 * ends.
 */
public interface FleetShares {

    /**
     * What a node says of one of these.
     *
     * @param of {@link Of#FLEET_QUEUE} or {@link Of#FLEET_KIND}
     * @param coded the number that the node's code says; null if it says none. Of several nodes' the newest node's holds, unless an operator has set one
     * @param holds it runs no more than so many until it has heard an answer to this; never less than {@code running}
     * @param running how many it runs now
     * @param needs how many it could run now, if it were let: those that run, and those that are known to wait for it; {@link #NONE} if it wants none, not even what
     *     nobody needs
     */
    record Use(Of of, String name, @Nullable Integer coded, int holds, int running, int needs) {

        /** Of a node that closes. */
        public static final int NONE = -1;

        /** Refuses what is no use of a number of the fleet. */
        public Use {
            if (of != Of.FLEET_KIND && of != Of.FLEET_QUEUE)
                throw new IllegalArgumentException("a %s has no shares".formatted(of));
            if (running < 0 || holds < running || needs < NONE)
                throw new IllegalArgumentException(
                        "a node can't hold %d of which %d run, and need %d".formatted(holds, running, needs));
        }
    }

    /**
     * What a node is answered.
     *
     * @param number how many may run over all nodes; 0 if nobody has set that: then the node runs what it likes, and has no share any more
     * @param share what it holds from now on: never less than it said
     * @param target what it should hold, if that is less: it should start none beyond this, and say so; else its share
     */
    record Share(int number, int share, int target) {

        /** There is no number. */
        public static final Share NONE = new Share(0, 0, 0);
    }

    /**
     * What a node holds.
     *
     * @param name of the node, for people
     */
    record Holder(NodeId node, String name, int share, int running, int needs) {}

    /**
     * A number and who holds shares of it.
     *
     * @param coded whether it is from code: no operator has set one
     * @param holders the nodes that are not gone and have said that they could run some of it, by name
     */
    record Shared(Of of, String name, int number, boolean coded, List<Holder> holders) {}

    /**
     * Says what the node does with the numbers it knows of, and hears what its shares are. Of a node's calls one that is overtaken by a later one changes nothing.
     * Unknown: say it anew, with a higher {@code no}; the node runs no more than it said until it has heard.
     *
     * @param no higher than of any call of this lease before
     * @param uses at most one of each
     * @return an answer for each, in the same order
     */
    List<Share> share(Lease lease, long no, List<Use> uses);

    /** All numbers that operators or the code of living nodes have set, by what they are of and its name. */
    List<Shared> shared();
}
