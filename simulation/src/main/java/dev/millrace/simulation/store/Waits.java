package dev.millrace.simulation.store;

import dev.millrace.Failure;
import dev.millrace.Scope;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Outcome;
import dev.millrace.simulation.store.Rows.Parked;
import dev.millrace.simulation.store.Rows.Timer;
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

/** Ending the wait for a time, or for a node. {@code V002__protocol.sql}, section waiting. */
final class Waits {

    private static final int EXPIRED_AT_ONCE = 100;

    private final Tables tables;
    private final Fences fences;
    private final BiConsumer<Transaction, Wakeup> hints;

    Waits(Tables tables, Fences fences, BiConsumer<Transaction, Wakeup> hints) {
        this.tables = tables;
        this.fences = fences;
        this.hints = hints;
    }

    // ---- for a time

    Promoted promote(Transaction tx, Lease lease, int limit) {
        fences.fence(tx, lease);
        int count = promoteSome(tx, limit);
        expireParked(tx, limit);
        tx.statement();
        var now = tables.now();
        var next = tables.timers.all(tx).stream().map(Timer::runAt).min(Comparator.naturalOrder());
        return new Promoted(
                count,
                next.map(at -> at.isAfter(now) ? Duration.between(now, at) : Duration.ZERO)
                        .orElse(null));
    }

    int promoteSome(Transaction tx, int limit) {
        tx.statement();
        var now = tables.now();
        var due = tables.timers.all(tx).stream()
                .filter(timer -> !timer.runAt().isAfter(now))
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
                tables.append(tx, part, timer.asked().stream(), timer.asked(), timer.turn());
                hints.accept(tx, new Wakeup.Work(timer.asked().queue()));
                appended++;
            }
        }
        return appended;
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
        tables.outcomes.insert(
                tx,
                key,
                new Outcome(key, asked.job(), word, tables.now(), null, null, null, null, reason, failure, null));
    }

    // ---- for a node

    int release(Transaction tx, Lease lease, Map<String, Integer> room, int limit) {
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
        var fit = new ArrayList<Parked>();
        for (var parked : tables.parked.all(tx)) {
            var asked = parked.asked();
            if (fit.size() == limit) break;
            if (left.getOrDefault(asked.kind(), 0) < 1 || versions.getOrDefault(asked.kind(), 0) < asked.kindVersion())
                continue;
            if (!self.card().queues().contains(asked.queue()) || paused(tx, asked) || !worthTrying(self, parked))
                continue;
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
        return tables.pauses.get(tx, Scope.queue(asked.queue())) != null
                || tables.pauses.get(tx, Scope.kind(asked.kind())) != null;
    }

    /** What a node of this age could not decode it can't decode now: only one that started later may know better. */
    private static boolean worthTrying(Rows.Node self, Parked parked) {
        return parked.parking() != Parking.UNDECODABLE || self.lockNo() > parked.id();
    }
}
