package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Decoder.Step;
import dev.millrace.Decoder.Undecodable;
import dev.millrace.postgres.Codecs;
import dev.millrace.simulation.cases.Cases;
import dev.millrace.simulation.cases.Choices;
import dev.millrace.simulation.cases.Hostile;
import dev.millrace.store.Payload;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A payload of any version and of any text: it becomes the job that runs, or it is told why not. */
class UpcastPropertyTest {

    @Kind("send-invoice")
    record V1(long order) {}

    @Kind(value = "send-invoice", version = 2)
    record V2(long order, String currency) {}

    @Kind(value = "send-invoice", version = 3)
    record SendInvoice(long order, String currency, boolean urgent) implements Job<Void> {
        SendInvoice {
            if (order < 0) throw new IllegalArgumentException("an order has a number from 0 on, not " + order);
        }
    }

    private final Payloads payloads = new Payloads(Codecs.json());

    private final Decoder decoder = new Decoder(
            payloads,
            KindType.of(SendInvoice.class),
            Map.of(
                    1,
                    new Step(V1.class, 2, old -> new V2(((V1) old).order(), "EUR")),
                    2,
                    new Step(V2.class, 3, old -> new SendInvoice(((V2) old).order(), ((V2) old).currency(), false)),
                    3,
                    new Step(SendInvoice.class, 3, null)));

    /** A job as some build wrote it. */
    record Stored(long order, String currency, int version) {

        Object written() {
            return switch (version) {
                case 1 -> new V1(order);
                case 2 -> new V2(order, currency);
                default -> new SendInvoice(order, currency, true);
            };
        }

        SendInvoice meant() {
            return new SendInvoice(order, version == 1 ? "EUR" : currency, version == 3);
        }
    }

    @Test
    void a_payload_of_any_version_becomes_what_was_meant() {
        Cases.forAll(500, UpcastPropertyTest::stored, stored -> {
            var payload = payloads.kept("The payload", stored.written(), Bounds.PAYLOAD_BYTES);

            assertThat(decoder.job(stored.version(), payload)).isEqualTo(stored.meant());
        });
    }

    /** A payload that anybody wrote. */
    record Foreign(int version, String text) {}

    @Test
    void a_payload_of_any_text_runs_or_is_told_why_not() {
        Cases.forAll(1_000, UpcastPropertyTest::foreign, foreign -> {
            try {
                assertThat(decoder.job(foreign.version(), new Payload.Text(foreign.text())))
                        .isInstanceOf(SendInvoice.class);
            } catch (Undecodable refused) {
                assertThat(refused.why()).contains("send-invoice").hasSizeBetween(40, 3_000);
            }
        });
    }

    private static Stored stored(Choices choices) {
        return new Stored(choices.of(0L, 7L, Long.MAX_VALUE), Words.cut(Hostile.text(choices), 20_000), (int)
                choices.between(1, 3));
    }

    private static Foreign foreign(Choices choices) {
        return new Foreign(
                choices.of(1, 2, 3, 4, 0, -1, Integer.MAX_VALUE),
                choices.any(UpcastPropertyTest::likely, UpcastPropertyTest::likely, Hostile::nearlyJson));
    }

    private static String likely(Choices choices) {
        return "{\"order\":%s%s%s%s}"
                .formatted(
                        choices.any(Hostile::number, Hostile::json),
                        choices.of("", ",\"currency\":" + choices.any(Hostile::quoted, Hostile::json)),
                        choices.of("", ",\"urgent\":" + choices.of("true", "0", "null", "\"no\"")),
                        choices.of("", "," + Hostile.quoted(choices) + ":1"));
    }
}
