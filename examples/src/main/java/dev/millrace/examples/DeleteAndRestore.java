package dev.millrace.examples;

import static java.time.Duration.ofHours;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Operations;
import dev.millrace.State;

/** Shows ended jobs that are deleted by one word, what is told of them since, and how they are brought back. */
final class DeleteAndRestore {

    @Kind("try-out")
    record TryOut(int no) implements Job<Void> {}

    private DeleteAndRestore() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            var first = millrace.enqueue(new TryOut(1), o -> o.in(ofHours(1)).tag("test"));
            var second = millrace.enqueue(new TryOut(2), o -> o.in(ofHours(1)).tag("test"));
            first.cancel("it was a test");
            second.cancel("it was a test");
            var operations = millrace.operations("mara");

            var plan =
                    operations.jobs(f -> f.state(State.CANCELLED).tag("test")).delete();
            System.out.println(plan.count() + " would be told of no more");
            var operation = plan.run("they were test data");
            System.out.println("listed: " + listed(operations));
            var deletion = operations.deletion(first.id()).orElseThrow();
            System.out.println("deleted by " + deletion.by() + ": " + deletion.reason());

            operation.undo("one of them is needed");
            System.out.println("listed: " + listed(operations) + ", the first is " + first.state());
        }
    }

    private static int listed(Operations operations) {
        return operations.list(f -> f.kind(TryOut.class)).size();
    }
}
