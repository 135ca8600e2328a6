package dev.millrace.benchmarks;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.millrace.benchmarks.contender.Card;
import dev.millrace.benchmarks.trial.Findings;
import dev.millrace.benchmarks.trial.Metric;
import dev.millrace.benchmarks.trial.Sample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * All that was found of one contender in one regime.
 *
 * @param contender its name, without what is special about this row
 * @param heapMegabytes the largest heap that its process might use
 * @param notMeasured why there are no values; null if there are
 * @param series how it went over time, of each round that tells it; in JSON only where there is one
 */
public record Figures(
        String contender,
        int heapMegabytes,
        @Nullable Card card,
        List<String> notes,
        @Nullable String notMeasured,
        Map<Metric, Value> values,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<List<Sample>> series) {

    static Figures of(String contender, int heapMegabytes, List<Findings> rounds) {
        var lists = new EnumMap<Metric, List<Double>>(Metric.class);
        var notes = new LinkedHashSet<String>();
        var series = new ArrayList<List<Sample>>();
        Card card = null;
        String notMeasured = null;
        for (var round : rounds) {
            round.values().forEach((metric, value) -> {
                if (Double.isFinite(value))
                    lists.computeIfAbsent(metric, m -> new ArrayList<>()).add(value);
            });
            notes.addAll(round.notes());
            if (!round.series().isEmpty()) series.add(round.series());
            if (round.card() != null) card = round.card();
            if (round.notMeasured() != null) notMeasured = round.notMeasured();
        }
        var values = new EnumMap<Metric, Value>(Metric.class);
        lists.forEach((metric, list) -> values.put(metric, Value.of(list, metric.unit())));
        return new Figures(
                contender,
                heapMegabytes,
                card,
                List.copyOf(notes),
                values.isEmpty() ? notMeasured : null,
                Collections.unmodifiableMap(values),
                List.copyOf(series));
    }

    /** The same, each value beside its raw limit where there is one. */
    Figures beside(Figures raw) {
        var besides = new EnumMap<Metric, Value>(Metric.class);
        values.forEach((metric, value) -> {
            var limit = limitOf(metric) == null ? null : raw.values.get(limitOf(metric));
            besides.put(metric, limit == null ? value : value.beside(limit.median()));
        });
        return new Figures(
                contender, heapMegabytes, card, notes, notMeasured, Collections.unmodifiableMap(besides), series);
    }

    private static @Nullable Metric limitOf(Metric metric) {
        return switch (metric) {
            case ENQUEUE -> Metric.RAW_COPY;
            case RUN -> Metric.RAW_READ_AND_COPY;
            case ACKNOWLEDGED -> Metric.RAW_COMMITS;
            default -> null;
        };
    }

    /** What of a measure is asked for; not a number if it was not measured. */
    double get(Metric metric, ToDoubleFunction<Value> which) {
        var value = values.get(metric);
        return value == null ? Double.NaN : which.applyAsDouble(value);
    }

    /** The median of a measure, if it was measured. */
    OptionalDouble median(Metric metric) {
        var value = values.get(metric);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value.median());
    }
}
