package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Shows a running job that is withdrawn, and whose handler looks whether it is, puts things in order, and returns. */
final class CancelWhileRunning {

    @Kind("import")
    record Import(String file) implements Job<Long> {}

    private CancelWhileRunning() {}

    public static void main(String[] args) throws InterruptedException {
        var begun = new CountDownLatch(1);
        var inOrder = new CountDownLatch(1);
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(Import.class, (job, attempt) -> {
                        long line = 0;
                        while (!attempt.cancelled()) { // two seconds later it would be interrupted
                            line++;
                            begun.countDown();
                            Thread.onSpinWait();
                        }
                        inOrder.countDown(); // here it closes its file
                        return line; // does not count any more
                    })
                    .start();

            var job = millrace.enqueue(new Import("prices.csv"));
            begun.await();
            System.out.println("While it ran: " + job.cancel("it is the wrong file"));
            System.out.println("The handler put things in order: " + inOrder.await(10, TimeUnit.SECONDS));
            System.out.println(job.await(ofSeconds(10)));
        }
    }
}
