package dev.millrace.benchmarks.trial;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What was seen of one interval.
 *
 * @param atSeconds when it ended, from the beginning of the series
 * @param seconds how long it was
 * @param held whether somebody held a snapshot from its beginning to its end
 * @param values rates and shares are of the interval, sizes and counts of its end; what could not be measured is not in it
 */
public record Sample(double atSeconds, double seconds, boolean held, Map<Gauge, Double> values) {

    public Sample {
        var copy = new EnumMap<Gauge, Double>(Gauge.class);
        values.forEach((gauge, value) -> {
            if (Double.isFinite(value)) copy.put(gauge, value);
        });
        values = Collections.unmodifiableMap(copy);
    }
}
