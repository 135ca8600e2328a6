package dev.millrace.benchmarks.plot;

import dev.millrace.benchmarks.plot.Svg.Anchor;
import dev.millrace.benchmarks.trial.Gauge;
import dev.millrace.benchmarks.trial.Sample;
import java.util.ArrayList;
import java.util.List;

/**
 * Gauges over time: panels one below the other, each with an axis of its own, all with the same time, and shaded where a snapshot was
 * held. Where a value is missing, its line is interrupted.
 *
 * @param name of the file, without what it ends in
 */
record SeriesImage(String name, String title, List<Panel> panels) {

    /**
     * Gauges of one unit on one axis.
     *
     * @param spread whether the axis may be logarithmic: not where growth is to be seen
     */
    record Panel(String title, boolean spread, List<Gauge> gauges) {}

    private static final List<String> COLOURS = List.of("#0072b2", "#d55e00", "#009e73");
    private static final String SHADE = "#f6ecd2";
    private static final double WIDTH = 860;
    private static final double LEFT = 76;
    private static final double RIGHT = WIDTH - 20;
    private static final double HEAD = 44;
    private static final double PANEL = 200;
    private static final double PANEL_HEAD = 34;
    private static final double FOOT = 40;
    private static final double LEGEND_LINE = 18;

    /** From so many seconds on an axis has minutes, and from so many more it has hours. */
    private static final double MINUTES_FROM = 180;

    private static final double HOURS_FROM = 4 * 3_600;

    /** What is drawn for a soak. */
    static List<SeriesImage> ofASoak() {
        return List.of(
                new SeriesImage(
                        "throughput",
                        "Throughput",
                        List.of(
                                new Panel("arrived and run", false, List.of(Gauge.ENQUEUED, Gauge.RUN)),
                                new Panel("backlog", false, List.of(Gauge.BACKLOG)))),
                new SeriesImage(
                        "latency",
                        "Pick-up",
                        List.of(new Panel(
                                "from the return of the enqueue to the start of the handler",
                                true,
                                List.of(Gauge.PICK_UP_P50, Gauge.PICK_UP_P99)))),
                new SeriesImage(
                        "sizes",
                        "Sizes in the database",
                        List.of(
                                new Panel("all relations but the job stream", false, List.of(Gauge.OTHER_BYTES)),
                                new Panel("left for vacuum", false, List.of(Gauge.DEAD_ROWS)),
                                new Panel("job stream", false, List.of(Gauge.STREAM_BYTES)))),
                new SeriesImage(
                        "wal",
                        "Write-ahead log",
                        List.of(new Panel("of the whole server, per job run", false, List.of(Gauge.WAL_BYTES)))),
                new SeriesImage(
                        "memory",
                        "The engine's process",
                        List.of(
                                new Panel("heap after the last collection", false, List.of(Gauge.HEAP)),
                                new Panel("resident memory", false, List.of(Gauge.RESIDENT)),
                                new Panel("processor time", false, List.of(Gauge.CPU)))));
    }

    /** The image of these samples, of which there is at least one. */
    String draw(String of, List<Sample> samples) {
        double end = samples.getLast().atSeconds();
        double bottom = HEAD + panels.size() * PANEL;
        var svg = new Svg(WIDTH, bottom + FOOT, "%s: %s".formatted(of, title));
        svg.title(16, 26, "%s: %s".formatted(of, title));
        var time = new Time(end);
        for (int i = 0; i < panels.size(); i++) {
            double top = HEAD + i * PANEL;
            shade(svg, samples, time, top + PANEL_HEAD, top + PANEL, i == 0);
            draw(svg, panels.get(i), samples, time, top);
        }
        for (double tick : time.scale.ticks())
            svg.text(time.x(tick * time.seconds), bottom + 16, Anchor.MIDDLE, Svg.FAINT, Scale.words(tick));
        svg.text(RIGHT, bottom + 32, Anchor.END, Svg.FAINT, "time, " + time.unit);
        return svg.done();
    }

    /** The axis that all panels share. */
    private static final class Time {

        private final double seconds;
        private final String unit;
        private final Scale scale;

