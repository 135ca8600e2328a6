package dev.millrace.examples;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofSeconds;

import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.Limit;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Operations;
import dev.millrace.Scope;
import dev.millrace.Why;

/** Shows what an operator does while nodes run: pauses a tenant until a time, and one product; asks why a job waits; sets other numbers for a limit. */
final class PauseAndWhy {

    private static final Limit PER_SHOP = Limit.named("shop").concurrency(4);

    @Kind("sync-product")
    record SyncProduct(String shop, int product) implements Job<String> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.tenant(shop).inOrder("product", product).limit(PER_SHOP, shop);
        }
    }

    private PauseAndWhy() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(SyncProduct.class, job -> "product " + job.product() + " of " + job.shop())
                    .start();
            var operations = millrace.operations("mara"); // her name is recorded

            var acme = Scope.tenant("acme");
            operations.pause(acme, "the bill is open", ofHours(2)); // ends by itself, if nobody resumes it before
            var table = Scope.key("default", "product", 7);
            operations.pause(table, "its pictures are wrong");

            var chair = millrace.enqueue(new SyncProduct("acme", 42));
            var lamp = millrace.enqueue(new SyncProduct("emca", 7));
            say(operations, chair);
            say(operations, lamp);
            for (var pause : operations.pauses())
                System.out.println(pause.scope().name() + ": " + pause.reason() + ", said " + pause.by()
                        + (pause.until() == null ? "" : ", for a time"));

            operations.resume(acme);
            operations.resume(table);
            System.out.println("Synchronised " + chair.get(ofSeconds(10)));
            System.out.println("Synchronised " + lamp.get(ofSeconds(10)));

            operations.limit("shop", limit -> limit.concurrency(1), "they asked us to slow down");
            for (var numbers : operations.adjustments())
                System.out.println(
                        numbers.name() + " has now " + numbers.concurrency() + " at once: " + numbers.reason());
            System.out.println("as in the code again: " + operations.resetLimit("shop", "they allow it again"));
        }
    }

    private static void say(Operations operations, Handle<?> job) {
        for (var reason : operations.why(job.id()).reasons())
            if (reason instanceof Why.Paused paused)
                System.out.println("It waits, since this is paused: "
                        + paused.scope().type() + " " + paused.scope().name());
    }
}
