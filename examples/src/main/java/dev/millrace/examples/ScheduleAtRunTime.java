package dev.millrace.examples;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import dev.millrace.Attempt;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Schedule;
import java.time.ZoneId;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Shows schedules that no code brings: set for each customer while nodes run, changed, and removed. */
final class ScheduleAtRunTime {

    @Kind("close-day")
    record CloseDay(String shop) implements Job<Void> {}

    private ScheduleAtRunTime() {}

    public static void main(String[] args) throws InterruptedException {
        var closed = new CountDownLatch(2);
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(CloseDay.class, (CloseDay job, Attempt attempt) -> {
                        if (attempt.slot().isPresent()) closed.countDown();
                    })
                    .start();
            var operations = millrace.operations("mara");

            var nightly = Schedule.cron("30 2 * * *", ZoneId.of("Europe/Berlin"));
            var acme = new CloseDay("acme");
            say(operations.schedule("close-acme", nightly, acme, o -> o.tenant("acme"), "a new customer"));
            say(operations.schedule("close-acme", nightly, acme, o -> o.tenant("acme"), "said at each start"));

            say(operations.schedule("close-acme", Schedule.every(ofSeconds(1)), acme, "they are in a hurry"));
            System.out.println(closed.await(30, TimeUnit.SECONDS) ? "closed twice" : "nothing was closed");

            for (var schedule : operations.schedules())
                if (schedule.set() != null)
                    System.out.println(schedule.name() + ": " + schedule.schedule() + ", set by "
                            + schedule.set().by() + ": " + schedule.set().reason());

            say(operations.schedule("poll", Schedule.afterEach(ofMinutes(5)), new CloseDay("all"), "to see"));
            System.out.println("removed: " + operations.unschedule("close-acme", "the customer has left"));
            operations.schedules().forEach(schedule -> System.out.println("there is " + schedule.name()));
        }
    }

    private static void say(Object outcome) {
        System.out.println(outcome.toString().toLowerCase(Locale.ROOT));
    }
}
