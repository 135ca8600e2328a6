package dev.millrace.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.benchmarks.Judgement.Verdict;
import dev.millrace.benchmarks.trial.Child;
import dev.millrace.benchmarks.trial.Findings;
import dev.millrace.benchmarks.trial.Metric;
import dev.millrace.benchmarks.trial.Regime;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which goal counts as met. */
class GoalsTest {

    private final Map<Regime, Map<String, Findings>> found = new EnumMap<>(Regime.class);
    private int heap = 256;

    private void measured(Regime regime, String label, Map<Metric, Double> values) {
        measured(regime, label, new Findings(values, null, List.of(), null));
    }

    private void measured(Regime regime, String label, Findings findings) {
        found.computeIfAbsent(regime, r -> new LinkedHashMap<>()).put(label, findings);
    }

    private List<Judgement> judged() {
        var reports = new EnumMap<Regime, RegimeReport>(Regime.class);
        found.forEach((regime, rows) -> {
            var heats = new ArrayList<Heat>();
            var lists = new LinkedHashMap<String, List<Findings>>();
            rows.forEach((label, findings) -> {
                var contender = label.startsWith("millrace") || label.contains("node") ? Child.MILLRACE : label;
                heats.add(new Heat(label, contender, false, regime.sizes(), heap));
                lists.put(label, List.of(findings));
            });
            reports.put(regime, RegimeReport.of(regime, 1, regime.sizes(), heats, lists));
        });
        return Goals.judge(reports);
    }

