package dev.millrace.benchmarks;

import static dev.millrace.benchmarks.trial.Child.MILLRACE;

import dev.millrace.benchmarks.Judgement.Verdict;
import dev.millrace.benchmarks.trial.Metric;
import dev.millrace.benchmarks.trial.Regime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.DoublePredicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What Millrace wants to reach on two cores that database, engine and handlers share, and how far it is. Ratios are of medians of one
 * interleaved run. What was not measured is not judged.
 */
final class Goals {

    private static final Set<String> NOT_OF_THE_JVM = Set.of("graphile-worker");
    private static final String GRAPHILE = "graphile-worker";
    private static final int HEAP_MEGABYTES = 256;

    private final Map<Regime, RegimeReport> reports;
    private final List<Judgement> judgements = new ArrayList<>();

    private Goals(Map<Regime, RegimeReport> reports) {
        this.reports = reports;
    }

    /** All goals, in the order of the regimes. */
    static List<Judgement> judge(Map<Regime, RegimeReport> reports) {
        var goals = new Goals(reports);
        goals.all();
        return List.copyOf(goals.judgements);
    }

    private void all() {
        atLeast(Regime.BURN_DOWN, Metric.RUN, 160_000, "run ≥ 160,000/s");
        timesTheBestPeer(Regime.BURN_DOWN, Metric.RUN, 10);
        timesGraphile(Regime.BURN_DOWN, Metric.RUN, 4);
        ofRaw(Regime.BURN_DOWN, Metric.RUN, 0.35, "run ≥ 0.35 of the raw limit");
        atMost(Regime.BURN_DOWN, Metric.WAL_BYTES, 500, "write-ahead log ≤ 500 bytes per job");
        atMost(Regime.BURN_DOWN, Metric.COMMITS, 0.01, "≤ 0.01 commits per job, each one round trip");
        atMost(Regime.BURN_DOWN, Metric.CPU, 5, "engine ≤ 5 µs of processor time per job");
        atMost(Regime.BURN_DOWN, Metric.ALLOCATED, 1_024, "allocation ≤ 1 KB per job");
        atLeast(Regime.ENQUEUE, Metric.ENQUEUE, 200_000, "enqueue in bulk ≥ 200,000/s");
        ofRaw(Regime.ENQUEUE, Metric.ENQUEUE, 0.8, "≥ 0.8 of raw COPY");
        atLeast(Regime.SUSTAINED, Metric.END_TO_END, 35_000, "≥ 35,000/s end to end, one job a call");
        below(Regime.SUSTAINED, Metric.CALL_P99, 20, "99 of 100 calls < 20 ms");
        timesTheBestPeer(Regime.SUSTAINED, Metric.END_TO_END, 5);
        atLeast(
                Regime.TRANSACTIONAL,
                Metric.TRANSACTION_RATIO,
                0.9,
                "a job in your transaction: within 10 % of a plain row");
        atMost(Regime.IDLE, Metric.PICK_UP_P50, 1.5, "pick-up, median ≤ 1.5 ms");
        atMost(Regime.IDLE, Metric.PICK_UP_P99, 5, "pick-up, 99 of 100 ≤ 5 ms");
        idleCost();
        atMost(Regime.IDLE, Metric.IDLE_STATEMENTS, 5, "idle node ≤ 5 statements/s");
        atLeast(Regime.HANDLERS, Metric.BUSY_1MS, 95, "1 ms handlers: slots ≥ 95 % busy");
        atLeast(Regime.HANDLERS, Metric.BUSY_50MS, 95, "50 ms handlers: slots ≥ 95 % busy");
        heldHorizon();
        backlog();
        timers();
        nodes();
        ratioOf(
                Regime.FAIRNESS,
                "99 of 100 pick-ups of others beside a flood: ≤ 2 × before",
                median(Regime.FAIRNESS, MILLRACE, Metric.FLOODED_P99),
                median(Regime.FAIRNESS, MILLRACE, Metric.QUIET_P99),
                ratio -> ratio <= 2,
                Metric.FLOODED_P99);
        memory();
    }

    // ---- forms of goals

    private void atLeast(Regime regime, Metric metric, double goal, String words) {
        plain(regime, metric, words, value -> value >= goal);
    }

    private void atMost(Regime regime, Metric metric, double goal, String words) {
        plain(regime, metric, words, value -> value <= goal);
    }

    private void below(Regime regime, Metric metric, double goal, String words) {
        plain(regime, metric, words, value -> value < goal);
    }

    private void plain(Regime regime, Metric metric, String words, DoublePredicate met) {
        var value = median(regime, MILLRACE, metric);
        add(regime, metric, words, value, value.isPresent() ? shown(value, metric.unit()) : "", met);
    }

