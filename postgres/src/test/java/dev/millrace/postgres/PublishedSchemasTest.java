package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.millrace.EncryptionKey;
import dev.millrace.Job;
import dev.millrace.KeyRing;
import dev.millrace.Kind;
import dev.millrace.KindView;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.Operations;
import dev.millrace.Operations.NamedJob;
import dev.millrace.Outcome;
import dev.millrace.PayloadRefused;
import dev.millrace.Schedule;
import dev.millrace.Store;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Whoever enqueues without the record is held to what a node has published of it, in each way there is. */
class PublishedSchemasTest {

    @Kind(value = "send-invoice", version = 2)
    record SendInvoice(long order, String currency) implements Job<Void> {
        @Kind("send-invoice")
        record V1(long order) {}
    }

    private final MemoryStore store = new MemoryStore(PostgresStore.json());
    private final Millrace elsewhere = Millrace.on(store);
    private final Operations ops = elsewhere.operations("mara");

    @AfterEach
    void close() {
        elsewhere.close();
    }

    /** A node starts, publishes, and goes. */
    private static void published(Store store) {
        try (var millrace = Millrace.on(store)) {
            millrace.node()
                    .handle(SendInvoice.class, job -> {})
                    .upcast(SendInvoice.V1.class, SendInvoice.class, v1 -> new SendInvoice(v1.order(), "EUR"))
                    .start();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> !millrace.operations("a test").kinds().isEmpty());
        }
    }

    @Test
    void what_nobody_has_published_is_taken_as_it_is() {
        assertThatCode(() -> ops.enqueue("send-invoice", 2, "[]", o -> o)).doesNotThrowAnyException();
        assertThat(ops.kinds()).isEmpty();
        assertThat(ops.kind("send-invoice", 2)).isEmpty();
    }

    @Test
    void each_version_that_a_node_reads_is_published() {
        published(store);

        assertThat(ops.kinds())
                .extracting(KindView::kind, KindView::version)
                .containsExactly(tuple("send-invoice", 1), tuple("send-invoice", 2));
        assertThat(ops.kind("send-invoice", 2).orElseThrow().schema())
                .contains("\"required\":[\"order\",\"currency\"]");
    }

    @Test
    void each_way_in_is_held_to_it() {
        published(store);
        var bad = new NamedJob("send-invoice", 2, "{\"order\":\"7\",\"currency\":\"EUR\"}", o -> o);
        var good = new NamedJob("send-invoice", 2, "{\"order\":7,\"currency\":\"EUR\"}", o -> o);

        assertThatThrownBy(() -> ops.enqueue(bad.kind(), 2, bad.json(), o -> o))
                .isInstanceOf(PayloadRefused.class)
                .hasMessageStartingWith(
                        "The payload does not fit send-invoice v2, as the nodes that run it say, and nothing was done. /order is a text (\"7\"); it must be a whole number")
                .hasMessageEndingWith("To see what fits: millrace kinds --schema send-invoice --version 2.");
        assertThatThrownBy(() -> ops.enqueueAll(List.of(good, bad))).isInstanceOf(PayloadRefused.class);
        assertThatThrownBy(() -> ops.schedule("nightly", Schedule.every(Duration.ofDays(1)), bad, "why not"))
                .isInstanceOf(PayloadRefused.class);
        assertThat(ops.list(f -> f)).isEmpty();
        assertThat(ops.schedules()).isEmpty();
        assertThatCode(() -> ops.enqueue(good.kind(), 2, good.json(), o -> o)).doesNotThrowAnyException();
        assertThatCode(() -> ops.enqueue("send-invoice", 1, "{\"order\":7}", o -> o))
                .doesNotThrowAnyException();
    }

    @Test
    void many_misfits_are_told_in_a_sentence_of_a_bearable_length_and_all_of_them_apart() {
        published(store);

        assertThatThrownBy(() -> ops.enqueue("send-invoice", 2, "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1}", o -> o))
                .isInstanceOfSatisfying(
                        PayloadRefused.class,
                        refused -> assertThat(refused.misfits()).hasSize(7))
                .hasMessageContaining("7 in all");
    }

    @Test
    void a_newer_build_is_right_at_once_where_it_allows_more() {
        published(store);
        assertThatThrownBy(() -> ops.enqueue("send-invoice", 2, "{}", o -> o)).isInstanceOf(PayloadRefused.class);

        try (var newer = Millrace.on(store)) {
            newer.node()
                    .handleRaw("send-invoice", 2, (job, attempt) -> Outcome.done("1"))
                    .start();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> newer.operations("a test").kinds().size() == 1);
        }

        assertThatCode(() -> ops.enqueue("send-invoice", 2, "{}", o -> o)).doesNotThrowAnyException();
        assertThatThrownBy(() -> ops.enqueue("send-invoice", 1, "{}", o -> o)).isInstanceOf(PayloadRefused.class);
    }

    @Test
    void an_encrypted_payload_is_looked_at_before_it_is_encrypted() {
        var ring = KeyRing.writing(EncryptionKey.of("now", Base64.getEncoder().encodeToString(new byte[32])));
        var encrypting = new MemoryStore(PostgresStore.json().encrypted(ring));
        published(encrypting);

        try (var millrace = Millrace.on(encrypting)) {
            assertThatThrownBy(() -> millrace.operations("mara").enqueue("send-invoice", 2, "{}", o -> o))
                    .isInstanceOf(PayloadRefused.class)
                    .hasMessageContaining("\"order\" is missing");
            for (var secret : List.of("\"4711; it must\"", "4711.5"))
                assertThatThrownBy(() -> millrace.operations("mara")
                                .enqueue(
                                        "send-invoice",
                                        2,
                                        "{\"order\":%s,\"currency\":\"EUR\"}".formatted(secret),
                                        o -> o))
                        .as("what is said of it may be kept in the clear")
                        .isInstanceOf(PayloadRefused.class)
                        .hasMessageNotContaining("4711");
        }
    }

    @Test
    void a_text_that_is_no_json_is_shown_and_not_where_payloads_are_encrypted() {
        var ring = KeyRing.writing(EncryptionKey.of("now", Base64.getEncoder().encodeToString(new byte[32])));
        var text = "{\"card\":\"4711\" oops";

        assertThatThrownBy(() -> ops.enqueue("send-invoice", 2, text, o -> o)).hasMessageContaining("4711");
        try (var millrace = Millrace.on(new MemoryStore(PostgresStore.json().encrypted(ring)))) {
            var hiding = millrace.operations("mara");
            var job = new NamedJob("send-invoice", 2, text, o -> o);
            for (ThrowingCallable way : List.<ThrowingCallable>of(
                    () -> hiding.enqueue("send-invoice", 2, text, o -> o),
                    () -> hiding.enqueueAll(List.of(job)),
                    () -> hiding.schedule("nightly", Schedule.every(Duration.ofDays(1)), job, "why not")))
                assertThatThrownBy(way)
                        .as("it may be kept in the clear, as the failure of who enqueued it")
                        .isInstanceOf(MillraceException.class)
                        .hasMessageStartingWith("The payload of kind send-invoice can't be read")
                        .hasMessageNotContaining("4711")
                        .hasStackTraceContaining("Payloads.written")
                        .hasNoCause();
        }
    }

    @Test
    void a_store_that_keeps_values_publishes_nothing() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node().handle(SendInvoice.class, job -> {}).start();

            assertThat(millrace.operations("mara").kinds()).isEmpty();
            assertThatThrownBy(() -> millrace.operations("mara").kind("Send Invoice", 1))
                    .isInstanceOf(MillraceException.class);
        }
    }
}
