package dev.millrace.simulation.database;

import dev.millrace.simulation.database.Locks.Mode;
import dev.millrace.simulation.database.Refusal.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One transaction: its id once it writes, what its current statement sees, its locks, its end. */
public final class Transaction {

    /** The isolation levels that steps of the protocol can meet. */
    public enum Isolation {
        READ_COMMITTED,
        REPEATABLE_READ
    }

    private final Database database;
    private final String name;
    private final Isolation isolation;
    private final int session;
    final Set<Object> locks = new LinkedHashSet<>();

    @Nullable
    Object waitsFor;

    private @Nullable Snapshot snapshot;
    private @Nullable Duration lockTimeout;
    private long xid;
    private final Set<Table<?, ?>> written = new LinkedHashSet<>();
    private final List<Runnable> afterCommit = new ArrayList<>();
    private boolean over;
    private boolean terminated;

    Transaction(Database database, String name, Isolation isolation, int session) {
        this.database = database;
        this.name = name;
        this.isolation = isolation;
        this.session = session;
    }

    int session() {
        return session;
    }

    public Isolation isolation() {
        return isolation;
    }

    /** {@code SET lock_timeout}, for the rest of it. */
    public void lockTimeout(Duration atMost) {
        lockTimeout = atMost;
    }

    @Nullable
    Duration lockTimeout() {
        return lockTimeout;
    }

    // ---- statements

    /** A new statement begins: others may have run before it, and at READ COMMITTED it sees what they did. */
    public void statement() {
        database.letOthersRun();
        checkAlive();
        if (snapshot == null || isolation == Isolation.READ_COMMITTED) snapshot = database.snapshot(this);
    }

    /** In the middle of a statement: others may run, and it goes on seeing what it saw. */
    public void meanwhile() {
        database.letOthersRun();
        checkAlive();
    }

    /** Whether that is all there is to see now: nothing has been committed since its statement began, and nothing is its own. */
    public boolean seesTheLatest() {
        return xid == 0 && database.isLatest(snapshot());
    }

    /** What the current statement sees. */
    public Snapshot snapshot() {
        if (snapshot == null) throw new IllegalStateException("no statement has begun in " + this);
        return snapshot;
    }

    /** {@code pg_current_snapshot()} at this moment, in a statement of its own. */
    public Snapshot currentSnapshot() {
        statement();
        return snapshot();
    }

    void checkAlive() {
        if (terminated) throw new Refusal(Reason.CONNECTION_LOST, this + " was terminated");
        if (over) throw new Refusal(Reason.CONNECTION_LOST, this + " is over");
    }

    // ---- writing

    /** Its id; drawn at the first write. */
    public long xid() {
        checkAlive();
        if (xid == 0) xid = database.assign(this);
        return xid;
    }

    /** {@code pg_current_xact_id_if_assigned()}: 0 before the first write. */
    public long xidIfAssigned() {
        return xid;
    }

    boolean wrote(long row) {
        return xid != 0 && xid == row;
    }

    void wrote(Table<?, ?> table) {
        written.add(table);
    }

    // ---- locks

    /** {@code pg_advisory_xact_lock_shared}. */
    public void lockShared(Object key) {
        database.locks.acquire(this, key, Mode.SHARED, lockTimeout);
    }

    /** {@code pg_advisory_xact_lock}. */
    public void lock(Object key) {
        database.locks.acquire(this, key, Mode.EXCLUSIVE, lockTimeout);
    }

    /** {@code pg_try_advisory_xact_lock}. */
    public boolean tryLock(Object key) {
        return database.locks.tryAcquire(this, key, Mode.EXCLUSIVE);
    }

    boolean waits() {
        return waitsFor != null;
    }

    /** Waits until another transaction has ended, either way. */
    void awaitEndOf(long other) {
        database.locks.acquire(this, new Database.XidLock(other), Mode.SHARED, lockTimeout);
    }

    // ---- end

    /** Everything it wrote is there, at once. A connection that is lost before this moment wrote nothing; one after it, everything. */
    public void commit() {
        database.letOthersRun();
        checkAlive();
        over = true;
        written.forEach(Table::changed);
        database.end(this, xid, true);
        afterCommit.forEach(Runnable::run);
    }

    /** Something that others hear of once it is committed, as {@code NOTIFY}. */
    public void afterCommit(Runnable told) {
        afterCommit.add(told);
    }

    /** Nothing of it was ever there. Does no harm if it is over. */
    public void rollback() {
        if (over) return;
        over = true;
        database.end(this, xid, false);
    }

    public boolean over() {
        return over;
    }

    /** {@code pg_terminate_backend}: it ends at its next statement, or where it waits. */
    public void terminate() {
        if (over) return;
        terminated = true;
        if (waits()) database.locks.disturb(this);
        else if (!database.active(this)) rollback();
    }

    /** Its connection is gone and nobody works for it: it is rolled back here and now. */
    public void abandon() {
        terminated = true;
        database.locks.disturb(this);
        rollback();
    }

    @Override
    public String toString() {
        return xid == 0 ? name : name + " (" + xid + ")";
    }
}
