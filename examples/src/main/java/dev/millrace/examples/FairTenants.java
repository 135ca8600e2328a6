package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** Shows that a tenant with one report does not wait for the thousands of another. */
final class FairTenants {

    @Kind("report")
    record Report(String customer, int no) implements Job<Integer> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.tenant(customer).share(customer.equals("gold") ? 3 : 1);
        }
    }

    private static final AtomicInteger OF_ACME = new AtomicInteger();

    private FairTenants() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node().slots(4).handle(Report.class, FairTenants::write).start();

            var acme = millrace.enqueueAll(IntStream.range(0, 2_000).mapToObj(no -> new Report("acme", no)));
            var ada = millrace.enqueue(new Report("ada", 1));

            int before = ada.get(ofSeconds(30));
            System.out.println("Ada's report was written " + (before < 1_000 ? "before most" : "after most")
                    + " of the 2,000 of Acme");
            for (var handle : acme) handle.get(ofSeconds(30));
            System.out.println("Then all of Acme's: " + OF_ACME.get());
        }
    }

    /** Returns how many of Acme have been written before. */
    private static int write(Report job) throws InterruptedException {
        Thread.sleep(2);
        return job.customer().equals("acme") ? OF_ACME.incrementAndGet() : OF_ACME.get();
    }
}
