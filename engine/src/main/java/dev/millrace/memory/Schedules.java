package dev.millrace.memory;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.Scope;
import dev.millrace.store.Lease;
import dev.millrace.store.Timetable;
import dev.millrace.store.Timetable.Kept;
import dev.millrace.store.Timetable.Owned;
import dev.millrace.store.Timetable.Run;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.Standing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
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

    Schedules(Ledger ledger, Members members, UniqueKeys uniqueKeys) {
        this.ledger = ledger;
        this.members = members;
        this.uniqueKeys = uniqueKeys;
    }

    /** A schedule that some node has brought. */
    private static final class Known {
        ScheduleCard card;
        Instant since;
        Member owner;
        Lease lease;
        long term = 1;

        @Nullable
        Instant orphanedAt;

        final NavigableMap<Instant, JobId> slots = new TreeMap<>();
        final NavigableMap<Instant, JobId> ran = new TreeMap<>();
        final NavigableSet<Instant> asked = new TreeSet<>();

        Known(ScheduleCard card, Member owner, Instant since) {
            this.card = card;
            this.since = since;
            this.owner = owner;
            this.lease = owner.lease();
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

        void takenOver(Member by) {
            owner = by;
            lease = by.lease();
            term++;
            orphanedAt = null;
        }
    }

    Owned own(Member node, List<ScheduleCard> cards, Instant now) {
        var standings = new ArrayList<Standing>();
        for (var card : cards) {
            var known = all.computeIfAbsent(card.name(), name -> new Known(card, node, now));
            takeOver(known, card, node, now);
            if (known.lease.equals(node.lease()))
                standings.add(
                        new Standing(card.name(), known.term, known.upto(now), known.lastJob(now), known.asked(now)));
        }
        return new Owned(now, List.copyOf(standings));
    }

    private void takeOver(Known known, ScheduleCard card, Member node, Instant now) {
        if (known.lease.equals(node.lease())) return;
        boolean other = !known.card.equals(card);
        boolean newer = known.owner.joined < node.joined;
        if (members.alive(known.lease) ? !(other && newer) : !(newer || !other || orphanedLong(known, now))) return;
        known.takenOver(node);
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
        if (known == null || !known.lease.equals(node.lease()) || known.term != term) return OptionalInt.empty();
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

    List<Kept> kept() {
        return all.values().stream().map(this::kept).toList();
    }

    private Kept kept(Known known) {
        var last = known.slots.isEmpty() ? null : known.slots.lastKey();
        return new Kept(
                known.card,
                known.since,
                known.lease.node().value(),
                members.alive(known.lease),
                last,
                last == null ? null : known.slots.get(last),
                ledger.pauses.get(Scope.schedule(known.card.name())));
    }

    /** What no node brings any more. */
    void forgetOrphans(Instant now) {
        for (var known : all.values())
            if (members.alive(known.lease)) known.orphanedAt = null;
            else if (known.orphanedAt == null) known.orphanedAt = now;
        all.values()
                .removeIf(known -> known.orphanedAt != null
                        && known.orphanedAt.plus(FORGOTTEN_AFTER).isBefore(now));
    }
}
