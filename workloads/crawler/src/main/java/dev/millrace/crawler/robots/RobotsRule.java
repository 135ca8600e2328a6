package dev.millrace.crawler.robots;

import java.util.Comparator;
import java.util.List;

/**
 * One rule of a robots.txt: which pages it is about, and whether they may be fetched.
 *
 * <p>By RFC 9309, 2.2.2 and 2.2.3: a path is a beginning; {@code *} stands for anything, also for nothing; a {@code $} at
 * the end means that the page ends there. Pieces between stars are looked for from the left, each as early as it can be,
 * and only a last one before a {@code $} from the right: so nothing is ever tried again, however many stars there are.
 *
 * @param path     as the file has it, in the spelling of percent-encoding that pages are compared in
 * @param pieces   what stands between its stars
 * @param toTheEnd whether the page ends where the path does
 */
record RobotsRule(boolean allow, String path, List<String> pieces, boolean toTheEnd) {

    /** The one that decides first: the longest, and of equals the one that allows. */
    static final Comparator<RobotsRule> BY_PRECEDENCE =
            Comparator.<RobotsRule>comparingInt(rule -> -rule.path.length()).thenComparing(rule -> !rule.allow);

    static RobotsRule of(boolean allow, String path) {
        boolean toTheEnd = path.endsWith("$");
        var open = toTheEnd ? path.substring(0, path.length() - 1) : path;
        return new RobotsRule(allow, path, List.of(open.split("\\*", -1)), toTheEnd);
    }

    /** Whether it is about this page, given by path and query. */
    boolean matches(String page) {
        var first = pieces.getFirst();
        if (!page.startsWith(first)) return false;
        if (pieces.size() == 1) return !toTheEnd || page.length() == first.length();
        int at = first.length();
        int inBetween = toTheEnd ? pieces.size() - 1 : pieces.size();
        for (int i = 1; i < inBetween; i++) {
            int found = page.indexOf(pieces.get(i), at);
            if (found < 0) return false;
            at = found + pieces.get(i).length();
        }
        return !toTheEnd
                || (page.endsWith(pieces.getLast())
                        && page.length() - pieces.getLast().length() >= at);
    }
}
