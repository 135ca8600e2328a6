package dev.millrace.examples;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import dev.millrace.Attempt;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Outcome;
import dev.millrace.Result.Cancelled;
import dev.millrace.Result.Completed;
import dev.millrace.Result.Discarded;
import dev.millrace.Result.Pending;
import dev.millrace.Retry;
import java.io.IOException;
import java.util.List;

/** Shows what an attempt may lead to: a result, a snooze, a cancel, or another attempt as the kind's policy says. */
final class RetriesAndOutcomes {

    @Kind("send-invoice")
    record SendInvoice(String customer) implements Job<String> {}

    static final class TooManyRequests extends RuntimeException {}

    static final class BadAddress extends RuntimeException {}

    /** Short back-offs, so that the example ends soon. */
    static final Retry POLITE = Retry.exponential(ofMillis(50))
            .attempts(4)
            .on(TooManyRequests.class, e -> Outcome.retry(ofMillis(100), "the provider asked us to wait"))
            .never(BadAddress.class);

    private RetriesAndOutcomes() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .decide(SendInvoice.class, RetriesAndOutcomes::send)
                    .retry(POLITE)
                    .deadline(ofSeconds(10))
                    .start();
            for (var customer : List.of("Ada", "Bob", "Cleo", "Dan", "Eve")) {
                var told = switch (millrace.enqueue(new SendInvoice(customer)).await(ofSeconds(10))) {
                    case Completed(var text) -> text;
                    case Cancelled(var reason) -> "cancelled: " + reason;
                    case Discarded(var failure) -> "discarded at attempt " + failure.attempt() + ": " + failure.type();
                    case Pending(var state) -> "still " + state;
                };
                System.out.println(customer + ": " + told);
            }
        }
    }

    private static Outcome<String> send(SendInvoice job, Attempt attempt) throws IOException {
        return switch (job.customer()) {
            case "Bob" -> {
                if (attempt.number() < 3) throw new TooManyRequests();
                yield Outcome.done("sent at attempt " + attempt.number());
            }
            case "Cleo" -> Outcome.cancel("she has paid already");
            case "Dan" -> throw new BadAddress();
            case "Eve" -> throw new IOException("connection refused");
            default -> {
                // A snooze costs no attempt. What the first one found out is kept for the next.
                if (attempt.checkpoint(Boolean.class).isPresent())
                    yield Outcome.done("sent after a snooze, still at attempt " + attempt.number());
                attempt.checkpoint(true);
                yield Outcome.snooze(ofMillis(100), "her office is closed");
            }
        };
    }
}
