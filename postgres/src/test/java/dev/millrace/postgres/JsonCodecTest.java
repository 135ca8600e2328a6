package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.TypeRef;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class JsonCodecTest {

    record Line(String sku, BigDecimal price, @Nullable Line part) {}

    private final JsonCodec codec = new JsonCodec();

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
