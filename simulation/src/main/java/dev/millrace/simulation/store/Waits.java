package dev.millrace.simulation.store;

import dev.millrace.Failure;
import dev.millrace.Scope;
import dev.millrace.simulation.database.Snapshot;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Outcome;
import dev.millrace.simulation.store.Rows.Parked;
import dev.millrace.simulation.store.Rows.Timer;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Expiry;
import dev.millrace.store.Lease;
import dev.millrace.store.Promoted;
import dev.millrace.store.Storage.Wakeup;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Ending the wait for a time, or for a node. {@code V002__protocol.sql}, section waiting, {@code V030__batches.sql}, and {@code V036__after.sql}. */
final class Waits {

    private static final int EXPIRED_AT_ONCE = 100;
    private static final Duration BEHIND = Duration.ofSeconds(2);
    private static final Duration ALL_AGAIN = Duration.ofMinutes(1);

    private final Tables tables;
    private final Fences fences;
    private final Batches batches;
    private final BiConsumer<Transaction, Wakeup> hints;
    private final Dependencies dependencies;

    /** Each node's own; a step whose answer is lost leaves the node with what it knew before, which is true as well. */
    private final Map<Lease, Cursor> cursors = new HashMap<>();

    private @Nullable String passedOver;

    Waits(Tables tables, Fences fences, Batches batches, BiConsumer<Transaction, Wakeup> hints) {
        this.tables = tables;
        this.fences = fences;
        this.batches = batches;
        this.hints = hints;
        this.dependencies = new Dependencies(tables, this, hints);
    }

    Dependencies dependencies() {
        return dependencies;
    }

    // ---- for a time

    /** A timer that a look did not see because it had begun too late, in words; null if there was none. */
    @Nullable
    String passedOver() {
        return passedOver;
    }

    /**
     * From where a node looks for due timers: {@code V023__timer_cursor.sql}.
     *
     * @param lookedAt the last look; a clock that shows less has gone back
     * @param floor nothing is left that is due before
     * @param low what the floor becomes as soon as no transaction below {@code lowXid} is open, a number of the looker's own; null if nothing waits for that
     * @param wholeAt when all timers are looked at again
     */
    private record Cursor(
            Instant lookedAt, Instant floor, @Nullable Instant low, long lowXid, Instant wholeAt) {

        static Cursor beginning(Instant now) {
            return new Cursor(now, Instant.MIN, null, 0, now);
        }
    }

    Promoted promote(Transaction tx, Lease lease, int limit) {
        fences.fence(tx, lease);
        int letGo = dependencies.look(tx, limit);
        var began = tables.now();
        var known = cursors.get(lease);
        var cursor = known == null || began.isBefore(known.lookedAt) ? Cursor.beginning(began) : known;
        boolean whole = !began.isBefore(cursor.wholeAt);
        var from = whole ? Instant.MIN : cursor.floor;
        int count = promoteSome(tx, limit, from);
        expireParked(tx, limit);
        var seen = tx.currentSnapshot();
        tx.statement();
        var now = tables.now();
        var all = tables.timers.all(tx).stream()
                .filter(timer -> !timer.forNoTime())
                .map(Timer::runAt)
                .toList();
        var next = all.stream().filter(at -> !at.isBefore(from)).min(Comparator.naturalOrder());
        for (var at : all)
            if (at.isBefore(from)) passedOver = "one due at %s, in a look from %s on".formatted(at, from);
        var low = next.filter(at -> at.isBefore(began)).orElse(began);
        var raised = raised(cursor, low, seen, tx.xidIfAssigned());
        var wholeAt = whole ? now.plus(ALL_AGAIN) : cursor.wholeAt;
        if (tables.planted(Bug.TIMER_FLOOR_PASSES_OPEN_TRANSACTIONS)) wholeAt = Instant.MAX;
        var then = new Cursor(began, raised.floor, raised.low, raised.lowXid, wholeAt);
        tx.afterCommit(() -> cursors.put(lease, then));
        batches.lookAfter(tx); // last: its locks come last
        return new Promoted(
                count + letGo,
                next.map(at -> at.isAfter(now) ? Duration.between(now, at) : Duration.ZERO)
                        .orElse(null));
    }

    private Cursor raised(Cursor cursor, Instant low, Snapshot seen, long own) {
        if (tables.planted(Bug.TIMER_FLOOR_PASSES_OPEN_TRANSACTIONS))
            return new Cursor(cursor.lookedAt, low, low, own, cursor.wholeAt);
        var floor = low.isBefore(cursor.floor) ? low : cursor.floor;
        var waiting = low.isBefore(cursor.floor) ? null : cursor.low;
        if (waiting != null && seen.xmin() >= cursor.lowXid) {
            var raised = (waiting.isBefore(low) ? waiting : low).minus(BEHIND);
            if (raised.isAfter(floor)) floor = raised;
            waiting = null;
        }
        return waiting == null && own != 0
                ? new Cursor(cursor.lookedAt, floor, low, own, cursor.wholeAt)
                : new Cursor(cursor.lookedAt, floor, waiting, cursor.lowXid, cursor.wholeAt);
    }

    int promoteSome(Transaction tx, int limit, Instant from) {
        tx.statement();
        var now = tables.now();
        var due = tables.timers.all(tx).stream()
                .filter(timer -> !timer.runAt().isBefore(from) && !timer.runAt().isAfter(now))
                .sorted(Comparator.comparing(Timer::runAt).thenComparingLong(Timer::id))
                .toList();
        var taken = new ArrayList<Timer>();
        for (var timer : due) {
            if (taken.size() == limit) break;
            tx.meanwhile();
            var mine = tables.timers.deleteUnlessLocked(tx, timer.id(), any -> true);
            if (mine != null) taken.add(mine);
        }
        if (!tables.planted(Bug.TIMERS_DELETED_APART)) return appendAll(tx, taken, now);
        apart(taken);
        return taken.size();
    }

