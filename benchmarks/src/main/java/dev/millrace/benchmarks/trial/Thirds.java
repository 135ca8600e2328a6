package dev.millrace.benchmarks.trial;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * The medians of a soak's samples before a snapshot was held, while it was, and after; and what came of it: while over before. A third
 * without a value has no median, and without that there is no ratio.
 */
final class Thirds {

    private final List<Sample> before;
    private final List<Sample> held;
    private final List<Sample> after;
    private final Map<Metric, Double> values = new EnumMap<>(Metric.class);

    private Thirds(List<Sample> samples) {
        this.held = samples.stream().filter(Sample::held).toList();
        double from =
                held.isEmpty() ? Double.POSITIVE_INFINITY : held.getFirst().atSeconds();
        this.before =
                samples.stream().filter(sample -> sample.atSeconds() < from).toList();
        this.after = samples.stream()
                .filter(sample -> !sample.held() && sample.atSeconds() > from)
                .toList();
    }

    /** Of these samples, in their order. */
    static Map<Metric, Double> of(List<Sample> samples) {
        var thirds = new Thirds(samples);
        thirds.put(Gauge.RUN, Metric.BEFORE_RUN, Metric.WHILE_RUN, Metric.AFTER_RUN, Metric.RUN_RATIO);
        thirds.put(Gauge.PICK_UP_P99, Metric.BEFORE_P99, Metric.WHILE_P99, Metric.AFTER_P99, Metric.P99_RATIO);
        thirds.put(Gauge.OTHER_BYTES, Metric.BEFORE_OTHER, Metric.WHILE_OTHER, Metric.AFTER_OTHER, Metric.OTHER_RATIO);
        thirds.put(Gauge.HEAP, Metric.BEFORE_HEAP, Metric.WHILE_HEAP, Metric.AFTER_HEAP, Metric.HEAP_RATIO);
        return thirds.values;
    }

    private void put(Gauge gauge, Metric one, Metric two, Metric three, Metric ratio) {
        var first = median(before, gauge);
        var second = median(held, gauge);
        first.ifPresent(value -> values.put(one, value));
        second.ifPresent(value -> values.put(two, value));
        median(after, gauge).ifPresent(value -> values.put(three, value));
        if (first.isPresent() && second.isPresent() && first.getAsDouble() > 0)
            values.put(ratio, second.getAsDouble() / first.getAsDouble());
    }

    private static OptionalDouble median(List<Sample> samples, Gauge gauge) {
        var values = samples.stream()
                .filter(sample -> sample.values().containsKey(gauge))
                .map(sample -> sample.values().getOrDefault(gauge, Double.NaN))
                .toList();
        return values.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(Median.of(values));
    }
}
