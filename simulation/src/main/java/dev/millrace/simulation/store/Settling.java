package dev.millrace.simulation.store;

import dev.millrace.Failure;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Outcome;
import dev.millrace.simulation.store.Rows.Parked;
import dev.millrace.simulation.store.Rows.Timer;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.Place;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage.Wakeup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Outcomes, and what hangs on those that won. {@code V002__protocol.sql}, section end. */
final class Settling {

    /** A handler's open transaction may hold one outcome: the others must not wait for it. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Tables tables;
    private final Fences fences;
    private final BiConsumer<Transaction, Wakeup> hints;

    Settling(Tables tables, Fences fences, BiConsumer<Transaction, Wakeup> hints) {
        this.tables = tables;
        this.fences = fences;
        this.hints = hints;
    }

    List<Settled> flush(Transaction tx, Lease lease, List<Ended> entries) {
        tx.lockTimeout(PATIENCE);
        if (!tables.planted(Bug.FLUSH_WITHOUT_FENCE)) fences.fence(tx, lease);
        return settle(tx, lease, entries);
    }

    /** In the transaction of a handler, as its last word. */
    void complete(Transaction tx, Lease lease, Ended entry) {
        fences.fenceRow(tx, lease);
        if (settle(tx, lease, List.of(entry)).getFirst() != Settled.WON
                && !tables.planted(Bug.COMPLETE_WITHOUT_WINNING))
            throw Raised.ended(entry.delivery().job());
    }

    private List<Settled> settle(Transaction tx, Lease lease, List<Ended> entries) {
        tx.statement();
        int live = tables.planted(Bug.OUTCOME_BELOW_THE_LIVE_PARTITION)
                ? 0
                : tables.meta(tx).livePart();
        tx.statement();
        if (!tables.planted(Bug.FLUSH_WITHOUT_CLAIM)) for (var entry : entries) proveClaim(tx, lease, entry, live);
        tx.statement();
        var won = new HashSet<DeliveryKey>();
        for (var entry : inOrder(entries)) {
            tx.meanwhile();
            var key = key(tx, entry);
            if (key.part() < live) continue; // it has ended
            var said = tables.planted(Bug.OUTCOMES_MIXED_UP)
                    ? entries.get((entries.indexOf(entry) + 1) % entries.size())
                    : entry;
            if (tables.outcomes.insertIfAbsent(tx, key, outcome(key, lease, entry, said.ending())))
                won.add(DeliveryKey.of(entry.delivery().place()));
        }
        tx.statement();
        follow(tx, entries, won);
        tx.statement();
        return entries.stream().map(entry -> verdict(tx, entry, won)).toList();
    }

    private void proveClaim(Transaction tx, Lease lease, Ended entry, int live) {
        var place = entry.delivery().place();
        if (place.part() < live) return;
        var claims = tables.claims.by(tx, tables.claimsByToken, entry.delivery().token());
        var ours = claims.stream()
                .filter(claim -> lease.equals(claim.lease()))
                .anyMatch(claim -> place.part() >= claim.lowPart() && place.part() <= claim.highPart());
        if (!ours) throw Raised.unknownClaim();
    }

    /** The order in which outcomes are written is the order of their locks. */
    private List<Ended> inOrder(List<Ended> entries) {
        Comparator<Ended> order = Comparator.comparing(entry -> entry.delivery().place(), Place.LOCK_ORDER);
        var sorted = new ArrayList<>(entries);
        sorted.sort(
                tables.planted(Bug.OUTCOMES_IN_ANY_ORDER) && tables.nextNumber() % 2 == 0 ? order.reversed() : order);
        return sorted;
    }

    private DeliveryKey key(Transaction tx, Ended entry) {
        var place = entry.delivery().place();
        return tables.planted(Bug.OUTCOME_IN_CURRENT_PART)
                ? new DeliveryKey(tables.meta(tx).currentPart(), place.seq())
                : DeliveryKey.of(place);
    }

    private Outcome outcome(DeliveryKey key, Lease lease, Ended entry, Ending ending) {
        return new Outcome(
                key,
                entry.delivery().job(),
                tables.planted(Bug.HANDED_BACK_AS_DONE) && ending instanceof Ending.HandedBack ? "done" : word(ending),
                tables.now(),
                tables.planted(Bug.OUTCOME_WITHOUT_TOKEN)
                        ? null
                        : entry.delivery().token(),
                lease.node(),
                entry.startedAt(),
                entry.took(),
                reason(ending),
                failure(ending),
                ending instanceof Ending.Done(var result) ? result : null);
    }

