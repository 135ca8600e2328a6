package dev.millrace.crawler.scope;

/** Whether a page belongs to a crawl. */
public sealed interface Admission {

    /** It does. */
    record In() implements Admission {}

    /**
     * It does not.
     *
     * @param why     the rule that keeps it out, for counting
     * @param message the same in one sentence
     */
    record Out(Why why, String message) implements Admission {}

    /** What keeps a page out. */
    enum Why {
        /** Beyond the {@link Reach}. */
        OUT_OF_REACH,
        /** More links away from the seed than {@code maxDepth}. */
        TOO_DEEP,
        /** An exclude pattern matches. */
        EXCLUDED,
        /** There are include patterns, and none matches. */
        NOT_INCLUDED
    }

    /** Whether it is {@link In}. */
    default boolean isIn() {
        return this instanceof In;
    }
}
