package dev.millrace.benchmarks.trial;

import dev.millrace.benchmarks.contender.Card;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one trial found: one line of JSON on the child's standard output.
 *
 * @param notMeasured why nothing was measured; null if it was
 * @param card how the contender played; null if it has not
 * @param notes what a reader of the values should know
 * @param series how it went over time, where that is what is measured; else empty
 */
public record Findings(
        Map<Metric, Double> values,
        @Nullable Card card,
        List<String> notes,
        @Nullable String notMeasured,
        List<Sample> series) {

    /** Without a series. */
    public Findings(Map<Metric, Double> values, @Nullable Card card, List<String> notes, @Nullable String notMeasured) {
        this(values, card, notes, notMeasured, List.of());
    }

    /** Nothing, and why. */
    public static Findings none(String why) {
        return new Findings(Map.of(), null, List.of(), why);
    }

    static Findings of(Map<Metric, Double> values, Card card, String... notes) {
        return new Findings(new EnumMap<>(values), card, List.of(notes), null);
    }
}
