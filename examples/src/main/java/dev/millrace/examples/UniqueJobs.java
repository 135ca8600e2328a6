package dev.millrace.examples;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Unique;
import java.util.concurrent.atomic.AtomicInteger;

/** Shows unique jobs: one at a time, one a day, the newest instead of one that waits, and one for a burst of changes. */
final class UniqueJobs {

    @Kind("send-reminder")
    record SendReminder(long customer, String template) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.unique(customer, template);
        }
    }

    @Kind("reindex")
    record Reindex(String document, int revision) implements Job<Integer> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.unique(Unique.by(document).debounce(ofSeconds(1), ofSeconds(30)));
        }
    }

    private UniqueJobs() {}

    public static void main(String[] args) {
        var reindexed = new AtomicInteger();
        try (var millrace = Millrace.on(new MemoryStore())) {
            var reminder = millrace.enqueue(new SendReminder(7, "due"));
            var again = millrace.enqueue(new SendReminder(7, "due"));
            System.out.println("already on its way: " + again.existed() + ", the same job: " + again.equals(reminder));

            millrace.node()
                    .handle(SendReminder.class, job -> System.out.println("Dear customer " + job.customer()))
                    .handle(Reindex.class, job -> {
                        reindexed.incrementAndGet();
                        return job.revision();
                    })
                    .start();
            reminder.get(ofSeconds(10));
            System.out.println("sent, so another one is taken: "
                    + !millrace.enqueue(new SendReminder(7, "due")).existed());

            var daily = Unique.by(7, "newsletter").within(ofDays(1));
            millrace.enqueue(new SendReminder(7, "newsletter"), o -> o.unique(daily))
                    .get(ofSeconds(10));
            System.out.println("one a day, though it has been sent: "
                    + millrace.enqueue(new SendReminder(7, "newsletter"), o -> o.unique(daily))
                            .existed());

            var newest = Unique.by(8).replace();
            var planned = millrace.enqueue(
                    new SendReminder(8, "due"), o -> o.unique(newest).in(ofDays(1)));
            var changed = millrace.enqueue(new SendReminder(8, "paid"), o -> o.unique(newest));
            changed.get(ofSeconds(10));
            System.out.println("replaced before it ran: " + changed.id().equals(planned.id()));

            var last = millrace.enqueue(new Reindex("a.html", 1));
            for (int revision = 2; revision <= 5; revision++) last = millrace.enqueue(new Reindex("a.html", revision));
            System.out.println("reindexed with revision " + last.get(ofSeconds(10)) + ", "
                    + (reindexed.get() == 1 ? "once" : reindexed + " times"));
        }
    }
}
