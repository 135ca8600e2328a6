package dev.millrace.node;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException;
import dev.millrace.store.Timetable.Run;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.Standing;
import dev.millrace.world.World;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Fires the schedules that this node has: enqueues the jobs of their slots when these come, on the store's clock. Every two seconds it
 * looks which it has, if there are any at all: those that nobody had, and those whose node has died, become its own. A closing node goes on until it leaves, since
 * until then nobody else may. Those that were set at run time it learns from the store; each change of one is a term of its own, so that what it has
 * learnt of a term holds as long as that.
 *
 * <p>Nothing here decides that a slot runs once; the store does. A step whose commit is unknown is simply done again.
 */
final class Scheduler implements Loop {

    private static final Logger LOG = System.getLogger(Scheduler.class.getName());

    /** Between two looks: after so long at most a dead node's schedules go on, and somebody who asked for a run is heard. */
    private static final Duration LOOK = Duration.ofSeconds(2);

    /** Before another look, where something was fired already, or whether a run has ended that the next one waits for. */
    private static final Duration SOON = Duration.ofSeconds(1);

    /** Slots of one schedule in one step, and about how many bytes. */
    private static final int MOST = 1_000;

    private static final long MOST_BYTES = 1 << 20;

    private static final Duration LONGEST_BACK_OFF = Duration.ofMinutes(1);

    private final Incarnation node;
    private final World world;
    private final Map<String, SchedulePlan> plans = new TreeMap<>();
    private final List<ScheduleCard> cards;
    private final Map<String, OwnSchedule> own = new TreeMap<>();

    /** Of those set at run time, the terms whose definition this build can't read. */
    private final Map<String, Long> unreadable = new HashMap<>();

    /** Names that this node brings, and that somebody has set at run time. */
    private final Set<String> clashes = new HashSet<>();

    private long nextLook;

    /** The store's clock, as it was told at a moment of ours: later than that by the way of the answer, so that nothing comes early. */
    private Instant told = Instant.EPOCH;

    private long toldAt;

    /** A schedule that this node has. */
    private static final class OwnSchedule {
        final SchedulePlan plan;
        final long term;
        final boolean set;
        Instant upto;

        @Nullable
        JobId lastJob;

        List<Instant> asked = List.of();
        int failures;
        long notBefore;

        OwnSchedule(SchedulePlan plan, Standing standing, long now) {
            this.plan = plan;
            this.term = standing.term();
            this.set = standing.set();
            this.upto = standing.upto();
            this.lastJob = standing.lastJob();
            this.notBefore = now;
        }

        String name() {
            return plan.card().name();
        }
    }

    Scheduler(Incarnation node) {
        this.node = node;
        this.world = node.world();
        for (var plan : node.plan().schedules()) plans.put(plan.card().name(), plan);
        cards = plans.values().stream().map(SchedulePlan::card).toList();
        nextLook = world.nanoTime();
    }

    @Override
    public Duration turn() {
        if (node.isLeaving() || !node.beater().trusted() || !node.controller().heard()) return Duration.ofMillis(500);
        try {
            if (nothingSet()) {
                nextLook = world.nanoTime(); // as soon as there is something
                return LOOK;
            }
            if (nextLook - world.nanoTime() <= 0) look();
            Duration rest = null;
            for (var schedule : List.copyOf(own.values())) rest = least(rest, fire(schedule));
            return least(rest, Duration.ofNanos(Math.max(0, nextLook - world.nanoTime())));
        } catch (StoreException.Fenced fenced) {
            if (node.isLeaving()) return LOOK; // by our own good-bye
            throw fenced;
        }
    }

    /**
     * Whether there is nothing to look for: no schedule is this node's by its code, none is set at run time, and it has none from when there were. What the
     * controller knows a second later the next turn sees.
     */
    private boolean nothingSet() {
        return cards.isEmpty()
                && own.isEmpty()
                && unreadable.isEmpty()
                && !node.controller().setSchedules();
    }