    private void follow(Transaction tx, List<Ended> entries, Set<DeliveryKey> won) {
        int part = tables.meta(tx).currentPart();
        var inTheirOrder = new ArrayList<>(entries);
        inTheirOrder.sort(Comparator.comparing(entry -> entry.delivery().place(), Rows.LOG_ORDER));
        for (var entry : inTheirOrder) {
            var place = entry.delivery().place();
            if (!won.contains(DeliveryKey.of(place)) && !tables.planted(Bug.LOSERS_HAVE_EFFECTS)) continue;
            switch (entry.ending()) {
                case Ending.Retry(var failure, var delay) -> later(tx, place, true, delay, null, failure);
                case Ending.TimedOut(var failure, var delay) -> later(tx, place, true, delay, null, failure);
                case Ending.Snoozed(var delay, var reason) -> later(tx, place, false, delay, reason, null);
                case Ending.Parked(var parking, var detail)
                when tables.planted(Bug.UNRUNNABLE_HANDED_BACK) -> handBack(tx, place, part);
                case Ending.Parked(var parking, var detail) -> {
                    var row = Objects.requireNonNull(tables.log.get(tx, place));
                    long id = tables.nextNumber();
                    tables.parked.insert(
                            tx,
                            id,
                            new Parked(
                                    id,
                                    parking,
                                    detail,
                                    tables.now(),
                                    row.asked(),
                                    row.turn().again()));
                }
                case Ending.HandedBack back -> {
                    if (!tables.planted(Bug.HANDED_BACK_AS_DONE)) handBack(tx, place, part);
                }
                case Ending.Done done -> {}
                case Ending.Cancelled cancelled -> {}
                case Ending.Discarded discarded -> {}
            }
        }
    }

    private void handBack(Transaction tx, Place place, int part) {
        var row = Objects.requireNonNull(tables.log.get(tx, place));
        int stream = tables.planted(Bug.RESCUED_TO_THE_TAIL) ? row.asked().stream() : tables.frontOf(tx, row.asked());
        tables.append(tx, part, stream, row.asked(), row.turn().again());
        hints.accept(tx, new Wakeup.Work(row.asked().queue()));
    }

    private void later(
            Transaction tx,
            Place place,
            boolean retry,
            Duration delay,
            @Nullable String reason,
            @Nullable Failure failure) {
        var row = Objects.requireNonNull(tables.log.get(tx, place));
        var turn = retry && !tables.planted(Bug.RETRIES_COST_NOTHING)
                ? row.turn().retried()
                : row.turn().again();
        long id = tables.nextNumber();
        var runAt = tables.now().plus(delay);
        tables.timers.insert(tx, id, new Timer(id, runAt, retry, reason, failure, row.asked(), turn));
    }

    private Settled verdict(Transaction tx, Ended entry, Set<DeliveryKey> won) {
        var key = DeliveryKey.of(entry.delivery().place());
        if (won.contains(key)) return Settled.WON;
        var other = tables.outcomes.peek(tx, key);
        return other != null && entry.delivery().token().equals(other.token()) ? Settled.REPEATED : Settled.LOST;
    }

    static String word(Ending ending) {
        return switch (ending) {
            case Ending.Done done -> "done";
            case Ending.Retry retry -> "retry";
            case Ending.TimedOut late -> "timed_out";
            case Ending.Snoozed snoozed -> "snooze";
            case Ending.Cancelled cancelled -> "cancelled";
            case Ending.Discarded discarded -> "discarded";
            case Ending.HandedBack back -> "handed_back";
            case Ending.Parked parked -> "parked";
        };
    }

    private static @Nullable String reason(Ending ending) {
        return switch (ending) {
            case Ending.Cancelled(var reason) -> reason;
            case Ending.Snoozed(var delay, var reason) -> reason;
            case Ending.Parked(var parking, var detail) -> detail;
            default -> null;
        };
    }

    private static @Nullable Failure failure(Ending ending) {
        return switch (ending) {
            case Ending.Retry(var failure, var delay) -> failure;
            case Ending.TimedOut(var failure, var delay) -> failure;
            case Ending.Discarded(var failure) -> failure;
            default -> null;
        };
    }
}
