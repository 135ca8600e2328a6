package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.store.Records;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Each slot of a schedule becomes one job, whoever tries how often, and none is left out; so does each run that somebody asks for; and while it is
 * paused there are none. Of a schedule that is set at run time, nothing is fired by what it said before once a change of it was answered, and nothing
 * at all once it was answered that it is removed.
 */
public final class EachSlotOnce implements Checker {

    /**
     * A schedule that nodes bring.
     *
     * @param end no slot comes at it or later
     */
    public record Expected(String schedule, Duration period, Instant end) {}

    private record Slot(String schedule, Instant at) {}

    private final Intended intended;
    private final Function<String, NavigableMap<Instant, JobId>> fired;
    private final ToIntFunction<String> ranForAsking;
    private final BooleanSupplier clockSetBack;
    private final List<Expected> expected = new ArrayList<>();
    private final Map<Slot, Set<JobId>> tries = new LinkedHashMap<>();
    private final Map<String, Integer> asked = new HashMap<>();
    private final Map<String, Integer> perhapsAsked = new HashMap<>();
    private final Map<String, Integer> atPause = new HashMap<>();
    private final Map<String, SetAtRunTime> set = new LinkedHashMap<>();

    /** What is known of a schedule that operators set. */
    private static final class SetAtRunTime {
        /** What each job says that was made for one of its slots. */
        final Map<JobId, String> said = new HashMap<>();

        /** By what it may be fired: more than one while an operator waits for an answer; null if nobody knows, since a failover may have lost what was answered. */
        @Nullable
        Set<String> allowed = new LinkedHashSet<>();

        /** Slots whose jobs were looked at. */
        final Set<Instant> seen = new HashSet<>();

        /** Since when its times are what they are, by all that is known; null if they are not, or nobody knows. */
        @Nullable
        Expected expected;

        @Nullable
        Instant from;
    }

    /**
     * @param fired the slots of a schedule that are fired, as the store says, each with its job
     * @param ranForAsking how many of its runs were fired since somebody had asked for them
     * @param clockSetBack whether slots may come later than by now
     */
    public EachSlotOnce(
            Intended intended,
            Function<String, NavigableMap<Instant, JobId>> fired,
            ToIntFunction<String> ranForAsking,
            BooleanSupplier clockSetBack) {
        this.intended = intended;
        this.fired = fired;
        this.ranForAsking = ranForAsking;
        this.clockSetBack = clockSetBack;
    }

    @Override
    public String invariant() {
        return "each slot of a schedule is one job";
    }

    /** Nodes bring it. */
    public void expect(Expected schedule) {
        expected.add(schedule);
    }

    /** Those that nodes bring. */
    public List<String> schedules() {
        return expected.stream().map(Expected::schedule).toList();
    }

    // ---- what operators set

    /** An operator is about to have it say this, beside what it may say now; null for nothing, since it is removed. */
    public void changing(String schedule, @Nullable String says) {
        var known = set.computeIfAbsent(schedule, first -> new SetAtRunTime());
        lookAtSet(schedule, known);
        if (known.allowed != null && says != null) known.allowed.add(says);
    }

    /**
     * That was answered: from now on it says nothing else.
     *
     * @param times what is to come from now on; null if nothing is, or if it goes on where it was
     * @param now on the store's clock
     */
    public void changed(String schedule, @Nullable String says, @Nullable Expected times, Instant now) {
        var known = set.computeIfAbsent(schedule, first -> new SetAtRunTime());
        lookAtSet(schedule, known);
        known.allowed = new LinkedHashSet<>();
        if (says != null) known.allowed.add(says);
        if (says == null) known.expected = null;
        if (times != null) {
            known.expected = times;
            known.from = now;
        }
    }

    /** Its times are about to change, and are looked at for the last time: up to the last slot that was fired, each was. */
    public void ending(String schedule) {
        var known = set.get(schedule);
        if (known == null || known.expected == null) return;
        var slots = fired.apply(schedule);
        if (!slots.isEmpty()) gapless(known, slots.lastKey());
        known.expected = null;
    }

    /** A node has made this job of a slot by what the schedule says to it. */
    public void said(String schedule, String says, JobId job) {
        set.computeIfAbsent(schedule, first -> new SetAtRunTime()).said.put(job, says);
    }

    private void lookAtSet(String schedule, SetAtRunTime known) {
        fired.apply(schedule).forEach((slot, job) -> {
            if (!known.seen.add(slot) || known.allowed == null) return;
            var says = known.said.get(job);
            require(
                    says != null && known.allowed.contains(says),
                    "slot %s of %s was fired by what it said before (%s); now it says %s",
                    slot,
                    schedule,
                    String.valueOf(says),
                    known.allowed.isEmpty() ? "nothing, since it is removed" : known.allowed);
        });
    }