    /** Answers how many became deliveries; the others had expired. */
    private int appendAll(Transaction tx, List<Timer> taken, Instant now) {
        if (taken.isEmpty()) return 0;
        tx.statement();
        int appended = 0;
        int part = tables.meta(tx).currentPart();
        for (var timer : taken) {
            if (timer.asked().expired(now)) {
                expire(tx, timer.asked(), timer.turn());
            } else {
                tables.append(tx, part, streamOf(tx, timer), timer.asked(), timer.turn());
                hints.accept(tx, new Wakeup.Work(timer.asked().queue()));
                appended++;
            }
        }
        return appended;
    }

    private int streamOf(Transaction tx, Timer timer) {
        var keyed = tables.planted(Bug.RETRIED_TO_THE_TAIL) ? tables.keyed(tx, timer.asked().stream()) : null;
        return keyed == null ? timer.asked().stream() : Tables.shardOf(keyed);
    }

    /** The planted bug: what was deleted here is appended by a transaction of its own, a little later. */
    private void apart(List<Timer> taken) {
        if (taken.isEmpty()) return;
        tables.timeline.in(
                Duration.ofMillis(20),
                () -> tables.timeline.start("append what was deleted", () -> {
                    var tx = tables.database.begin("append", Transaction.Isolation.READ_COMMITTED);
                    appendAll(tx, taken, tables.now());
                    tx.commit();
                }));
    }

    private void expireParked(Transaction tx, int limit) {
        tx.statement();
        var now = tables.now();
        var late = tables.parked.all(tx).stream()
                .filter(parked -> parked.asked().expired(now))
                .limit(Math.min(limit, EXPIRED_AT_ONCE))
                .toList();
        var taken = new ArrayList<Parked>();
        for (var parked : late) {
            tx.meanwhile();
            var mine = tables.parked.deleteUnlessLocked(tx, parked.id(), any -> true);
            if (mine != null) taken.add(mine);
        }
        for (var parked : taken) expire(tx, parked.asked(), parked.turn());
    }

    private void expire(Transaction tx, Asked asked, Turn turn) {
        var failure = Expiry.failure(turn.no(), turn.attempt(), turn.rescues());
        endUnclaimed(tx, asked, turn, "discarded", null, failure);
    }

    /** An ending for a job that is in no stream now: a delivery that is born ended. */
    void endUnclaimed(
            Transaction tx, Asked asked, Turn turn, String word, @Nullable String reason, @Nullable Failure failure) {
        tx.statement();
        var place = tables.append(tx, tables.meta(tx).currentPart(), tables.endedOf(tx, asked), asked, turn);
        var key = DeliveryKey.of(place);
        var outcome = new Outcome(key, asked.job(), word, tables.now(), null, null, null, null, reason, failure, null);
        tables.outcomes.insert(tx, key, outcome);
        batches.ended(tx, turn.run(), asked.headers(), outcome.state());
    }

    // ---- for a node

    int release(Transaction tx, Lease lease, Map<String, Integer> room, Map<String, Integer> queues, int limit) {
        fences.fence(tx, lease);
        tx.statement();
        var self = Objects.requireNonNull(tables.nodes.get(tx, lease.node()));
        var left = new HashMap<String, Integer>();
        var versions = new HashMap<String, Integer>();
        room.forEach((kind, free) -> {
            int colon = kind.lastIndexOf(':');
            left.put(kind.substring(0, colon), free);
            versions.put(kind.substring(0, colon), Integer.valueOf(kind.substring(colon + 1)));
        });
        var inQueues = new HashMap<>(queues);
        var fit = new ArrayList<Parked>();
        for (var parked : tables.parked.all(tx)) {
            var asked = parked.asked();
            if (fit.size() == limit) break;
            if (left.getOrDefault(asked.kind(), 0) < 1 || versions.getOrDefault(asked.kind(), 0) < asked.kindVersion())
                continue;
            if (!self.card().queues().contains(asked.queue()) || paused(tx, asked) || !worthTrying(self, parked))
                continue;
            if (parked.parking() == Parking.BEHIND || !tables.mayClaim(tx, lease.node(), asked.stream())) continue;
            if (inQueues.getOrDefault(asked.queue(), 1) < 1) continue;
            inQueues.computeIfPresent(asked.queue(), (queue, most) -> most - 1);
            left.merge(asked.kind(), -1, Integer::sum);
            fit.add(parked);
        }
        var freed = new ArrayList<Parked>();
        for (var parked : fit) {
            var mine = tables.parked.deleteUnlessLocked(tx, parked.id(), any -> true);
            if (mine != null) freed.add(mine);
        }
        if (freed.isEmpty()) return 0;
        tx.statement();
        int part = tables.meta(tx).currentPart();
        for (var parked : freed) {
            tables.append(tx, part, parked.asked().stream(), parked.asked(), parked.turn());
            hints.accept(tx, new Wakeup.Work(parked.asked().queue()));
        }
        return freed.size();
    }

    private boolean paused(Transaction tx, Asked asked) {
        var tenant = asked.headers().get(Delivery.TENANT);
        return tables.pause(tx, Scope.queue(asked.queue())) != null
                || tables.pause(tx, Scope.kind(asked.kind())) != null
                || (tenant != null && tables.pause(tx, Scope.tenant(tenant)) != null);
    }

    /** What a node of this age could not decode it can't decode now: only one that started later may know better. */
    private static boolean worthTrying(Rows.Node self, Parked parked) {
        return parked.parking() != Parking.UNDECODABLE || self.lockNo() > parked.id();
    }
}
