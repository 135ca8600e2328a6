package dev.millrace.examples;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import java.util.concurrent.CountDownLatch;

/** Shows how a job is withdrawn, waiting or running, and how an operator has one that ended run again. */
final class CancelAndRequeue {

    @Kind("print")
    record Print(String what) implements Job<String> {}

    private CancelAndRequeue() {}

    public static void main(String[] args) throws InterruptedException {
        var printing = new CountDownLatch(1);
        var paper = new CountDownLatch(1);
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(Print.class, job -> {
                        printing.countDown();
                        paper.await(); // interrupted a moment after a cancel
                        return job.what() + " was printed";
                    })
                    .start();

            var letter = millrace.enqueue(new Print("the letter"), o -> o.in(ofHours(1)));
            System.out.println("Before it began: " + letter.cancel("it was sent by mail"));

            var poster = millrace.enqueue(new Print("the poster"));
            printing.await();
            System.out.println("While it ran: " + poster.cancel("there is no paper"));
            System.out.println("Cancelled once, it stays so: " + poster.await(ofSeconds(10)));

            paper.countDown();
            var operations = millrace.operations("mara"); // her name is recorded
            System.out.println(
                    "Requeued, after it was " + operations.requeue(poster.id()).orElseThrow());
            System.out.println(poster.get(ofSeconds(10)) + ", in run "
                    + operations.find(poster.id()).orElseThrow().run());
        }
    }
}
