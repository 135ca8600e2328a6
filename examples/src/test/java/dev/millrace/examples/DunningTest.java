package dev.millrace.examples;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Attempt;
import dev.millrace.Handle;
import dev.millrace.Handlers;
import dev.millrace.Job;
import dev.millrace.JobHistory;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.NodeBuilder;
import dev.millrace.Outcome;
import dev.millrace.Result;
import dev.millrace.Retry;
import dev.millrace.State;
import dev.millrace.test.MillraceExtension;
import dev.millrace.test.TestMillrace;
import java.io.IOException;
import java.time.Clock;
import java.time.DayOfWeek;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Shows how to test with virtual time and crashes: reminders of unpaid invoices, over weeks. */
@ExtendWith(MillraceExtension.class)
class DunningTest {

    // ---- the application

    @Kind("remind")
    record Remind(long invoice, int level) implements Job<String> {}

    /** Reminds of an invoice two weeks after it was sent, and every week after that; three times, and never on a Sunday. */
    record Dunning(Millrace millrace, Clock clock, Mail mail) implements Handlers {

        Handle<String> begin(long invoice) {
            return millrace.enqueue(new Remind(invoice, 1), o -> o.in(ofDays(14)));
        }

        @Override
        public void addTo(NodeBuilder node) {
            node.decide(Remind.class, this::remind)
                    .retry(Retry.exponential(ofMinutes(1)).attempts(10))
                    .deadline(ofMinutes(5));
        }

        private Outcome<String> remind(Remind job, Attempt attempt) throws IOException, InterruptedException {
            if (LocalDate.now(clock).getDayOfWeek() == DayOfWeek.SUNDAY)
                return Outcome.snooze(ofDays(1), "it is Sunday");
            mail.send(attempt.job() + ": reminder %d of invoice %d".formatted(job.level(), job.invoice()));
            if (job.level() < 3)
                attempt.enqueue(
                        new Remind(job.invoice(), job.level() + 1),
                        o -> o.in(ofDays(7))
                                .idempotencyKey("remind %d of %d".formatted(job.level() + 1, job.invoice())));
            return Outcome.done("reminded on " + LocalDate.now(clock));
        }
    }

    interface Mail {
        void send(String text) throws IOException, InterruptedException;
    }

    // ---- a stand-in for the mail server, which takes each message once: it knows them by their beginning

    private static final class Postbox implements Mail {
        private final Set<String> known = new HashSet<>();
        final List<String> letters = new ArrayList<>();
        int refusals;

        @Override
        public void send(String text) throws IOException {
            if (refusals-- > 0) throw new IOException("the mail server is away");
            if (known.add(text)) letters.add(text.substring(text.indexOf(' ') + 1));
        }
    }

    private final Postbox postbox = new Postbox();
    private Dunning dunning;

    @BeforeEach
    void start(TestMillrace millrace) {
        dunning = new Dunning(millrace, millrace.clock(), postbox);
        millrace.node().with(dunning).start();
    }

    @Test
    void who_does_not_pay_is_reminded_three_times(TestMillrace millrace) {
        dunning.begin(7);

        millrace.advance(ofDays(365));

        assertThat(postbox.letters)
                .containsExactly("reminder 1 of invoice 7", "reminder 2 of invoice 7", "reminder 3 of invoice 7");
    }

    @Test
    void nobody_is_reminded_on_a_sunday(TestMillrace millrace) {
        millrace.advance(ofDays(2)); // from Friday, 1 January 2027, to Sunday
        var first = dunning.begin(7);

        millrace.advance(ofDays(14));
        assertThat(first.state()).isEqualTo(State.SCHEDULED);
        millrace.advance(ofDays(1));

        assertThat(first.get(ZERO)).isEqualTo("reminded on 2027-01-18");
    }

    @Test
    void who_has_paid_is_left_alone(TestMillrace millrace) {
        var first = dunning.begin(7);
        millrace.advance(ofDays(13));

        first.cancel("paid");
        millrace.advance(ofDays(365));

        assertThat(first.await(ZERO)).isEqualTo(new Result.Cancelled<>("paid"));
        assertThat(postbox.letters).isEmpty();
    }

    @Test
    void a_mail_server_that_is_away_is_asked_again(TestMillrace millrace) {
        postbox.refusals = 4;
        var first = dunning.begin(7);

        millrace.advance(ofDays(14).plus(ofHours(1)));

        assertThat(first.state()).isEqualTo(State.COMPLETED);
        assertThat(millrace.failures()).hasSize(4);
        assertThat(millrace.history(first.id()).steps())
                .extracting(JobHistory.Step::outcome)
                .endsWith("retry", "done");
    }

    @Test
    void a_crash_behind_a_reminder_sends_no_second_one(TestMillrace millrace) {
        millrace.crashAfter(Remind.class);
        dunning.begin(7);

        millrace.advance(ofDays(365));

        assertThat(postbox.letters).hasSize(3);
        assertThat(millrace.enqueued(Remind.class)).hasSize(3);
    }
}
