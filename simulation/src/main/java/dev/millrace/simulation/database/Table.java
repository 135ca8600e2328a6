package dev.millrace.simulation.database;

import dev.millrace.simulation.database.Locks.Mode;
import dev.millrace.simulation.database.Refusal.Reason;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Rows by a unique key, each as the versions that transactions made of it. What a transaction sees is decided by its current snapshot;
 * what it changes is locked until its end, and whoever comes second waits.
 */
public final class Table<K, R> {

    private final String name;
    private final Database database;
    private final Comparator<? super K> order;
    private final NavigableMap<K, List<Version<R>>> rows;
    private final List<Index<K, R>> indexes = new ArrayList<>();
    private long changes;

    private static final class Version<R> {
        final R row;
        final long made;
        long removed;

        Version(R row, long made) {
            this.row = row;
            this.made = made;
        }
    }

    /** Finds keys by something else than themselves. */
    public static final class Index<K, R> {
        private final Function<R, ?> of;
        private final Map<Object, NavigableSet<K>> keys = new HashMap<>();

        private Index(Function<R, ?> of) {
            this.of = of;
        }
    }

    /** How often anything has changed in it that others can see. */
    public long changes() {
        return changes;
    }

    void changed() {
        changes++;
    }

    private record RowLock(String table, Object key) {}

    public Table(Database database, String name, Comparator<? super K> order) {
        this.database = database;
        this.name = name;
        this.order = order;
        this.rows = new TreeMap<>(order);
        database.add(this);
    }

    public Index<K, R> index(Function<R, ?> of) {
        var index = new Index<K, R>(of);
        indexes.add(index);
        return index;
    }

    // ---- reading, as the current statement sees it

    public @Nullable R get(Transaction by, K key) {
        var versions = rows.get(key);
        return versions == null ? null : seen(by, versions);
    }

    /** In the order of their keys, from one to another, both included. */
    public List<R> range(Transaction by, K from, K to, Predicate<? super R> where, int limit) {
        var found = new ArrayList<R>();
        if (limit <= 0 || order.compare(from, to) > 0) return found;
        for (var versions : rows.subMap(from, true, to, true).values()) {
            var row = seen(by, versions);
            if (row == null || !where.test(row)) continue;
            found.add(row);
            if (found.size() == limit) break;
        }
        return found;
    }

    /** The last one between two keys. */
    public @Nullable R last(Transaction by, K from, K to, Predicate<? super R> where) {
        for (var entry = rows.floorEntry(to);
                entry != null && order.compare(entry.getKey(), from) >= 0;
                entry = rows.lowerEntry(entry.getKey())) {
            var row = seen(by, entry.getValue());
            if (row != null && where.test(row)) return row;
        }
        return null;
    }

    /** Whether there is any between two keys. */
    public boolean any(Transaction by, K from, K to, Predicate<? super R> where) {
        for (var entry = rows.ceilingEntry(from);
                entry != null && order.compare(entry.getKey(), to) <= 0;
                entry = rows.higherEntry(entry.getKey())) {
            var row = seen(by, entry.getValue());
            if (row != null && where.test(row)) return true;
        }
        return false;
    }

    public List<R> all(Transaction by) {
        var found = new ArrayList<R>();
        for (var versions : rows.values()) {
            var row = seen(by, versions);
            if (row != null) found.add(row);
        }
        return found;
    }

    /** The keys of all rows. */
    public List<K> keys(Transaction by) {
        var found = new ArrayList<K>();
        rows.forEach((key, versions) -> {
            if (seen(by, versions) != null) found.add(key);
        });
        return found;
    }

    /** By an index, in the order of their keys. */
    public List<R> by(Transaction by, Index<K, R> index, Object value) {
        var found = new ArrayList<R>();
        var keys = index.keys.get(value);
        if (keys == null) return found;
        for (var key : keys) {
            var row = get(by, key);
            if (row != null && value.equals(index.of.apply(row))) found.add(row);
        }
        return found;
    }

