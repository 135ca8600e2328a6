package dev.millrace.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.TypeRef;
import dev.millrace.simulation.cases.Cases;
import dev.millrace.simulation.cases.Choices;
import dev.millrace.simulation.cases.Hostile;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;

/** What the codec writes, it reads; what anybody else wrote is read as it was meant, or refused with the reason. */
class JsonCodecPropertyTest {

    record Line(String sku, BigDecimal price, @Nullable Line part) {}

    /** One component of each sort that payloads have. */
    record Order(
            long number,
            int amount,
            boolean urgent,
            double weight,
            String note,
            @Nullable String remark,
            BigInteger account,
            BigDecimal total,
            Priority priority,
            Instant at,
            LocalDate day,
            Duration within,
            UUID id,
            URI page,
            Optional<String> voucher,
            List<Line> lines,
            Map<String, List<String>> facts,
            Set<Integer> shelves,
            JsonNode rest) {}

    private final JsonCodec codec = new JsonCodec();

    /** A reader that loses nothing and bounds nothing: what a text means. */
    private final JsonMapper meaning = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(100_000)
                            .maxNumberLength(10_000_000)
                            .maxNameLength(10_000_000)
                            .build())
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    @Test
    void what_was_written_is_read_again_and_equal_values_are_equal_texts() {
        Cases.forAll(120, this::order, order -> {
            var text = codec.encode(order);

            assertThat(codec.decode(text, Order.class)).isEqualTo(order);
            assertThat(codec.encode(codec.decode(text, Order.class))).isEqualTo(text);
            assertThat(new String(text.getBytes(UTF_8), UTF_8)).isEqualTo(text);
            assertThat(text).doesNotContain("\0");
        });
    }

    @Test
    void any_text_is_read_as_it_was_meant_or_refused_in_a_sentence() {
        Cases.forAll(
                1_000,
                c -> new Said(c.any(Hostile::nearlyJson, Hostile::json, JsonCodecPropertyTest::orderLike), type(c)),
                said -> {
                    Object value;
                    try {
                        value = codec.decode(said.text(), said.type());
                    } catch (MillraceException refused) {
                        assertThat(refused.getMessage())
                                .startsWith("This JSON is no " + said.type().getTypeName())
                                .hasSizeLessThan(2_000);
                        return;
                    }
                    if (said.type() == Object.class) return; // holds numbers as Java does
                    assertThat(meaning(codec.encode(value))).isEqualTo(meaning(said.text()));
                });
    }

    record Broken(String text) {
        @Override
        public String text() {
            throw new IllegalStateException("no");
        }
    }

    @Test
    void what_nobody_can_write_is_refused_in_a_sentence() {
        for (var unwritable : List.of(endless(), new Broken("a")))
            assertThatThrownBy(() -> codec.encode(unwritable))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("can't be written as JSON");
    }

    private static List<Object> endless() {
        var list = new ArrayList<Object>();
        list.add(list);
        return list;
    }

    /** A text, and what it is read as. */
    record Said(String text, Type type) {}

    private @Nullable JsonNode meaning(String text) throws JacksonException {
        return meaning.readTree(text);
    }

    private static Type type(Choices choices) {
        return choices.of(
                Object.class,
                JsonNode.class,
                Line.class,
                String.class,
                int.class,
                Long.class,
                boolean.class,
                BigDecimal.class,
                BigInteger.class,
                Priority.class,
                TypeRef.listOf(Line.class).type(),
                TypeRef.mapOf(String.class, Integer.class).type());
    }

    /** A line of an order, its components of any sort. */
    private static String orderLike(Choices choices) {
        return "{\"sku\":%s,\"price\":%s,\"part\":%s}"
                .formatted(
                        choices.any(Hostile::quoted, Hostile::json),
                        choices.any(Hostile::number, Hostile::json),
                        choices.any(c -> "null", c -> c.oneIn(2) ? orderLike(c) : "null", Hostile::json));
    }

    private Order order(Choices choices) {
        return new Order(
                choices.of(0L, 1L, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 53),
                choices.of(0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE),
                choices.oneIn(2),
                choices.of(0.0, -0.0, 0.1, Double.MIN_VALUE, Double.MAX_VALUE, Double.NaN, Double.NEGATIVE_INFINITY),
                Hostile.text(choices),
                choices.oneIn(2) ? Hostile.text(choices) : null,
                new BigInteger(choices.of("0", "-1", "9".repeat(30), "9".repeat(1_001), "7".repeat(3_000))),
                decimal(choices),
                choices.of(Priority.values()),
                choices.of(Instant.EPOCH, Instant.MIN, Instant.MAX, Instant.ofEpochSecond(-1, 1)),
                choices.of(LocalDate.EPOCH, LocalDate.MIN, LocalDate.MAX, LocalDate.of(0, 2, 29)),
                choices.of(
                        Duration.ZERO,
                        Duration.ofNanos(-1),
                        Duration.ofSeconds(Long.MIN_VALUE),
                        Duration.ofSeconds(Long.MAX_VALUE, 999_999_999)),
                new UUID(choices.of(0L, -1L, 7L), choices.of(0L, -1L)),
                URI.create(choices.of("", "https://example.org/%C3%A4?a=b#c", "mailto:a@example.org")),
                choices.oneIn(2) ? Optional.of(Hostile.text(choices)) : Optional.empty(),
                choices.list(3, JsonCodecPropertyTest::line),
                facts(choices),
                Set.copyOf(choices.list(3, c -> c.below(10))),
                meaning.readTree(
                        choices.of("null", "{}", "[1,\"a\"]", "0.1234567890123456789012345678901", "1e400", "1.10")));
    }

    private static Line line(Choices choices) {
        var part = choices.oneIn(4) ? line(choices) : null;
        return new Line(Hostile.text(choices), decimal(choices), part);
    }

    private static BigDecimal decimal(Choices choices) {
        return new BigDecimal(choices.of(
                "0",
                "1.10",
                "-0.00",
                "1E+2",
                "1E+400",
                "1E-400",
                "0." + "3".repeat(1_001),
                "1E+2147483647",
                "1E-2147483647"));
    }

    private static Map<String, List<String>> facts(Choices choices) {
        var facts = new HashMap<String, List<String>>();
        for (var name : choices.list(3, Hostile::text)) facts.put(name, choices.list(2, Hostile::text));
        return facts;
    }
}
