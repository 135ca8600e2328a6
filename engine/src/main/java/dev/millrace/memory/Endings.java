package dev.millrace.memory;

import dev.millrace.Failure;
import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import dev.millrace.store.Protocol;
import dev.millrace.store.Rescued;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage.Wakeup;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Ending deliveries and jobs. An outcome is written once; whatever else a step writes (timer, front delivery, parking) it writes only
 * for outcomes that it won. Guarded by the lock of {@link Memory}.
 */
final class Endings {

    private final Ledger ledger;
    private final Members members;
    private final Claims claims;
    private final Owners owners;

    Endings(Ledger ledger, Members members, Claims claims, Owners owners) {
        this.owners = owners;
        this.ledger = ledger;
        this.members = members;
        this.claims = claims;
    }

    // ---- by the node that held it

    List<Settled> flush(Member by, List<Ended> ended, Instant now) {
        var rows = ended.stream().map(one -> claims.row(by, one.delivery())).toList(); // one unknown claim refuses all
        var settled = new Settled[ended.size()];
        IntStream.range(0, settled.length)
                .boxed()
                .sorted(Comparator.comparing(i -> rows.get(i).place, Place.LOCK_ORDER))
                .forEach(i -> settled[i] = settle(by, rows.get(i), ended.get(i), now));
        return Arrays.asList(settled);
    }

    private Settled settle(Member by, Row row, Ended ended, Instant now) {
        if (row.outcome != null) {
            return ended.delivery().token().equals(row.outcome.token()) ? Settled.REPEATED : Settled.LOST;
        }
        by.open.remove(row.place);
        var outcome = Outcome.of(ended, by.card.id(), now);
        switch (ended.ending()) {
            case Ending.Done done -> ledger.endJob(row.job(), State.COMPLETED, outcome, now);
            case Ending.Cancelled cancelled -> ledger.endJob(row.job(), State.CANCELLED, outcome, now);
            case Ending.Discarded discarded -> ledger.endJob(row.job(), State.DISCARDED, outcome, now);
            case Ending.Retry(var failure, var delay) -> {
                ledger.settle(row, outcome);
                ledger.startTimer(row.job(), row.turn().retried(), now.plus(delay), State.RETRYABLE, null);
            }
            case Ending.TimedOut(var failure, var delay) -> {
                ledger.settle(row, outcome);
                ledger.startTimer(row.job(), row.turn().retried(), now.plus(delay), State.RETRYABLE, null);
            }
            case Ending.Snoozed(var delay, var reason) -> {
                ledger.settle(row, outcome);
                ledger.startTimer(row.job(), row.turn().again(), now.plus(delay), State.SCHEDULED, reason);
            }
            case Ending.HandedBack back -> {
                ledger.settle(row, outcome);
                ledger.append(row.job(), row.turn().again(), row.job().front(), now);
            }
            case Ending.Parked(var parking, var detail) -> {
                ledger.settle(row, outcome);
                ledger.park(row.job(), row.turn().again(), parking, detail, now);
                if (parking == Ending.Parking.UNKNOWN_KIND) owners.learn(row.job());
            }
        }
        return Settled.WON;
    }

    // ---- by those who find it dead

    List<Rescued> rescue(Member by, NodeId dead, int limit, Instant now) {
        var gone = members.deposed(dead);
        if (gone == null) return List.of();
        var rescued = new ArrayList<Rescued>();
        while (rescued.size() < limit && !gone.open.isEmpty()) {
            rescued.add(rescue(by, gone, gone.open.pollFirstEntry().getValue(), now));
        }
        if (rescued.isEmpty()) gone.clear(now);
        return rescued;
    }

    private Rescued rescue(Member by, Member dead, Row row, Instant now) {
        var job = row.job();
        int charged = row.charged();
        boolean soon = charged >= Protocol.YOUNG_DEATHS;
        boolean poison = soon || markedDeaths(row) >= Protocol.MARKED_DEATHS;
        if (poison) {
            var failure = new Failure(
                    "worker died",
                    soon
                            ? "its worker died %d times soon after a marked start".formatted(charged)
                            : "its worker died %d times while it ran".formatted(markedDeaths(row)),
                    "worker-died",
                    row.turn().attempt(),
                    "");
            ledger.endJob(job, State.DISCARDED, Outcome.discarded(by.card.id(), failure, now), now);
        } else {
            ledger.settle(row, Outcome.rescued(by.card.id(), dead.card.id(), now));
            ledger.append(job, row.turn().rescued(charged), job.front(), now);
        }
        return new Rescued(job.id, job.queue.name, job.kind, row.turn().rescues() + (poison ? 0 : 1), charged, poison);
    }

    /** How many marked starts of its run died with their node, this one included; 0 if this one is not marked. */
    private static int markedDeaths(Row row) {
        if (!row.marked) return 0;
        return (int) row.job().rows.stream()
                .filter(other ->
                        other.marked && other.turn().run() == row.turn().run())
                .filter(other -> other == row
                        || (other.outcome != null && other.outcome.word().equals("rescued")))
                .count();
    }

    // ---- by people

    Optional<State> cancel(JobId id, String reason, Instant now) {
        var job = ledger.jobs.get(id);
        if (job == null) return Optional.empty();
        if (!job.state().ended()) {
            var row = ledger.endJob(job, State.CANCELLED, Outcome.cancelled(reason, now), now);
            if (row.claim != null) {
                members.holder(row.claim.lease).open.remove(row.place);
                row.withdrawal = ledger.nextNumber();
                ledger.withdrawn.put(row.withdrawal, row.place);
            }
            ledger.hint(new Wakeup.Command());
        }
        return Optional.of(job.state());
    }

    Optional<State> requeue(JobId id, Instant now) {
        var job = ledger.jobs.get(id);
        if (job == null) return Optional.empty();
        var before = job.state();
        if (before.ended()) ledger.reopen(job, null, now);
        return Optional.of(before);
    }
}
