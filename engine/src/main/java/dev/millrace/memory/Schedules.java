package dev.millrace.memory;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.Scope;
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
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Who fires which schedule, and which slots were fired. Guarded by the lock of {@link Memory}. */
final class Schedules {

    /** Slots of a schedule that are remembered. */
    private static final int REMEMBERED = 1_000;

    /** Requests for a run that wait for the schedule's node. */
    private static final int MOST_ASKED = 100;

    private static final Duration FORGOTTEN_AFTER = Duration.ofDays(30);

    private final Ledger ledger;
    private final Members members;
    private final UniqueKeys uniqueKeys;
    private final NavigableMap<String, Known> all = new TreeMap<>();

    /** Counted for all schedules together: one that is removed and made again has no term twice. */
    private long terms;

    Schedules(Ledger ledger, Members members, UniqueKeys uniqueKeys) {
        this.ledger = ledger;
        this.members = members;
        this.uniqueKeys = uniqueKeys;
    }

    /** A schedule that some node has brought, or that was set at run time. */
    private static final class Known {
        ScheduleCard card;
        Instant since;

        /** Null as long as no node has had it, which comes to pass only if it was set. */
        @Nullable
        Member owner;

        @Nullable
        Lease lease;

        long term;

        /** Null if nodes bring it. */
        @Nullable
        Setting setting;

        @Nullable
        Instant orphanedAt;

        final NavigableMap<Instant, JobId> slots = new TreeMap<>();
        final NavigableMap<Instant, JobId> ran = new TreeMap<>();
        final NavigableSet<Instant> asked = new TreeSet<>();

        Known(ScheduleCard card, Instant since, long term) {
            this.card = card;
            this.since = since;
            this.term = term;
        }

        boolean of(Member node) {
            return node.lease().equals(lease);
        }

        NavigableMap<Instant, JobId> fired(boolean asked) {
            return asked ? ran : slots;
        }

        Instant upto(Instant now) {
            var last = slots.floorKey(now);
            var from = since.isAfter(now) ? now : since;
            return last == null || last.isBefore(from) ? from : last;
        }

        @Nullable
        JobId lastJob(Instant now) {
            var last = slots.floorEntry(now);
            return last == null ? null : last.getValue();
        }

        List<Instant> asked(Instant now) {
            return List.copyOf(asked.tailSet(now.minus(Timetable.ASKS_LIVE)));
        }

        void takenOver(Member by, long newTerm) {
            owner = by;
            lease = by.lease();
            term = newTerm;
            orphanedAt = null;
        }

        Standing standing(Instant now, boolean withDefinition) {
            return new Standing(
                    card.name(),
                    term,
                    upto(now),
                    lastJob(now),
                    asked(now),
                    setting != null,
                    setting == null || !withDefinition ? null : new SetSchedule(card, setting.job()));
        }
    }

    /**
     * @param held of those set at run time, whose definition the node knows, by term; null if they are none of its business
     */
    Owned own(Member node, List<ScheduleCard> cards, @Nullable Map<String, Long> held, Instant now) {
        var standings = new ArrayList<Standing>();
        var clashes = new ArrayList<String>();
        for (var card : cards) {
            var known = all.get(card.name());
            if (known == null) {
                known = new Known(card, now, ++terms);
                known.takenOver(node, known.term);
                all.put(card.name(), known);
            } else if (known.setting != null) {
                clashes.add(card.name());
                continue;
            }
            takeOver(known, card, node, now);
            if (known.of(node)) standings.add(known.standing(now, false));
        }
        if (held != null) for (var known : all.values()) ownSet(known, node, held, now, standings);
        return new Owned(now, List.copyOf(standings), List.copyOf(clashes));
    }

    private void ownSet(Known known, Member node, Map<String, Long> held, Instant now, List<Standing> standings) {
        if (known.setting == null) return;
        if (known.lease == null || !members.alive(known.lease)) known.takenOver(node, ++terms);
        if (known.of(node))
            standings.add(known.standing(now, !Objects.equals(held.get(known.card.name()), known.term)));
    }

    private void takeOver(Known known, ScheduleCard card, Member node, Instant now) {
        if (known.of(node)) return;
        boolean other = !known.card.equals(card);
        boolean newer = known.owner == null || known.owner.joined < node.joined;
        if (alive(known) ? !(other && newer) : !(newer || !other || orphanedLong(known, now))) return;
        known.takenOver(node, ++terms);
        if (!known.card.times().equals(card.times())) known.since = now;
        known.card = card;
    }

