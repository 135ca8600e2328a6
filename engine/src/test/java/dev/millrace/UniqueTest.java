package dev.millrace;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.store.NewJob;
import dev.millrace.store.UniqueKey;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class UniqueTest {

    @Kind("send-reminder")
    record SendReminder(long customer, String template) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.unique(customer, template);
        }
    }

    private record Line(String sku, int count) {}

    private final Sender sender = new Sender(new StillWorld(), new Payloads(null));

    private NewJob made(UnaryOperator<JobOptions> call) {
        return sender.of(new SendReminder(7, "due"), KindType.of(SendReminder.class), call);
    }

    private UniqueKey key(UnaryOperator<JobOptions> call) {
        return Objects.requireNonNull(made(call).unique());
    }

    private String key(Object... values) {
        return key(o -> o.unique(values)).key();
    }

    private void refused(UnaryOperator<JobOptions> call, String why) {
        assertThatThrownBy(() -> made(call))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining(why);
    }

    @Test
    void a_record_says_what_makes_it_one_and_a_call_may_say_otherwise() {
        assertThat(key(o -> o)).isEqualTo(new UniqueKey("send-reminder(7,\"due\")", new UniqueKey.UntilEnded()));
        assertThat(key(o -> o.unique(Unique.by(7L, "due").within(ofDays(1)))))
                .isEqualTo(new UniqueKey("send-reminder(7,\"due\")", new UniqueKey.Within(ofDays(1))));
    }

    @Test
    void values_that_differ_never_look_the_same() {
        assertThat(Stream.of(
                        key(),
                        key(""),
                        key("a", "b"),
                        key("a,b"),
                        key("a\",\"b"),
                        key("a\\", "b"),
                        key("a\\\",\"b"),
                        key("7"),
                        key(7),
                        key(true),
                        key("true")))
                .doesNotHaveDuplicates();
    }

    @Test
    void a_number_is_the_same_whatever_holds_it() {
        assertThat(Stream.of(key(7), key(7L), key((short) 7), key((byte) 7), key(BigInteger.valueOf(7))))
                .containsOnly("send-reminder(7)");
    }

    @Test
    void a_record_is_its_values_in_brackets_of_their_own() {
        assertThat(key(new Line("chair", 2), 3)).isEqualTo("send-reminder((\"chair\",2),3)");
        assertThat(key(new Line("chair", 2))).isNotEqualTo(key("chair", 2));
    }

    @Test
    void a_decimal_is_the_same_however_it_is_written() {
        assertThat(key(new BigDecimal("1.50")))
                .isEqualTo(key(new BigDecimal("1.5")))
                .isEqualTo("send-reminder(1.5)");
        assertThat(key(new BigDecimal("100"))).isEqualTo(key(100));
    }

    @Test
    void these_are_values() {
        assertThat(key(
                        Priority.HIGH,
                        'x',
                        new UUID(1, 2),
                        URI.create("https://example.org/"),
                        LocalDate.of(2027, 3, 28),
                        ofMinutes(5)))
                .isEqualTo(
                        "send-reminder(\"HIGH\",\"x\",\"00000000-0000-0001-0000-000000000002\",\"https://example.org/\",\"2027-03-28\",\"PT5M\")");
    }

    @Test
    void what_may_look_otherwise_tomorrow_is_no_value() {
        refused(o -> o.unique(1.5), "can't be made of a java.lang.Double");
        refused(o -> o.unique(List.of("a")), "it must look the same tomorrow");
        refused(o -> o.unique(new Object()), "order.id()");
        refused(o -> o.unique("a\u0000b"), "which no database keeps");
    }

    @Test
    @SuppressWarnings("NullAway") // what a user without the checker may write
    void null_is_no_value() {
        refused(o -> o.unique("a", null), "is null. Leave it out, or say what it means");
    }

    @Test
    void a_long_key_becomes_a_hash_and_stays_one() {
        var one = key("x".repeat(10_000));
        var other = key("x".repeat(9_999) + "y");

        assertThat(one).startsWith("send-reminder(sha256:").hasSizeLessThan(100);
        assertThat(one).isEqualTo(key("x".repeat(10_000))).isNotEqualTo(other);
    }

    @Test
    void a_key_is_unique_in_one_way() {
        refused(o -> o.unique(Unique.by(1).replace().within(ofDays(1))), "says replace and then within 1 d");
        refused(o -> o.unique(Unique.by(1).within(ofDays(1)).within(ofDays(2))), "one of them");
        refused(o -> o.unique(Unique.by(1).within(Duration.ZERO)), "A window of 0 s is too short");
        refused(o -> o.unique(Unique.by(1).debounce(ofMinutes(1), ofSeconds(5))), "Is it debounce(5 s, 1 min)?");
    }

    @Test
    void a_debounce_says_when_the_job_runs() {
        var job = made(o -> o.unique(Unique.by(1).debounce(ofSeconds(5), ofMinutes(1))));

        assertThat(job.due()).isEqualTo(new NewJob.Due.In(ofSeconds(5)));
        assertThat(Objects.requireNonNull(job.unique()).policy()).isEqualTo(new UniqueKey.Debounce(ofMinutes(1)));
        refused(
                o -> o.unique(Unique.by(1).debounce(ofSeconds(5), ofMinutes(1))).in(ofHours(1)),
                "Leave out in(…) and at(…)");
        refused(
                o -> o.unique(Unique.by(1).debounce(ofSeconds(5), ofMinutes(1))).expiresAfter(ofSeconds(5)),
                "it could never run");
    }

    @Test
    void another_key_is_another_request() {
        assertThat(made(o -> o.idempotencyKey("k").unique(1)).idempotency())
                .isNotEqualTo(made(o -> o.idempotencyKey("k").unique(2)).idempotency());
    }

    @Test
    void while_there_is_one_it_is_answered_and_then_the_next_is_taken() throws InterruptedException {
        try (var millrace = Millrace.on(new MemoryStore())) {
            var first = millrace.enqueue(new SendReminder(7, "due"));
            var again = millrace.enqueue(new SendReminder(7, "due"));
            var other = millrace.enqueue(new SendReminder(8, "due"));

            assertThat(first.existed()).isFalse();
            assertThat(again.existed()).isTrue();
            assertThat(again).isEqualTo(first);
            assertThat(other.existed()).isFalse();

            millrace.node()
                    .handle(SendReminder.class, job -> TimeUnit.MILLISECONDS.sleep(1))
                    .start();
            first.get(ofSeconds(10));
            assertThat(millrace.enqueue(new SendReminder(7, "due")).existed()).isFalse();
        }
    }

    @Test
    void in_bulk_each_handle_leads_to_the_job_that_has_its_key() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            var first = millrace.enqueue(new SendReminder(7, "due"));

            var handles = millrace.<Void>enqueueAll(
                    Stream.of(new SendReminder(7, "due"), new SendReminder(8, "due"), new SendReminder(8, "due")));

            assertThat(handles).extracting(Handle::existed).containsExactly(true, false, true);
            assertThat(handles.get(0)).isEqualTo(first);
            assertThat(handles.get(2)).isEqualTo(handles.get(1));
        }
    }
}
