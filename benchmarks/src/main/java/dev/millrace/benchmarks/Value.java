package dev.millrace.benchmarks;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came out for one measure, over all rounds.
 *
 * @param rounds each round's value, in the order of the rounds
 * @param rawLimit the median of what the database could do at best, in the same rounds; null where there is no such limit
 * @param ofRawLimit the median as a share of it
 */
public record Value(
        double min,
        double median,
        double max,
        String unit,
        List<Double> rounds,
        @Nullable Double rawLimit,
        @Nullable Double ofRawLimit) {

    /** Of these values, of which there is at least one. */
    static Value of(List<Double> rounds, String unit) {
        return new Value(
                rounds.stream().mapToDouble(each -> each).min().orElseThrow(),
                median(rounds),
                rounds.stream().mapToDouble(each -> each).max().orElseThrow(),
                unit,
                List.copyOf(rounds),
                null,
                null);
    }

    Value beside(double rawLimit) {
        return new Value(min, median, max, unit, rounds, rawLimit, median / rawLimit);
    }

    /** The middle one; of an even number the mean of the two in the middle. */
    static double median(List<Double> values) {
        var sorted = values.stream().mapToDouble(each -> each).sorted().toArray();
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
