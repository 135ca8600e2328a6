package dev.millrace.test;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Failure;
import dev.millrace.JobFailed;
import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.LogLevel;
import dev.millrace.Node;
import dev.millrace.NotEnded;
import dev.millrace.Outcome;
import dev.millrace.Result;
import dev.millrace.Result.Completed;
import dev.millrace.Result.Pending;
import dev.millrace.Retry;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.test.Shop.Billing;
import dev.millrace.test.Shop.Receipt;
import dev.millrace.test.Shop.Remind;
import dev.millrace.test.Shop.SendInvoice;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class VirtualTimeTest {

    private final Billing billing = new Billing();
    private final TestMillrace millrace = TestMillrace.with();

    @AfterEach
    void close() {
        millrace.close();
    }

    private void run() {
        millrace.node().with(Shop.sending(billing)).start();
    }

    private List<String> outcomes(JobId job) {
        return millrace.history(job).steps().stream()
                .map(step -> String.valueOf(step.outcome()))
                .toList();
    }

    // ---- after others

    @Test
    void a_job_runs_after_others_as_time_passes() {
        run();
        var first = millrace.enqueue(new SendInvoice(1), o -> o.in(ofHours(3)));
        var after = millrace.enqueue(new SendInvoice(2), o -> o.after(first));
        var later = millrace.enqueue(new SendInvoice(3), o -> o.after(first).in(ofHours(5)));
        var sooner = millrace.enqueue(new SendInvoice(4), o -> o.after(first).in(ofHours(1)));

        millrace.advance(ofHours(2));
        assertThat(List.of(after, later, sooner))
                .allSatisfy(one -> assertThat(one.state()).isEqualTo(State.SCHEDULED));
        millrace.advance(ofHours(1));
        assertThat(after.get(ZERO)).isNotNull();
        assertThat(sooner.get(ZERO)).isNotNull();
        assertThat(later.state()).isEqualTo(State.SCHEDULED);
        millrace.advance(ofHours(2).plusSeconds(1));
        assertThat(later.get(ZERO)).isNotNull();
    }

    // ---- passing

    @Test
    void nothing_happens_before_time_passes() {
        run();

        var invoice = millrace.enqueue(new SendInvoice(1));

        assertThat(invoice.state()).isEqualTo(State.AVAILABLE);
        assertThat(billing.sent).isEmpty();
    }

    @Test
    void to_advance_by_nothing_does_what_is_due_now() {
        run();
        var start = millrace.now();
        var invoices = millrace.enqueueAll(LongStream.range(0, 1_000).mapToObj(SendInvoice::new));

        millrace.advance(ZERO);

        assertThat(invoices).allSatisfy(invoice -> assertThat(invoice.get(ZERO)).isNotNull());
        assertThat(millrace.now()).isEqualTo(start);
    }

    @Test
    void time_passes_by_exactly_as_much_as_was_said() {
        run();
        millrace.enqueue(new SendInvoice(1));
        var start = millrace.now();

        millrace.advance(ofDays(3).plusMillis(7));

        assertThat(millrace.now()).isEqualTo(start.plus(ofDays(3)).plusMillis(7));
    }

    @Test
    void a_delayed_job_runs_at_its_moment_and_not_before() {
        var seen = new ArrayList<Instant>();
        millrace.node().handle(Remind.class, job -> seen.add(millrace.now())).start();
        var start = millrace.now();
        millrace.enqueue(new Remind(1), o -> o.in(ofMillis(200)));
        millrace.enqueue(new Remind(2), o -> o.at(start.plus(ofDays(40))));

        millrace.advance(ofMillis(199));
        assertThat(seen).isEmpty();
        millrace.advance(ofDays(50));

        assertThat(seen).containsExactly(start.plusMillis(200), start.plus(ofDays(40)));
    }

    @Test
    void what_is_due_at_the_last_moment_is_done_at_it() {
        run();
        var later = millrace.enqueue(new SendInvoice(1), o -> o.in(ofMinutes(5)));
        var three = millrace.enqueueAll(LongStream.range(0, 3).mapToObj(SendInvoice::new), o -> o.in(ofMinutes(5)));

        millrace.advance(ofMinutes(5));

        assertThat(later.state()).isEqualTo(State.COMPLETED);
        assertThat(three).allSatisfy(job -> assertThat(job.state()).isEqualTo(State.COMPLETED));
    }

    @Test
    @Timeout(20)
    void retries_over_days_take_milliseconds() {
        millrace.node()
                .with(Shop.sending(billing))
                .with(node -> node.handle(Remind.class, job -> {
                            throw new Shop.Unreachable();
                        })
                        .retry(Retry.exponential(ofHours(6)).atMost(ofDays(2)).attempts(20)))
                .start();
        var reminder = millrace.enqueue(new Remind(1));

        millrace.advance(ofDays(60));

        assertThat(reminder.state()).isEqualTo(State.DISCARDED);
        assertThat(outcomes(reminder.id())).hasSize(20).endsWith("retry", "discarded");
        assertThat(millrace.failures()).hasSize(20).extracting(Failure::message).containsOnly("connection refused");
        assertThatThrownBy(() -> reminder.get(ZERO)).isInstanceOf(JobFailed.class);
    }

    @Test
    void a_retry_comes_after_its_back_off() {
        millrace.node()
                .with(node -> node.handle(SendInvoice.class, billing::send).retry(Retry.fixed(ofHours(10))))
                .start();
        billing.fails(1);
        var invoice = millrace.enqueue(new SendInvoice(1));

        millrace.advance(ofHours(9));
        assertThat(invoice.state()).isEqualTo(State.RETRYABLE);
        millrace.advance(ofHours(2)); // up to a tenth later

        assertThat(invoice.get(ZERO)).isEqualTo(new Receipt("R-1"));
        assertThat(outcomes(invoice.id())).containsExactly("retry", "done");
    }

    @Test
    void a_snooze_costs_no_attempt() {
        var numbers = new ArrayList<Integer>();
        millrace.node()
                .decide(SendInvoice.class, (job, attempt) -> {
                    numbers.add(attempt.number());
                    if (numbers.size() < 4) return Outcome.snooze(ofDays(1), "closed today");
                    return Outcome.done(new Receipt("at last"));
                })
                .start();
        var invoice = millrace.enqueue(new SendInvoice(1));

        millrace.advance(ofDays(3));

        assertThat(invoice.get(ZERO)).isEqualTo(new Receipt("at last"));
        assertThat(numbers).containsExactly(1, 1, 1, 1);
    }

    @Test
    void a_job_that_nobody_could_run_in_time_expires() {
        var invoice = millrace.enqueue(new SendInvoice(1), o -> o.expiresAfter(ofDays(1)));

        millrace.advance(ofDays(2));
        run();
        millrace.runUntilIdle();

        assertThat(invoice.state()).isEqualTo(State.DISCARDED);
        assertThat(billing.sent).isEmpty();
    }

    // ---- work that takes time

    @Test
    void work_takes_the_time_that_it_sleeps() {
        millrace.node().with(Shop.slow(millrace, ofMinutes(2))).start();
        var invoice = millrace.enqueue(new SendInvoice(1));

        millrace.advance(ofSeconds(119));
        assertThat(invoice.state()).isEqualTo(State.RUNNING);
        millrace.advance(ofSeconds(1));

        assertThat(invoice.state()).isEqualTo(State.COMPLETED);
        assertThat(millrace.history(invoice.id()).steps())
                .extracting(JobHistory.Step::took)
                .containsExactly(ofMinutes(2));
    }

    @Test
    void others_go_on_while_one_sleeps() {
        millrace.node()
                .with(Shop.slow(millrace, ofMinutes(2)))
                .handle(Remind.class, job -> billing.sent.add(job.order()))
                .start();
        var invoices = millrace.enqueueAll(LongStream.range(0, 50).mapToObj(SendInvoice::new));
        millrace.enqueue(new Remind(7));

        millrace.advance(ofMinutes(2));

        assertThat(billing.sent).containsExactly(7L);
        assertThat(invoices).allSatisfy(job -> assertThat(job.state()).isEqualTo(State.COMPLETED));
    }

    @Test
    void a_deadline_interrupts_who_sleeps_too_long() {
        var told = new ArrayList<Instant>();
        millrace.node()
                .handle(SendInvoice.class, (job, attempt) -> {
                    try {
                        millrace.sleep(ofMinutes(10));
                        return new Receipt("too late");
                    } catch (InterruptedException stop) {
                        told.add(millrace.now());
                        assertThat(attempt.cancelled()).isTrue();
                        throw stop;
                    }
                })
                .deadline(ofMinutes(2))
                .retry(Retry.none())
                .start();
        var start = millrace.now();
        var invoice = millrace.enqueue(new SendInvoice(1));

        millrace.advance(ofMinutes(2));

        assertThat(told).containsExactly(start.plus(ofMinutes(2)));
        assertThat(invoice.state()).isEqualTo(State.DISCARDED);
        assertThat(millrace.failures()).extracting(Failure::type).containsExactly("timed out");
    }

    @Test
    void a_heartbeat_starts_the_deadline_anew() {
        millrace.node()
                .handle(SendInvoice.class, (job, attempt) -> {
                    for (int i = 0; i < 10; i++) {
                        millrace.sleep(ofMinutes(1));
                        attempt.heartbeat();
                    }
                    return new Receipt("R");
                })
                .deadline(ofSeconds(90))
                .start();

        assertThat(millrace.enqueue(new SendInvoice(1)).get(ofMinutes(10))).isEqualTo(new Receipt("R"));
    }

    @Test
    void a_cancel_reaches_a_handler_that_sleeps() {
        var told = new ArrayList<Duration>();
        var start = millrace.now();
        millrace.node()
                .handle(SendInvoice.class, job -> {
                    try {
                        millrace.sleep(ofMinutes(4));
                        return new Receipt("R");
                    } catch (InterruptedException stop) {
                        told.add(Duration.between(start, millrace.now()));
                        throw stop;
                    }
                })
                .start();
        var invoice = millrace.enqueue(new SendInvoice(1));
        millrace.advance(ofMinutes(1));

        assertThat(invoice.cancel("withdrawn")).isEqualTo(State.CANCELLED);
        millrace.advance(ofSeconds(10));

        assertThat(invoice.await(ZERO)).isEqualTo(new Result.Cancelled<>("withdrawn"));
        assertThat(told).singleElement().satisfies(after -> assertThat(after).isBetween(ofSeconds(60), ofSeconds(63)));
    }

    @Test
    void checkpoints_survive_a_failed_attempt() {
        var begun = new ArrayList<Integer>();
        millrace.node()
                .handle(SendInvoice.class, (job, attempt) -> {
                    int from = attempt.checkpoint(Integer.class).orElse(0);
                    begun.add(from);
                    attempt.checkpoint(from + 10);
                    if (from < 20) throw new Shop.Unreachable();
                    return new Receipt("R");
                })
                .start();

        assertThat(millrace.enqueue(new SendInvoice(1)).get(ofDays(1))).isEqualTo(new Receipt("R"));
        assertThat(begun).containsExactly(0, 10, 20);
    }

    @Test
    void what_a_handler_logged_is_there_after_the_advance() {
        millrace.node()
                .handle(Remind.class, (job, attempt) -> attempt.log("order {}", job.order()))
                .start();
        var reminder = millrace.enqueue(new Remind(7));

        millrace.advance(ZERO);

        assertThat(millrace.history(reminder.id()).log())
                .extracting(JobHistory.LogLine::text)
                .containsExactly("order 7");
    }

    @Test
    void a_handler_says_how_grave_a_line_is_and_what_went_wrong() {
        millrace.node()
                .handle(Remind.class, (job, attempt) -> {
                    attempt.log(LogLevel.DEBUG, "looks for order {}", job.order());
                    attempt.log("no template {}", "due");
                    attempt.log(LogLevel.WARNING, "order {} is reminded late", job.order(), new Shop.Unreachable());
                    attempt.log(LogLevel.ERROR, "x".repeat(2_000), new Shop.Unreachable());
                })
                .start();
        var reminder = millrace.enqueue(
                new Remind(7), o -> o.header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));

        millrace.advance(ZERO);

        var history = millrace.history(reminder.id());
        assertThat(history.log())
                .extracting(JobHistory.LogLine::level)
                .containsExactly(LogLevel.DEBUG, LogLevel.INFO, LogLevel.WARNING, LogLevel.ERROR);
        assertThat(history.log().get(2).text())
                .startsWith("order 7 is reminded late\ndev.millrace.test.Shop$Unreachable: ")
                .contains("\n  at dev.millrace.test.");
        assertThat(history.log().get(3).text())
                .as("the error has its room")
                .contains("x…\ndev.millrace.test.Shop$Unreachable: ")
                .hasSize(1_000);
        assertThat(history.log())
                .allSatisfy(line -> assertThat(line.traceId()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736"));
        assertThat(history.withLog(LogLevel.WARNING).log()).hasSize(2);
    }

    @Test
    void a_node_keeps_no_lines_below_its_level() {
        millrace.node()
                .logLevel(LogLevel.WARNING)
                .handle(Remind.class, (job, attempt) -> {
                    for (var level : LogLevel.values()) attempt.log(level, "order {}", job.order());
                    attempt.log("order {}", job.order());
                })
                .start();
        var reminder = millrace.enqueue(new Remind(7));

        millrace.advance(ZERO);

        assertThat(millrace.history(reminder.id()).log())
                .extracting(JobHistory.LogLine::level)
                .containsExactly(LogLevel.WARNING, LogLevel.ERROR);
    }

    // ---- waiting

    @Test
    void to_wait_for_a_job_lets_time_pass_until_it_has_ended() {
        run();
        var start = millrace.now();
        var invoice = millrace.enqueue(new SendInvoice(1), o -> o.in(ofHours(5)));

        assertThat(invoice.await(ofHours(1))).isEqualTo(new Pending<>(State.SCHEDULED));
        assertThat(invoice.await(ofDays(30))).isEqualTo(new Completed<>(new Receipt("R-1")));

        assertThat(millrace.now()).isEqualTo(start.plus(ofHours(5)));
    }

    @Test
    void a_wait_of_zero_only_looks() {
        run();
        var invoice = millrace.enqueue(new SendInvoice(1));

        assertThatThrownBy(() -> invoice.get(ZERO)).isInstanceOf(NotEnded.class);
        assertThat(invoice.state()).isEqualTo(State.AVAILABLE);
    }

    @Test
    void run_until_idle_does_all_there_is_to_do_and_leaves_what_waits_for_a_time() {
        millrace.node()
                .with(Shop.slow(millrace, ofMinutes(3)))
                .handle(Remind.class, job -> {
                    millrace.enqueue(new SendInvoice(job.order()));
                })
                .concurrency(1)
                .start();
        var reminders = millrace.enqueueAll(LongStream.range(0, 20).mapToObj(Remind::new));
        var later = millrace.enqueue(new Remind(99), o -> o.in(ofDays(1)));

        millrace.runUntilIdle();

        assertThat(reminders).allSatisfy(job -> assertThat(job.state()).isEqualTo(State.COMPLETED));
        assertThat(millrace.enqueued(SendInvoice.class)).hasSize(20);
        assertThat(millrace.operations("me").list(f -> f.state(State.COMPLETED)))
                .hasSize(40);
        assertThat(later.state()).isEqualTo(State.SCHEDULED);
    }

    @Test
    void run_until_idle_takes_no_time_if_nothing_does() {
        run();
        var start = millrace.now();
        var invoice = millrace.enqueue(new SendInvoice(1));

        millrace.runUntilIdle();

        assertThat(invoice.state()).isEqualTo(State.COMPLETED);
        assertThat(millrace.now()).isEqualTo(start);
    }

    @Test
    void run_until_idle_ends_though_a_job_waits_for_what_no_node_here_can_do() {
        run();
        var unknown = millrace.enqueue(new Remind(1));
        var elsewhere = millrace.enqueue(new SendInvoice(1), o -> o.queue("elsewhere"));

        millrace.runUntilIdle();

        assertThat(unknown.state()).isEqualTo(State.AVAILABLE);
        assertThat(elsewhere.state()).isEqualTo(State.AVAILABLE);
        assertThat(millrace.operations("me").why(unknown.id()).reasons()).isNotEmpty();
    }

    @Test
    void a_paused_queue_waits_for_its_operator() {
        run();
        var operations = millrace.operations("mara");
        operations.pause(Scope.queue("default"), "the provider is down");
        var invoice = millrace.enqueue(new SendInvoice(1));

        millrace.advance(ofDays(2));
        assertThat(invoice.state()).isEqualTo(State.AVAILABLE);
        operations.resume(Scope.queue("default"));
        millrace.advance(ofSeconds(2));

        assertThat(invoice.state()).isEqualTo(State.COMPLETED);
    }

    @Test
    void a_pause_with_an_end_ends_by_itself_within_two_seconds() {
        run();
        var operations = millrace.operations("mara");
        var scopes = List.of(Scope.queue("default"), Scope.kind("send-invoice"), Scope.tenant("acme"));
        for (var scope : scopes) operations.pause(scope, "the provider moves", ofHours(2));
        var invoice = millrace.enqueue(new SendInvoice(1), o -> o.tenant("acme"));

        millrace.advance(ofMinutes(119));
        assertThat(invoice.state()).isEqualTo(State.AVAILABLE);
        assertThat(operations.pauses()).hasSize(3);
        millrace.advance(ofSeconds(62));

        assertThat(invoice.state()).isEqualTo(State.COMPLETED);
        assertThat(operations.pauses()).isEmpty();
    }

    // ---- the rest of a Millrace

    @Test
    void a_handler_enqueues_further_jobs() {
        millrace.node()
                .with(Shop.sending(billing))
                .handle(Remind.class, (job, attempt) -> {
                    attempt.enqueue(new SendInvoice(job.order()), o -> o.in(ofDays(1)));
                })
                .start();
        millrace.enqueue(new Remind(7));

        millrace.advance(ofDays(1));

        assertThat(millrace.enqueued(SendInvoice.class)).containsExactly(new SendInvoice(7));
        assertThat(billing.sent).containsExactly(7L);
    }

    @Test
    void one_idempotency_key_is_one_job() {
        run();

        millrace.enqueue(new SendInvoice(1), o -> o.idempotencyKey("k"));
        var again = millrace.enqueue(new SendInvoice(1), o -> o.idempotencyKey("k"));

        assertThat(again.existed()).isTrue();
        assertThat(millrace.enqueued(SendInvoice.class)).hasSize(1);
        assertThat(millrace.find(SendInvoice.class, again.id()).get(ZERO.plusMillis(1)))
                .isEqualTo(new Receipt("R-1"));
    }

    @Test
    void listeners_hear_what_happened_in_its_order() {
        var heard = new ArrayList<String>();
        millrace.node()
                .with(Shop.sending(billing))
                .onEvent(event -> heard.add(event.getClass().getSimpleName()))
                .start();
        billing.fails(1);
        millrace.enqueue(new SendInvoice(1));

        millrace.advance(ofMinutes(1));

        assertThat(heard).containsExactly("Started", "Retrying", "Started", "Ended");
    }

    @Test
    void a_node_that_is_closed_lets_its_handlers_end_and_leaves_the_rest_to_others() {
        var node = millrace.node().with(Shop.slow(millrace, ofSeconds(5))).start();
        var invoice = millrace.enqueue(new SendInvoice(1));
        millrace.advance(ofSeconds(1));

        assertThat(node.drain(ofSeconds(20))).isTrue();

        assertThat(invoice.state()).isEqualTo(State.COMPLETED);
        assertThat(node.status().id()).isNull();
        var next = millrace.enqueue(new SendInvoice(2));
        millrace.advance(ofDays(1));
        assertThat(next.state()).isEqualTo(State.AVAILABLE);
    }

    @Test
    void a_node_that_is_closed_interrupts_who_does_not_end_and_it_runs_again_elsewhere() {
        var node = millrace.node().with(Shop.slow(millrace, ofMinutes(4))).start();
        var invoice = millrace.enqueue(new SendInvoice(1));
        millrace.advance(ofSeconds(1));

        assertThat(node.drain(ofSeconds(20))).isFalse();
        run();
        millrace.advance(ofSeconds(10));

        assertThat(invoice.get(ZERO)).isEqualTo(new Receipt("R-1"));
        assertThat(millrace.history(invoice.id()).job().attempt()).isEqualTo(1);
    }

    @Test
    void code_that_asks_a_clock_is_given_this_one() {
        var clock = millrace.clock();

        millrace.advance(ofDays(1));

        assertThat(clock.instant()).isEqualTo(millrace.now()).isEqualTo(Instant.parse("2027-01-02T00:00:00Z"));
        assertThat(clock.withZone(ZoneId.of("Asia/Tokyo")).instant()).isEqualTo(millrace.now());
    }

    // ---- long strides

    @Test
    void a_year_in_which_nothing_happens_is_over_at_once() {
        run();
        var invoice = millrace.enqueue(new SendInvoice(1), o -> o.in(ofDays(3_000)));

        millrace.advance(ofDays(3_000));

        assertThat(invoice.get(ZERO)).isEqualTo(new Receipt("R-1"));
        assertThat(millrace.operations("me").nodes())
                .singleElement()
                .satisfies(node -> assertThat(node.sinceBeat()).isLessThan(ofSeconds(5)));
    }

    @Test
    void each_of_many_jobs_runs_at_its_very_moment() {
        var late = new ArrayList<Duration>();
        millrace.node()
                .handle(Remind.class, (job, attempt) -> {
                    var due = Instant.ofEpochMilli(job.order());
                    late.add(Duration.between(due, millrace.now()));
                })
                .start();
        var chance = new SplittableRandom(7);
        for (int i = 0; i < 300; i++) {
            var due = millrace.now()
                    .plusMillis(chance.nextLong(ofDays(i % 3 == 0 ? 1 : 30).toMillis()));
            millrace.enqueue(new Remind(due.toEpochMilli()), o -> o.at(due));
        }

        millrace.advance(ofDays(30));

        assertThat(late).hasSize(300).containsOnly(ZERO);
    }

    @Test
    void nodes_that_had_nothing_to_do_for_a_year_are_not_taken_for_dead() {
        var nodes = new ArrayList<Node>();
        for (int i = 0; i < 3; i++)
            nodes.add(millrace.node().with(Shop.sending(billing)).start());
        for (int day = 1; day <= 365; day += 7) {
            int after = day;
            millrace.enqueue(new SendInvoice(day), o -> o.in(ofDays(after)));
        }

        millrace.advance(ofDays(366));

        assertThat(billing.sent).hasSize(53);
        assertThat(nodes).allSatisfy(node -> {
            assertThat(node.status().trusted()).isTrue();
            assertThat(node.status().counts().deposed()).isZero();
        });
        assertThat(millrace.operations("me").nodes()).hasSize(3);
    }
}
