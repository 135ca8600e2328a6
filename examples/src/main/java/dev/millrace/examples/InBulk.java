package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Priority;
import java.util.List;
import java.util.stream.LongStream;

/** Shows how many jobs are enqueued at once: all or none, with a handle each. On PostgreSQL it is one COPY. */
final class InBulk {

    @Kind("remind")
    record Remind(long customer) implements Job<String> {
        Remind {
            if (customer <= 0) throw new IllegalArgumentException("there is no customer " + customer);
        }
    }

    private InBulk() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            try {
                millrace.enqueueAll(LongStream.of(1, 2, 0, 3).mapToObj(Remind::new));
            } catch (IllegalArgumentException refused) {
                var enqueued = millrace.operations("example").list(f -> f.kind(Remind.class));
                System.out.println(refused.getMessage() + ", so " + enqueued.size() + " of 4 were enqueued");
            }

            List<Handle<String>> sent = millrace.enqueueAll(
                    LongStream.rangeClosed(1, 1_000).mapToObj(Remind::new), o -> o.priority(Priority.BULK));
            millrace.node()
                    .handle(Remind.class, job -> "customer " + job.customer() + " was reminded")
                    .start();

            System.out.println(sent.size() + " were enqueued at once");
            System.out.println(sent.getFirst().get(ofSeconds(30)));
            System.out.println(sent.getLast().get(ofSeconds(30)));
        }
    }
}
