package dev.millrace.benchmarks.contender;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How a contender played, for the report.
 *
 * @param settings what was set, by the names of the contender's own documentation
 */
public record Card(String version, Map<String, String> settings) {

    public Card {
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }
}