        Time(double end) {
            seconds = end >= HOURS_FROM ? 3_600 : end >= MINUTES_FROM ? 60 : 1;
            unit = end >= HOURS_FROM ? "h" : end >= MINUTES_FROM ? "min" : "s";
            scale = Scale.upTo(end / seconds);
        }

        double x(double atSeconds) {
            return LEFT + scale.share(atSeconds / seconds) * (RIGHT - LEFT);
        }
    }

    private static void shade(Svg svg, List<Sample> samples, Time time, double top, double bottom, boolean first) {
        for (int i = 0; i < samples.size(); i++) {
            if (!samples.get(i).held()) continue;
            int last = i;
            while (last + 1 < samples.size() && samples.get(last + 1).held()) last++;
            double from = time.x(samples.get(i).atSeconds() - samples.get(i).seconds());
            double to = time.x(samples.get(last).atSeconds());
            svg.box(from, top, to - from, bottom - top, SHADE);
            if (first) svg.text((from + to) / 2, top + 14, Anchor.MIDDLE, Svg.FAINT, "a snapshot is held");
            i = last;
        }
    }

    private static void draw(Svg svg, Panel panel, List<Sample> samples, Time time, double top) {
        var values = samples.stream()
                .flatMap(sample -> panel.gauges.stream()
                        .filter(sample.values()::containsKey)
                        .map(sample.values()::get))
                .toList();
        double most = values.stream().mapToDouble(each -> each).max().orElse(0);
        var unit = Unit.of(panel.gauges.getFirst().unit(), most);
        var shown = values.stream().map(value -> value / unit.size()).toList();
        var scale = panel.spread ? Scale.of(shown) : Scale.linear(shown);
        double above = top + PANEL_HEAD;
        double below = top + PANEL;
        head(svg, panel, unit, scale, top + PANEL_HEAD - 12);
        for (double tick : scale.ticks()) {
            double y = below - scale.share(tick) * (below - above);
            svg.line(LEFT, y, RIGHT, y, Svg.GRID, 1);
            svg.text(LEFT - 8, y + 4, Anchor.END, Svg.FAINT, Scale.words(tick));
        }
        if (values.isEmpty())
            svg.text((LEFT + RIGHT) / 2, (above + below) / 2, Anchor.MIDDLE, Svg.FAINT, "not measured");
        for (int i = 0; i < panel.gauges.size(); i++)
            for (var piece : pieces(panel.gauges.get(i), samples, unit, scale, time, above, below))
                svg.path(piece, COLOURS.get(i));
    }

    /** What the panel is, at the left; and which line is which, where there is more than one, at the right. */
    private static void head(Svg svg, Panel panel, Unit unit, Scale scale, double y) {
        svg.head(16, y, "%s, %s%s".formatted(panel.title, unit.name(), scale.logarithmic() ? ", logarithmic" : ""));
        if (panel.gauges.size() == 1) return;
        double x = RIGHT;
        for (int i = panel.gauges.size() - 1; i >= 0; i--) {
            var words = panel.gauges.get(i).words();
            x -= words.length() * Svg.CHARACTER;
            svg.text(x, y, Anchor.START, Svg.INK, words);
            svg.line(x - LEGEND_LINE - 6, y - 4, x - 6, y - 4, COLOURS.get(i), 2);
            x -= LEGEND_LINE + 22;
        }
    }

    /** The line of a gauge, in as many pieces as missing values make of it. */
    private static List<List<Svg.Point>> pieces(
            Gauge gauge, List<Sample> samples, Unit unit, Scale scale, Time time, double above, double below) {
        var pieces = new ArrayList<List<Svg.Point>>();
        List<Svg.Point> piece = new ArrayList<>();
        for (var sample : samples) {
            var value = sample.values().get(gauge);
            if (value != null) {
                double y = below - scale.share(value / unit.size()) * (below - above);
                piece.add(new Svg.Point(time.x(sample.atSeconds()), y));
            } else if (!piece.isEmpty()) {
                pieces.add(piece);
                piece = new ArrayList<>();
            }
        }
        if (!piece.isEmpty()) pieces.add(piece);
        return pieces;
    }
}
