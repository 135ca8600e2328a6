package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Shows a number for the whole fleet: two nodes call a provider that allows three calls at once, and share them. */
final class FleetConcurrency {

    @Kind("call")
    record Call(int no) implements Job<Void> {}

    private static final AtomicInteger INSIDE = new AtomicInteger();
    private static final AtomicInteger MOST = new AtomicInteger();

    private FleetConcurrency() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            for (var name : List.of("one", "other"))
                millrace.node()
                        .name(name)
                        .handle(Call.class, FleetConcurrency::call)
                        .fleetConcurrency(3)
                        .start();

            var all = new ArrayList<Handle<Void>>();
            for (int no = 0; no < 30; no++) all.add(millrace.enqueue(new Call(no)));
            for (var handle : all) handle.await(ofSeconds(30));

            var number = millrace.operations("the example").fleetConcurrencies().getFirst();
            System.out.println(number.scope().name() + " may run " + number.concurrency() + " times on "
                    + number.shares().size() + " nodes together");
            System.out.println("More than that at once: " + (MOST.get() > number.concurrency() ? "yes" : "never"));
        }
    }

    private static void call(Call job) throws InterruptedException {
        MOST.accumulateAndGet(INSIDE.incrementAndGet(), Math::max);
        Thread.sleep(job.no() % 5);
        INSIDE.decrementAndGet();
    }
}
