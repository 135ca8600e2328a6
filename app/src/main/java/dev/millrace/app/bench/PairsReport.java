package dev.millrace.app.bench;

import java.util.List;

/**
 * What a held snapshot costs: runs without and with one, one after the other, on one database.
 *
 * @param unheldRunPerSecond the median of the runs without
 * @param heldRunPerSecond the median of the runs with a held snapshot
 * @param heldRatio the second over the first: 1 is no effect at all
 */
record PairsReport(
        int pairs,
        double unheldRunPerSecond,
        double heldRunPerSecond,
        double heldRatio,
        List<BurnDownReport> unheld,
        List<BurnDownReport> held) {

    static PairsReport of(List<BurnDownReport> unheld, List<BurnDownReport> held) {
        double without = median(unheld);
        double with = median(held);
        return new PairsReport(held.size(), without, with, with / without, List.copyOf(unheld), List.copyOf(held));
    }

    private static double median(List<BurnDownReport> reports) {
        var rates = reports.stream()
                .mapToDouble(BurnDownReport::runPerSecond)
                .sorted()
                .toArray();
        int half = rates.length / 2;
        return rates.length % 2 == 1 ? rates[half] : (rates[half - 1] + rates[half]) / 2;
    }
}
