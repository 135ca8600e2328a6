package dev.millrace.test;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Failure;
import dev.millrace.JobHistory;
import dev.millrace.State;
import dev.millrace.test.Shop.Billing;
import dev.millrace.test.Shop.Receipt;
import dev.millrace.test.Shop.Remind;
import dev.millrace.test.Shop.SendInvoice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class CrashTest {

    private final Billing billing = new Billing();

    @Test
    void after_a_crash_behind_it_a_handler_has_run_twice() {
        try (var millrace = TestMillrace.with(Shop.sending(billing))) {
            millrace.crashAfter("send-invoice");
            var start = millrace.now();
            var invoice = millrace.enqueue(new SendInvoice(1));

            millrace.advance(ZERO);
            assertThat(billing.sent).containsExactly(1L);
            assertThat(invoice.state()).isEqualTo(State.RUNNING);
            assertThat(millrace.crashed()).isTrue();

            assertThat(invoice.get(ofMinutes(1))).isEqualTo(new Receipt("R-1"));
            assertThat(billing.sent).containsExactly(1L, 1L);
            assertThat(millrace.history(invoice.id()).steps())
                    .extracting(JobHistory.Step::outcome)
                    .containsExactly("rescued", "done");
            assertThat(Duration.between(start, millrace.now())).isBetween(ofSeconds(10), ofSeconds(16));
        }
    }

    @Test
    void after_a_crash_before_it_a_handler_has_run_once() {
        try (var millrace = TestMillrace.with(Shop.sending(billing))) {
            millrace.crashBefore(SendInvoice.class);
            var invoice = millrace.enqueue(new SendInvoice(1));

            millrace.advance(ofSeconds(5));
            assertThat(billing.sent).isEmpty();
            millrace.advance(ofMinutes(1));

            assertThat(invoice.get(ZERO)).isEqualTo(new Receipt("R-1"));
            assertThat(billing.sent).containsExactly(1L);
            assertThat(millrace.history(invoice.id()).job().rescues()).isEqualTo(1);
        }
    }

    @Test
    void a_crash_is_for_one_attempt() {
        try (var millrace = TestMillrace.with(Shop.sending(billing))) {
            millrace.crashAfter("send-invoice");
            millrace.crashAfter("send-invoice");
            millrace.enqueue(new SendInvoice(1));

            millrace.advance(ofMinutes(2));

            assertThat(billing.sent).containsExactly(1L, 1L, 1L);
        }
    }

    @Test
    void another_node_takes_over() {
        var ran = new ArrayList<String>();
        try (var millrace = TestMillrace.with()) {
            for (var name : List.of("one", "two"))
                millrace.node()
                        .name(name)
                        .handle(Remind.class, (job, attempt) -> {
                            ran.add(name);
                            if (attempt.rescues() == 0) millrace.crash();
                        })
                        .start();
            var reminder = millrace.enqueue(new Remind(1));

            millrace.advance(ofMinutes(1));

            assertThat(reminder.state()).isEqualTo(State.COMPLETED);
            assertThat(ran).hasSize(2);
            assertThat(millrace.operations("me").nodes())
                    .extracting(node -> node.name() + " " + node.life())
                    .contains("one ALIVE", "two ALIVE")
                    .anyMatch(node -> node.endsWith("GONE"));
        }
    }

    @Test
    void a_handler_that_dies_with_its_process_goes_no_further_and_cleans_up_nothing() {
        var done = new ArrayList<String>();
        try (var millrace = TestMillrace.with()) {
            millrace.node()
                    .handle(Remind.class, (job, attempt) -> {
                        try {
                            done.add("began");
                            if (attempt.rescues() == 0) millrace.crash();
                            done.add("went on");
                        } finally {
                            done.add("cleaned up");
                        }
                    })
                    .start();
            millrace.enqueue(new Remind(1));

            millrace.advance(ofMinutes(1));

            assertThat(done).containsExactly("began", "began", "went on", "cleaned up");
        }
    }

    @Test
    void a_power_cut_ends_all_that_runs_and_it_runs_again() {
        var starts = new ArrayList<Long>();
        try (var millrace = TestMillrace.with()) {
            for (int i = 0; i < 3; i++)
                millrace.node()
                        .handle(SendInvoice.class, job -> {
                            starts.add(job.order());
                            millrace.sleep(ofMinutes(1));
                            return new Receipt("R-" + job.order());
                        })
                        .start();
            var invoices = millrace.enqueueAll(LongStream.range(0, 10).mapToObj(SendInvoice::new));
            millrace.advance(ofSeconds(30));
            assertThat(starts).hasSize(10);

            millrace.crash();
            millrace.advance(ofMinutes(2));

            assertThat(invoices).allSatisfy(job -> assertThat(job.state()).isEqualTo(State.COMPLETED));
            assertThat(starts).hasSize(20);
        }
    }

    @Test
    void a_job_that_kills_each_process_is_discarded_and_its_neighbours_are_not() {
        var starts = new ArrayList<Integer>();
        try (var millrace = TestMillrace.with()) {
            millrace.node()
                    .with(Shop.sending(billing))
                    .handle(Remind.class, (job, attempt) -> {
                        starts.add(attempt.rescues());
                        millrace.crash();
                    })
                    .start();
            var poison = millrace.enqueue(new Remind(1));
            var invoices = millrace.enqueueAll(LongStream.range(0, 20).mapToObj(SendInvoice::new));

            millrace.advance(ofMinutes(10));

            assertThat(poison.state()).isEqualTo(State.DISCARDED);
            assertThat(starts).containsExactly(0, 1, 2, 3); // the first one, and three marked starts
            assertThat(millrace.failures()).extracting(Failure::type).containsExactly("worker died");
            assertThat(invoices).allSatisfy(job -> assertThat(job.state()).isEqualTo(State.COMPLETED));
        }
    }

    @Test
    void what_waited_for_its_time_is_not_touched_by_a_crash() {
        try (var millrace = TestMillrace.with(Shop.sending(billing))) {
            var invoice = millrace.enqueue(new SendInvoice(1), o -> o.in(ofDays(1)));
            millrace.advance(ofMinutes(1));

            millrace.crash();
            millrace.advance(ofDays(1));

            assertThat(invoice.state()).isEqualTo(State.COMPLETED);
            assertThat(billing.sent).containsExactly(1L);
        }
    }

    @Test
    void run_until_idle_waits_until_the_dead_are_found() {
        try (var millrace = TestMillrace.with(Shop.sending(billing))) {
            millrace.crashAfter("send-invoice");
            var invoice = millrace.enqueue(new SendInvoice(1));

            millrace.runUntilIdle();

            assertThat(invoice.state()).isEqualTo(State.COMPLETED);
        }
    }

    @Test
    void a_crash_that_never_happened_fails_the_test() {
        var millrace = TestMillrace.with(Shop.sending(billing));
        millrace.crashAfter("send-invoice");
        millrace.crashBefore("send-invoice");

        assertThat(millrace.crashed()).isFalse();
        assertThatThrownBy(millrace::close)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("crashAfter(\"send-invoice\"), crashBefore(\"send-invoice\")")
                .hasMessageContaining("it never happened");
        millrace.close(); // it is closed nevertheless
    }

    @Test
    void a_crash_in_a_kind_that_nobody_runs_is_refused() {
        try (var millrace = TestMillrace.with(Shop.sending(billing))) {
            assertThatThrownBy(() -> millrace.crashAfter("charge"))
                    .hasMessageContaining("No node here runs the kind \"charge\"")
                    .hasMessageContaining("They run send-invoice.");
        }
    }
}
