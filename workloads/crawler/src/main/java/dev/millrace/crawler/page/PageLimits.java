package dev.millrace.crawler.page;

/**
 * How much is kept of a page.
 *
 * @param maxTitle characters of the title
 * @param maxText  characters of the text
 * @param maxLinks links, each to another page
 * @param maxDepth levels of elements; what lies deeper is hung up at this level
 * @param maxElements elements of a page; one that has more is not read at all
 */
public record PageLimits(int maxTitle, int maxText, int maxLinks, int maxDepth, int maxElements) {

    /** Checks the ranges. */
    public PageLimits {
        within("maxTitle", maxTitle, 1, 100_000);
        within("maxText", maxText, 1, 100_000_000);
        within("maxLinks", maxLinks, 0, 1_000_000);
        within("maxDepth", maxDepth, 16, 5_000);
        within("maxElements", maxElements, 1_000, 10_000_000);
    }

    /**
     * 1,000 characters of title, ten times what search engines show; a million of text, a thick book; 10,000 links, as
     * a page has that is a list of a whole site; 512 levels, as in browsers; 500,000 elements, twice what the longest
     * pages have that people wrote, and 100 MB of memory.
     */
    public static PageLimits defaults() {
        return new PageLimits(1_000, 1_000_000, 10_000, 512, 500_000);
    }

    private static void within(String component, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    "%s is between %,d and %,d, not %,d.".formatted(component, least, most, value));
        }
    }
}
