package dev.millrace.crawler.page;

/** What came of reading a page. */
public sealed interface Reading permits Page, Reading.TooComplex {

    /**
     * It has more elements than are read.
     *
     * @param message how many, in one sentence
     */
    record TooComplex(String message) implements Reading {}
}
