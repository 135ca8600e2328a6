package dev.millrace.simulation.workload;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.Scope;
import dev.millrace.node.SchedulePlan;
import dev.millrace.simulation.checker.EachSlotOnce;
import dev.millrace.simulation.checker.Intended.Plan;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.JobTemplate;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.SetSchedule;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Two schedules that all nodes bring, and one that operators set, change and remove meanwhile: each of their slots runs once, whoever dies, freezes, or
 * hears no answer.
 */
final class Slots implements Workload {

    private static final int SCHEDULES = 2;
    private static final String ME = "the simulation";
    private static final String SET = "schedule-set";
    private static final List<Duration> PERIODS = List.of(Duration.ofSeconds(2), Duration.ofSeconds(3));

    /** Slower than a node looks, and faster than it is found dead. */
    private static final Duration PERIOD = Duration.ofSeconds(2);

    @Override
    public String name() {
        return "slots";
    }

    @Override
    public void plan(Office on) {
        var end = on.fleet().storeNow().plus(on.hours());
        for (int no = 1; no <= SCHEDULES; no++) {
            var schedule = new Every("schedule-" + no, end, on);
            on.fleet().bring(schedule);
            on.fleet().slots().expect(new EachSlotOnce.Expected(schedule.name, PERIOD, end));
            for (int i = on.random().nextInt(4); i > 0; i--)
                on.sometime("an operator asks for a run", () -> ask(on, schedule.name));
            if (on.random().nextInt(3) == 0) pause(on, schedule.name);
        }
        on.fleet().read(stored -> new Every(stored, end, on));
        on.at(
                Duration.ofNanos(on.random().nextLong(on.hours().toNanos() / 2)),
                "an operator sets schedules",
                () -> setAndChange(on, end));
    }

    /**
     * What one operator does to a schedule, one after the other, where the database is: the commit is a word of its own there, so that nothing is carried out
     * later that was given up before. Each is said until it has gone through.
     */
    private static void setAndChange(Office on, Instant end) {
        int words = 2 + on.random().nextInt(4);
        @Nullable Duration before = null;
        for (int word = 1; word <= words; word++) {
            var what = before == null ? 0 : on.random().nextInt(3);
            if (what == 1) {
                remove(on);
                before = null;
            } else {
                var period =
                        before == null || what == 2 ? PERIODS.get(on.random().nextInt(2)) : before;
                set(on, "word " + word, period, period.equals(before), end);
                before = period;
            }
            on.fleet().timeline().pause(Duration.ofMillis(on.random().nextInt(8_000)));
        }
    }

    /** What it says is the payload of its jobs; they go to a queue of their own choice. */
    private static void set(Office on, String says, Duration period, boolean goesOn, Instant end) {
        var slots = on.fleet().slots();
        var schedule = new SetSchedule(
                new ScheduleCard(SET, "every=" + period, "missed=all"),
                new JobTemplate(
                        on.random().nextBoolean() ? "first" : "second",
                        Priority.NORMAL,
                        null,
                        "work",
                        1,
                        new Payload.Text(says),
                        Map.of(),
                        null,
                        null));
        on.fleet().keep(() -> {
            if (!goesOn) slots.ending(SET);
            slots.changing(SET, says);
        });
        on.insist(() -> on.fleet().store().set(schedule, ME, "a customer asks for it"));
        on.fleet().trace().tell("%s is set: %s, each %s", SET, says, period);
        on.fleet()
                .keep(() -> slots.changed(
                        SET,
                        says,
                        goesOn ? null : new EachSlotOnce.Expected(SET, period, end),
                        on.fleet().storeNow()));
    }

    private static void remove(Office on) {
        var slots = on.fleet().slots();
        on.fleet().keep(() -> {
            slots.ending(SET);
            slots.changing(SET, null);
        });
        on.insist(() -> on.fleet().store().remove(SET, ME, "the customer has left"));
        on.fleet().trace().tell("%s is removed", SET);
        on.fleet().keep(() -> slots.changed(SET, null, null, on.fleet().storeNow()));
    }

    private static void ask(Office on, String schedule) {
        try {
            if (on.store().ask(schedule, ME)) on.fleet().slots().asked(schedule);
        } catch (StoreException.CommitUnknown unheard) {
            on.fleet().slots().perhapsAsked(schedule);
        } catch (StoreException refused) {
            on.fleet().trace().tell("no run of %s is asked for: %s", schedule, refused.getMessage());
        }
    }

    /** What was answered holds: until it is resumed nothing is fired but what somebody asks for. */
    private static void pause(Office on, String schedule) {
        var scope = Scope.schedule(schedule);
        var from = Duration.ofNanos(on.random().nextLong(on.hours().toNanos()));
        on.at(from, "an operator pauses", () -> {
            on.insist(() -> on.fleet().store().pause(scope, "maintenance", ME));
            on.fleet().trace().tell("%s is paused", schedule);
            on.fleet().slots().paused(schedule);
            on.fleet().timeline().pause(Duration.ofSeconds(1 + on.random().nextInt(10)));
            on.fleet().keep(() -> on.fleet().slots().resuming(schedule));
            on.fleet().trace().tell("%s is resumed", schedule);
            on.insist(() -> on.fleet().store().resume(scope, ME));
        });
    }

    /**
     * At a fixed rate until the end; what was missed runs, all of it.
     *
     * @param set what an operator has set; null if nodes bring it
     */
    private record Every(
            String name, Duration period, @Nullable SetSchedule set, Instant end, Office on) implements SchedulePlan {

        Every(String name, Instant end, Office on) {
            this(name, PERIOD, null, end, on);
        }

        Every(SetSchedule set, Instant end, Office on) {
            this(set.card().name(), Duration.parse(set.card().times().substring("every=".length())), set, end, on);
        }

        @Override
        public ScheduleCard card() {
            return new ScheduleCard(name, "every=" + period, "missed=all");
        }

        @Override
        public List<Instant> due(Instant after, Instant now, int most) {
            var slots = new ArrayList<Instant>();
            for (var slot = next(after);
                    slot.isPresent() && !slot.get().isAfter(now) && slots.size() < most;
                    slot = next(slot.get())) slots.add(slot.get());
            return slots;
        }

        @Override
        public Optional<Instant> next(Instant after) {
            long seconds = period.toSeconds();
            return Optional.of(
                            Instant.ofEpochSecond(Math.floorDiv(after.getEpochSecond(), seconds) * seconds + seconds))
                    .filter(slot -> slot.isBefore(end));
        }

        @Override
        public NewJob job(Instant slot, boolean asked) {
            var random = on.random();
            var id = new JobId(new UUID(random.nextLong(), random.nextLong()));
            var job = set == null
                    ? new NewJob(
                            id,
                            random.nextBoolean() ? "first" : "second",
                            Priority.NORMAL,
                            null,
                            "work",
                            1,
                            new Payload.Text("x"),
                            Map.of(),
                            null,
                            null,
                            null)
                    : set.job().job(id, Map.of(), null);
            var script = Script.plain(Duration.ofMillis(random.nextInt(100)));
            on.plan(new Office.Draft(job, script, new Plan(script.leadsTo(), script.attempts(), false, false, false)));
            on.fleet().slots().tried(name, slot, job.id());
            if (job.payload() instanceof Payload.Text(var says) && set != null)
                on.fleet().slots().said(name, says, job.id());
            return job;
        }
    }
}