    private void ofRaw(Regime regime, Metric metric, double goal, String words) {
        var report = reports.get(regime);
        var figures = report == null ? null : report.contenders().get(MILLRACE);
        var value = figures == null ? null : figures.values().get(metric);
        var share = value == null || value.ofRawLimit() == null
                ? OptionalDouble.empty()
                : OptionalDouble.of(value.ofRawLimit());
        add(regime, metric, words, share, share.isPresent() ? Tables.number(share.getAsDouble()) : "", s -> s >= goal);
    }

    private void timesTheBestPeer(Regime regime, Metric metric, double goal) {
        var best = peers(regime)
                .filter(peer -> !NOT_OF_THE_JVM.contains(peer))
                .mapToDouble(peer -> median(regime, peer, metric).orElse(0))
                .max();
        times(regime, metric, "≥ %.0f × the best peer on the JVM".formatted(goal), best, goal);
    }

    private void timesGraphile(Regime regime, Metric metric, double goal) {
        times(regime, metric, "≥ %.0f × graphile-worker".formatted(goal), median(regime, GRAPHILE, metric), goal);
    }

    private void times(Regime regime, Metric metric, String words, OptionalDouble other, double goal) {
        var ratio = ratio(median(regime, MILLRACE, metric), other);
        add(
                regime,
                metric,
                words,
                ratio,
                ratio.isPresent() ? Tables.number(ratio.getAsDouble()) + " ×" : "",
                r -> r >= goal);
    }

    /** One measure of ours over another, held against a bound. */
    private void ratioOf(
            Regime regime, String words, OptionalDouble one, OptionalDouble other, DoublePredicate met, Metric metric) {
        var ratio = ratio(one, other);
        add(regime, metric, words, ratio, ratio.isPresent() ? "ratio " + Tables.number(ratio.getAsDouble()) : "", met);
    }

    // ---- goals of their own form

    private void idleCost() {
        var engine = median(Regime.IDLE, MILLRACE, Metric.IDLE_ENGINE);
        var database = median(Regime.IDLE, MILLRACE, Metric.IDLE_DATABASE);
        var both = engine.isPresent() && database.isPresent()
                ? OptionalDouble.of(engine.getAsDouble() + database.getAsDouble())
                : OptionalDouble.empty();
        add(
                Regime.IDLE,
                Metric.IDLE_ENGINE,
                "idle node and its database ≤ 1 % of a core",
                both,
                both.isPresent()
                        ? "%s %% + %s %%"
                                .formatted(Tables.number(engine.getAsDouble()), Tables.number(database.getAsDouble()))
                        : "",
                percent -> percent <= 1);
    }

    private void heldHorizon() {
        var regime = Regime.HELD_HORIZON;
        ratioOf(
                regime,
                "throughput under a held snapshot: within 5 %",
                median(regime, MILLRACE, Metric.HELD_RUN),
                median(regime, MILLRACE, Metric.FIRST_RUN),
                ratio -> ratio >= 0.95,
                Metric.HELD_RUN);
        ratioOf(
                regime,
                "99 of 100 pick-ups under it: within 5 %",
                median(regime, MILLRACE, Metric.HELD_P99),
                median(regime, MILLRACE, Metric.FIRST_P99),
                ratio -> ratio <= 1.05,
                Metric.HELD_P99);
        ratioOf(
                regime,
                "job stream grows no faster per job",
                median(regime, MILLRACE, Metric.HELD_STREAM),
                median(regime, MILLRACE, Metric.FIRST_STREAM),
                ratio -> ratio <= 1.05,
                Metric.HELD_STREAM);
        ratioOf(
                regime,
                "all other relations stay as large",
                median(regime, MILLRACE, Metric.HELD_OTHER),
                median(regime, MILLRACE, Metric.FIRST_OTHER),
                ratio -> ratio <= 1.05,
                Metric.HELD_OTHER);
    }

    private void backlog() {
        var regime = Regime.BACKLOG;
        var waiting = sized(regime, Metric.BACKLOG_JOBS);
        var ended = sized(regime, Metric.HISTORY_JOBS);
        ratioOf(
                regime,
                "run with " + waiting + " waiting: within 10 % of small",
                median(regime, MILLRACE, Metric.BACKLOG_RUN),
                median(regime, MILLRACE, Metric.SMALL_RUN),
                ratio -> ratio >= 0.9,
                Metric.BACKLOG_RUN);
        ratioOf(
                regime,
                "pick-up with " + waiting + " waiting: within 10 %",
                median(regime, MILLRACE, Metric.BACKLOG_P50),
                median(regime, MILLRACE, Metric.SMALL_P50),
                ratio -> ratio <= 1.1,
                Metric.BACKLOG_P50);
        ratioOf(
                regime,
                "run with " + ended + " ended: within 10 %",
                median(regime, MILLRACE, Metric.HISTORY_RUN),
                median(regime, MILLRACE, Metric.SMALL_RUN),
                ratio -> ratio >= 0.9,
                Metric.HISTORY_RUN);
        ratioOf(
                regime,
                "pick-up with " + ended + " ended: within 10 %",
                median(regime, MILLRACE, Metric.HISTORY_P50),
                median(regime, MILLRACE, Metric.SMALL_P50),
                ratio -> ratio <= 1.1,
                Metric.HISTORY_P50);
    }

