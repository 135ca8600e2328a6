package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.store.Records;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
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
 * paused there are none.
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
        return clockSetBack.getAsBoolean() || expected.stream().allMatch(this::allFired);
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
    }

    /** Of slots that were tried more than once, at most one job is there; at the end it may be gone. */
    @Override
    public void look(Records records) {
        for (var schedule : expected) fired.apply(schedule.schedule()).values().forEach(intended::acknowledged);
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
