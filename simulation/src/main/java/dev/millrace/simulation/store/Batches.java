package dev.millrace.simulation.store;

import dev.millrace.BatchView;
import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.BatchRow;
import dev.millrace.simulation.store.Rows.Count;
import dev.millrace.simulation.store.Rows.PartsKey;
import dev.millrace.simulation.store.Rows.PartsRow;
import dev.millrace.simulation.store.Rows.Tally;
import dev.millrace.simulation.store.Rows.Timer;
import dev.millrace.store.Ended;
import dev.millrace.store.PartOf;
import dev.millrace.store.Storage.Wakeup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Batches: what ends a part counts it, and who finds that all have ended lets the job go that follows. {@code V030__batches.sql}.
 *
 * <p>The locks of batches come behind all others, in the order of their numbers; then the batches are gone over as a change of many goes over its
 * jobs, the newest first, so that neither waits for the other in a circle.
 */
final class Batches {

    /** Ids of parts in one row. */
    private static final int PARTS_IN_A_ROW = 1_000;

    /** More counts of one batch than these are added up into one; there a hundred. */
    private static final int COUNTS = 3;

    /** Batches that a promotion looks at. */
    private static final int LOOKED_AT_ONCE = 100;

    /** Numbers of locks: few, so that some batches share one. */
    private static final int LOCKS = 16;

    private final Tables tables;
    private final BiConsumer<Transaction, Wakeup> hints;

    /** Whoever looks whether a batch is at its end, or adds to it, takes it alone. */
    record BatchLock(int no) {}

    Batches(Tables tables, BiConsumer<Transaction, Wakeup> hints) {
        this.tables = tables;
        this.hints = hints;
    }

    // ---- coming

    /** A new batch, of parts that this transaction has enqueued. */
    void begin(Transaction tx, JobId then, List<JobId> parts) {
        tx.statement();
        tables.batches.insert(tx, then, new BatchRow(then, parts.size(), parts.isEmpty() ? tables.now() : null));
        tx.statement();
        put(tx, then, 0, parts);
    }

    /** Takes parts that this transaction has enqueued; if not, it has to be rolled back. */
    boolean grow(Transaction tx, JobId batch, List<JobId> parts) {
        boolean careless = tables.planted(Bug.BATCH_GROWS_WITHOUT_LOCK);
        if (!careless) {
            lock(tx, List.of(batch));
            tx.statement();
            var timer = waiting(tx, batch);
            if (timer == null || tables.timers.lockShared(tx, timer.id(), any -> true) == null) return false;
        }
        tx.statement();
        var grown = tables.batches.update(
                tx, batch, row -> careless || row.followedAt() == null, row -> row.with(parts.size()));
        if (grown == null) return false;
        tx.statement();
        put(tx, batch, grown.parts() - parts.size(), parts);
        return true;
    }

    private void put(Transaction tx, JobId batch, long first, List<JobId> parts) {
        for (int from = 0; from < parts.size(); from += PARTS_IN_A_ROW) {
            var key = new PartsKey(batch, first + from);
            var some = parts.subList(from, Math.min(parts.size(), from + PARTS_IN_A_ROW));
            tables.batchParts.insert(tx, key, new PartsRow(key, List.copyOf(some)));
        }
    }

    // ---- ending

    /** A flush has ended parts: those that it has won are counted, and the batches of all of them are looked at, since others may only have counted. */
    void flushed(Transaction tx, List<Ended> entries, Predicate<Ended> won) {
        var named = new TreeSet<JobId>();
        var ended = new TreeMap<JobId, Tally>();
        for (var entry : entries) {
            var batch = partOf(entry);
            if (batch == null) continue;
            named.add(batch);
            if (won.test(entry) || tables.planted(Bug.BATCH_LOSERS_COUNTED))
                ended.merge(batch, Tally.of(entry.ending().leadsTo()), Tally::plus);
        }
        if (named.isEmpty()) return;
        if (tables.planted(Bug.BATCH_COUNTED_APART)) {
            tx.afterCommit(() -> apart(ended, named));
            return;
        }
        countAll(tx, ended);
        follow(tx, named);
    }

