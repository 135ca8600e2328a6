package dev.millrace.postgres;

import dev.millrace.Codec;
import dev.millrace.MillraceException;
import dev.millrace.Misfit;
import java.lang.reflect.Type;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.std.StdSerializer;
import tools.jackson.databind.type.LogicalType;

/**
 * JSON by Jackson. Strict where a silent guess would lose something: an unknown, missing or repeated component, null for a primitive, a
 * number or a truth value for a text and the other way round, a fraction for a whole number, and text behind the value are errors.
 * Components keep their order, map keys and the elements of sets are sorted, so that equal values give equal text.
 *
 * <p>What is written can be read, by this codec and by a database that holds UTF-8: numbers and names may be as long as a payload, and
 * half of a surrogate pair is escaped. In a {@code JsonNode} a number keeps all its digits; as an {@code Object} it is what Java has for
 * it, an {@code Integer}, {@code Long}, {@code BigInteger} or {@code Double}.
 */
final class JsonCodec implements Codec {

    /** As long as the largest payload is in bytes, before it is compressed. */
    private static final int LONGEST = 1024 * 1024;

    private static final int SHOWN = 200;

    /** One that has no other half: where it has, the two are one character. */
    private static final Pattern HALF = Pattern.compile("\\p{Cs}");

    private final JsonMapper mapper = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNumberLength(LONGEST)
                            .maxNameLength(LONGEST)
                            .build())
                    .build())
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
            .enable(JsonNodeFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .addModule(new SimpleModule("sets").addSerializer(new SetsInOrder()))
            .build();

    @Override
    public String encode(@Nullable Object value) {
        try {
            return withoutHalves(mapper.writeValueAsString(value));
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

    @Override
    public String schema(Type type) {
        return new JsonSchemas(mapper, this::reads).schema(type);
    }

    @Override
    public List<Misfit> misfits(String text, String schema, String name) {
        return new JsonMisfits(mapper, this::reads, name).of(text, schema);
    }

    private boolean reads(String text, Type type) {
        try {
            mapper.readValue(text, mapper.constructType(type));
            return true;
        } catch (JacksonException | NumberFormatException unfit) {
            return false;
        }
    }

    private static String unfit(String text, Type type, String why) {
        return "This JSON is no %s: %s. It begins with %s".formatted(type.getTypeName(), shown(why), shown(text));
    }

    /** By the text of the elements: the order in which a set gives them differs from process to process. */
    private final class SetsInOrder extends StdSerializer<Set<?>> {

        private SetsInOrder() {
            super(Set.class);
        }

        @Override
        public void serialize(Set<?> set, JsonGenerator out, SerializationContext context) {
            out.writeStartArray(set, set.size());
            set.stream().map(mapper::writeValueAsString).sorted().forEach(out::writeRawValue);
            out.writeEndArray();
        }
    }

    /** Half of a surrogate pair has no bytes in UTF-8. It stands in a string of the JSON if anywhere, and there it may be escaped. */
    private static String withoutHalves(String json) {
        if (json.chars().noneMatch(c -> Character.isSurrogate((char) c))) return json;
        return HALF.matcher(json)
                .replaceAll(half ->
                        "\\\\u" + HexFormat.of().toHexDigits(half.group().charAt(0)));
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
