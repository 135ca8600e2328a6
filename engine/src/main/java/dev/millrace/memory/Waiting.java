package dev.millrace.memory;

import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.memory.Standing.Parked;
import dev.millrace.memory.Standing.Timer;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Expiry;
import dev.millrace.store.Promoted;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Ending the wait of those whose time, or whose node, has come. Guarded by the lock of {@link Memory}. */
final class Waiting {

    private final Ledger ledger;
    private final Owners owners;

    Waiting(Ledger ledger, Owners owners) {
        this.ledger = ledger;
        this.owners = owners;
    }

    // ---- for a time

    Promoted promote(int limit, Instant now) {
        int promoted = 0;
        for (int moved = 0; moved < limit; moved++) {
            var timer = due(now);
            if (timer == null) break;
            if (timer.job().expired(now)) {
                expire(timer, now);
            } else {
                ledger.stopWaiting(timer);
                ledger.append(timer.job(), timer.turn(), timer.job().streamOf(timer.turn()), now);
                promoted++;
            }
        }
        expireParked(limit, now);
        return new Promoted(promoted, untilNext(now));
    }

    private void expireParked(int limit, Instant now) {
        var late = ledger.parked.values().stream()
                .filter(parked -> parked.job().expired(now))
                .limit(limit)
                .toList();
        for (var parked : late) expire(parked, now);
    }

    private @Nullable Timer due(Instant now) {
        if (ledger.timers.isEmpty()) return null;
        var first = ledger.timers.first();
        return first.runAt().isAfter(now) ? null : first;
    }

    private @Nullable Duration untilNext(Instant now) {
        if (ledger.timers.isEmpty() || ledger.timers.first().runAt().equals(Ledger.NO_TIME)) return null;
        var next = Duration.between(now, ledger.timers.first().runAt());
        return next.isNegative() ? Duration.ZERO : next;
    }

    private void expire(Standing waiting, Instant now) {
        var job = waiting.job();
        var turn = waiting.turn();
        var failure = Expiry.failure(turn.no(), turn.attempt(), turn.rescues());
        ledger.endJob(job, State.DISCARDED, Outcome.discarded(null, failure, now), now);
    }

    // ---- for a node

    int release(Member by, Map<String, Integer> room, Map<String, Integer> queues, int limit, Instant now) {
        var left = new HashMap<String, Integer>();
        var versions = new HashMap<String, Integer>();
        room.forEach((kind, free) -> {
            int colon = kind.lastIndexOf(':');
            left.put(kind.substring(0, colon), free);
            versions.put(kind.substring(0, colon), Integer.valueOf(kind.substring(colon + 1)));
        });
        var inQueues = new HashMap<>(queues);
        var released = new ArrayList<Parked>();
        for (var parked : ledger.parked.values()) {
            if (released.size() >= limit) break;
            var job = parked.job();
            if (left.getOrDefault(job.kind, 0) < 1 || versions.getOrDefault(job.kind, 0) < job.kindVersion) continue;
            if (!by.card.queues().contains(job.queue.name) || paused(job) || !worthTrying(by, parked)) continue;
            if (parked.parking() == Parking.BEHIND || !owners.mayClaim(by, job.stream)) continue;
            if (inQueues.getOrDefault(job.queue.name, 1) < 1) continue;
            inQueues.computeIfPresent(job.queue.name, (queue, most) -> most - 1);
            left.merge(job.kind, -1, Integer::sum);
            released.add(parked);
        }
        for (var parked : released) {
            ledger.stopWaiting(parked);
            ledger.appendSilently(parked.job(), parked.turn(), parked.job().streamOf(parked.turn()), now);
        }
        return released.size();
    }

    private boolean paused(KeptJob job) {
        if (ledger.pauses.isEmpty()) return false;
        var tenant = job.headers.get(Delivery.TENANT);
        return ledger.pauses.containsKey(Scope.queue(job.queue.name))
                || ledger.pauses.containsKey(Scope.kind(job.kind))
                || (tenant != null && ledger.pauses.containsKey(Scope.tenant(tenant)));
    }

    /** What a node of this age could not decode it can't decode now: only one that started later may know better. */
    private static boolean worthTrying(Member by, Parked parked) {
        return parked.parking() != Parking.UNDECODABLE || by.joined > parked.number();
    }
}
