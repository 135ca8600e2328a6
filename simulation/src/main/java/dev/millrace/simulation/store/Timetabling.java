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
import dev.millrace.store.Timetable.RemoveAnswer;
import dev.millrace.store.Timetable.Run;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.SetAnswer;
import dev.millrace.store.Timetable.SetSchedule;
import dev.millrace.store.Timetable.Setting;
import dev.millrace.store.Timetable.Standing;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Schedules: {@code V025__schedules.sql}, and those that are set at run time: {@code V033__schedules_at_run_time.sql}. */
final class Timetabling {

    private final Tables tables;
    private final Fences fences;
    private final Sending sending;

    Timetabling(Tables tables, Fences fences, Sending sending) {
        this.tables = tables;
        this.fences = fences;
        this.sending = sending;
    }

    Owned own(Transaction tx, Lease lease, List<ScheduleCard> known, @Nullable Map<String, Long> held) {
        fences.fence(tx, lease);
        tx.statement();
        var joined = Objects.requireNonNull(tables.nodes.get(tx, lease.node())).startedAt();
        tx.statement();
        var inOrder = known.stream()
                .filter(card -> !isSet(tx, card.name()))
                .sorted(Comparator.comparing(ScheduleCard::name))
                .toList();
        tx.statement();
        for (var card : inOrder)
            if (tables.schedules.get(tx, card.name()) == null)
                tables.schedules.insertIfAbsent(
                        tx,
                        card.name(),
                        new ScheduleRow(card, tables.now(), lease, joined, tables.nextTerm(), null, null));
        for (var card : inOrder) takeOver(tx, card, lease, joined);
        if (held != null) takeOverSet(tx, lease, joined);
        tx.statement();
        var standings = new ArrayList<Standing>();
        for (var card : inOrder) {
            var row = tables.schedules.get(tx, card.name());
            if (row != null && row.setting() == null && lease.equals(row.owner()))
                standings.add(standing(tx, row, null));
        }
        if (held != null)
            for (var row : tables.schedules.all(tx))
                if (row.setting() != null && lease.equals(row.owner())) standings.add(standing(tx, row, held));
        var clashes = known.stream()
                .map(ScheduleCard::name)
                .filter(name -> isSet(tx, name))
                .toList();
        return new Owned(tables.now(), List.copyOf(standings), clashes);
    }

    private boolean isSet(Transaction tx, String name) {
        var row = tables.schedules.get(tx, name);
        return row != null && row.setting() != null;
    }

    private void takeOverSet(Transaction tx, Lease lease, Instant joined) {
        tx.statement();
        var free = tables.schedules.all(tx).stream()
                .filter(row -> isFree(tx, row))
                .map(row -> row.card().name())
                .toList();
        for (var name : free) tables.schedules.lock(tx, name, row -> isFree(tx, row));
        tx.statement();
        for (var name : free)
            tables.schedules.update(
                    tx,
                    name,
                    row -> isFree(tx, row),
                    row -> new ScheduleRow(
                            row.card(), row.since(), lease, joined, nextTerm(row.term()), null, row.setting()));
    }

    private long nextTerm(long before) {
        return tables.planted(Bug.TERMS_OF_A_REMOVED_SCHEDULE_COME_AGAIN) ? before + 1 : tables.nextTerm();
    }

    /** Whether it was set, and no living node has it. */
    private boolean isFree(Transaction tx, ScheduleRow row) {
        return row.setting() != null && !alive(tx, row.owner());
    }

