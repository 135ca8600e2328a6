package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.store.Payload;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DecoderTest {

    @Kind("send-invoice")
    record V1(long order) {}

    @Kind(value = "send-invoice", version = 2)
    record V2(long order, String currency) {}

    @Kind(value = "send-invoice", version = 3)
    record SendInvoice(long order, String currency, boolean urgent) implements Job<Void> {}

    private final Decoder decoder = new Decoder(
            new Payloads(null),
            KindType.of(SendInvoice.class),
            Map.of(
                    1,
                    new Decoder.Step(V1.class, 2, old -> new V2(((V1) old).order(), "EUR")),
                    2,
                    new Decoder.Step(
                            V2.class, 3, old -> new SendInvoice(((V2) old).order(), ((V2) old).currency(), false)),
                    3,
                    new Decoder.Step(SendInvoice.class, 3, null)));

    @Test
    void the_newest_version_is_read_as_it_is() throws Exception {
        var job = new SendInvoice(7, "USD", true);

        assertThat(decoder.job(3, new Payload.Kept(job))).isEqualTo(job);
    }

    @Test
    void an_old_version_climbs_all_its_ways_up() throws Exception {
        assertThat(decoder.job(1, new Payload.Kept(new V1(7)))).isEqualTo(new SendInvoice(7, "EUR", false));
        assertThat(decoder.job(2, new Payload.Kept(new V2(7, "USD")))).isEqualTo(new SendInvoice(7, "USD", false));
    }

    @Test
    void a_version_without_a_way_up_is_named_with_what_to_do() {
        assertThatThrownBy(() -> decoder.job(4, new Payload.Kept("?")))
                .hasMessage(
                        "The job is of kind send-invoice version 4, and this node reads versions 1, 2, 3. Register the way up: upcast(V4.class, …).");
    }

    @Test
    void a_value_of_another_class_is_not_passed_to_the_handler() {
        assertThatThrownBy(() -> decoder.job(3, new Payload.Kept("a text")))
                .isInstanceOf(Decoder.Undecodable.class)
                .hasMessageContaining("java.lang.String");
    }

    @Test
    void an_upcast_that_throws_makes_the_payload_unreadable_and_is_quoted() {
        var broken = new Decoder(
                new Payloads(null), KindType.of(SendInvoice.class), Map.of(1, new Decoder.Step(V1.class, 3, old -> {
                    throw new IllegalStateException("no currency");
                })));

        assertThatThrownBy(() -> broken.job(1, new Payload.Kept(new V1(1))))
                .isInstanceOf(Decoder.Undecodable.class)
                .hasMessage(
                        "The upcast of kind send-invoice from version 1 threw java.lang.IllegalStateException: no currency");
    }
}
