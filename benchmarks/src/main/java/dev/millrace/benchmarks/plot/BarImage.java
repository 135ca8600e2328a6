package dev.millrace.benchmarks.plot;

import dev.millrace.benchmarks.Tables;
import dev.millrace.benchmarks.plot.Svg.Anchor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A regime as horizontal bars: the median is the bar, and a whisker goes from the least to the most of the rounds. Panels one below the
 * other, each with an axis of its own.
 *
 * @param remarks what has to be known to read it, in two lines
 */
record BarImage(String title, List<String> remarks, List<Panel> panels) {

    /** Bars of one unit. */
    record Panel(String title, String unit, List<Bar> bars) {}

    /** A row of a panel; without a spread it was not measured. */
    record Bar(String label, Whose whose, @Nullable Spread spread) {}

    /** What the rounds have found. */
    record Spread(double least, double median, double most) {}

    /** Whose bar it is, by which it is painted. */
    enum Whose {
        OURS("#0072b2"),
        RAW_LIMIT("#9aa1a9"),
        PEER("#e69f00");

        private final String colour;

        Whose(String colour) {
            this.colour = colour;
        }
    }

    private static final double WIDTH = 860;
    private static final double RIGHT = WIDTH - 110;
    private static final double HEAD = 78;
    private static final double LINE = 16;
    private static final double PANEL_HEAD = 30;
    private static final double ROW = 26;
    private static final double BAR = 16;
    private static final double PANEL_FOOT = 34;
    private static final double WHISKER = 4;
    private static final double LEAST_LEFT = 110;

    /** The image, of panels that each have at least one spread. */
    String draw() {
        double height = HEAD
                + panels.stream()
                        .mapToDouble(panel -> PANEL_HEAD + panel.bars.size() * ROW + PANEL_FOOT)
                        .sum();
        var svg = new Svg(WIDTH, height, title);
        svg.title(16, 26, title);
        for (int i = 0; i < remarks.size(); i++) svg.text(16, 46 + i * LINE, Anchor.START, Svg.FAINT, remarks.get(i));
        double left = Math.max(
                LEAST_LEFT,
                28
                        + Svg.CHARACTER
                                * panels.stream()
                                        .flatMap(panel -> panel.bars.stream())
                                        .mapToInt(bar -> bar.label.length())
                                        .max()
                                        .orElse(0));
        double top = HEAD;
        for (var panel : panels) {
            draw(svg, panel, left, top);
            top += PANEL_HEAD + panel.bars.size() * ROW + PANEL_FOOT;
        }
        return svg.done();
    }

    private static void draw(Svg svg, Panel panel, double left, double top) {
        var scale = scale(panel);
        svg.head(
                16,
                top + 16,
                "%s%s%s"
                        .formatted(
                                panel.title,
                                panel.unit.isEmpty() ? "" : ", " + panel.unit,
                                scale.logarithmic() ? ", logarithmic" : ""));
        double above = top + PANEL_HEAD;
        double below = above + panel.bars.size() * ROW;
        for (double tick : scale.ticks()) {
            double x = left + scale.share(tick) * (RIGHT - left);
            svg.line(x, above - 2, x, below, Svg.GRID, 1);
            svg.text(x, below + 14, Anchor.MIDDLE, Svg.FAINT, Scale.words(tick));
        }
        for (int i = 0; i < panel.bars.size(); i++) draw(svg, panel.bars.get(i), scale, left, above + (i + 0.5) * ROW);
    }

    /** Of the medians, which the bars are; whiskers that reach beyond its beginning end there, and make it longer at its end. */
    private static Scale scale(Panel panel) {
        var medians = new ArrayList<Double>();
        double most = 0;
        for (var bar : panel.bars)
            if (bar.spread != null) {
                medians.add(bar.spread.median);
                most = Math.max(most, bar.spread.most);
            }
        boolean logarithmic = Scale.of(medians).logarithmic();
        medians.add(most);
        return logarithmic ? Scale.of(medians) : Scale.linear(medians);
    }

    private static void draw(Svg svg, Bar bar, Scale scale, double left, double y) {
        svg.text(left - 10, y + 4, Anchor.END, Svg.INK, bar.label);
        var spread = bar.spread;
        if (spread == null) {
            svg.text(left + 6, y + 4, Anchor.START, Svg.FAINT, "not measured");
            return;
        }
        double median = left + scale.share(spread.median) * (RIGHT - left);
        double least = left + scale.share(spread.least) * (RIGHT - left);
        double most = left + scale.share(spread.most) * (RIGHT - left);
        svg.box(left, y - BAR / 2, median - left, BAR, bar.whose.colour);
        if (spread.least < spread.most) {
            svg.line(least, y, most, y, Svg.INK, 1.2);
            svg.line(least, y - WHISKER, least, y + WHISKER, Svg.INK, 1.2);
            svg.line(most, y - WHISKER, most, y + WHISKER, Svg.INK, 1.2);
        }
        svg.text(Math.max(median, most) + 8, y + 4, Anchor.START, Svg.INK, Tables.number(spread.median));
    }
}
