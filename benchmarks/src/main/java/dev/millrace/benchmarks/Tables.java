package dev.millrace.benchmarks;

import dev.millrace.benchmarks.trial.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Reports as tables of Markdown, which people can read in a terminal too. */
public final class Tables {

    private Tables() {}

    /** One regime: a line for each measure, a column for each contender. */
    public static String of(RegimeReport report) {
        var metrics = new TreeSet<Metric>();
        report.contenders()
                .values()
                .forEach(figures -> metrics.addAll(figures.values().keySet()));
        var table = new Grid();
        var heads = new ArrayList<String>(List.of(report.regime().wireName()));
        heads.addAll(report.contenders().keySet());
        table.row(heads);
        for (var metric : metrics) {
            var row = new ArrayList<String>();
            row.add(metric.unit().isEmpty() ? metric.words() : metric.words() + ", " + metric.unit());
            for (var figures : report.contenders().values()) {
                var value = figures.values().get(metric);
                row.add(value == null ? "" : cell(value));
            }
            table.row(row);
        }
        return table.text() + remarks(report);
    }

    private static String remarks(RegimeReport report) {
        var text = new StringBuilder();
        report.contenders().forEach((label, figures) -> {
            if (figures.notMeasured() != null)
                text.append("\n%s: not measured: %s\n".formatted(label, figures.notMeasured()));
            for (var note : figures.notes()) text.append("\n%s: %s\n".formatted(label, note));
        });
        return text.toString();
    }

    private static String cell(Value value) {
        var text = number(value.median());
        if (value.rounds().size() > 1) text += " (%s to %s)".formatted(number(value.min()), number(value.max()));
        if (value.ofRawLimit() != null) text += ", %.2f of raw".formatted(value.ofRawLimit());
        return text;
    }

    /** As many digits as mean something. */
    public static String number(double value) {
        double size = Math.abs(value);
        var format = size >= 1_000 || value == Math.rint(value)
                ? "%,.0f"
                : size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 0.1 ? "%.2f" : "%.4f";
        return String.format(Locale.ROOT, format, value);
    }

    /** A ratio near one. */
    static String ratio(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    /** Rows of cells as a table of Markdown, the first row its head. */
    static final class Grid {

        private final List<List<String>> rows = new ArrayList<>();

        void row(List<String> cells) {
            rows.add(cells.stream().map(cell -> cell.replace("|", "\\|")).toList());
        }

        String text() {
            int columns = rows.getFirst().size();
            var widths = new int[columns];
            for (var row : rows)
                for (int i = 0; i < columns; i++)
                    widths[i] = Math.max(widths[i], row.get(i).length());
            var text = new StringBuilder();
            for (int r = 0; r < rows.size(); r++) {
                var line = new ArrayList<String>();
                for (int i = 0; i < columns; i++) line.add(padded(rows.get(r).get(i), widths[i]));
                text.append("| ").append(String.join(" | ", line)).append(" |\n");
                if (r == 0)
                    text.append("|")
                            .append(Arrays.stream(widths)
                                    .mapToObj(width -> "-".repeat(width + 2))
                                    .collect(Collectors.joining("|")))
                            .append("|\n");
            }
            return text.toString();
        }

        private static String padded(String text, int width) {
            return text + " ".repeat(width - text.length());
        }
    }
}
