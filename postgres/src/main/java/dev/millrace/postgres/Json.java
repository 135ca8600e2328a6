package dev.millrace.postgres;

import dev.millrace.Failure;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The store's own JSON columns: headers and failures. Independent of the codec that users choose for payloads. */
final class Json {

    private static final TypeReference<TreeMap<String, String>> TEXTS = new TypeReference<>() {};

    private final JsonMapper mapper = new JsonMapper();

    @Nullable
    String write(Map<String, String> headers) {
        return headers.isEmpty() ? null : mapper.writeValueAsString(headers);
    }

    Map<String, String> read(@Nullable String json) {
        return json == null ? Map.of() : Map.copyOf(mapper.readValue(json, TEXTS));
    }

    String write(Failure failure) {
        return mapper.writeValueAsString(failure);
    }

    @Nullable
    Failure readFailure(@Nullable String json) {
        return json == null ? null : mapper.readValue(json, Failure.class);
    }
}