    /** Whether its node has been dead for so long that an older build may come back. */
    private static boolean orphanedLong(Known known, Instant now) {
        if (known.orphanedAt == null) known.orphanedAt = now;
        return !known.orphanedAt.plus(Timetable.OLDER_BUILDS_WAIT).isAfter(now);
    }

    OptionalInt fire(Member node, String schedule, long term, List<Run> runs, Instant now) {
        var known = all.get(schedule);
        if (known == null || !known.of(node) || known.term != term) return OptionalInt.empty();
        boolean paused = ledger.pauses.containsKey(Scope.schedule(schedule));
        var fresh = new LinkedHashMap<Instant, Run>();
        for (var run : runs) {
            boolean wanted = run.asked() ? known.asked.contains(run.slot()) : !paused;
            if (wanted && !known.fired(run.asked()).containsKey(run.slot())) fresh.putIfAbsent(run.slot(), run);
        }
        ledger.refuseKnown(fresh.values().stream().map(Run::job).toList());
        for (var run : runs) if (run.asked()) known.asked.remove(run.slot());
        for (var run : fresh.values())
            known.fired(run.asked())
                    .put(run.slot(), uniqueKeys.enqueue(run.job(), false, now).job());
        forget(known.slots);
        forget(known.ran);
        return OptionalInt.of(fresh.size());
    }

    private static void forget(NavigableMap<Instant, JobId> fired) {
        while (fired.size() > REMEMBERED) fired.pollFirstEntry();
    }

    boolean ask(String schedule, Instant now) {
        var known = all.get(schedule);
        if (known == null) return false;
        known.asked.headSet(now.minus(Timetable.ASKS_LIVE)).clear();
        if (known.asked.size() >= MOST_ASKED)
            throw new MillraceException(
                    "%d runs of the schedule %s are asked for already, and its node has not come to them. Look whether a node that brings it is alive."
                            .formatted(MOST_ASKED, schedule));
        var moment = now;
        while (known.ran.containsKey(moment) || !known.asked.add(moment)) moment = moment.plusNanos(1_000);
        return true;
    }

    SetAnswer set(SetSchedule schedule, Setting setting, Instant now) {
        var card = schedule.card();
        var known = all.get(card.name());
        if (known == null) {
            if (all.values().stream().filter(one -> one.setting != null).count() >= Timetable.MOST_SET)
                return SetAnswer.TOO_MANY;
            known = new Known(card, now, ++terms);
            known.setting = setting;
            all.put(card.name(), known);
            return SetAnswer.CREATED;
        }
        if (known.setting == null) return SetAnswer.BROUGHT;
        if (known.card.equals(card) && known.setting.job().equals(setting.job())) return SetAnswer.UNCHANGED;
        if (!known.card.times().equals(card.times())) known.since = now;
        known.card = card;
        known.setting = setting;
        known.term = ++terms;
        return SetAnswer.CHANGED;
    }

    RemoveAnswer remove(String schedule) {
        var known = all.get(schedule);
        if (known == null) return RemoveAnswer.UNKNOWN;
        if (known.setting == null && alive(known)) return RemoveAnswer.BROUGHT;
        all.remove(schedule);
        ledger.pauses.remove(Scope.schedule(schedule));
        return RemoveAnswer.REMOVED;
    }

    private boolean alive(Known known) {
        return known.lease != null && members.alive(known.lease);
    }

    /** Whether any was set at run time. */
    boolean anySet() {
        return all.values().stream().anyMatch(known -> known.setting != null);
    }

    List<Kept> kept() {
        return all.values().stream().map(this::kept).toList();
    }

    private Kept kept(Known known) {
        var last = known.slots.isEmpty() ? null : known.slots.lastKey();
        return new Kept(
                known.card,
                known.since,
                known.lease == null ? null : known.lease.node().value(),
                alive(known),
                last,
                last == null ? null : known.slots.get(last),
                ledger.pausedBecause(Scope.schedule(known.card.name())),
                known.setting);
    }

    /** What no node brings any more. What was set stays until it is removed. */
    void forgetOrphans(Instant now) {
        for (var known : all.values())
            if (known.setting != null || alive(known)) known.orphanedAt = null;
            else if (known.orphanedAt == null) known.orphanedAt = now;
        all.values()
                .removeIf(known -> known.orphanedAt != null
                        && known.orphanedAt.plus(FORGOTTEN_AFTER).isBefore(now));
    }
}
