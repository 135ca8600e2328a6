package dev.millrace.benchmarks;

import dev.millrace.benchmarks.trial.Median;
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
                Median.of(rounds),
                rounds.stream().mapToDouble(each -> each).max().orElseThrow(),
                unit,
                List.copyOf(rounds),
                null,
                null);
    }

    Value beside(double rawLimit) {
        return new Value(min, median, max, unit, rounds, rawLimit, median / rawLimit);
    }
}
