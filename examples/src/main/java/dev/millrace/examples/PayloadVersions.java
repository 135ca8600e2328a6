package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;

/** Shows a payload that changed: its old shape stays as a record, and a typed function leads up from it. */
final class PayloadVersions {

    @Kind(value = "pay", version = 2)
    record Pay(long order, String currency) implements Job<String> {

        /** The shape before there were currencies. Jobs of it may still be stored. */
        @Kind("pay")
        record V1(long order) implements Job<String> {}
    }

    private PayloadVersions() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            var old = millrace.enqueue(new Pay.V1(7)); // as the build of last week did
            var current = millrace.enqueue(new Pay(8, "USD"));

            var node = millrace.node()
                    .handle(Pay.class, job -> "order " + job.order() + " was paid in " + job.currency())
                    .upcast(Pay.V1.class, Pay.class, v1 -> new Pay(v1.order(), "EUR"));
            System.out.println(node.check().orThrow()); // before a deploy: could this build read what waits?
            node.start();

            System.out.println("version 1: " + old.get(ofSeconds(10)));
            System.out.println("version 2: " + current.get(ofSeconds(10)));
        }
    }
}
