package dev.millrace.benchmarks.plot;

import java.util.List;
import java.util.Locale;

/**
 * An image while it is drawn. The same calls give the same text on every machine: nothing is measured with a font, and nothing tells when
 * it was drawn.
 */
final class Svg {

    static final String INK = "#1f2328";
    static final String FAINT = "#6e7781";
    static final String GRID = "#e2e5e9";

    /** About what a character of a small text takes, in pixels; no font is asked. */
    static final double CHARACTER = 6.2;

    /** From where a text goes. */
    enum Anchor {
        START,
        MIDDLE,
        END
    }

    record Point(double x, double y) {}

    private static final int TITLE_SIZE = 15;
    private static final int TEXT_SIZE = 11;

    private final StringBuilder text = new StringBuilder();

    /**
     * An empty one.
     *
     * @param title what it shows, for who can't see it too
     */
    Svg(double width, double height, String title) {
        text.append(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%s\" height=\"%s\" viewBox=\"0 0 %s %s\" role=\"img\" font-family=\"-apple-system, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif\">\n"
                        .formatted(number(width), number(height), number(width), number(height)));
        text.append("<title>%s</title>\n".formatted(escaped(title)));
        box(0, 0, width, height, "#ffffff");
    }

    void box(double x, double y, double width, double height, String fill) {
        text.append("<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\"/>\n"
                .formatted(number(x), number(y), number(width), number(height), fill));
    }

    void line(double x1, double y1, double x2, double y2, String stroke, double width) {
        text.append("<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" stroke=\"%s\" stroke-width=\"%s\"/>\n"
                .formatted(number(x1), number(y1), number(x2), number(y2), stroke, number(width)));
    }

    /** From point to point; a single one is a dot. */
    void path(List<Point> points, String stroke) {
        if (points.size() == 1) {
            var dot = points.getFirst();
            text.append("<circle cx=\"%s\" cy=\"%s\" r=\"1.5\" fill=\"%s\"/>\n"
                    .formatted(number(dot.x), number(dot.y), stroke));
            return;
        }
        text.append("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" stroke-linejoin=\"round\" points=\""
                .formatted(stroke));
        for (int i = 0; i < points.size(); i++)
            text.append(i == 0 ? "" : " ")
                    .append(number(points.get(i).x))
                    .append(',')
                    .append(number(points.get(i).y));
        text.append("\"/>\n");
    }

    void title(double x, double y, String words) {
        write(x, y, Anchor.START, TITLE_SIZE, INK, " font-weight=\"600\"", words);
    }

    void head(double x, double y, String words) {
        write(x, y, Anchor.START, TEXT_SIZE + 1, INK, " font-weight=\"600\"", words);
    }

    void text(double x, double y, Anchor anchor, String fill, String words) {
        write(x, y, anchor, TEXT_SIZE, fill, "", words);
    }

    private void write(double x, double y, Anchor anchor, int size, String fill, String more, String words) {
        text.append("<text x=\"%s\" y=\"%s\" font-size=\"%d\" text-anchor=\"%s\" fill=\"%s\"%s>%s</text>\n"
                .formatted(
                        number(x),
                        number(y),
                        size,
                        anchor.name().toLowerCase(Locale.ROOT),
                        fill,
                        more,
                        escaped(words)));
    }

    /** The image. */
    String done() {
        return text + "</svg>\n";
    }

    /** To a tenth of a pixel. */
    private static String number(double value) {
        long tenths = Math.round(value * 10);
        return tenths % 10 == 0 ? Long.toString(tenths / 10) : String.format(Locale.ROOT, "%.1f", tenths / 10.0);
    }

    /** Without what means something in XML, and without what may not be in it at all. */
    private static String escaped(String words) {
        return words.replaceAll("[\\p{Cc}\\p{Cs}\\uFFFE\\uFFFF]", " ")
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
