package dev.millrace.examples;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.ResultExpired;

/** Shows results that can be had for a time: tokens, links and what else is soon worth nothing, or should not lie about. */
final class ResultForATime {

    @Kind("issue-token")
    record IssueToken(String user) implements Job<String> {}

    @Kind("issue-password")
    record IssuePassword(String user) implements Job<String> {}

    private ResultForATime() {}

    public static void main(String[] args) throws InterruptedException {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(IssueToken.class, job -> "a token for " + job.user())
                    .keepResult(ofHours(1))
                    .handle(IssuePassword.class, job -> "a password for " + job.user())
                    .keepResult(ofMillis(50))
                    .start();

            System.out.println(millrace.enqueue(new IssueToken("ada")).get(ofSeconds(10)));

            var password = millrace.enqueue(new IssuePassword("ada"));
            System.out.println(gone(password) + "; the job is " + password.state());
        }
    }

    private static String gone(Handle<String> password) throws InterruptedException {
        while (true) {
            try {
                password.get(ofSeconds(10));
                Thread.sleep(10);
            } catch (ResultExpired expired) {
                return "the password was kept for " + expired.kept().toMillis() + " ms";
            }
        }
    }
}
