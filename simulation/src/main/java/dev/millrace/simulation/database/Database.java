package dev.millrace.simulation.database;

import dev.millrace.simulation.database.Locks.Mode;
import dev.millrace.simulation.time.Timeline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The server: hands out transaction ids and snapshots, and knows what was committed. Between two statements of a transaction all others
 * may run, for as long as {@code gap} says.
 *
 * <p>It is exact where the protocol depends on it (PostgreSQL 18, chapters 13 and 66): ids are drawn at the first write, a snapshot lists
 * what is in progress but never its own transaction, an id completes at one moment, together with the release of its locks. It has no
 * savepoints, no predicate locks and no vacuum.
 */
public final class Database {

    private static final long FIRST_XID = 700;
    private static final int SEQUENCE_CACHE = 5;
    private static final int SEQUENCE_SESSIONS = 3;

    final Locks locks;
    private final Timeline timeline;
    private final Supplier<@Nullable Duration> gap;
    private final TreeMap<Long, Transaction> inProgress = new TreeMap<>();
    private final Set<Transaction> open = new LinkedHashSet<>();
    private final BitSet committed = new BitSet();
    private final List<Commit> commits = new ArrayList<>();
    private final List<Table<?, ?>> tables = new ArrayList<>();
    private final long[] cached = new long[SEQUENCE_SESSIONS];
    private long sequence = SEQUENCE_CACHE;
    private long replicated = SEQUENCE_CACHE;
    private int sessions;
    private int serverTimeline = 1;
    private long nextXid = FIRST_XID;
    private long latestCompleted = FIRST_XID - 1;
    private @Nullable Snapshot latest;

    /** Who waits for a transaction's end waits for this lock, which it holds. */
    record XidLock(long xid) {}

    private record Commit(long xid, long sequence) {}

    /**
     * A server with nothing in it.
     *
     * @param gap how long others may run before the next statement; null for not at all
     */
    public Database(Timeline timeline, Supplier<@Nullable Duration> gap) {
        this.timeline = timeline;
        this.gap = gap;
        this.locks = new Locks(timeline);
    }

    void add(Table<?, ?> table) {
        tables.add(table);
    }

    public Transaction begin(String name, Transaction.Isolation isolation) {
        var transaction = new Transaction(this, name, isolation, session());
        open.add(transaction);
        return transaction;
    }

    /** Strands use several sessions in turn; whoever comes from outside has one. */
    private int session() {
        return timeline.current() == null ? 0 : sessions++ % SEQUENCE_SESSIONS;
    }

    /** Transactions that wait for each other are refused; so many times it has happened. */
    public int deadlocks() {
        return locks.deadlocks();
    }

    /** Whoever holds the lock that this transaction waits for is terminated; who waits ahead of it is not. Returns how many. */
    public int endHolders(Transaction waiter) {
        var holders = locks.holdersOfWhatItWaitsFor(waiter);
        holders.forEach(Transaction::terminate);
        return holders.size();
    }

    void letOthersRun() {
        if (timeline.current() == null) return;
        var time = gap.get();
        if (time != null) timeline.pause(time);
    }

    /** Whether somebody's code works for it now, or will when its pause is over: an idle one can be ended from outside. */
    boolean active(Transaction transaction) {
        return transaction.waits() || !idle.contains(transaction);
    }

    private final Set<Transaction> idle = new HashSet<>();

    /** Between two statements of its client: nobody works for it. */
    public void idle(Transaction transaction, boolean is) {
        if (is) idle.add(transaction);
        else idle.remove(transaction);
    }

    // ---- ids

    /** The same object, for whoever has written nothing, until a transaction ends. */
    Snapshot snapshot(Transaction of) {
        long xmax = latestCompleted + 1;
        long own = of.xidIfAssigned();
        if (own != 0 && own < xmax)
            return new Snapshot(
                    xmax,
                    inProgress.headMap(xmax).keySet().stream()
                            .mapToLong(Long::longValue)
                            .filter(xid -> xid != own)
                            .toArray());
        var same = latest;
        if (same == null) {
            same = new Snapshot(
                    xmax,
                    inProgress.headMap(xmax).keySet().stream()
                            .mapToLong(Long::longValue)
                            .toArray());
            latest = same;
        }
        return same;
    }

    @SuppressWarnings("ReferenceEquality") // the same, not an equal one: a failover deals out equal ones again
    boolean isLatest(Snapshot snapshot) {
        return snapshot == latest;
    }

    long assign(Transaction to) {
        long xid = nextXid++;
        inProgress.put(xid, to);
        locks.tryAcquire(to, new XidLock(xid), Mode.EXCLUSIVE);
        return xid;
    }

    boolean committed(long xid) {
        return committed.get((int) xid);
    }

    boolean running(long xid) {
        return inProgress.containsKey(xid);
    }

    void end(Transaction transaction, long xid, boolean commit) {
        open.remove(transaction);
        idle.remove(transaction);
        if (xid != 0) {
            if (commit) {
                committed.set((int) xid);
                commits.add(new Commit(xid, sequence));
            }
            inProgress.remove(xid);
            latestCompleted = Math.max(latestCompleted, xid);
            latest = null;
        }
        locks.releaseAll(transaction);
    }

    /** {@code nextval} of a sequence with a cache in each session: unique, ascending within a transaction, and else in no order. */
    public long nextNumber(Transaction by) {
        int session = by.session();
        if (cached[session] % SEQUENCE_CACHE == 0) {
            cached[session] = sequence;
            sequence += SEQUENCE_CACHE;
        }
        return cached[session]++;
    }

    // ---- disasters

    /** Ends some of the connections that are open: each with this likelihood. */
    public int terminateSome(RandomGenerator random, double likelihood) {
        int ended = 0;
        for (var transaction : List.copyOf(open)) {
            if (random.nextDouble() >= likelihood) continue;
            transaction.terminate();
            ended++;
        }
        return ended;
    }

    /** All connections are lost, and what was not committed is rolled back. */
    public void restart() {
        for (var transaction : List.copyOf(open)) transaction.terminate();
        for (var transaction : List.copyOf(open)) if (!active(transaction)) transaction.abandon();
    }

    /**
     * Another server takes over that has not heard of the last commits: they never were. It hands out their ids and numbers again.
     *
     * @return how many commits were lost
     */
    public int failOver(int most) {
        for (var transaction : List.copyOf(open)) transaction.abandon();
        serverTimeline++;
        int lost = Math.min(most, commits.size());
        var gone = new HashSet<Long>();
        for (int i = 0; i < lost; i++) {
            var commit = commits.removeLast();
            committed.clear((int) commit.xid());
            gone.add(commit.xid());
        }
        nextXid = Math.max(FIRST_XID, committed.length());
        latestCompleted = nextXid - 1;
        sequence = commits.isEmpty() ? replicated : commits.getLast().sequence();
        Arrays.fill(cached, 0);
        for (var table : tables) table.forget(nextXid, gone);
        latest = null;
        return lost;
    }

    /** Every server has all that was committed so far: no failover loses it. */
    public void replicated() {
        if (!commits.isEmpty()) replicated = commits.getLast().sequence();
        commits.clear();
    }

    /** Which of the servers that took over from each other this is: the first is 1. */
    public int serverTimeline() {
        return serverTimeline;
    }
}
