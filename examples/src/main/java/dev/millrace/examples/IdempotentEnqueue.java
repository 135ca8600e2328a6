package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;

/** Shows an idempotency key: who is not sure whether a request got through sends it again, and enqueues nothing twice. */
final class IdempotentEnqueue {

    @Kind("charge")
    record Charge(String order, long cents) implements Job<String> {}

    private IdempotentEnqueue() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(Charge.class, job -> job.order() + " was charged")
                    .start();
            var requestKey = "request-7f3a";

            var first = millrace.enqueue(new Charge("A-7", 1999), o -> o.idempotencyKey(requestKey));
            var again = millrace.enqueue(new Charge("A-7", 1999), o -> o.idempotencyKey(requestKey));
            System.out.println("It was there before: " + first.existed() + ", then " + again.existed());
            System.out.println("It is the same job: " + again.id().equals(first.id()));
            System.out.println(again.get(ofSeconds(10)));

            try {
                millrace.enqueue(new Charge("A-7", 2999), o -> o.idempotencyKey(requestKey));
            } catch (MillraceException refused) {
                System.out.println("Another request with that key: " + refused.getMessage());
            }
        }
    }
}