    private void takeOver(Transaction tx, ScheduleCard card, Lease lease, Instant joined) {
        tx.statement();
        var row = tables.schedules.get(tx, card.name());
        if (row == null || row.of(lease.node())) return;
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
                        null,
                        null));
        if (taken != null) return;
        tables.schedules.update(
                tx,
                card.name(),
                found -> found.orphanedAt() == null && !found.of(lease.node()) && !alive(tx, found.owner()),
                found -> found.orphaned(now));
    }

    private boolean mayTake(Transaction tx, ScheduleRow row, ScheduleCard card, Lease lease, Instant joined) {
        if (row.setting() != null || row.of(lease.node())) return false;
        boolean same = row.card().equals(card);
        boolean newer = row.joinedAt() == null || row.joinedAt().isBefore(joined);
        if (alive(tx, row.owner())) return newer && !same;
        if (tables.planted(Bug.SCHEDULES_OF_THE_DEAD)) return false;
        return same
                || newer
                || (row.orphanedAt() != null
                        && !row.orphanedAt().plus(Timetable.OLDER_BUILDS_WAIT).isAfter(tables.now()));
    }

    private boolean alive(Transaction tx, @Nullable Lease owner) {
        if (owner == null) return false;
        var node = tables.nodes.get(tx, owner.node());
        return node != null && node.is(owner.epoch().value());
    }

    /** What lies later than now was fired by a clock that has been set back. */
    private Standing standing(Transaction tx, ScheduleRow row, @Nullable Map<String, Long> held) {
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
                asked(tx, row.card().name(), now.minus(Timetable.ASKS_LIVE)),
                row.setting() != null,
                held == null
                                || row.setting() == null
                                || Long.valueOf(row.term())
                                        .equals(held.get(row.card().name()))
                        ? null
                        : new SetSchedule(row.card(), row.setting().job()));
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
        if (tables.schedules.lockShared(tx, schedule, row -> lease.equals(row.owner()) && row.term() == term) == null)
            return OptionalInt.empty();
        tx.statement();
        boolean paused = tables.pause(tx, Scope.schedule(schedule)) != null
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

    SetAnswer set(Transaction tx, SetSchedule schedule, String by, String reason) {
        var card = schedule.card();
        while (true) {
            tx.statement();
            var row = tables.schedules.lock(tx, card.name(), any -> true);
            if (row != null) return change(tx, row, schedule, by, reason);
            tx.statement();
            var setting = new Setting(schedule.job(), by, reason, tables.now());
            long term = nextTerm(0);
            if (tables.schedules.insertIfAbsent(
                    tx, card.name(), new ScheduleRow(card, tables.now(), null, null, term, null, setting)))
                return SetAnswer.CREATED;
        }
    }

    private SetAnswer change(Transaction tx, ScheduleRow row, SetSchedule schedule, String by, String reason) {
        if (row.setting() == null) return SetAnswer.BROUGHT;
        if (row.card().equals(schedule.card()) && row.setting().job().equals(schedule.job()))
            return SetAnswer.UNCHANGED;
        tx.statement();
        var now = tables.now();
        long term = tables.planted(Bug.CHANGED_IN_THE_SAME_TERM) ? row.term() : tables.nextTerm();
        tables.schedules.update(
                tx,
                row.card().name(),
                any -> true,
                found -> new ScheduleRow(
                        schedule.card(),
                        found.card().times().equals(schedule.card().times()) ? found.since() : now,
                        found.owner(),
                        found.joinedAt(),
                        term,
                        null,
                        new Setting(schedule.job(), by, reason, now)));
        return SetAnswer.CHANGED;
    }

    RemoveAnswer remove(Transaction tx, String schedule) {
        tx.statement();
        var row = tables.schedules.lock(tx, schedule, any -> true);
        if (row == null) return RemoveAnswer.UNKNOWN;
        tx.statement();
        if (row.setting() == null && alive(tx, row.owner())) return RemoveAnswer.BROUGHT;
        tables.schedules.delete(tx, schedule, any -> true);
        for (var moment : asked(tx, schedule, Instant.MIN))
            tables.asks.delete(tx, new SlotKey(schedule, true, moment), any -> true);
        tables.pauses.delete(tx, Scope.schedule(schedule), any -> true);
        return RemoveAnswer.REMOVED;
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
                row.owner() == null ? null : row.owner().node().value(),
                alive(tx, row.owner()),
                last == null ? null : last.key().slot(),
                last == null ? null : last.job(),
                tables.pausedBecause(tx, Scope.schedule(row.card().name())),
                row.setting());
    }
}
