package dev.millrace.app.wire;

import java.util.HexFormat;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Reads and writes JSON. A number keeps all its digits, whatever its size. */
public final class Json {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(tools.jackson.databind.cfg.JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    /** Half of a surrogate pair: it has no bytes in UTF-8. Where the other half is there, the two are one character. */
    private static final Pattern HALF = Pattern.compile("\\p{Cs}");

    private Json() {}

    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    public static ArrayNode array() {
        return MAPPER.createArrayNode();
    }

    /** A record as an object, each component under its name. */
    public static JsonNode tree(Record value) {
        return MAPPER.valueToTree(value);
    }

    /** An object as a record, each component from what is under its name. */
    public static <T> T value(JsonNode object, Class<T> type) {
        return MAPPER.treeToValue(object, type);
    }

    /** The text in one line. */
    public static String write(JsonNode value) {
        return withoutHalves(MAPPER.writeValueAsString(value));
    }

    /** The text for people who read it: indented. */
    public static String pretty(JsonNode value) {
        return withoutHalves(MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value));
    }

    private static String withoutHalves(String json) {
        if (json.chars().noneMatch(c -> Character.isSurrogate((char) c))) return json;
        return HALF.matcher(json)
                .replaceAll(half ->
                        "\\\\u" + HexFormat.of().toHexDigits(half.group().charAt(0)));
    }

    /** Reads one value. */
    public static JsonNode read(String text) throws NotJson {
        try {
            var value = MAPPER.readTree(text);
            if (value == null || value.isMissingNode()) throw new NotJson("it is empty");
            return value;
        } catch (JacksonException e) {
            var at = e.getLocation();
            var where = at == null ? "" : " (line %d, column %d)".formatted(at.getLineNr(), at.getColumnNr());
            throw new NotJson(e.getOriginalMessage().lines().findFirst().orElse("it ends too early") + where);
        } catch (NumberFormatException e) { // of an exponent beyond all numbers; Jackson lets it pass
            throw new NotJson(String.valueOf(e.getMessage()));
        }
    }

    /** A value that was stored as text: as JSON if it is JSON, else as that text. */
    public static @Nullable JsonNode stored(@Nullable String text) {
        if (text == null) return null;
        try {
            return read(text);
        } catch (NotJson otherText) {
            return MAPPER.getNodeFactory().stringNode(text);
        }
    }

    /** A text is not JSON; the message says where and why, as the end of a sentence. */
    public static final class NotJson extends Exception {
        @java.io.Serial
        private static final long serialVersionUID = 1L;

        NotJson(String why) {
            super(why);
        }
    }
}