    /** The newest row that is committed or this transaction's own, whatever the snapshot: as the catalog is seen. */
    public @Nullable R peek(Transaction by, K key) {
        var versions = rows.get(key);
        if (versions == null) return null;
        for (int i = versions.size() - 1; i >= 0; i--) {
            var version = versions.get(i);
            if (by.wrote(version.made) || database.committed(version.made))
                return gone(by, version) ? null : version.row;
        }
        return null;
    }

    /** All rows that are committed now: for who checks, and is no transaction. */
    public List<R> committed() {
        var found = new ArrayList<R>();
        for (var key : rows.keySet()) {
            var row = committed(key);
            if (row != null) found.add(row);
        }
        return found;
    }

    /** Those of them that an index finds, in the order of their keys. */
    public List<R> committedBy(Index<K, R> index, Object value) {
        var found = new ArrayList<R>();
        var keys = index.keys.get(value);
        if (keys == null) return found;
        for (var key : keys) {
            var row = committed(key);
            if (row != null && value.equals(index.of.apply(row))) found.add(row);
        }
        return found;
    }

    public @Nullable R committed(K key) {
        var versions = rows.get(key);
        if (versions == null) return null;
        for (int i = versions.size() - 1; i >= 0; i--) {
            var version = versions.get(i);
            if (database.committed(version.made))
                return version.removed != 0 && database.committed(version.removed) ? null : version.row;
        }
        return null;
    }

    private @Nullable R seen(Transaction by, List<Version<R>> versions) {
        for (int i = versions.size() - 1; i >= 0; i--) {
            var version = versions.get(i);
            if (!sees(by, version.made)) continue;
            return version.removed != 0 && sees(by, version.removed) ? null : version.row;
        }
        return null;
    }

    private boolean sees(Transaction by, long xid) {
        return by.wrote(xid) || (database.committed(xid) && by.snapshot().sees(xid));
    }

    // ---- writing

    /**
     * {@code INSERT … ON CONFLICT DO NOTHING}: waits for whoever has inserted the same key and not ended yet.
     *
     * @return whether it was inserted
     */
    public boolean insertIfAbsent(Transaction by, K key, R row) {
        long xid = by.xid();
        while (true) {
            var newest = newest(key);
            if (newest == null || gone(by, newest)) {
                by.wrote(this);
                add(key, row, xid);
                return true;
            }
            long other = database.running(newest.made) && !by.wrote(newest.made)
                    ? newest.made
                    : newest.removed != 0 && database.running(newest.removed) ? newest.removed : 0;
            if (other == 0) return false;
            by.awaitEndOf(other);
        }
    }

    /** Waits for whoever has inserted this key and not ended yet. */
    public void awaitWriter(Transaction by, K key) {
        while (true) {
            var newest = newest(key);
            if (newest == null || by.wrote(newest.made) || !database.running(newest.made)) return;
            by.awaitEndOf(newest.made);
        }
    }

    public void insert(Transaction by, K key, R row) {
        if (!insertIfAbsent(by, key, row)) throw new Refusal(Reason.UNIQUE, name + " has a row " + key + " already");
    }

    /**
     * {@code UPDATE … WHERE}: of a row that the statement sees, the newest version once its lock is had, if that still fits.
     *
     * @return the new row; null if nothing was changed
     */
    public @Nullable R update(Transaction by, K key, Predicate<? super R> where, UnaryOperator<R> change) {
        var newest = lockNewest(by, key, where, Mode.EXCLUSIVE);
        if (newest == null) return null;
        var changed = change.apply(newest.row);
        newest.removed = by.xid();
        by.wrote(this);
        add(key, changed, by.xid());
        return changed;
    }

    /** {@code DELETE … WHERE … RETURNING}. */
    public @Nullable R delete(Transaction by, K key, Predicate<? super R> where) {
        var newest = lockNewest(by, key, where, Mode.EXCLUSIVE);
        if (newest == null) return null;
        newest.removed = by.xid();
        by.wrote(this);
        return newest.row;
    }

