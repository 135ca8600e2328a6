package dev.millrace.examples;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofSeconds;

import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Priority;
import dev.millrace.Retry;
import dev.millrace.State;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

/** Shows changes of many jobs: what failed, a plan that tells how many it is about, doing it, taking it back, and running them with another payload. */
final class ManyAtOnce {

    @Kind("send-invoice")
    record SendInvoice(long order) implements Job<String> {}

    private ManyAtOnce() {}

    public static void main(String[] args) {
        var up = new AtomicBoolean();
        try (var millrace = Millrace.on(new MemoryStore())) {
            var sent = new ArrayList<Handle<String>>();
            try (var node = millrace.node()
                    .handle(SendInvoice.class, job -> {
                        if (!up.get()) throw new IllegalStateException("the provider is down");
                        return "sent " + job.order();
                    })
                    .retry(Retry.none())
                    .start()) {
                for (int order = 1; order <= 20; order++) sent.add(millrace.enqueue(new SendInvoice(order)));
                sent.forEach(handle -> handle.await(ofSeconds(10)));
                System.out.println(node.name() + " could send nothing");
            }

            var ops = millrace.operations("mara");
            for (var group : ops.failures(f -> f.since(ofHours(1))))
                System.out.println(group.jobs() + " jobs failed: " + group.message());

            var plan = ops.jobs(f ->
                            f.kind(SendInvoice.class).state(State.DISCARDED).since(ofHours(1)))
                    .requeue(o -> o.priority(Priority.BULK));
            System.out.println(plan.count() + " would run again, and nothing has happened");

            var operation = plan.run("the provider is back");
            System.out.println(operation.view().changed() + " wait to run again");
            var undo = operation.undo("it is not back");
            System.out.println(undo.view().changed() + " are as they were: "
                    + sent.getFirst().state());

            up.set(true);
            var edit = ops.jobs(f -> f.kind(SendInvoice.class).state(State.DISCARDED))
                    .edit(SendInvoice.class, old -> new SendInvoice(old.order() + 100));
            System.out.println(edit.edits().getFirst().after() + " would run, for example");
            edit.run("it is back, and has numbered the orders anew");
            millrace.node()
                    .handle(SendInvoice.class, job -> "sent " + job.order())
                    .start();
            System.out.println(sent.getLast().get(ofSeconds(10)));
        }
    }
}
