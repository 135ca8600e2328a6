package dev.millrace.crawler.page;

import java.util.Locale;
import java.util.Set;
import org.jsoup.nodes.Element;

/**
 * Gathers the words that a reader sees: white space is one space, a block begins a line, {@code pre} keeps its lines,
 * and what is not shown is not there. Knows markup but no style sheets, so what only a class hides is seen.
 */
final class TextCollector {

    private static final Set<String> NEVER_SHOWN = Set.of(
            "script",
            "style",
            "noscript",
            "head",
            "title",
            "svg",
            "math",
            "canvas",
            "object",
            "audio",
            "video",
            "iframe",
            "textarea",
            "select",
            "datalist");
    private static final Set<String> CELLS = Set.of("td", "th");

    private final int limit;
    private final StringBuilder out = new StringBuilder();
    private int hidden;
    private int preformatted;
    private boolean space;
    private boolean line;
    private boolean full;

    TextCollector(int limit) {
        this.limit = limit;
    }

    void begin(Element element) {
        if (hidden > 0 || isHidden(element)) hidden++;
        if (element.normalName().equals("pre")) preformatted++;
        separate(element);
    }

    void end(Element element) {
        separate(element);
        if (element.normalName().equals("pre")) preformatted--;
        if (hidden > 0) hidden--;
    }

    void text(String text) {
        if (hidden > 0 || full) return;
        for (int i = 0; i < text.length() && !full; ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (c == '\n' && preformatted > 0) newLine();
            else if (isSpace(c)) space = true;
            else if (isWritten(c)) append(c);
        }
    }

    String collected() {
        return out.toString();
    }

    /** Whether there was more than the limit allows. */
    boolean isFull() {
        return full;
    }

    private void append(int c) {
        if (out.length() + 3 > limit) { // a separator and two surrogates
            full = true;
            return;
        }
        if (line && !out.isEmpty()) out.append('\n');
        else if (space && !out.isEmpty()) out.append(' ');
        line = false;
        space = false;
        out.appendCodePoint(c);
    }

    private void newLine() {
        line = true;
        space = false;
    }

    private void separate(Element element) {
        var name = element.normalName();
        if (CELLS.contains(name)) space = true;
        else if (name.equals("br") || element.isBlock()) newLine();
    }

    private static boolean isHidden(Element element) {
        if (NEVER_SHOWN.contains(element.normalName())) return true;
        if (element.hasAttr("hidden") && !element.attr("hidden").equalsIgnoreCase("until-found")) return true;
        if (!element.hasAttr("style")) return false;
        var style = element.attr("style").replaceAll("\\s", "").toLowerCase(Locale.ROOT);
        return style.contains("display:none") || style.contains("visibility:hidden");
    }

    private static boolean isSpace(int c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == 0xA0;
    }

    /** Not control characters, lone surrogates, soft hyphens and other marks without a glyph. */
    private static boolean isWritten(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.SURROGATE -> false;
            case Character.FORMAT -> c == 0x200C || c == 0x200D; // joiners shape words and emoji
            default -> true;
        };
    }
}
