package dev.millrace.benchmarks.peers;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** The settings of a peer, in the order in which the report shows them. */
final class Settings {

    private final Map<String, String> settings = new LinkedHashMap<>();

    Settings with(String name, Object value) {
        settings.put(name, value.toString());
        return this;
    }

    Map<String, String> asMap() {
        return Collections.unmodifiableMap(settings);
    }
}
