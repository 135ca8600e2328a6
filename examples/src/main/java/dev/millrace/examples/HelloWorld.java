package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;

/** Shows the shortest whole program: a record is the job, a lambda runs it, and its result comes back typed. */
final class HelloWorld {

    @Kind("greet")
    record Greet(String name) implements Job<String> {}

    private HelloWorld() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(Greet.class, greet -> "Hello, " + greet.name())
                    .start();
            System.out.println(millrace.enqueue(new Greet("Ada")).get(ofSeconds(10)));
        }
    }
}
