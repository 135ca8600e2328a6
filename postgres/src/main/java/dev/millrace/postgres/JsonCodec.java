package dev.millrace.postgres;

import dev.millrace.Codec;
import dev.millrace.MillraceException;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON by Jackson. Strict where a silent guess would lose something: an unknown or missing component, null for a primitive, and text
 * behind the value are errors. Components keep their order and map keys are sorted, so that equal values give equal text.
 */
final class JsonCodec implements Codec {

    private final JsonMapper mapper = JsonMapper.builder()
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    @Override
    public String encode(@Nullable Object value) {
        try {
            return mapper.writeValueAsString(value);
        } catch (JacksonException e) {
            throw new MillraceException(
                    "A %s can't be written as JSON: %s. Use records of strings, numbers, enums, times, lists and maps."
                            .formatted(value == null ? "null" : value.getClass().getName(), e.getOriginalMessage()),
                    e);
        }
    }

    @Override
    public @Nullable Object decode(String text, Type type) {
        try {
            return mapper.readValue(text, mapper.constructType(type));
        } catch (JacksonException e) {
            throw new MillraceException(
                    "This JSON is no %s: %s. It begins with %s"
                            .formatted(
                                    type.getTypeName(),
                                    e.getOriginalMessage(),
                                    text.length() <= 200 ? text : text.substring(0, 200) + "…"),
                    e);
        }
    }
}
