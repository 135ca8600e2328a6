package dev.millrace.test;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.EncryptionKey;
import dev.millrace.Job;
import dev.millrace.KeyRing;
import dev.millrace.Kind;
import dev.millrace.Outcome;
import dev.millrace.Retry;
import dev.millrace.State;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.test.Shop.Billing;
import dev.millrace.test.Shop.Receipt;
import dev.millrace.test.Shop.SendInvoice;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What does not survive being text shows in a test, and not in production. */
class RoundTripTest {

    /** Can be written, and not read: nothing says which shape it was. */
    sealed interface Shape {
        record Square(int side) implements Shape {}
    }

    @Kind("draw")
    record Draw(Shape shape) implements Job<Void> {}

    @Kind("pay")
    record Pay(long order, String secret) implements Job<Void> {

        @Override
        public String secret() {
            return "***";
        }
    }

    @Kind("list-shapes")
    record ListShapes() implements Job<List<Receipt>> {}

    private final Billing billing = new Billing();

    @Test
    void without_a_codec_a_handler_gets_the_very_record() {
        var job = new Draw(new Shape.Square(2));
        try (var millrace = TestMillrace.with(node -> node.handle(Draw.class, seen -> {
            assertThat(seen).isSameAs(job);
        }))) {
            millrace.enqueue(job).get(ofSeconds(1));
        }
    }

    @Test
    void a_payload_that_could_not_be_read_is_refused_where_it_is_enqueued() {
        try (var millrace = TestMillrace.withOptions(
                o -> o.codec(PostgresStore.json()), node -> node.handle(Draw.class, job -> {}))) {
            assertThatThrownBy(() -> millrace.enqueue(new Draw(new Shape.Square(2))))
                    .hasMessageContaining("can't be read again")
                    .hasMessageContaining("{\"shape\":{\"side\":2}}");
            assertThat(millrace.enqueued(Draw.class)).isEmpty();
        }
    }

    @Test
    void a_test_reads_what_is_encrypted_and_what_does_not_survive_being_text_shows_all_the_same() {
        var codec = PostgresStore.json()
                .encrypted(KeyRing.writing(EncryptionKey.of("test", new byte[32])))
                .compressed();
        try (var millrace = TestMillrace.withOptions(
                o -> o.codec(codec),
                node -> node.handle(SendInvoice.class, billing::send).handle(Draw.class, job -> {}))) {
            var sent = millrace.enqueue(new SendInvoice(42), o -> o.idempotencyKey("request"));
            var again = millrace.enqueue(new SendInvoice(42), o -> o.idempotencyKey("request"));

            assertThat(again.id()).isEqualTo(sent.id());
            assertThat(sent.get(ofSeconds(1))).isEqualTo(new Receipt("R-42"));
            assertThat(millrace.enqueued(SendInvoice.class)).containsExactly(new SendInvoice(42));
            assertThatThrownBy(() -> millrace.enqueue(new Draw(new Shape.Square(2))))
                    .hasMessageContaining("can't be read again");
        }
    }

    @Test
    void a_component_that_is_not_written_as_it_is_shows() {
        try (var millrace = TestMillrace.withOptions(o -> o.codec(PostgresStore.json()))) {
            assertThatThrownBy(() -> millrace.enqueue(new Pay(1, "hush")))
                    .hasMessageContaining("does not come back as it was")
                    .hasMessageContaining("***");
        }
    }

    @Test
    void a_record_with_an_array_is_no_stranger_for_it() {
        try (var millrace = TestMillrace.withOptions(o -> o.codec(PostgresStore.json()))) {
            millrace.enqueue(new Sign(new byte[] {1, 2, 3}));

            assertThat(millrace.enqueued(Sign.class))
                    .singleElement()
                    .satisfies(job -> assertThat(job.key()).containsExactly(1, 2, 3));
        }
    }

    @Kind("sign")
    record Sign(byte[] key) implements Job<Void> {}

    @Test
    void a_result_that_could_not_be_read_discards_its_job() {
        try (var millrace = TestMillrace.withOptions(o -> o.codec(PostgresStore.json()))) {
            millrace.node()
                    .decide(ShowSquare.class, (job, attempt) -> Outcome.done(new Framed(new Shape.Square(2))))
                    .retry(Retry.none())
                    .start();
            var square = millrace.enqueue(new ShowSquare());

            millrace.advance(ZERO);

            assertThat(square.state()).isEqualTo(State.DISCARDED);
            assertThat(millrace.failures())
                    .singleElement()
                    .satisfies(failure -> assertThat(failure.message()).contains("can't be read again"));
        }
    }

    record Framed(Shape shape) {}

    @Kind("show-square")
    record ShowSquare() implements Job<Framed> {}

    @Test
    void what_survives_comes_back_as_it_was() {
        try (var millrace = TestMillrace.withOptions(o -> o.codec(PostgresStore.json()), Shop.sending(billing))) {
            assertThat(millrace.enqueue(new SendInvoice(7)).get(ofSeconds(1))).isEqualTo(new Receipt("R-7"));
            assertThat(millrace.enqueued(SendInvoice.class)).containsExactly(new SendInvoice(7));
        }
    }

    @Test
    void a_list_is_read_by_who_knows_its_elements() {
        try (var millrace = TestMillrace.withOptions(
                o -> o.codec(PostgresStore.json()),
                node -> node.handle(ListShapes.class, job -> List.of(new Receipt("R"))))) {
            assertThat(millrace.enqueue(new ListShapes()).get(ofSeconds(1))).containsExactly(new Receipt("R"));
        }
    }
}