    private @Nullable JobId partOf(Ended entry) {
        var delivery = entry.delivery();
        return tables.planted(Bug.BATCH_RETRIES_COUNTED) && delivery.run() == 1
                ? PartOf.batch(delivery.headers())
                : entry.partOf();
    }

    private void countAll(Transaction tx, Map<JobId, Tally> ended) {
        tx.statement();
        ended.forEach((batch, tally) -> count(tx, batch, tally, true));
    }

    /** The planted bug: what a flush has ended is counted by a transaction of its own, a little later. */
    private void apart(Map<JobId, Tally> ended, Collection<JobId> named) {
        tables.timeline.in(
                Duration.ofMillis(20),
                () -> tables.timeline.start("count what was flushed", () -> {
                    var tx = tables.database.begin("count", Transaction.Isolation.READ_COMMITTED);
                    countAll(tx, ended);
                    follow(tx, named);
                    tx.commit();
                }));
    }

    /**
     * A job's run has ended otherwise than by a flush, within a statement of its caller: if it is the first one of a part it is counted, and a
     * promotion looks.
     */
    void ended(Transaction tx, int run, Map<String, String> headers, State state) {
        var batch = run == 1 ? PartOf.batch(headers) : null;
        if (batch != null) count(tx, batch, Tally.of(state), false);
    }

    /** The same in a statement of its own. */
    void endedApart(Transaction tx, int run, Map<String, String> headers, State state) {
        if (run > 1 || PartOf.batch(headers) == null) return;
        tx.statement();
        ended(tx, run, headers, state);
    }

    /** Only inserted: it waits for nobody, at any isolation. */
    private void count(Transaction tx, JobId batch, Tally ended, boolean looked) {
        long id = tables.nextNumber();
        tables.batchCounts.insert(tx, id, new Count(id, batch, ended, looked));
    }

    // ---- following

    /** The last word of a promotion: batches of which somebody has ended parts who did not look. What somebody holds is looked at another time. */
    void lookAfter(Transaction tx) {
        if (tables.planted(Bug.BATCH_COUNTS_NEVER_LOOKED_AT)) return;
        if (tables.batches.keys(tx).isEmpty()) return; // and no statement: seeds without batches play as they did
        tx.statement();
        var unlooked = new TreeSet<JobId>();
        for (var count : tables.batchCounts.all(tx)) if (!count.looked()) unlooked.add(count.batch());
        var locked = unlooked.stream()
                .limit(LOOKED_AT_ONCE)
                .filter(batch -> tables.planted(Bug.BATCH_WITHOUT_LOCK) || tx.tryLock(lockOf(batch)))
                .toList();
        followLocked(tx, locked);
    }

    /** Locks in one statement, and sums in a later one: of two who have counted last, the one who has the lock last sees both. */
    private void follow(Transaction tx, Collection<JobId> batches) {
        lock(tx, batches);
        followLocked(tx, batches);
    }

    private static BatchLock lockOf(JobId batch) {
        return new BatchLock(Math.floorMod(batch.value().hashCode(), LOCKS));
    }

    private void lock(Transaction tx, Collection<JobId> batches) {
        tx.statement();
        var locks = new TreeSet<BatchLock>(Comparator.comparingInt(BatchLock::no));
        for (var batch : batches) locks.add(lockOf(batch));
        for (var lock : locks) {
            tx.meanwhile();
            if (!tables.planted(Bug.BATCH_WITHOUT_LOCK)) tx.lock(lock);
        }
    }

    private void followLocked(Transaction tx, Collection<JobId> batches) {
        boolean stale = tables.planted(Bug.BATCH_SUM_WITH_ITS_LOCK);
        var newestFirst = new TreeSet<JobId>(Comparator.reverseOrder());
        newestFirst.addAll(batches);
        for (var batch : newestFirst) {
            if (!stale) tx.statement();
            addUp(tx, batch);
            if (!stale) tx.statement();
            if (isOver(tx, batch)) letGo(tx, batch);
        }
    }

