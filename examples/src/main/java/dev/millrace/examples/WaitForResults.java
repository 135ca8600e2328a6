package dev.millrace.examples;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;

import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.JobFailed;
import dev.millrace.JobId;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Result.Cancelled;
import dev.millrace.Result.Completed;
import dev.millrace.Result.Discarded;
import dev.millrace.Result.Pending;
import dev.millrace.Retry;

/** Shows how who knows a job's id asks what came of it: as a value with four cases, or as a result or an exception. */
final class WaitForResults {

    @Kind("divide")
    record Divide(int dividend, int divisor) implements Job<Integer> {}

    private WaitForResults() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(Divide.class, job -> job.dividend() / job.divisor())
                    .retry(Retry.none())
                    .start();
            var id = millrace.enqueue(new Divide(42, 6)).id().toString(); // to be kept in a cookie, a row, a mail

            System.out.println(told(millrace.find(Divide.class, JobId.of(id))));

            var failing = millrace.enqueue(new Divide(42, 0));
            System.out.println(told(failing));
            try {
                failing.get(ofSeconds(10));
            } catch (JobFailed failed) {
                System.out.println("get throws a JobFailed that knows it is " + failed.state());
            }

            var tomorrow = millrace.enqueue(new Divide(1, 1), o -> o.in(ofDays(1)));
            if (tomorrow.await(ZERO) instanceof Pending(var state)) System.out.println("still " + state);
            tomorrow.cancel("nobody needs it");
            System.out.println(told(tomorrow));
        }
    }

    private static String told(Handle<Integer> handle) {
        return switch (handle.await(ofSeconds(10))) {
            case Completed(var quotient) -> "the result is " + quotient;
            case Cancelled(var reason) -> "cancelled: " + reason;
            case Discarded(var failure) -> "failed: " + failure.message();
            case Pending(var state) -> "still " + state;
        };
    }
}
