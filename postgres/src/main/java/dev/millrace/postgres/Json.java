package dev.millrace.postgres;

import dev.millrace.Failure;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** The store's own JSON columns: headers and failures. Independent of the codec that users choose for payloads. */
final class Json {

    private final JsonMapper mapper = new JsonMapper();

    @Nullable
    String write(Map<String, String> headers) {
        return headers.isEmpty() ? null : mapper.writeValueAsString(headers);
    }

    /**
     * Headers. Others may have written them, by SQL: what is no text is taken as its JSON, what is null is left out, and what is no object
     * has none; a delivery must not become unreadable by them.
     */
    Map<String, String> read(@Nullable String json) {
        if (json == null) return Map.of();
        var headers = new TreeMap<String, String>();
        for (var header : mapper.readTree(json).properties()) {
            var value = header.getValue();
            if (!value.isNull()) headers.put(header.getKey(), value.isString() ? value.asString() : value.toString());
        }
        return Map.copyOf(headers);
    }

    String write(Failure failure) {
        return mapper.writeValueAsString(failure);
    }

    @Nullable
    Failure readFailure(@Nullable String json) {
        return json == null ? null : mapper.readValue(json, Failure.class);
    }
}