    private void look() {
        var owned = node.storage().own(node.lease(), cards, held());
        toldAt = world.nanoTime();
        told = owned.now();
        nextLook = toldAt + LOOK.toNanos();
        tellClashes(owned.clashes());
        unreadable
                .keySet()
                .retainAll(owned.schedules().stream().map(Standing::name).toList());
        var before = new HashMap<>(own);
        own.clear();
        for (var standing : owned.schedules()) {
            var known = before.get(standing.name());
            var plan = standing.set() ? planOfSet(standing, known) : plans.get(standing.name());
            if (plan == null) continue;
            var schedule = known != null && goesOn(known, standing) ? known : new OwnSchedule(plan, standing, toldAt);
            schedule.asked = standing.asked();
            schedule.lastJob = standing.lastJob(); // which may be another one's, that has the unique key of ours
            own.put(standing.name(), schedule);
        }
    }

    /** What need not be told again; null if schedules that are set at run time are not this node's to fire. */
    private @Nullable Map<String, Long> held() {
        if (node.plan().setSchedules() == null) return null;
        var held = new HashMap<>(unreadable);
        for (var schedule : own.values()) if (schedule.set) held.put(schedule.name(), schedule.term);
        return held;
    }

    private @Nullable SchedulePlan planOfSet(Standing standing, @Nullable OwnSchedule known) {
        var reader = node.plan().setSchedules();
        var definition = standing.definition();
        if (definition == null || reader == null)
            return known != null && known.term == standing.term() ? known.plan : null;
        var plan = reader.read(definition);
        if (plan != null) {
            unreadable.remove(standing.name());
        } else if (!Long.valueOf(standing.term()).equals(unreadable.put(standing.name(), standing.term()))) {
            LOG.log(
                    Level.ERROR,
                    "The schedule %s, which was set at run time, can't be read by this node: a newer build wrote it (%s; %s), or this Java does not know its zone. It fires nothing while this node has it. Bring the node up to date, or close it, so that another one takes the schedule over."
                            .formatted(
                                    standing.name(),
                                    definition.card().times(),
                                    definition.card().policy()));
        }
        return plan;
    }

    /** Once each, until it is over: the node runs on, and a deploy must not fail by what an operator did. */
    private void tellClashes(List<String> now) {
        clashes.retainAll(now);
        for (var name : now)
            if (clashes.add(name))
                LOG.log(
                        Level.ERROR,
                        "This node brings the schedule %s, and one of this name was set at run time, which holds; the one from code is not fired. Give it another name, or remove the other one: `millrace schedule remove %s`; two seconds later this one begins."
                                .formatted(name, name));
    }

    /** What lies later than now was fired by a clock that has been set back: then it begins anew, as the store says. */
    private boolean goesOn(OwnSchedule known, Standing standing) {
        return known.term == standing.term() && !known.upto.isAfter(told);
    }

    /** Fires what is due. Returns how long until there is more to do. */
    private Duration fire(OwnSchedule schedule) {
        long now = world.nanoTime();
        if (schedule.notBefore - now > 0) return Duration.ofNanos(schedule.notBefore - now);
        var storeNow = told.plusNanos(now - toldAt);
        if (!schedule.asked.isEmpty() && fired(schedule, schedule.asked, true, now) == null)
            return backOff(schedule, now);
        if (node.controller().paused().contains(Scope.schedule(schedule.name()))) return LOOK;
        var after = schedule.plan.afterEach() ? endOfLast(schedule) : schedule.upto;
        if (after == null) return SOON;
        var due = schedule.plan.due(after, storeNow, MOST);
        if (due.isEmpty()) return until(schedule, later(after, storeNow, schedule.plan.afterEach()), storeNow);
        var last = fired(schedule, due, false, now);
        if (last == null) return backOff(schedule, now);
        boolean more = due.size() == MOST || !last.equals(due.getLast());
        return more ? Duration.ZERO : schedule.plan.afterEach() ? SOON : until(schedule, last, storeNow);
    }