    /** The same for one that is free; one that somebody else has locked is passed over: {@code FOR UPDATE SKIP LOCKED}. */
    public @Nullable R deleteUnlessLocked(Transaction by, K key, Predicate<? super R> where) {
        if (get(by, key) == null || !database.locks.tryAcquire(by, new RowLock(name, key), Mode.EXCLUSIVE)) return null;
        return delete(by, key, where);
    }

    /** {@code SELECT … WHERE … FOR SHARE}: who would change the row waits until this transaction's end. */
    public @Nullable R lockShared(Transaction by, K key, Predicate<? super R> where) {
        var newest = lockNewest(by, key, where, Mode.SHARED);
        return newest == null ? null : newest.row;
    }

    /** {@code SELECT … WHERE … FOR UPDATE}. */
    public @Nullable R lock(Transaction by, K key, Predicate<? super R> where) {
        var newest = lockNewest(by, key, where, Mode.EXCLUSIVE);
        return newest == null ? null : newest.row;
    }

    /** {@code SELECT … WHERE … FOR UPDATE SKIP LOCKED}: null also if somebody else has locked it. */
    public @Nullable R lockUnlessLocked(Transaction by, K key, Predicate<? super R> where) {
        if (get(by, key) == null || !database.locks.tryAcquire(by, new RowLock(name, key), Mode.EXCLUSIVE)) return null;
        return lock(by, key, where);
    }

    private @Nullable Version<R> lockNewest(Transaction by, K key, Predicate<? super R> where, Mode mode) {
        var sight = get(by, key);
        if (sight == null || !where.test(sight)) return null;
        database.locks.acquire(by, new RowLock(name, key), mode, by.lockTimeout());
        var newest = newest(key);
        if (newest == null || gone(by, newest)) {
            if (by.isolation() == Transaction.Isolation.REPEATABLE_READ) throw changed(key);
            return null;
        }
        if (!newest.row.equals(sight) && by.isolation() == Transaction.Isolation.REPEATABLE_READ) throw changed(key);
        return where.test(newest.row) ? newest : null;
    }

    private Refusal changed(K key) {
        return new Refusal(Reason.SERIALIZATION, "somebody changed " + name + " " + key + " since the snapshot");
    }

    /** The newest version that was not rolled back. */
    private @Nullable Version<R> newest(K key) {
        var versions = rows.get(key);
        if (versions == null) return null;
        for (int i = versions.size() - 1; i >= 0; i--) {
            var version = versions.get(i);
            if (database.committed(version.made) || database.running(version.made)) return version;
        }
        return null;
    }

    private boolean gone(Transaction by, Version<R> version) {
        return version.removed != 0 && (by.wrote(version.removed) || database.committed(version.removed));
    }

    private void add(K key, R row, long xid) {
        rows.computeIfAbsent(key, unknown -> new ArrayList<>(1)).add(new Version<>(row, xid));
        for (var index : indexes)
            index.keys
                    .computeIfAbsent(index.of.apply(row), unknown -> new TreeSet<>(order))
                    .add(key);
    }

    /** Rows of a partition that is dropped: no transaction has a version of them any more. */
    public void drop(Predicate<? super R> which) {
        changed();
        rows.values().removeIf(versions -> {
            versions.removeIf(version -> which.test(version.row));
            return versions.isEmpty();
        });
    }

    public void dropKeys(Predicate<? super K> which) {
        changed();
        rows.keySet().removeIf(which);
    }

    /** A failover: these transactions never were, and neither was any from a number on. */
    void forget(long from, Set<Long> lost) {
        changed();
        for (var versions : rows.values()) {
            versions.removeIf(version -> version.made >= from || lost.contains(version.made));
            for (var version : versions)
                if (version.removed >= from || lost.contains(version.removed)) version.removed = 0;
        }
        rows.values().removeIf(List::isEmpty);
    }
}
