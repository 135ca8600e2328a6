package dev.millrace.examples;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Priority;
import dev.millrace.Result;
import java.util.List;

/** Shows when a job runs: not before its time, before others of lower priority, and not at all once it has expired. */
final class DelaysPrioritiesAndExpiry {

    @Kind("say")
    record Say(String text) implements Job<Void> {}

    private DelaysPrioritiesAndExpiry() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            var jobs = List.of(
                    millrace.enqueue(new Say("a reminder, in its time"), o -> o.in(ofSeconds(2))),
                    millrace.enqueue(new Say("the import: when there is room"), o -> o.priority(Priority.BULK)),
                    millrace.enqueue(new Say("ordinary work")),
                    millrace.enqueue(new Say("what a person waits for"), o -> o.priority(Priority.URGENT)));
            var offer = millrace.enqueue(new Say("the offer of the moment"), o -> o.expiresAfter(ofMillis(100)));

            if (offer.await(ofMillis(200)) instanceof Result.Pending(var state))
                System.out.println("No node is up, so the offer is " + state);

            millrace.node()
                    .slots(1) // one at a time, so that the order shows
                    .handle(Say.class, say -> System.out.println(say.text()))
                    .start();
            jobs.forEach(job -> job.get(ofSeconds(10)));

            if (offer.await(ofSeconds(10)) instanceof Result.Discarded(var failure))
                System.out.println("The offer: " + failure.message());
        }
    }
}
