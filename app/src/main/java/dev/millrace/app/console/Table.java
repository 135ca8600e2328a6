package dev.millrace.app.console;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows in columns: words left, numbers right; the last column takes what is left of the line. */
public final class Table {

    private static final int GAP = 2;

    private final List<String> heads;
    private final List<List<Cell>> rows = new ArrayList<>();

    /** One cell. */
    public record Cell(String text, Style style, boolean number) {

        /** Plain text. */
        public static Cell of(String text) {
            return new Cell(text, Style.STRONG, false);
        }
    }

    /** Heads; one that begins with {@code >} stands over numbers. */
    public Table(String... heads) {
        this.heads = List.of(heads);
    }

    /** A row of plain texts. */
    public Table row(String... texts) {
        return cells(Arrays.stream(texts).map(Cell::of).toArray(Cell[]::new));
    }

    /** A row whose cells may be painted. */
    public Table cells(Cell... cells) {
        rows.add(List.of(cells));
        return this;
    }

    public boolean isEmpty() {
        return rows.isEmpty();
    }

    /** The lines as they go to this console: cut to its width only where a person looks. */
    public List<String> lines(Console console) {
        int[] widths = new int[heads.size()];
        for (int i = 0; i < widths.length; i++) widths[i] = head(i).length();
        for (var row : rows)
            for (int i = 0; i < widths.length; i++)
                widths[i] = Math.max(widths[i], Visible.line(row.get(i).text()).length());
        int room = console.terminal().out() ? console.terminal().width() : Integer.MAX_VALUE;
        var lines = new ArrayList<String>();
        lines.add(line(console, headCells(), widths, room));
        for (var row : rows) lines.add(line(console, row, widths, room));
        return lines;
    }

    private List<Cell> headCells() {
        var cells = new ArrayList<Cell>();
        for (int i = 0; i < heads.size(); i++)
            cells.add(new Cell(head(i).toUpperCase(java.util.Locale.ROOT), Style.HEAD, false));
        return cells;
    }

    private String line(Console console, List<Cell> row, int[] widths, int room) {
        var line = new StringBuilder();
        int used = 0;
        for (int i = 0; i < widths.length; i++) {
            boolean last = i == widths.length - 1;
            var text = Visible.line(row.get(i).text());
            int most = last ? Math.max(10, room == Integer.MAX_VALUE ? room : room - used) : widths[i];
            if (text.length() > most) text = text.substring(0, most - 1) + "…";
            int pad = last ? 0 : widths[i] - text.length();
            var style = row.get(i).style();
            var painted = style == Style.STRONG ? text : console.paint(style, text);
            if (right(i))
                line.repeat(' ', widths[i] - text.length() > 0 ? widths[i] - text.length() : 0)
                        .append(painted);
            else line.append(painted).repeat(' ', pad);
            if (!last) line.repeat(' ', GAP);
            used += widths[i] + GAP;
        }
        return line.toString().stripTrailing();
    }

    private boolean right(int column) {
        return heads.get(column).startsWith(">");
    }

    private String head(int column) {
        return right(column) ? heads.get(column).substring(1) : heads.get(column);
    }
}
