package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Codec;
import dev.millrace.EncryptionKey;
import dev.millrace.Job;
import dev.millrace.JobId;
import dev.millrace.KeyRing;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.OperationTaken;
import dev.millrace.Plan;
import dev.millrace.State;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Payloads of many jobs are edited where their keys are, and nothing is written that a handler could not read. */
class EditManyTest {

    @Kind("send-invoice")
    record SendInvoice(long order, String currency) implements Job<Void> {}

    private final KeyRing may = KeyRing.writing(
            EncryptionKey.of("may", "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII)));
    private final Codec plain = new TextCodec();
    private final MemoryStore store = new MemoryStore(plain);

    private Millrace with(Codec codec) {
        return Millrace.on(store.withCodec(codec));
    }

    private static JobId waiting(Millrace millrace, SendInvoice job) {
        return millrace.enqueue(job, o -> o.in(Duration.ofHours(1))).id();
    }

    private static Plan patched(Millrace millrace, String patch) {
        return millrace.operations("mara")
                .jobs(f -> f.kind(SendInvoice.class).state(State.SCHEDULED))
                .edit(patch);
    }

    private static String payload(Millrace millrace, JobId job) {
        return Objects.requireNonNull(
                millrace.operations("mara").find(job).orElseThrow().payload());
    }

    @Test
    void encrypted_payloads_are_patched_by_who_has_the_keys_and_stay_encrypted() {
        try (var millrace = with(plain.encrypted(may));
                var stranger = with(plain)) {
            var id = waiting(millrace, new SendInvoice(7, "USD"));

            var blind = patched(stranger, "{\"currency\":\"EUR\"}");
            assertThat(blind.count()).isZero();
            assertThat(blind.refused().getFirst().why()).contains("may");

            var operation = patched(millrace, "{\"currency\":\"EUR\"}").run("a slip");
            assertThat(operation.view().changed()).isEqualTo(1);
            assertThat(payload(millrace, id)).isEqualTo("{\"order\":7,\"currency\":\"EUR\"}");
            assertThat(payload(stranger, id)).contains("encrypted with key may").doesNotContain("EUR");

            operation.undo("it was right");
            assertThat(payload(millrace, id)).isEqualTo("{\"order\":7,\"currency\":\"USD\"}");
        }
    }

    @Test
    void a_patch_is_kept_encrypted_and_gone_on_with_by_who_has_the_keys() {
        try (var millrace = with(plain.encrypted(may));
                var other = with(plain.encrypted(may));
                var stranger = with(plain)) {
            var id = waiting(millrace, new SendInvoice(7, "USD"));
            var operation = patched(millrace, "{\"currency\":\"EUR\"}")
                    .begin("a slip", 0)
                    .id();

            assertThatThrownBy(() -> stranger.operations("mara")
                            .operation(operation)
                            .orElseThrow()
                            .resume())
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("may");
            other.operations("mara").operation(operation).orElseThrow().resume();

            assertThat(payload(millrace, id)).contains("EUR");
        }
    }

    @Test
    void what_would_not_fit_its_class_is_refused_with_which_and_why() {
        try (var millrace = with(plain)) {
            var id = waiting(millrace, new SendInvoice(7, "USD"));

            var plan = patched(millrace, "{\"order\":\"seven\"}");

            assertThat(plan.count()).isZero();
            assertThat(plan.refused().getFirst().job()).isEqualTo(id);
            assertThat(plan.refused().getFirst().why()).contains("does not fit");
            var operation = plan.run("anyway");
            assertThat(operation.view().left()).containsKey("its payload would not fit its kind");
            assertThat(payload(millrace, id)).contains("7");
        }
    }

    @Test
    void a_node_of_this_process_refuses_what_it_could_not_read() {
        try (var millrace = with(plain);
                var node = millrace.node().handle(SendInvoice.class, job -> {}).start()) {
            waiting(millrace, new SendInvoice(7, "USD"));

            var plan = millrace.operations("mara")
                    .jobs(f -> f.kind("send-invoice").state(State.SCHEDULED))
                    .edit("{\"amount\":1}");

            assertThat(node).isNotNull();
            assertThat(plan.count()).isZero();
            assertThat(plan.refused().getFirst().why()).contains("does not fit");
        }
    }

    @Test
    void what_would_be_too_large_is_refused() {
        try (var millrace = with(plain)) {
            waiting(millrace, new SendInvoice(7, "USD"));

            var plan = millrace.operations("mara")
                    .jobs(f -> f.kind(SendInvoice.class).state(State.SCHEDULED))
                    .edit(SendInvoice.class, old -> new SendInvoice(old.order(), "x".repeat(300_000)));

            assertThat(plan.count()).isZero();
            assertThat(plan.refused().getFirst().why()).contains("at most 262,144 are stored");
        }
    }

    @Test
    void a_function_edits_texts_as_well() {
        try (var millrace = with(plain.compressed().encrypted(may))) {
            var id = waiting(millrace, new SendInvoice(7, "USD"));

            var plan = millrace.operations("mara")
                    .jobs(f -> f.kind(SendInvoice.class).state(State.SCHEDULED))
                    .edit(SendInvoice.class, old -> new SendInvoice(old.order(), "EUR"));

            assertThat(plan.edits())
                    .containsExactly(new Plan.Edit(
                            id, "{\"order\":7,\"currency\":\"USD\"}", "{\"order\":7,\"currency\":\"EUR\"}"));
            plan.run("a slip");
            assertThat(payload(millrace, id)).contains("EUR");
        }
    }

    @Test
    void a_patch_under_an_id_is_compared_by_what_it_says_though_it_is_encrypted() {
        try (var millrace = with(plain.encrypted(may))) {
            waiting(millrace, new SendInvoice(7, "USD"));
            var id = UUID.randomUUID();
            patched(millrace, "{\"currency\":\"EUR\"}").withId(id).run("a slip");

            assertThat(patched(millrace, "{\"currency\":\"EUR\"}")
                            .withId(id)
                            .run("a slip")
                            .existed())
                    .isTrue();
            assertThatThrownBy(() -> patched(millrace, "{\"currency\":\"CHF\"}")
                            .withId(id)
                            .run("a slip"))
                    .isInstanceOf(OperationTaken.class)
                    .hasMessageNotContainingAny("EUR", "CHF");
        }
    }
}