    /** Of its times each slot before a moment is fired, from the first that came after they were known to hold. */
    private void gapless(SetAtRunTime known, Instant before) {
        var expected = known.expected;
        if (expected == null || known.from == null || clockSetBack.getAsBoolean()) return;
        var slots = fired.apply(expected.schedule());
        long period = expected.period().toSeconds();
        long first = Math.floorDiv(known.from.getEpochSecond(), period) * period + period;
        for (var slot = Instant.ofEpochSecond(first);
                slot.isBefore(before) && slot.isBefore(expected.end());
                slot = slot.plusSeconds(period))
            require(
                    slots.containsKey(slot),
                    "slot %s of %s was not fired, though it has said so since %s",
                    slot,
                    expected.schedule(),
                    known.from);
    }

    /** A node has made this job of a slot; whether it fires it is another matter. */
    public void tried(String schedule, Instant slot, JobId job) {
        tries.computeIfAbsent(new Slot(schedule, slot), first -> new LinkedHashSet<>())
                .add(job);
    }

    /** A run was asked for, and that was answered. */
    public void asked(String schedule) {
        asked.merge(schedule, 1, Integer::sum);
    }

    /** A run was asked for, and that was not answered. */
    public void perhapsAsked(String schedule) {
        perhapsAsked.merge(schedule, 1, Integer::sum);
    }

    /** It is paused, and that was answered. */
    public void paused(String schedule) {
        atPause.put(schedule, fired.apply(schedule).size());
    }

    /** It is about to be resumed. */
    public void resuming(String schedule) {
        var before = atPause.remove(schedule);
        if (before == null) return; // a failover may have lost the pause
        int now = fired.apply(schedule).size();
        require(before == now, "%s was paused, and fired %d slots meanwhile", schedule, now - before);
    }

    /** Whether all slots have come. */
    public boolean allFired() {
        return clockSetBack.getAsBoolean()
                || (expected.stream().allMatch(this::allFired)
                        && set.values().stream()
                                .map(known -> known.expected)
                                .allMatch(times -> times == null || allFired(times)));
    }

    private boolean allFired(Expected schedule) {
        var slots = fired.apply(schedule.schedule());
        return !slots.isEmpty() && !slots.lastKey().plus(schedule.period()).isBefore(schedule.end());
    }

    @Override
    public void forget() {
        atPause.clear();
        asked.forEach((schedule, times) -> perhapsAsked.merge(schedule, times, Integer::sum));
        asked.clear();
        for (var known : set.values()) {
            known.allowed = null;
            known.expected = null;
            known.seen.clear();
        }
    }

    /** Of slots that were tried more than once, at most one job is there; at the end it may be gone. */
    @Override
    public void look(Records records) {
        for (var schedule : expected) fired.apply(schedule.schedule()).values().forEach(intended::acknowledged);
        set.forEach((schedule, known) -> {
            fired.apply(schedule).values().forEach(intended::acknowledged);
            lookAtSet(schedule, known);
        });
        tries.forEach((slot, jobs) -> {
            if (jobs.size() > 1) one(slot, jobs, records);
        });
    }

    private void one(Slot slot, Set<JobId> jobs, Records records) {
        var found = jobs.stream().filter(job -> records.find(job).isPresent()).toList();
        require(found.size() <= 1, "slot %s of %s is %d jobs: %s", slot.at(), slot.schedule(), found.size(), found);
    }

    @Override
    public void end(Records records) {
        for (var schedule : expected) end(schedule);
        set.forEach((schedule, known) -> {
            lookAtSet(schedule, known);
            gapless(known, Instant.MAX);
        });
    }

    private void end(Expected schedule) {
        @Nullable Instant before = null;
        for (var slot : fired.apply(schedule.schedule()).keySet()) {
            require(
                    before == null || before.plus(schedule.period()).equals(slot),
                    "of %s nothing was fired between %s and %s",
                    schedule.schedule(),
                    String.valueOf(before),
                    slot);
            before = slot;
        }
        require(
                allFired(schedule) || clockSetBack.getAsBoolean(),
                "%s stands still: its last slot was %s, and it goes on until %s",
                schedule.schedule(),
                String.valueOf(before),
                schedule.end());
        int sure = asked.getOrDefault(schedule.schedule(), 0);
        int ran = ranForAsking.applyAsInt(schedule.schedule());
        require(
                ran >= sure && ran <= sure + perhapsAsked.getOrDefault(schedule.schedule(), 0),
                "of %s %d runs were asked for, of which it was answered, and %d perhaps; and there were %d",
                schedule.schedule(),
                sure,
                perhapsAsked.getOrDefault(schedule.schedule(), 0),
                ran);
    }
}
