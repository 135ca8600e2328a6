package dev.millrace.benchmarks.plot;

import dev.millrace.benchmarks.plot.BarImage.Bar;
import dev.millrace.benchmarks.plot.BarImage.Spread;
import dev.millrace.benchmarks.plot.BarImage.Whose;
import dev.millrace.benchmarks.trial.Child;
import dev.millrace.benchmarks.trial.Metric;
import dev.millrace.benchmarks.trial.Regime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** What of a regime is drawn: measures of one unit that belong together. The tables have all of them. */
record Headline(String title, List<Metric> metrics) {

    private Headline(String title, Metric... metrics) {
        this(title, List.of(metrics));
    }

    /** In the order in which they are drawn. Of a soak its series is drawn instead. */
    static List<Headline> of(Regime regime) {
        return switch (regime) {
            case BURN_DOWN ->
                List.of(
                        new Headline("run", Metric.RUN, Metric.RAW_READ_AND_COPY),
                        new Headline("write-ahead log per job", Metric.WAL_BYTES));
            case ENQUEUE -> List.of(new Headline("enqueued in bulk", Metric.ENQUEUE, Metric.RAW_COPY));
            case SUSTAINED ->
                List.of(
                        new Headline("enqueued and done", Metric.END_TO_END, Metric.RAW_COMMITS),
                        new Headline("call, 99 of 100", Metric.CALL_P99));
            case TRANSACTIONAL -> List.of(new Headline("transactions", Metric.WITH_JOB, Metric.WITH_ROW));
            case IDLE ->
                List.of(
                        new Headline("pick-up, median", Metric.PICK_UP_P50),
                        new Headline("pick-up, 99 of 100", Metric.PICK_UP_P99));
            case HANDLERS -> List.of(new Headline("slots at work", Metric.BUSY_1MS, Metric.BUSY_50MS));
            case HELD_HORIZON ->
                List.of(
                        new Headline("done", Metric.FIRST_RUN, Metric.HELD_RUN, Metric.LAST_RUN),
                        new Headline("pick-up, 99 of 100", Metric.FIRST_P99, Metric.HELD_P99, Metric.LAST_P99));
            case BACKLOG ->
                List.of(
                        new Headline("run", Metric.SMALL_RUN, Metric.BACKLOG_RUN, Metric.HISTORY_RUN),
                        new Headline("pick-up", Metric.SMALL_P50, Metric.BACKLOG_P50, Metric.HISTORY_P50));
            case TIMERS -> List.of(new Headline("enqueued and done", Metric.TIMERS));
            case NODES -> List.of(new Headline("run by all together", Metric.TOTAL_RUN));
            case FEATURES ->
                List.of(new Headline(
                        "enqueued and done",
                        Metric.PLAIN_DONE,
                        Metric.LABELLED_DONE,
                        Metric.TENANTS_DONE,
                        Metric.RESULT_DONE,
                        Metric.UNIQUE_DONE,
                        Metric.ORDERED_DONE,
                        Metric.LIMITED_DONE,
                        Metric.RATED_DONE,
                        Metric.BATCH_DONE,
                        Metric.DELAYED_DONE,
                        Metric.TRANSACT_DONE));
            case SEATS ->
                List.of(new Headline(
                        "from a request to its answer",
                        Metric.IN_LINE_P50,
                        Metric.IN_LINE_P99,
                        Metric.VERSIONED_P50,
                        Metric.VERSIONED_P99));
            case FAIRNESS ->
                List.of(new Headline(
                        "pick-up of others, before the flood and beside it",
                        Metric.QUIET_P50,
                        Metric.QUIET_P99,
                        Metric.FLOODED_P50,
                        Metric.FLOODED_P99));
            case SOAK -> List.of();
        };
    }

    /** The panel, if anything of it was measured. */
    Optional<BarImage.Panel> panel(JsonNode contenders) {
        var bars = new ArrayList<Bar>();
        for (var row : contenders.properties()) bars.addAll(bars(row));
        if (bars.stream().allMatch(bar -> bar.spread() == null)) return Optional.empty();
        var first = metrics.getFirst();
        var better = switch (first.better()) {
            case MORE -> " (more is better)";
            case LESS -> " (less is better)";
            case NEITHER -> "";
        };
        return Optional.of(new BarImage.Panel(title + better, first.unit(), bars));
    }

    private List<Bar> bars(Map.Entry<String, JsonNode> row) {
        var contender = row.getValue().path("contender").stringValue("");
        var whose = contender.equals(Child.MILLRACE)
                ? Whose.OURS
                : contender.equals(Child.RAW) ? Whose.RAW_LIMIT : Whose.PEER;
        if (row.getValue().path("notMeasured").isString()) return List.of(new Bar(label(row.getKey()), whose, null));
        var values = row.getValue().path("values");
        var measured = metrics.stream()
                .filter(metric -> values.path(metric.wireName()).path("median").isNumber())
                .toList();
        return measured.stream()
                .map(metric -> new Bar(
                        measured.size() > 1 ? metric.words() : label(row.getKey()),
                        whose,
                        spread(values.path(metric.wireName()))))
                .toList();
    }

    private static Spread spread(JsonNode value) {
        double median = value.path("median").doubleValue();
        return new Spread(
                value.path("min").doubleValue(median), median, value.path("max").doubleValue(median));
    }

    /** Rows have the names of contenders, as they are typed. */
    private static String label(String row) {
        return row.equals(Child.RAW) ? "raw limit" : row.replaceFirst("^" + Child.MILLRACE, "Millrace");
    }
}
