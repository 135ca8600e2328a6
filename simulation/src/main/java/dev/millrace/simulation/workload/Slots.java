package dev.millrace.simulation.workload;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.Scope;
import dev.millrace.node.SchedulePlan;
import dev.millrace.simulation.checker.EachSlotOnce;
import dev.millrace.simulation.checker.Intended.Plan;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException;
import dev.millrace.store.Timetable.ScheduleCard;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Two schedules that all nodes bring: each of their slots runs once, whoever dies, freezes, or hears no answer. */
final class Slots implements Workload {

    private static final int SCHEDULES = 2;
    private static final String ME = "the simulation";

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

    /** At a fixed rate until the end; what was missed runs, all of it. */
    private record Every(String name, Instant end, Office on) implements SchedulePlan {

        @Override
        public ScheduleCard card() {
            return new ScheduleCard(name, "every=" + PERIOD, "missed=all");
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
            long period = PERIOD.toSeconds();
            return Optional.of(Instant.ofEpochSecond(Math.floorDiv(after.getEpochSecond(), period) * period + period))
                    .filter(slot -> slot.isBefore(end));
        }

        @Override
        public NewJob job(Instant slot, boolean asked) {
            var random = on.random();
            var job = new NewJob(
                    new JobId(new UUID(random.nextLong(), random.nextLong())),
                    random.nextBoolean() ? "first" : "second",
                    Priority.NORMAL,
                    null,
                    "work",
                    1,
                    new Payload.Text("x"),
                    Map.of(),
                    null,
                    null,
                    null);
            var script = Script.plain(Duration.ofMillis(random.nextInt(100)));
            on.plan(new Office.Draft(job, script, new Plan(script.leadsTo(), script.attempts(), false, false, false)));
            on.fleet().slots().tried(name, slot, job.id());
            return job;
        }
    }
}
