package dev.millrace.simulation.store;

import dev.millrace.Failure;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Outcome;
import dev.millrace.simulation.store.Rows.Parked;
import dev.millrace.simulation.store.Rows.Timer;
import dev.millrace.store.Abilities;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.Place;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage.Wakeup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Outcomes, and what hangs on those that won. {@code V021__outcome_batch.sql}, {@code V030__batches.sql}, {@code V031__keyed_shards.sql}. */
final class Settling {

    /** A handler's open transaction may hold one outcome: the others must not wait for it. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** Deliveries of a bucket, and how many of it at least are written in one row. */
    private static final int BUCKET = 64;

    private static final int SEVERAL = 2;

    private final Tables tables;
    private final Fences fences;
    private final Batches batches;
    private final BiConsumer<Transaction, Wakeup> hints;

    Settling(Tables tables, Fences fences, Batches batches, BiConsumer<Transaction, Wakeup> hints) {
        this.tables = tables;
        this.fences = fences;
        this.batches = batches;
        this.hints = hints;
    }

    List<Settled> flush(Transaction tx, Lease lease, List<Ended> entries) {
        tx.lockTimeout(PATIENCE);
        if (!tables.planted(Bug.FLUSH_WITHOUT_FENCE)) fences.fence(tx, lease);
        if (!tables.planted(Bug.FLUSH_WITHOUT_ENDINGS_LOCK)) fences.lockEndings(tx, lease.node());
        var batched = batched(entries);
        var verdicts = new IdentityHashMap<Ended, Settled>();
        if (!batched.isEmpty()) settleBatched(tx, lease, batched, verdicts);
        var others =
                entries.stream().filter(entry -> !verdicts.containsKey(entry)).toList();
        if (!others.isEmpty()) {
            var answers = settle(tx, lease, others);
            for (int i = 0; i < answers.size(); i++) verdicts.put(others.get(i), answers.get(i));
        }
        batches.flushed(tx, entries, entry -> verdicts.get(entry) == Settled.WON);
        return entries.stream()
                .map(entry -> Objects.requireNonNull(verdicts.get(entry)))
                .toList();
    }

    /** In the transaction of a handler, as its last word. It may see an old state of the world: it looks at no batch. */
    void complete(Transaction tx, Lease lease, Ended entry) {
        fences.fenceRow(tx, lease);
        var delivery = entry.delivery();
        boolean won = settle(tx, lease, List.of(entry)).getFirst() == Settled.WON;
        if (!won && !tables.planted(Bug.COMPLETE_WITHOUT_WINNING)) throw Raised.ended(delivery.job());
        var state = entry.ending().leadsTo();
        if (won && state.ended()) batches.endedApart(tx, delivery.run(), delivery.headers(), state);
    }

    // ---- rows of many

    /** Successes without a result, several of one claim and bucket; there a bucket has 1,024 deliveries, and several are 16. */
    private List<Ended> batched(List<Ended> entries) {
        if (tables.planted(Bug.OUTCOMES_MIXED_UP)) return List.of();
        var counts = new HashMap<Bucket, Integer>();
        for (var entry : entries) if (plain(entry)) counts.merge(Bucket.of(entry), 1, Integer::sum);
        return entries.stream()
                .filter(entry -> plain(entry) && counts.getOrDefault(Bucket.of(entry), 0) >= SEVERAL)
                .toList();
    }

    private boolean plain(Ended entry) {
        return entry.ending() instanceof Ending.Done(var result)
                && result == null
                && (!entry.contested() || tables.planted(Bug.CONTESTED_IN_A_BATCH));
    }

    private record Bucket(ClaimToken token, int part, long no) {
        static Bucket of(Ended entry) {
            var place = entry.delivery().place();
            return new Bucket(entry.delivery().token(), place.part(), place.seq() / BUCKET);
        }
    }

    /** No key keeps a second one out: under the lock it is looked first. */
    private void settleBatched(Transaction tx, Lease lease, List<Ended> entries, Map<Ended, Settled> verdicts) {
        tx.statement();
        int live = tables.meta(tx).livePart();
        tx.statement();
        for (var entry : entries) proveClaim(tx, lease, entry, live);
        for (var entry : entries) {
            tx.statement();
            var key = key(tx, entry);
            if (key.part() < live) {
                verdicts.put(entry, Settled.LOST);
                continue;
            }
            var before = tables.planted(Bug.BATCH_LOOKS_AT_NOTHING) ? null : tables.ending(tx, key);
            tx.meanwhile();
            if (before == null)
                tables.batched.insert(tx, tables.nextNumber(), outcome(key, lease, entry, entry.ending()));
            verdicts.put(
                    entry,
                    before == null
                            ? Settled.WON
                            : entry.delivery().token().equals(before.token()) ? Settled.REPEATED : Settled.LOST);
        }
    }

    // ---- rows

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
            if (tables.batchedEnding(tx, key) != null && !tables.planted(Bug.ROW_OVER_BATCH)) continue;
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
        sorted.sort(order);
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
                                    tables.comesBack(tx, row),
                                    row.turn().again()));
                    if (parking == Ending.Parking.UNKNOWN_KIND) learn(tx, row);
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
        var asked = tables.comesBack(tx, row);
        int stream = tables.planted(Bug.RESCUED_TO_THE_TAIL) ? asked.stream() : tables.frontOf(tx, asked);
        tables.append(tx, part, stream, asked, row.turn().again());
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
        tables.timers.insert(tx, id, new Timer(id, runAt, retry, reason, failure, tables.comesBack(tx, row), turn));
    }

    private Settled verdict(Transaction tx, Ended entry, Set<DeliveryKey> won) {
        var key = DeliveryKey.of(entry.delivery().place());
        if (won.contains(key)) return Settled.WON;
        var peeked = tables.outcomes.peek(tx, key);
        var other = peeked != null ? peeked : tables.batchedEnding(tx, key);
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

    /** Of a keyed shard: whoever knows the kind should own it. */
    private void learn(Transaction tx, Rows.Logged row) {
        var asked = row.asked();
        if (tables.keyed(tx, row.place().stream()) == null) return;
        var kind = new Tables.KeyedKind(asked.queue(), new Abilities.Learnt(asked.kind(), asked.kindVersion()));
        tables.keyedKinds.insertIfAbsent(
                tx, "%s %s:%d".formatted(asked.queue(), asked.kind(), asked.kindVersion()), kind);
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
