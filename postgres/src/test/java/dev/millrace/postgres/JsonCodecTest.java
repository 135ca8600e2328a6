package dev.millrace.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.TypeRef;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class JsonCodecTest {

    record Line(String sku, BigDecimal price, @Nullable Line part) {}

    private final JsonCodec codec = new JsonCodec();

    @Test
    void half_a_surrogate_pair_reaches_the_database_and_comes_back() {
        var text = codec.encode("\uD83D 😀 \uDE00");

        assertThat(text).isEqualTo("\"\\ud83d 😀 \\ude00\"");
        assertThat(new String(text.getBytes(UTF_8), UTF_8)).isEqualTo(text);
        assertThat(codec.decode(text, String.class)).isEqualTo("\uD83D 😀 \uDE00");
    }

    @Test
    void a_number_and_a_name_may_be_as_long_as_a_payload() {
        var number = new BigInteger("7".repeat(2_000));
        var fraction = new BigDecimal("0." + "3".repeat(2_000));
        var named = Map.of("x".repeat(60_000), 1);

        assertThat(codec.decode(codec.encode(number), BigInteger.class)).isEqualTo(number);
        assertThat(codec.decode(codec.encode(fraction), BigDecimal.class)).isEqualTo(fraction);
        assertThat(codec.decode(
                        codec.encode(named),
                        TypeRef.mapOf(String.class, Integer.class).type()))
                .isEqualTo(named);
    }

    @Test
    void equal_sets_are_equal_texts_whatever_their_order() {
        record Shelf(Set<String> skus, Set<Line> lines) {}
        var a = new Line("a", BigDecimal.ONE, null);
        var b = new Line("b", BigDecimal.TWO, null);

        var one = new Shelf(new LinkedHashSet<>(List.of("x", "y")), new LinkedHashSet<>(List.of(a, b)));
        var other = new Shelf(new LinkedHashSet<>(List.of("y", "x")), new LinkedHashSet<>(List.of(b, a)));

        assertThat(other).isEqualTo(one);
        assertThat(codec.encode(other)).isEqualTo(codec.encode(one));
        assertThat(codec.decode(codec.encode(one), Shelf.class)).isEqualTo(one);
    }

    @Test
    void a_tree_keeps_all_digits() {
        var text = "{\"rate\":0.12345678901234567890123456789,\"price\":1.10,\"far\":1E+400}";

        assertThat(codec.encode(codec.decode(text, JsonNode.class))).isEqualTo(text);
    }

    /** A text, and a type that it does not fit. */
    record Unfit(String text, Type type) {}

    static Stream<Unfit> unfit() {
        return Stream.of(
                new Unfit("1.7", int.class),
                new Unfit("1e2", Long.class),
                new Unfit("\"7\"", int.class),
                new Unfit("\"\"", int.class),
                new Unfit("\" \"", Long.class),
                new Unfit("2147483648", int.class),
                new Unfit("\"1.5\"", BigDecimal.class),
                new Unfit("7", String.class),
                new Unfit("true", String.class),
                new Unfit("1", boolean.class),
                new Unfit("\"true\"", boolean.class),
                new Unfit("0", Priority.class),
                new Unfit("\"\"", Priority.class),
                new Unfit("{\"sku\":\"a\",\"price\":1,\"part\":null,\"sku\":\"b\"}", Line.class),
                new Unfit(
                        "{\"a\":1,\"a\":2}",
                        TypeRef.mapOf(String.class, Integer.class).type()),
                new Unfit("{\"sku\":\"a\",\"price\":1}", Line.class),
                new Unfit("{\"sku\":\"a\",\"price\":1,\"part\":null,\"\\u0000\":1}", Line.class),
                new Unfit("1e99999999999", BigDecimal.class),
                new Unfit("1e-2147483648", JsonNode.class),
                new Unfit("1e2147483647", BigInteger.class),
                new Unfit("[".repeat(100_000), Object.class));
    }

    @ParameterizedTest
    @MethodSource("unfit")
    void a_text_that_would_lose_something_is_refused_in_one_line(Unfit row) {
        assertThatThrownBy(() -> codec.decode(row.text(), row.type()))
                .isInstanceOf(MillraceException.class)
                .hasMessageStartingWith("This JSON is no " + row.type().getTypeName())
                .message()
                .hasSizeLessThan(600)
                .doesNotContainPattern("[\\p{Cc}\\p{Cs}]");
    }
}
