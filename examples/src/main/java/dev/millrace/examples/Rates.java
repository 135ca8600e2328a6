package dev.millrace.examples;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.Limit;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import java.time.Duration;
import java.util.ArrayList;

/** Shows a rate per key over the whole fleet: evenly spread, some at once after a pause, and jobs that take more of it than one. */
final class Rates {

    /** What the other side allows: a call each 50 ms, and five at once now and then. */
    private static final Limit CALLS =
            Limit.named("calls").rate(20, ofSeconds(1)).burst(5);

    @Kind("call")
    record Call(String shop, int pages) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.limit(CALLS.weight(pages), shop);
        }
    }

    private Rates() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node().handle(Call.class, call -> {}).start();

            long began = System.nanoTime();
            var calls = new ArrayList<Handle<Void>>();
            for (int i = 0; i < 6; i++) calls.add(millrace.enqueue(new Call("acme", 1)));
            calls.add(millrace.enqueue(new Call("acme", 5))); // counts as five
            for (var call : calls) call.get(ofSeconds(10));
            var took = Duration.ofNanos(System.nanoTime() - began);

            // Eleven are asked for, and five may come at once: six wait for 50 ms each, of which some is made up for if
            // one is late.
            System.out.println(
                    "Eleven calls' worth, as spread as was promised: " + (took.compareTo(ofMillis(200)) >= 0));
            millrace.enqueue(new Call("emca", 1)).get(ofSeconds(10));
            System.out.println("Another shop has its own");
        }
    }
}