    private String sized(Regime regime, Metric metric) {
        var jobs = median(regime, MILLRACE, metric);
        return jobs.isPresent() ? Tables.number(jobs.getAsDouble()) : "many";
    }

    private void timers() {
        atLeast(Regime.TIMERS, Metric.TIMERS, 25_000, "delayed by a second: ≥ 25,000/s");
        ratioOf(
                Regime.TIMERS,
                "the same under a held snapshot: within 5 %",
                median(Regime.TIMERS, Bench.HELD, Metric.TIMERS),
                median(Regime.TIMERS, MILLRACE, Metric.TIMERS),
                ratio -> ratio >= 0.95,
                Metric.TIMERS);
    }

    private void nodes() {
        var one = median(Regime.NODES, Bench.nodes(1), Metric.TOTAL_RUN);
        for (int nodes = 2; nodes <= 8; nodes *= 2)
            ratioOf(
                    Regime.NODES,
                    "%d nodes run no less than one".formatted(nodes),
                    median(Regime.NODES, Bench.nodes(nodes), Metric.TOTAL_RUN),
                    one,
                    ratio -> ratio >= 1,
                    Metric.TOTAL_RUN);
    }

    private void memory() {
        boolean complete = Regime.ofAll().stream()
                .allMatch(regime -> reports.containsKey(regime)
                        && own(regime).findAny().isPresent()
                        && own(regime).noneMatch(figures -> figures.values().isEmpty()));
        var most = Regime.ofAll().stream()
                .flatMap(this::own)
                .mapToInt(Figures::heapMegabytes)
                .max();
        add(
                Regime.BURN_DOWN,
                null,
                "a heap of 256 MB serves all regimes",
                complete && most.isPresent() ? OptionalDouble.of(most.getAsInt()) : OptionalDouble.empty(),
                most.isPresent() ? most.getAsInt() + " MB" : "",
                heap -> heap <= HEAP_MEGABYTES);
    }

    private Stream<Figures> own(Regime regime) {
        var report = reports.get(regime);
        return report == null
                ? Stream.of()
                : report.contenders().values().stream()
                        .filter(figures -> figures.contender().equals(MILLRACE));
    }

    // ---- what they are made of

    /** @param metric what raw limit and peers are shown by; null if by nothing */
    private void add(
            Regime regime,
            @Nullable Metric metric,
            String goal,
            OptionalDouble value,
            String ours,
            DoublePredicate met) {
        var peers = new LinkedHashMap<String, String>();
        peers(regime).forEach(peer -> peers.put(peer, metric == null ? "" : of(regime, peer, metric)));
        judgements.add(new Judgement(
                regime,
                goal,
                value.isPresent() ? ours : "not measured",
                metric == null ? "" : raw(regime, metric),
                peers,
                value.isPresent() ? value.getAsDouble() : null,
                value.isEmpty()
                        ? Verdict.NOT_MEASURED
                        : met.test(value.getAsDouble()) ? Verdict.MET : Verdict.NOT_MET));
    }

    private String of(Regime regime, String peer, Metric metric) {
        var report = reports.get(regime);
        var figures = report == null ? null : report.contenders().get(peer);
        if (figures == null) return "";
        if (figures.notMeasured() != null) return "not measured: " + figures.notMeasured();
        return shown(figures.median(metric), metric.unit());
    }

    private String raw(Regime regime, Metric metric) {
        var report = reports.get(regime);
        var figures = report == null ? null : report.contenders().get(MILLRACE);
        var value = figures == null ? null : figures.values().get(metric);
        return value == null || value.rawLimit() == null ? "" : Tables.number(value.rawLimit()) + " rows/s";
    }

    private Stream<String> peers(Regime regime) {
        var report = reports.get(regime);
        return report == null
                ? Stream.of()
                : report.contenders().entrySet().stream()
                        .filter(entry -> report.isPeer(entry.getKey()))
                        .map(Map.Entry::getKey);
    }

    private OptionalDouble median(Regime regime, String label, Metric metric) {
        var report = reports.get(regime);
        return report == null ? OptionalDouble.empty() : report.median(label, metric);
    }

    private static OptionalDouble ratio(OptionalDouble one, OptionalDouble other) {
        return one.isPresent() && other.isPresent() && other.getAsDouble() > 0
                ? OptionalDouble.of(one.getAsDouble() / other.getAsDouble())
                : OptionalDouble.empty();
    }

    private static String shown(OptionalDouble value, String unit) {
        if (value.isEmpty()) return "";
        var number = Tables.number(value.getAsDouble());
        return unit.isEmpty() ? number : number + " " + unit;
    }
}
