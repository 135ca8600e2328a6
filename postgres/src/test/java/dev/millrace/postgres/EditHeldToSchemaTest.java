package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.EncryptionKey;
import dev.millrace.Job;
import dev.millrace.KeyRing;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Operation;
import dev.millrace.Operations;
import dev.millrace.Plan;
import dev.millrace.State;
import dev.millrace.Store;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A patch of many payloads is held to what payloads of their kind look like, whoever goes on with it. */
class EditHeldToSchemaTest {

    record Line(String sku, int count) {}

    @Kind(value = "send-invoice", version = 2)
    record SendInvoice(long order, String currency, List<Line> lines) implements Job<Void> {
        @Kind("send-invoice")
        record V1(long order) implements Job<Void> {}
    }

    private final MemoryStore store = new MemoryStore(PostgresStore.json());
    private final Millrace millrace = Millrace.on(store);
    private final Millrace elsewhere = Millrace.on(store);

    @AfterEach
    void close() {
        millrace.close();
        elsewhere.close();
    }

    private static void published(Store store) {
        try (var other = Millrace.on(store)) {
            other.node()
                    .handle(SendInvoice.class, job -> {})
                    .upcast(
                            SendInvoice.V1.class,
                            SendInvoice.class,
                            v1 -> new SendInvoice(v1.order(), "EUR", List.of()))
                    .start();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> !other.operations("a test").kinds().isEmpty());
        }
    }

    private static void waits(Millrace millrace, Job<?> job) {
        millrace.enqueue(job, o -> o.in(Duration.ofHours(1)));
    }

    private static SendInvoice invoice(Line... lines) {
        return new SendInvoice(7, "USD", List.of(lines));
    }

    /** By who has no class. */
    private static Plan patched(Operations ops, String patch) {
        return ops.jobs(f -> f.kind("send-invoice").state(State.SCHEDULED)).edit(patch);
    }

    @Test
    void what_would_not_fit_what_nodes_say_is_left_and_counted_by_its_field() {
        published(store);
        waits(millrace, invoice());
        waits(millrace, invoice());

        var plan = patched(millrace.operations("mara"), "{\"order\":\"seven\"}");

        assertThat(plan.count()).isZero();
        assertThat(plan.refusedCount()).isEqualTo(2);
        assertThat(plan.refused().getFirst().why())
                .startsWith("It would not fit send-invoice v2")
                .contains("/order is a text (\"seven\"); it must be a whole number");
        assertThat(plan.run("a test").view().left())
                .containsExactly(Map.entry("its payload would not fit its kind: /order", 2L));
    }

    @Test
    void each_is_held_to_the_version_it_has() {
        published(store);
        waits(millrace, invoice());
        waits(millrace, new SendInvoice.V1(8));

        var operation =
                patched(millrace.operations("mara"), "{\"currency\":\"EUR\"}").run("they came without a currency");

        assertThat(operation.view().changed()).isEqualTo(1);
        assertThat(operation.view().left())
                .containsExactly(Map.entry("its payload would not fit its kind: /currency", 1L));
    }

    @Test
    void a_taken_out_field_that_must_be_there_is_missed() {
        published(store);
        waits(millrace, invoice());

        assertThat(patched(millrace.operations("mara"), "{\"currency\":null}")
                        .refused()
                        .getFirst()
                        .why())
                .contains("\"currency\" is missing");
    }

    @Test
    void elements_of_a_list_are_counted_as_one_field() {
        published(store);
        waits(millrace, invoice());

        var operation = patched(millrace.operations("mara"), "{\"lines\":[{\"sku\":\"chair\",\"count\":\"many\"}]}")
                .run("a test");

        assertThat(operation.view().left())
                .containsExactly(Map.entry("its payload would not fit its kind: /lines/*/count", 1L));
    }

    @Test
    void who_goes_on_without_the_class_checks_as_who_began_with_it() {
        waits(millrace, invoice());
        var begun = millrace.operations("mara")
                .jobs(f -> f.kind(SendInvoice.class).state(State.SCHEDULED))
                .edit("{\"order\":\"seven\"}")
                .begin("a test", 0);

        var done = elsewhere
                .operations("mallory")
                .operation(begun.id())
                .map(Operation::resume)
                .orElseThrow();

        assertThat(done.view().changed()).isZero();
        assertThat(done.view().left()).containsExactly(Map.entry("its payload would not fit its kind: /order", 1L));
    }

    @Test
    void what_is_said_of_encrypted_payloads_tells_nothing_of_them() {
        var ring = KeyRing.writing(EncryptionKey.of("now", Base64.getEncoder().encodeToString(new byte[32])));
        var encrypting = new MemoryStore(PostgresStore.json().encrypted(ring));
        published(encrypting);
        try (var hidden = Millrace.on(encrypting)) {
            waits(hidden, invoice());

            var plan = patched(hidden.operations("mara"), "{\"order\":\"4711\"}");

            assertThat(plan.refused().getFirst().why()).contains("/order").doesNotContain("4711");
            assertThat(plan.run("a test").view().left())
                    .containsExactly(Map.entry("its payload would not fit its kind: /order", 1L));
        }
    }
}
