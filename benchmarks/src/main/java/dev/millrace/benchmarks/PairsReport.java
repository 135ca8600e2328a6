package dev.millrace.benchmarks;

import dev.millrace.benchmarks.trial.Metric;
import java.util.List;

/**
 * What a held snapshot costs: burn-downs without and with one, one after the other, on one database.
 *
 * @param unheldRunPerSecond the median of the runs without
 * @param heldRunPerSecond the median of the runs with a held snapshot
 * @param heldRatio the second over the first: 1 is no effect at all
 */
public record PairsReport(
        int pairs,
        double unheldRunPerSecond,
        double heldRunPerSecond,
        double heldRatio,
        List<BurnDownReport> unheld,
        List<BurnDownReport> held) {

    static PairsReport of(RegimeReport report, String unheld, String held, Machine machine) {
        double without = report.of(unheld).get(Metric.RUN, Value::median);
        double with = report.of(held).get(Metric.RUN, Value::median);
        return new PairsReport(
                report.rounds(),
                without,
                with,
                with / without,
                BurnDownReport.rounds(report, unheld, machine),
                BurnDownReport.rounds(report, held, machine));
    }
}
