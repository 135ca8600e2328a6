package dev.millrace.app;

import dev.millrace.Codec;
import dev.millrace.MillraceException;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON for a store in memory, as strict as the one in PostgreSQL. */
public final class TextCodec implements Codec {

    private final JsonMapper mapper = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    @Override
    public String encode(@Nullable Object value) {
        return mapper.writeValueAsString(value);
    }

    @Override
    public @Nullable Object decode(String text, Type type) {
        try {
            return mapper.readValue(text, mapper.constructType(type));
        } catch (JacksonException e) {
            throw new MillraceException("This JSON does not fit: " + e.getOriginalMessage(), e);
        }
    }
}
