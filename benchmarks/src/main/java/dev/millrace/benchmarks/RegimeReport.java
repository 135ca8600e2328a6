package dev.millrace.benchmarks;

import dev.millrace.benchmarks.trial.Child;
import dev.millrace.benchmarks.trial.Findings;
import dev.millrace.benchmarks.trial.Metric;
import dev.millrace.benchmarks.trial.Regime;
import dev.millrace.benchmarks.trial.Sizes;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What one regime found.
 *
 * @param contenders by label, in the order of the first round
 */
public record RegimeReport(Regime regime, int rounds, Sizes sizes, Map<String, Figures> contenders) {

    static RegimeReport of(
            Regime regime, int rounds, Sizes sizes, List<Heat> heats, Map<String, List<Findings>> found) {
        var all = new LinkedHashMap<String, Figures>();
        for (var heat : heats)
            all.put(
                    heat.label(),
                    Figures.of(heat.contender(), heat.heapMegabytes(), found.getOrDefault(heat.label(), List.of())));
        var raw = all.get(Child.RAW);
        if (raw != null) all.replaceAll((label, figures) -> label.equals(Child.RAW) ? figures : figures.beside(raw));
        return new RegimeReport(regime, rounds, sizes, Collections.unmodifiableMap(all));
    }

    /** The figures of this label. */
    Figures of(String label) {
        var figures = contenders.get(label);
        if (figures == null) throw new IllegalArgumentException("There is no row \"%s\".".formatted(label));
        return figures;
    }

    /** Whether this row is neither Millrace's nor the database's alone. */
    boolean isPeer(String label) {
        var contender = of(label).contender();
        return !contender.equals(Child.MILLRACE) && !contender.equals(Child.RAW);
    }

    /** A median, if it was measured. */
    OptionalDouble median(String label, Metric metric) {
        var figures = contenders.get(label);
        return figures == null ? OptionalDouble.empty() : figures.median(metric);
    }
}
