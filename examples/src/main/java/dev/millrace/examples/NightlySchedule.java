package dev.millrace.examples;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Schedule;
import dev.millrace.Schedule.Gap;
import dev.millrace.Schedule.Missed;
import dev.millrace.Schedule.Overlap;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Shows a schedule: how it passes the night on which half past two does not exist, and one that runs each second. */
final class NightlySchedule {

    @Kind("close-day")
    record CloseDay(LocalDate day) implements Job<Void> {}

    @Kind("look-for-mail")
    record LookForMail(Instant slot) implements Job<Void> {}

    private NightlySchedule() {}

    public static void main(String[] args) throws InterruptedException {
        var nightly = Schedule.cron("30 2 * * *", ZoneId.of("Europe/Berlin"))
                .inGap(Gap.RUN_AFTER)
                .inOverlap(Overlap.FIRST)
                .ifMissed(Missed.ONCE)
                .lookBack(ofHours(12));
        nightly.next(3, Instant.parse("2027-03-27T00:00:00Z")).forEach(System.out::println);

        var looked = new CountDownLatch(2);
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(CloseDay.class, job -> System.out.println("closing " + job.day()))
                    .handle(LookForMail.class, job -> looked.countDown())
                    .schedule(
                            "close-day",
                            nightly,
                            slot -> new CloseDay(slot.toLocalDate().minusDays(1)))
                    .schedule("mail", Schedule.every(ofSeconds(1)), slot -> new LookForMail(slot.toInstant()))
                    .start();
            System.out.println(looked.await(30, TimeUnit.SECONDS) ? "looked for mail twice" : "no mail was looked for");
            for (var schedule : millrace.operations("the example").schedules())
                System.out.println(schedule.name() + ": " + schedule.schedule());
        }
    }
}
