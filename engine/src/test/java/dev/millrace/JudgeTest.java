package dev.millrace;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.store.Ending;
import dev.millrace.store.Payload;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What becomes of what a handler returns or throws. */
class JudgeTest {

    private final Retry policy = Retry.exponential(ofSeconds(2)).attempts(3);

    @Test
    void a_result_completes_the_job() {
        assertThat(judge(policy).decided(Outcome.done("paid"), 1)).isEqualTo(new Ending.Done(new Payload.Kept("paid")));
        assertThat(judge(policy).decided(Outcome.done(), 1)).isEqualTo(new Ending.Done(null));
    }

    @Test
    void a_reason_is_kept_as_far_as_a_database_can_hold_it() {
        assertThat(judge(policy).decided(Outcome.cancel("a\0b\uD83D"), 1))
                .isEqualTo(new Ending.Cancelled("a\uFFFDb\uFFFD"));
        assertThat(judge(policy).decided(Outcome.snooze(ofSeconds(1), "\0".repeat(2_000)), 1))
                .isInstanceOfSatisfying(
                        Ending.Snoozed.class,
                        later -> assertThat(later.reason()).hasSize(1_000).doesNotContain("\0"));
    }

    @Test
    void an_exception_is_tried_again_while_attempts_remain() {
        assertThat(judge(policy).failed(new IOException("no route"), 2))
                .isInstanceOfSatisfying(Ending.Retry.class, retry -> {
                    assertThat(retry.failure().type()).isEqualTo("java.io.IOException");
                    assertThat(retry.failure().attempt()).isEqualTo(2);
                    assertThat(retry.delay()).isPositive().isLessThanOrEqualTo(ofSeconds(4));
                });
        assertThat(judge(policy).failed(new IOException("no route"), 3))
                .isInstanceOfSatisfying(
                        Ending.Discarded.class,
                        end -> assertThat(end.failure().message()).isEqualTo("no route"));
    }

    @Test
    void a_handler_that_asks_for_another_attempt_gets_it_no_sooner_and_while_attempts_remain() {
        var asked = Outcome.retry(ofMinutes(10), "the provider asked us to wait");

        assertThat(judge(policy).decided(asked, 1))
                .isInstanceOfSatisfying(
                        Ending.Retry.class, retry -> assertThat(retry.delay()).isBetween(ofMinutes(10), ofMinutes(11)));
        assertThat(judge(policy).decided(asked, 3)).isInstanceOf(Ending.Discarded.class);
    }

    @Test
    void a_snooze_takes_exactly_its_time_and_no_attempt() {
        assertThat(judge(Retry.none()).decided(Outcome.snooze(ofSeconds(9), "closed"), 1))
                .isEqualTo(new Ending.Snoozed(ofSeconds(9), "closed"));
    }

    @Test
    void cancel_and_discard_end_the_job_whatever_attempts_remain() {
        assertThat(judge(policy).decided(Outcome.cancel("no such order"), 1))
                .isEqualTo(new Ending.Cancelled("no such order"));
        assertThat(judge(policy).decided(Outcome.discard("a bad address"), 1))
                .isInstanceOfSatisfying(
                        Ending.Discarded.class,
                        end -> assertThat(end.failure().message()).isEqualTo("a bad address"));
    }

    @Test
    void rules_turn_exceptions_into_the_same_outcomes() {
        var judge = judge(policy.on(IOException.class, e -> Outcome.retry(ofMinutes(1), "the disk is busy"))
                .on(ArithmeticException.class, e -> Outcome.snooze(ofMinutes(2), "later"))
                .on(IllegalStateException.class, e -> Outcome.cancel("not wanted"))
                .never(FileNotFoundException.class));

        assertThat(judge.failed(new IOException("busy"), 1))
                .isInstanceOfSatisfying(
                        Ending.Retry.class,
                        retry -> assertThat(retry.failure().message()).isEqualTo("the disk is busy: busy"));
        assertThat(judge.failed(new ArithmeticException(), 1)).isEqualTo(new Ending.Snoozed(ofMinutes(2), "later"));
        assertThat(judge.failed(new IllegalStateException(), 1)).isEqualTo(new Ending.Cancelled("not wanted"));
        assertThat(judge.failed(new FileNotFoundException("a.txt"), 1))
                .isInstanceOfSatisfying(
                        Ending.Discarded.class,
                        end -> assertThat(end.failure().message()).isEqualTo("a.txt"));
    }

    @Test
    void a_rule_can_neither_complete_a_job_nor_break_it() {
        var done = judge(policy.on(IOException.class, e -> Outcome.done("fine")));
        var broken = judge(policy.on(IOException.class, e -> {
            throw new IllegalStateException("oops");
        }));

        assertThat(done.failed(new IOException("x"), 1))
                .isInstanceOfSatisfying(
                        Ending.Retry.class,
                        retry -> assertThat(retry.failure().message()).contains("only a handler can"));
        assertThat(broken.failed(new IOException("x"), 1))
                .isInstanceOfSatisfying(
                        Ending.Retry.class,
                        retry -> assertThat(retry.failure().message())
                                .contains("oops")
                                .contains("x"));
    }

    @Test
    void a_result_that_is_too_large_discards_the_job_since_doing_it_again_would_give_the_same() {
        var judge = new Judge(new KindName("export", 1), policy, new Payloads(new Plain()), new StillWorld());

        assertThat(judge.decided(Outcome.done("x".repeat(Bounds.RESULT_BYTES + 1)), 1))
                .isInstanceOfSatisfying(
                        Ending.Discarded.class,
                        end -> assertThat(end.failure().message())
                                .isEqualTo(
                                        "its work is done, but its result can't be stored: The result of kind export takes 262,145 bytes; at most 262,144 are stored. Keep the data in a table or a bucket of your own, and return its key."));
    }

    @Test
    void a_result_that_cannot_be_written_discards_the_job() {
        var judge = new Judge(new KindName("export", 1), policy, new Payloads(new Plain()), new StillWorld());

        assertThat(judge.decided(Outcome.done(new Thread()), 1)).isInstanceOf(Ending.Discarded.class);
    }

    @Test
    void a_missed_deadline_costs_an_attempt() {
        assertThat(judge(policy).timedOut(2, ofMinutes(5)))
                .isInstanceOfSatisfying(
                        Ending.TimedOut.class,
                        late -> assertThat(late.failure().message())
                                .isEqualTo("it ran longer than its deadline of 5 min without a heartbeat"));
        assertThat(judge(policy).timedOut(3, ofMinutes(5))).isInstanceOf(Ending.Discarded.class);
    }

    private static Judge judge(Retry policy) {
        return new Judge(new KindName("send-invoice", 1), policy, new Payloads(null), new StillWorld());
    }

    /** Writes text as it is, and nothing else. */
    private static final class Plain implements Codec {
        @Override
        public String encode(@Nullable Object value) {
            if (value instanceof String text) return text;
            throw new MillraceException("not a text: " + value);
        }

        @Override
        public Object decode(String text, Type type) {
            return text;
        }
    }
}
