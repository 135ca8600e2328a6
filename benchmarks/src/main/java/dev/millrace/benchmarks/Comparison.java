package dev.millrace.benchmarks;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.millrace.MillraceException;
import dev.millrace.benchmarks.trial.Child;
import dev.millrace.benchmarks.trial.Median;
import dev.millrace.benchmarks.trial.Metric;
import dev.millrace.benchmarks.trial.Metric.Better;
import dev.millrace.benchmarks.trial.Regime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Two measurements of the same things, one beside the other: of two reports, or of two builds that took turns.
 *
 * @param interleaved whether the two took turns on one machine; if not, the machine may have changed more than the code
 */
public record Comparison(String a, String b, boolean interleaved, List<Line> lines) {

    /**
     * One measure.
     *
     * @param ratio what b has over what a has: of the medians, or the median of the rounds' if they took turns
     * @param leastRatio the least that the rounds allow
     * @param mostRatio the most
     */
    public record Line(
            Regime regime,
            String contender,
            Metric metric,
            double a,
            double b,
            double ratio,
            double leastRatio,
            double mostRatio,
            Verdict verdict) {}

    /** Whether b is better. Where the rounds allow both, nothing is said. */
    public enum Verdict {
        BETTER,
        WORSE,
        UNDECIDED;

        /** For people, and in JSON. */
        @JsonValue
        public String words() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What is measured, of whom, where. */
    record Key(Regime regime, String contender, Metric metric) {}

    /** Two reports, as {@code bench … --json} prints them and {@code bench all --out} keeps them. */
    public static Comparison ofReports(Path a, Path b) {
        return of(a.toString(), read(a), b.toString(), read(b), false);
    }

    /** Of what two have in common there is a line each. */
    static Comparison of(
            String nameA, Map<Key, List<Double>> a, String nameB, Map<Key, List<Double>> b, boolean interleaved) {
        var lines = new ArrayList<Line>();
        a.forEach((key, values) -> {
            var others = b.get(key);
            if (others != null && key.metric().better() != Better.NEITHER && Median.of(values) != 0)
                lines.add(line(key, values, others, interleaved));
        });
        if (lines.isEmpty())
            throw new MillraceException(
                    "%s and %s have no measure in common: compare the same regimes.".formatted(nameA, nameB));
        return new Comparison(nameA, nameB, interleaved, List.copyOf(lines));
    }

    private static Line line(Key key, List<Double> a, List<Double> b, boolean interleaved) {
        double ratio = Median.of(b) / Median.of(a);
        double least = least(b) / most(a);
        double most = most(b) / least(a);
        if (interleaved && a.size() == b.size()) {
            var ratios = new ArrayList<Double>();
            for (int round = 0; round < a.size(); round++) ratios.add(b.get(round) / a.get(round));
            ratio = Median.of(ratios);
            least = least(ratios);
            most = most(ratios);
        }
        boolean more = key.metric().better() == Better.MORE;
        var verdict = a.size() < 2 || b.size() < 2 || (least <= 1 && most >= 1) || Double.isNaN(least + most)
                ? Verdict.UNDECIDED
                : (least > 1) == more ? Verdict.BETTER : Verdict.WORSE;
        return new Line(
                key.regime(), key.contender(), key.metric(), Median.of(a), Median.of(b), ratio, least, most, verdict);
    }

    private static double least(List<Double> values) {
        return values.stream().mapToDouble(each -> each).min().orElseThrow();
    }

    private static double most(List<Double> values) {
        return values.stream().mapToDouble(each -> each).max().orElseThrow();
    }

    private static Map<Key, List<Double>> read(Path file) {
        try {
            return values(new JsonMapper().readTree(Files.readString(file)));
        } catch (IOException | JacksonException e) {
            throw new MillraceException(
                    "%s can't be read as a report: %s. A report is what --json prints, or a .json file that --out wrote."
                            .formatted(
                                    file,
                                    String.valueOf(e.getMessage())
                                            .lines()
                                            .findFirst()
                                            .orElse("")),
                    e);
        }
    }

    /** What a report holds, of whatever form: of all regimes, of one, or the short one of a burn-down by an earlier version. */
    static Map<Key, List<Double>> values(JsonNode report) {
        var values = new LinkedHashMap<Key, List<Double>>();
        var regimes = report.path("regimes");
        if (regimes.isObject()) regimes.forEach(regime -> addRegime(regime, values));
        else if (report.path("contenders").isObject()) addRegime(report, values);
        else
            for (var metric : Metric.values())
                if (report.path(metric.wireName()).isNumber())
                    values.put(
                            new Key(Regime.BURN_DOWN, Child.MILLRACE, metric),
                            List.of(report.path(metric.wireName()).doubleValue()));
        return values;
    }

    private static void addRegime(JsonNode report, Map<Key, List<Double>> values) {
        var regime = Regime.of(report.path("regime").stringValue(""));
        for (var row : report.path("contenders").properties())
            for (var value : row.getValue().path("values").properties()) {
                var rounds = new ArrayList<Double>();
                value.getValue().path("rounds").forEach(round -> rounds.add(round.doubleValue()));
                var metric = Arrays.stream(Metric.values())
                        .filter(known -> known.wireName().equals(value.getKey()))
                        .findFirst();
                if (metric.isPresent() && !rounds.isEmpty())
                    values.put(new Key(regime, row.getKey(), metric.get()), rounds);
            }
    }

    /** As a table of Markdown. */
    public String text() {
        var grid = new Tables.Grid();
        grid.row(List.of("regime", "of", "measure", "A", "B", "B over A", "from", "to", "B is"));
        for (var line : lines)
            grid.row(List.of(
                    line.regime().wireName(),
                    line.contender(),
                    line.metric().unit().isEmpty()
                            ? line.metric().words()
                            : line.metric().words() + ", " + line.metric().unit(),
                    Tables.number(line.a()),
                    Tables.number(line.b()),
                    Tables.ratio(line.ratio()),
                    Tables.ratio(line.leastRatio()),
                    Tables.ratio(line.mostRatio()),
                    line.verdict().words()));
        return "A: %s\nB: %s\n%s\n%s"
                .formatted(
                        a,
                        b,
                        interleaved
                                ? "They took turns on one database."
                                : "They did not take turns: the machine may have changed more than the code.",
                        grid.text());
    }
}
