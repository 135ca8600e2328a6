package dev.millrace.crawler.url;

/**
 * What came of a text that should be a URL. Pages are full of links that lead nowhere a crawler could go; that is an
 * ordinary answer, so it is a value.
 */
public sealed interface ParsedUrl {

    /** A page that can be fetched. */
    record Valid(CrawlUrl url) implements ParsedUrl {}

    /** A link that is sound but not to a page, such as {@code mailto:} or {@code javascript:}. */
    record Skipped(String scheme) implements ParsedUrl {}

    /**
     * A text that is no URL, or one that the crawler does not take.
     *
     * @param flaw    what is wrong, for counting
     * @param message what is wrong, in one sentence, the text itself shortened
     */
    record Malformed(Flaw flaw, String message) implements ParsedUrl {}

    /** What can be wrong with a URL. */
    enum Flaw {
        /** No text, or only white space. */
        EMPTY,
        /** Longer than {@link UrlRules#maxLength}. */
        TOO_LONG,
        /** Neither a scheme nor a page that it could be relative to. */
        NO_SCHEME,
        /** It carries a user name or a password. */
        USER_INFO,
        /** A host that cannot exist. */
        HOST,
        /** A port that cannot exist. */
        PORT,
        /** Anything else that the URL standard calls a failure. */
        SYNTAX
    }

    /**
     * The URL, where there has to be one: a seed, a stored row.
     *
     * @throws IllegalArgumentException saying why there is none
     */
    default CrawlUrl orThrow() {
        return switch (this) {
            case Valid valid -> valid.url();
            case Skipped skipped ->
                throw new IllegalArgumentException(
                        "A crawl needs an http or https URL, and this one begins with \"%s:\"."
                                .formatted(skipped.scheme()));
            case Malformed malformed -> throw new IllegalArgumentException(malformed.message());
        };
    }
}
