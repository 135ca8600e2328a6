package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.store.Crowds;
import dev.millrace.store.Delivery;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due;
import dev.millrace.store.NewJob.Idempotency;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SenderTest {

    @Kind("send-invoice")
    record SendInvoice(long order) implements Job<String> {}

    @Kind("reindex")
    record Reindex(String text) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.queue("search").priority(Priority.BULK);
        }
    }

    @Kind("broken")
    record Broken() implements Job<Void> {
        @Override
        @SuppressWarnings("NullAway") // what a user without the checker may write
        public JobOptions options(JobOptions o) {
            return null;
        }
    }

    private final StillWorld world = new StillWorld();
    private final Sender sender = new Sender(world, new Payloads(null));

    @Test
    void a_call_overrules_the_record_and_the_record_the_defaults() {
        var job = made(new Reindex("x"), o -> o.priority(Priority.HIGH));

        assertThat(job.queue()).isEqualTo("search");
        assertThat(job.priority()).isEqualTo(Priority.HIGH);
        assertThat(made(new SendInvoice(1), o -> o).queue()).isEqualTo("default");
    }

    @Test
    void jobs_of_a_tenant_go_to_one_shard_and_all_others_are_spread() {
        assertThat(made(new SendInvoice(1), o -> o.tenant("acme")).spread()).isEqualTo("acme");
        assertThat(made(new SendInvoice(1), o -> o).spread()).isNull();
    }

    @Test
    void a_tenant_has_a_share_and_nobody_has_none() {
        assertThat(made(new SendInvoice(1), o -> o.tenant("gold").share(3)).headers())
                .containsEntry(Crowds.SHARE, "3");
        assertThat(made(new SendInvoice(1), o -> o.tenant("gold").share(3).share(1))
                        .headers())
                .containsOnlyKeys(Delivery.TENANT);
        refused(o -> o.share(3), "no tenant");
        refused(o -> o.tenant("gold").share(0), "between 1 and 100");
        refused(o -> o.tenant("gold").share(101), "100 would do");
    }

    @Test
    void a_delay_and_a_moment_are_told_to_the_store_as_they_were_said() {
        var moment = world.now().plusSeconds(60);

        assertThat(made(new SendInvoice(1), o -> o.in(Duration.ofMinutes(5))).due())
                .isEqualTo(new Due.In(Duration.ofMinutes(5)));
        assertThat(made(new SendInvoice(1), o -> o.at(moment)).due()).isEqualTo(new Due.At(moment));
        assertThat(made(new SendInvoice(1), o -> o).due()).isNull();
    }

    @Test
    void a_moment_in_ten_thousand_years_is_a_slip() {
        refused(o -> o.at(Instant.parse("+12026-01-01T00:00:00Z")), "more than ten years away");
    }

    @Test
    void a_moment_before_all_databases_means_now() {
        assertThat(made(new SendInvoice(1), o -> o.at(Instant.MIN)).due()).isNull();
        assertThat(made(new SendInvoice(1), o -> o.at(Instant.EPOCH)).due()).isNull();
    }

    @Test
    void a_job_that_would_expire_before_it_may_run_is_refused() {
        refused(
                o -> o.in(Duration.ofDays(2)).expiresAfter(Duration.ofDays(1)),
                "The job waits 2 d and expires after 1 d: it could never run.");
        var tomorrow = world.now().plus(Duration.ofDays(1));
        refused(o -> o.at(tomorrow).expiresAfter(Duration.ofHours(23)), "which is before: it could never run.");
        refused(o -> o.at(tomorrow).expiresAfter(Duration.ofDays(1)), "it could never run.");
        assertThat(made(new SendInvoice(1), o -> o.at(tomorrow).expiresAfter(Duration.ofHours(25)))
                        .due())
                .isEqualTo(new Due.At(tomorrow));
    }

    @Test
    void a_payload_that_is_too_large_is_told_in_bytes() {
        var text = new Sender(world, new Payloads(new AsText()));

        assertThatThrownBy(() -> text.of(new Reindex("ü".repeat(150_000)), KindType.of(Reindex.class), o -> o))
                .isInstanceOf(MillraceException.class)
                .hasMessage(
                        "The payload of Reindex takes 300,014 bytes; at most 262,144 are stored. Keep the data in a table or a bucket of your own, and pass its key.");
    }

    @Test
    void options_that_return_null_are_told_from_where() {
        assertThatThrownBy(() -> made(new Broken(), o -> o)).hasMessageStartingWith("Broken.options returned null.");
    }

    @Test
    void a_key_stands_for_all_that_decides_what_runs_where_and_when() {
        var request = request(new SendInvoice(1), o -> o);

        assertThat(request(new SendInvoice(1), o -> o)).isEqualTo(request);
        assertThat(request(new SendInvoice(2), o -> o)).isNotEqualTo(request);
        assertThat(request(new SendInvoice(1), o -> o.queue("billing"))).isNotEqualTo(request);
        assertThat(request(new SendInvoice(1), o -> o.priority(Priority.BULK))).isNotEqualTo(request);
        assertThat(request(new SendInvoice(1), o -> o.in(Duration.ofMinutes(1))))
                .isNotEqualTo(request);
        assertThat(request(new SendInvoice(1), o -> o.expiresAfter(Duration.ofDays(1))))
                .isNotEqualTo(request);
        assertThat(request(new SendInvoice(1), o -> o.tenant("acme"))).isNotEqualTo(request);
    }

    @Test
    void what_a_repetition_may_say_otherwise_is_not_part_of_the_request() {
        assertThat(request(
                        new SendInvoice(1), o -> o.header("traceparent", "00-1").tag("retry")))
                .isEqualTo(request(new SendInvoice(1), o -> o));
    }

    @Test
    void a_request_can_be_shown_without_showing_the_payload() {
        assertThat(request(new SendInvoice(4_711), o -> o))
                .startsWith("send-invoice version 1 in queue default at normal with payload sha256:")
                .doesNotContain("4711");
    }

    private String request(Job<?> job, UnaryOperator<JobOptions> options) {
        var made = made(job, o -> options.apply(o).idempotencyKey("k"));
        Idempotency idempotency = Objects.requireNonNull(made.idempotency());
        assertThat(idempotency.key()).isEqualTo("k");
        return idempotency.request();
    }

    private void refused(UnaryOperator<JobOptions> options, String message) {
        assertThatThrownBy(() -> made(new SendInvoice(1), options))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining(message);
    }

    private NewJob made(Job<?> job, UnaryOperator<JobOptions> options) {
        return sender.of(job, KindType.of(job.getClass()), options);
    }

    private static final class AsText implements Codec {
        @Override
        public String encode(@Nullable Object value) {
            return String.valueOf(value);
        }

        @Override
        public Object decode(String text, Type type) {
            return text;
        }
    }
}
