package dev.millrace.store;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * Decides which single enqueues share a transaction, for stores to which a commit is dear: group commit (DeWitt and others,
 * "Implementation Techniques for Main Memory Database Systems", 1984), without a timer. Who comes while few transactions are under way
 * goes at once, alone. Everybody else gathers, and goes together with all others as soon as one of those transactions is back; if a
 * {@linkplain #CROWD crowd} is under way, when that is: two transactions of half as many cost the database twice as much, and each other's
 * time. Nobody waits for company, the more come at once, the more share, and who has waited for too long may {@linkplain #overtake
 * overtake}.
 *
 * <p>It decides only; its owner sends, and lets callers wait. Safe for use by many threads; it never blocks.
 *
 * @param <T> what a caller wants to have sent
 */
public final class GroupCommit<T> {

    /** So many who share a transaction are a crowd. */
    public static final int CROWD = 4;

    private final int transactions;
    private final int most;
    private final long heaviest;
    private final ToLongFunction<? super T> weight;
    private final Deque<T> gathered = new ArrayDeque<>();
    private int underWay;
    private int crowds;

    /**
     * With nothing under way.
     *
     * @param transactions how many are under way at most, 1 or more
     * @param most how many share one at most, 1 or more
     * @param heaviest what those who share one weigh together at most; one that weighs more goes alone
     * @param weight of one, 0 or more
     */
    public GroupCommit(int transactions, int most, long heaviest, ToLongFunction<? super T> weight) {
        this.transactions = transactions;
        this.most = most;
        this.heaviest = heaviest;
        this.weight = weight;
    }

    /**
     * Somebody comes.
     *
     * @return whether he goes at once, in a transaction of his own, and asks for the {@linkplain #next next} when it is back; else his
     *     turn comes with others
     */
    public synchronized boolean goesAtOnce(T who) {
        if (underWay < transactions && crowds == 0 && gathered.isEmpty()) {
            underWay++;
            return true;
        }
        gathered.add(who);
        return false;
    }

    /**
     * A transaction is back, however it went: who takes its place, in the order in which they came. Whoever sends them asks again.
     * Nobody, if nobody waits or a crowd is still under way, to whose return they are left: then one less is under way.
     *
     * @param back how many have shared the one that is back
     */
    public synchronized List<T> next(int back) {
        if (back >= CROWD) crowds--;
        if (gathered.isEmpty() || crowds > 0) {
            underWay--;
            return List.of();
        }
        return gather();
    }

    /**
     * Somebody has waited for too long, whatever the reason: who goes beside the crowd that is under way. Whoever sends them asks for the
     * {@linkplain #next next}. Nobody, if nobody waits or as many transactions are under way as may be.
     */
    public synchronized List<T> overtake() {
        if (gathered.isEmpty() || underWay >= transactions) return List.of();
        underWay++;
        return gather();
    }

    private List<T> gather() {
        var together = new ArrayList<T>();
        long weighs = 0;
        while (!gathered.isEmpty() && together.size() < most) {
            weighs += weight.applyAsLong(gathered.getFirst());
            if (weighs > heaviest && !together.isEmpty()) break;
            together.add(gathered.removeFirst());
        }
        if (together.size() >= CROWD) crowds++;
        return together;
    }
}
