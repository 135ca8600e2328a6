package dev.millrace.simulation.store;

import dev.millrace.Scope;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.ScheduleRow;
import dev.millrace.simulation.store.Rows.SlotKey;
import dev.millrace.simulation.store.Rows.SlotRow;
import dev.millrace.store.Lease;
import dev.millrace.store.Timetable;
import dev.millrace.store.Timetable.Kept;
import dev.millrace.store.Timetable.Owned;
import dev.millrace.store.Timetable.Run;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.Standing;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Schedules: {@code V025__schedules.sql}. */
final class Timetabling {

    private final Tables tables;
    private final Fences fences;
    private final Sending sending;

    Timetabling(Tables tables, Fences fences, Sending sending) {
        this.tables = tables;
        this.fences = fences;
        this.sending = sending;
    }

    Owned own(Transaction tx, Lease lease, List<ScheduleCard> known) {
        fences.fence(tx, lease);
        tx.statement();
        var joined = Objects.requireNonNull(tables.nodes.get(tx, lease.node())).startedAt();
        var inOrder =
                known.stream().sorted(Comparator.comparing(ScheduleCard::name)).toList();
        tx.statement();
        for (var card : inOrder)
            if (tables.schedules.get(tx, card.name()) == null)
                tables.schedules.insertIfAbsent(
                        tx, card.name(), new ScheduleRow(card, tables.now(), lease, joined, 1, null));
        for (var card : inOrder) takeOver(tx, card, lease, joined);
        tx.statement();
        var standings = new ArrayList<Standing>();
        for (var card : known) {
            var row = tables.schedules.get(tx, card.name());
            if (row != null && row.owner().equals(lease)) standings.add(standing(tx, row));
        }
        return new Owned(tables.now(), List.copyOf(standings));
    }

    private void takeOver(Transaction tx, ScheduleCard card, Lease lease, Instant joined) {
        tx.statement();
        var row = tables.schedules.get(tx, card.name());
        if (row == null || row.owner().node().equals(lease.node())) return;
        boolean free = mayTake(tx, row, card, lease, joined);
        if (!free && (row.orphanedAt() != null || alive(tx, row.owner()))) return;
        tables.schedules.lock(tx, card.name(), any -> true);
        tx.statement();
        var now = tables.now();
        var taken = tables.schedules.update(
                tx,
                card.name(),
                found -> mayTake(tx, found, card, lease, joined),
                found -> new ScheduleRow(
                        card,
                        found.card().times().equals(card.times()) ? found.since() : now,
                        lease,
                        joined,
                        found.term() + 1,
                        null));
        if (taken != null) return;
        tables.schedules.update(
                tx,
                card.name(),
                found -> found.orphanedAt() == null
                        && !found.owner().node().equals(lease.node())
                        && !alive(tx, found.owner()),
                found -> found.orphaned(now));
    }

    private boolean mayTake(Transaction tx, ScheduleRow row, ScheduleCard card, Lease lease, Instant joined) {
        if (row.owner().node().equals(lease.node())) return false;
        boolean same = row.card().equals(card);
        boolean newer = row.joinedAt().isBefore(joined);
        if (alive(tx, row.owner())) return newer && !same;
        if (tables.planted(Bug.SCHEDULES_OF_THE_DEAD)) return false;
        return same
                || newer
                || (row.orphanedAt() != null
                        && !row.orphanedAt().plus(Timetable.OLDER_BUILDS_WAIT).isAfter(tables.now()));
    }

    private boolean alive(Transaction tx, Lease owner) {
        var node = tables.nodes.get(tx, owner.node());
        return node != null && node.is(owner.epoch().value());
    }

    /** What lies later than now was fired by a clock that has been set back. */
    private Standing standing(Transaction tx, ScheduleRow row) {
        var now = tables.now();
        var last = last(tx, row.card().name(), now);
        var since = row.since().isAfter(now) ? now : row.since();
        return new Standing(
                row.card().name(),
                row.term(),
                last == null || last.key().slot().isBefore(since)
                        ? since
                        : last.key().slot(),
                last == null ? null : last.job(),
                asked(tx, row.card().name(), now.minus(Timetable.ASKS_LIVE)));
    }

    private @Nullable SlotRow last(Transaction tx, String schedule, Instant upto) {
        return tables.slots.last(
                tx, new SlotKey(schedule, false, Instant.MIN), new SlotKey(schedule, false, upto), any -> true);
    }

    private List<Instant> asked(Transaction tx, String schedule, Instant from) {
        return tables.asks.range(
                tx,
                new SlotKey(schedule, true, from),
                new SlotKey(schedule, true, Instant.MAX),
                any -> true,
                Integer.MAX_VALUE);
    }

    OptionalInt fire(Transaction tx, Lease lease, String schedule, long term, List<Run> runs) {
        fences.fence(tx, lease);
        tx.statement();
        if (tables.schedules.lockShared(tx, schedule, row -> row.owner().equals(lease) && row.term() == term) == null)
            return OptionalInt.empty();
        tx.statement();
        boolean paused = tables.pauses.get(tx, Scope.schedule(schedule)) != null
                && !tables.planted(Bug.PAUSE_OF_A_SCHEDULE_NOT_LOOKED_AT);
        int fired = 0;
        var some = tables.planted(Bug.ONLY_THE_NEWEST_SLOT) ? List.of(runs.getLast()) : runs;
        for (var run : some) {
            tx.statement();
            var key = new SlotKey(schedule, run.asked(), run.slot());
            boolean wanted = run.asked() ? tables.asks.delete(tx, key, any -> true) != null : !paused;
            if (run.asked() && tables.planted(Bug.ASKED_RUN_REPEATED)) {
                wanted = true;
                key = new SlotKey(schedule, true, tables.now());
            }
            if (!wanted) continue;
            boolean fresh = tables.slots.insertIfAbsent(
                    tx, key, new SlotRow(key, run.job().id(), term));
            if (!fresh && !tables.planted(Bug.SLOT_WITHOUT_KEY)) continue;
            var holder = sending.putUnlessHeld(tx, run.job(), false);
            if (!holder.equals(run.job().id()))
                tables.slots.update(tx, key, any -> true, slot -> new SlotRow(slot.key(), holder, slot.term()));
            fired++;
        }
        return OptionalInt.of(fired);
    }

    boolean ask(Transaction tx, String schedule) {
        tx.statement();
        if (tables.schedules.lock(tx, schedule, any -> true) == null) return false;
        tx.statement();
        var moment = tables.now();
        while (tables.slots.get(tx, new SlotKey(schedule, true, moment)) != null
                || !tables.asks.insertIfAbsent(tx, new SlotKey(schedule, true, moment), moment))
            moment = moment.plusNanos(1_000);
        return true;
    }

    List<Kept> schedules(Transaction tx) {
        tx.statement();
        return tables.schedules.all(tx).stream()
                .map(row -> kept(tx, row))
                .sorted(Comparator.comparing(kept -> kept.card().name()))
                .toList();
    }

    private Kept kept(Transaction tx, ScheduleRow row) {
        var last = last(tx, row.card().name(), Instant.MAX);
        return new Kept(
                row.card(),
                row.since(),
                row.owner().node().value(),
                alive(tx, row.owner()),
                last == null ? null : last.key().slot(),
                last == null ? null : last.job(),
                tables.pauses.get(tx, Scope.schedule(row.card().name())));
    }
}