    private Judgement goal(Regime regime, String words) {
        return judged().stream()
                .filter(goal -> goal.regime() == regime && goal.goal().contains(words))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void without_measurements_nothing_is_judged() {
        assertThat(judged()).hasSizeGreaterThan(25).allSatisfy(goal -> {
            assertThat(goal.verdict()).isEqualTo(Verdict.NOT_MEASURED);
            assertThat(goal.ours()).isEqualTo("not measured");
            assertThat(goal.value()).isNull();
        });
    }

    @Test
    void every_regime_of_all_has_a_goal() {
        assertThat(judged()).extracting(Judgement::regime).containsAll(Regime.ofAll());
    }

    @Test
    void a_bound_itself_is_enough() {
        measured(Regime.BURN_DOWN, "millrace", Map.of(Metric.RUN, 160_000.0, Metric.WAL_BYTES, 500.0));
        assertThat(goal(Regime.BURN_DOWN, "run ≥ 160,000/s").verdict()).isEqualTo(Verdict.MET);
        assertThat(goal(Regime.BURN_DOWN, "500 bytes").verdict()).isEqualTo(Verdict.MET);

        measured(Regime.BURN_DOWN, "millrace", Map.of(Metric.RUN, 159_999.0, Metric.WAL_BYTES, 500.1));
        assertThat(goal(Regime.BURN_DOWN, "run ≥ 160,000/s").verdict()).isEqualTo(Verdict.NOT_MET);
        assertThat(goal(Regime.BURN_DOWN, "500 bytes").verdict()).isEqualTo(Verdict.NOT_MET);
    }

    @Test
    void twenty_milliseconds_are_not_below_twenty() {
        measured(Regime.SUSTAINED, "millrace", Map.of(Metric.CALL_P99, 20.0));

        assertThat(goal(Regime.SUSTAINED, "< 20 ms").verdict()).isEqualTo(Verdict.NOT_MET);
    }

    @Test
    void the_best_peer_on_the_jvm_counts_and_graphile_worker_is_none() {
        measured(Regime.BURN_DOWN, "millrace", Map.of(Metric.RUN, 100.0));
        measured(Regime.BURN_DOWN, "quartz", Map.of(Metric.RUN, 1.0));
        measured(Regime.BURN_DOWN, "db-scheduler", Map.of(Metric.RUN, 8.0));
        measured(Regime.BURN_DOWN, "graphile-worker", Map.of(Metric.RUN, 50.0));

        var jvm = goal(Regime.BURN_DOWN, "10 × the best peer on the JVM");
        assertThat(jvm.value()).isEqualTo(12.5);
        assertThat(jvm.verdict()).isEqualTo(Verdict.MET);
        assertThat(jvm.peers()).containsEntry("quartz", "1 jobs/s").containsKey("graphile-worker");
        var graphile = goal(Regime.BURN_DOWN, "graphile-worker");
        assertThat(graphile.value()).isEqualTo(2);
        assertThat(graphile.verdict()).isEqualTo(Verdict.NOT_MET);
    }

    @Test
    void peers_that_were_not_measured_decide_nothing_and_say_why() {
        measured(Regime.BURN_DOWN, "millrace", Map.of(Metric.RUN, 100.0));
        measured(Regime.BURN_DOWN, "graphile-worker", Findings.none("no Node"));

        var goal = goal(Regime.BURN_DOWN, "graphile-worker");
        assertThat(goal.verdict()).isEqualTo(Verdict.NOT_MEASURED);
        assertThat(goal.peers()).containsEntry("graphile-worker", "not measured: no Node");
    }

    @Test
    void a_share_of_the_raw_limit_is_of_the_same_run() {
        measured(Regime.ENQUEUE, "millrace", Map.of(Metric.ENQUEUE, 81.0));
        measured(Regime.ENQUEUE, "raw", Map.of(Metric.RAW_COPY, 100.0));

        var goal = goal(Regime.ENQUEUE, "0.8 of raw COPY");
        assertThat(goal.value()).isEqualTo(0.81);
        assertThat(goal.verdict()).isEqualTo(Verdict.MET);
        assertThat(goal.rawLimit()).isEqualTo("100 rows/s");
    }

    @Test
    void idle_cost_is_the_engines_and_the_databases_together_or_not_judged() {
        measured(Regime.IDLE, "millrace", Map.of(Metric.IDLE_ENGINE, 0.6));
        assertThat(goal(Regime.IDLE, "% of a core").verdict()).isEqualTo(Verdict.NOT_MEASURED);

        measured(Regime.IDLE, "millrace", Map.of(Metric.IDLE_ENGINE, 0.6, Metric.IDLE_DATABASE, 0.5));
        assertThat(goal(Regime.IDLE, "% of a core").verdict()).isEqualTo(Verdict.NOT_MET);
    }

    @Test
    void a_held_snapshot_may_cost_a_twentieth() {
        measured(
                Regime.HELD_HORIZON,
                "millrace",
                Map.of(
                        Metric.FIRST_RUN,
                        1_000.0,
                        Metric.HELD_RUN,
                        950.0,
                        Metric.FIRST_P99,
                        10.0,
                        Metric.HELD_P99,
                        11.0));
        measured(Regime.TIMERS, "millrace", Map.of(Metric.TIMERS, 30_000.0));
        measured(Regime.TIMERS, "millrace, held snapshot", Map.of(Metric.TIMERS, 20_000.0));

        assertThat(goal(Regime.HELD_HORIZON, "throughput").verdict()).isEqualTo(Verdict.MET);
        assertThat(goal(Regime.HELD_HORIZON, "99 of 100").verdict()).isEqualTo(Verdict.NOT_MET);
        assertThat(goal(Regime.TIMERS, "25,000").verdict()).isEqualTo(Verdict.MET);
        assertThat(goal(Regime.TIMERS, "held snapshot").verdict()).isEqualTo(Verdict.NOT_MET);
    }

    @Test
    void a_backlog_says_how_large_it_was() {
        measured(
                Regime.BACKLOG,
                "millrace",
                Map.of(Metric.SMALL_RUN, 100.0, Metric.BACKLOG_RUN, 91.0, Metric.BACKLOG_JOBS, 2_000_000.0));

        assertThat(goal(Regime.BACKLOG, "run with 2,000,000 waiting").verdict()).isEqualTo(Verdict.MET);
    }

    @Test
    void more_nodes_must_not_run_less_than_one() {
        measured(Regime.NODES, "1 node", Map.of(Metric.TOTAL_RUN, 100.0));
        measured(Regime.NODES, "2 nodes", Map.of(Metric.TOTAL_RUN, 100.0));
        measured(Regime.NODES, "4 nodes", Map.of(Metric.TOTAL_RUN, 99.0));

        assertThat(goal(Regime.NODES, "2 nodes").verdict()).isEqualTo(Verdict.MET);
        assertThat(goal(Regime.NODES, "4 nodes").verdict()).isEqualTo(Verdict.NOT_MET);
        assertThat(goal(Regime.NODES, "8 nodes").verdict()).isEqualTo(Verdict.NOT_MEASURED);
    }

    @Test
    void a_flood_may_double_what_others_wait() {
        measured(Regime.FAIRNESS, "millrace", Map.of(Metric.QUIET_P99, 20.0, Metric.FLOODED_P99, 40.0));
        assertThat(goal(Regime.FAIRNESS, "beside a flood").verdict()).isEqualTo(Verdict.MET);

        measured(Regime.FAIRNESS, "millrace", Map.of(Metric.QUIET_P99, 20.0, Metric.FLOODED_P99, 40.5));
        assertThat(goal(Regime.FAIRNESS, "beside a flood").verdict()).isEqualTo(Verdict.NOT_MET);
    }

    @Test
    void memory_is_judged_once_every_regime_was_measured_in_it() {
        for (var regime : Regime.values()) measured(regime, "millrace", Map.of(Metric.RUN, 1.0));
        assertThat(goal(Regime.BURN_DOWN, "256 MB").verdict()).isEqualTo(Verdict.MET);

        heap = 512;
        assertThat(goal(Regime.BURN_DOWN, "256 MB").verdict()).isEqualTo(Verdict.NOT_MET);

        heap = 256;
        found.remove(Regime.NODES);
        assertThat(goal(Regime.BURN_DOWN, "256 MB").verdict()).isEqualTo(Verdict.NOT_MEASURED);
    }

    @Test
    void the_table_has_a_column_for_each_peer_and_a_line_for_each_goal() {
        measured(Regime.BURN_DOWN, "millrace", Map.of(Metric.RUN, 100.0));
        measured(Regime.BURN_DOWN, "quartz", Map.of(Metric.RUN, 1.0));
        var goals = judged();

        var table = new Report(
                        "2026-01-01T00:00:00Z",
                        new Machine(2, 1, "", "", "", 0, "", Map.of()),
                        new Setup(1, 256, 1_024, List.of("quartz"), false),
                        Map.of(),
                        Map.of(),
                        goals)
                .goalTable()
                .lines()
                .toList();

        assertThat(table).hasSize(goals.size() + 2);
        assertThat(table.getFirst()).contains("raw limit").contains("quartz").contains("met");
        assertThat(table.get(2)).contains("160,000").contains("not met").contains("1 jobs/s");
    }
}
