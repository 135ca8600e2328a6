package dev.millrace.examples;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import dev.millrace.Attempt;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Schedule;
import dev.millrace.State;
import java.time.ZoneId;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Shows a schedule whose runs are spread by a jitter, a run that is asked for beside its slots, and jobs that wait for a time and get another one. */
final class RunNowAndReschedule {

    @Kind("close-shop")
    record CloseShop(String shop) implements Job<String> {}

    private RunNowAndReschedule() {}

    public static void main(String[] args) throws InterruptedException {
        var closed = new CountDownLatch(1);
        try (var millrace = Millrace.on(new MemoryStore())) {
            var nightly = Schedule.cron("30 2 * * *", ZoneId.of("Europe/Berlin"))
                    .jitter(ofMinutes(10)); // up to ten minutes later, so that not all shops close at once
            millrace.node()
                    .handle(CloseShop.class, (CloseShop job, Attempt attempt) -> {
                        if (attempt.schedule().isPresent()) closed.countDown();
                        return job.shop() + " is closed";
                    })
                    .schedule("close-all", nightly, slot -> new CloseShop("all"))
                    .start();
            var operations = millrace.operations("mara");

            while (!operations.runNow("close-all")) Thread.sleep(10); // its node has only just begun
            System.out.println(
                    closed.await(30, TimeUnit.SECONDS) ? "Closed without waiting for half past two" : "still open");

            var later = millrace.enqueue(new CloseShop("acme"), o -> o.in(ofHours(1)));
            var plan = operations
                    .jobs(f -> f.kind(CloseShop.class).state(State.SCHEDULED))
                    .reschedule(ZERO);
            System.out.println(plan.count() + " would run now instead of in an hour");
            plan.run("the shop closes early");
            System.out.println(later.get(ofSeconds(10)));
        }
    }
}
