package dev.millrace.benchmarks.trial;

import java.util.List;

/** The middle of some values, which one that was disturbed does not move. */
public final class Median {

    private Median() {}

    /** The middle one; of an even number the mean of the two in the middle. There is at least one. */
    public static double of(List<Double> values) {
        if (values.isEmpty()) throw new IllegalArgumentException("Nothing has no middle.");
        var sorted = values.stream().mapToDouble(each -> each).sorted().toArray();
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
