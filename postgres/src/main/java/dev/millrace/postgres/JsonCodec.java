package dev.millrace.postgres;

import dev.millrace.Codec;
import dev.millrace.MillraceException;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.type.LogicalType;

/**
 * JSON by Jackson. Strict where a silent guess would lose something: an unknown, missing or repeated component, null for a primitive, a
 * number or a truth value for a text and the other way round, a fraction for a whole number, and text behind the value are errors.
 * Components keep their order and map keys are sorted, so that equal values give equal text.
 */
final class JsonCodec implements Codec {

    private static final int SHOWN = 200;

    private final JsonMapper mapper = JsonMapper.builder()
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .withCoercionConfigDefaults(all -> all.setAcceptBlankAsEmpty(false))
            .withCoercionConfig(
                    LogicalType.Textual,
                    texts -> texts.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
            .enable(EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
            .build();

    @Override
    public String encode(@Nullable Object value) {
        try {
            return mapper.writeValueAsString(value);
        } catch (JacksonException e) {
            throw new MillraceException(
                    "A %s can't be written as JSON: %s. Use records of strings, numbers, enums, times, lists and maps."
                            .formatted(
                                    value == null ? "null" : value.getClass().getName(), shown(e.getOriginalMessage())),
                    e);
        }
    }

    @Override
    public @Nullable Object decode(String text, Type type) {
        try {
            return mapper.readValue(text, mapper.constructType(type));
        } catch (JacksonException e) {
            throw new MillraceException(unfit(text, type, e.getOriginalMessage()), e);
        } catch (NumberFormatException e) { // of an exponent beyond all numbers; Jackson lets it pass
            throw new MillraceException(unfit(text, type, String.valueOf(e.getMessage())), e);
        }
    }

    private static String unfit(String text, Type type, String why) {
        return "This JSON is no %s: %s. It begins with %s".formatted(type.getTypeName(), shown(why), shown(text));
    }

    /** The beginning in one line, as it can be stored and printed. */
    private static String shown(String text) {
        var shown = new StringBuilder();
        text.codePoints()
                .limit(SHOWN)
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE ? 0xFFFD : c)
                .forEach(shown::appendCodePoint);
        return shown.length() < text.length() ? shown.append('…').toString() : shown.toString();
    }
}