    private static Instant later(Instant after, Instant storeNow, boolean counted) {
        return counted || after.isAfter(storeNow) ? after : storeNow;
    }

    private static Duration until(OwnSchedule schedule, Instant after, Instant storeNow) {
        var next = schedule.plan.next(after);
        if (next.isEmpty()) return LOOK;
        return next.get().isAfter(storeNow) ? Duration.between(storeNow, next.get()) : Duration.ZERO;
    }

    private static Duration backOff(OwnSchedule schedule, long now) {
        return schedule.notBefore - now > 0 ? Duration.ofNanos(schedule.notBefore - now) : SOON;
    }

    /** When the run of the last slot ended, as far as the next slot comes behind the last; null if it has not. One that is forgotten ended long ago. */
    private @Nullable Instant endOfLast(OwnSchedule schedule) {
        if (schedule.lastJob == null) return schedule.upto;
        var last = node.storage().find(schedule.lastJob);
        if (last.isEmpty()) return schedule.upto;
        var ended = last.get().endedAt();
        return ended == null || ended.isAfter(schedule.upto) ? ended : schedule.upto;
    }

    /** The last slot that was fired: perhaps not all, where they are large. Null if there is something to be looked at, or waited for, first. */
    private @Nullable Instant fired(OwnSchedule schedule, List<Instant> slots, boolean asked, long now) {
        var runs = runs(schedule, slots, asked, now);
        if (runs.isEmpty()) return null;
        try {
            var fired = node.storage().fire(node.lease(), schedule.name(), schedule.term, runs);
            if (fired.isEmpty() || fired.getAsInt() < runs.size()) {
                own.remove(schedule.name()); // another node's now, paused, or fired by a step that had no answer
                nextLook = Math.min(nextLook, now + SOON.toNanos());
                return null;
            }
        } catch (StoreException.Blocked | StoreException.Exhausted | StoreException.Refused about) {
            failed(schedule, about, now);
            return null;
        }
        schedule.failures = 0;
        node.claimer().hint();
        if (asked) {
            schedule.asked = schedule.asked.subList(runs.size(), schedule.asked.size());
        } else {
            schedule.upto = runs.getLast().slot();
            schedule.lastJob = runs.getLast().job().id();
            if (runs.getLast().job().unique() != null) nextLook = now; // whose job it is now the store knows
        }
        return runs.getLast().slot();
    }

    /** As many as fit into a step. It is the user's code that makes a job: one that it does not make is tried again, after those before it. */
    private List<Run> runs(OwnSchedule schedule, List<Instant> slots, boolean asked, long now) {
        var runs = new ArrayList<Run>();
        long bytes = 0;
        for (var slot : slots) {
            try {
                var job = schedule.plan.job(slot, asked);
                runs.add(new Run(slot, asked, job));
                bytes += size(job);
            } catch (RuntimeException | LinkageError | AssertionError thrown) {
                if (runs.isEmpty()) failed(schedule, thrown, now);
                break;
            }
            if (bytes >= MOST_BYTES) break;
        }
        return runs;
    }

    private static int size(NewJob job) {
        return job.payload() instanceof Payload.Text(var text) ? text.length() : 0;
    }

    private void failed(OwnSchedule schedule, Throwable thrown, long now) {
        var rest = Duration.ofSeconds(1L << Math.min(schedule.failures++, 6));
        schedule.notBefore = now + least(rest, LONGEST_BACK_OFF).toNanos();
        LOG.log(
                Level.WARNING,
                "The schedule %s could not be fired: %s. It is tried again until its slot counts as missed; nothing of it was enqueued, and other schedules go on."
                        .formatted(schedule.name(), thrown),
                thrown);
    }

    private static Duration least(@Nullable Duration one, Duration other) {
        return one != null && one.compareTo(other) <= 0 ? one : other;
    }
}