    /** One count instead of many: what a statement deletes, and no other, it puts back. What comes later has not been looked at, and stays so. */
    private void addUp(Transaction tx, JobId batch) {
        var before = counts(tx, batch);
        if (before.size() <= COUNTS && before.stream().allMatch(Count::looked)) return;
        tx.statement();
        var gone = new ArrayList<Count>();
        for (var count : counts(tx, batch)) {
            tx.meanwhile();
            var mine = tables.batchCounts.delete(tx, count.id(), any -> true);
            if (mine != null) gone.add(mine);
        }
        if (gone.isEmpty()) return;
        count(tx, batch, sum(tables.planted(Bug.BATCH_FOLDED_IN_TWO_STATEMENTS) ? before : gone), true);
    }

    /** Whether all of its parts have ended, and it has not been followed. */
    private boolean isOver(Transaction tx, JobId batch) {
        var row = tables.batches.get(tx, batch);
        if (row == null || (row.followedAt() != null && !tables.planted(Bug.BATCH_FOLLOWED_TWICE))) return false;
        return sum(counts(tx, batch)).all() >= row.parts();
    }

    private List<Count> counts(Transaction tx, JobId batch) {
        return tables.batchCounts.by(tx, tables.batchCountsByBatch, batch);
    }

    private static Tally sum(List<Count> counts) {
        return counts.stream().map(Count::ended).reduce(Tally.NONE, Tally::plus);
    }

    /** Said of the batch first, and then done: who takes back meanwhile that its job was withdrawn is waited for there, and what he did is seen. */
    private void letGo(Transaction tx, JobId batch) {
        tx.statement();
        var now = tables.now();
        tables.batches.update(tx, batch, any -> true, row -> row.followed(now));
        tx.statement();
        var timer = waiting(tx, batch);
        if (timer == null) return; // it was withdrawn
        var then = tables.planted(Bug.BATCH_FOLLOWED_TWICE) ? timer : tables.timers.delete(tx, timer.id(), any -> true);
        if (then == null) return;
        tx.statement();
        tables.append(tx, tables.meta(tx).currentPart(), then.asked().stream(), then.asked(), then.turn());
        hints.accept(tx, new Wakeup.Work(then.asked().queue()));
    }

    private @Nullable Timer waiting(Transaction tx, JobId then) {
        for (var timer : tables.timers.by(tx, tables.timersByJob, then)) if (timer.forNoTime()) return timer;
        return null;
    }

    /** The withdrawal of its job is taken back. All parts may have ended since: a promotion looks. */
    void waitsAgain(Transaction tx, JobId then) {
        tx.statement();
        if (tables.batches.update(tx, then, any -> true, row -> row.followed(null)) == null) return;
        tx.statement();
        count(tx, then, Tally.NONE, false);
    }

    // ---- looking

    Optional<BatchView> view(Transaction tx, JobId then) {
        tx.statement();
        var batch = tables.batches.get(tx, then);
        if (batch == null) return Optional.empty();
        var ended = sum(counts(tx, then));
        return Optional.of(new BatchView(
                then,
                batch.parts(),
                ended.completed(),
                ended.discarded(),
                ended.cancelled(),
                batch.followedAt() != null));
    }

    List<JobId> parts(Transaction tx, JobId batch, long from) {
        tx.statement();
        var rows = tables.batchParts.range(
                tx, new PartsKey(batch, 0), new PartsKey(batch, Long.MAX_VALUE), any -> true, Integer.MAX_VALUE);
        for (var row : rows) {
            long first = row.key().no();
            if (from >= first && from < first + row.jobs().size())
                return row.jobs().subList((int) (from - first), row.jobs().size());
        }
        return List.of();
    }
}
