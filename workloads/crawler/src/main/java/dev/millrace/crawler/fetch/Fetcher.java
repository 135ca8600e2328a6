package dev.millrace.crawler.fetch;

/** The crawler's only door to the web. {@link HttpFetcher} is the real one; a simulation brings its own. */
@FunctionalInterface
public interface Fetcher {

    /**
     * Fetches one page and blocks until there is an answer, at most for the request's deadline. Everything that the web
     * can do wrong is an answer, never an exception.
     *
     * @throws InterruptedException if the calling thread is interrupted; nothing of the fetch goes on then
     */
    Fetched fetch(FetchRequest request) throws InterruptedException;
}
