package dev.millrace.crawler;

import dev.millrace.MillraceException;
import java.time.Duration;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A site that an application crawls, and what it does with the pages. Immutable; each method gives a changed copy. It enters a node by
 * {@link Crawler#sites}; then {@code millrace.enqueue(new Crawl("docs"))} crawls it.
 *
 * <p>All nodes that serve its queue should have it: one that has not puts its jobs back for a moment.
 */
public final class Site {

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_.-]{0,62}");

    private final String name;
    private final CrawlSettings settings;
    private final String queue;
    private final @Nullable BiConsumer<? super Page, ? super Visit> handler;

    private Site(
            String name,
            CrawlSettings settings,
            String queue,
            @Nullable BiConsumer<? super Page, ? super Visit> handler) {
        this.name = name;
        this.settings = settings;
        this.queue = queue;
        this.handler = handler;
    }

    /** A site by its name and the page to begin at; all its links are followed. */
    public static Site of(String name, String seed) {
        if (!NAME.matcher(name).matches()) {
            throw new MillraceException(
                    "A site can't be called \"%s\". A name has 1 to 63 lower-case letters, digits, dots, dashes or underscores, and begins with a letter or digit."
                            .formatted(name));
        }
        return new Site(name, CrawlSettings.of(seed), "default", null);
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** Only pages that match one of these patterns, such as {@code /guide/**}. */
    public Site include(String... patterns) {
        return with(s -> s.include(List.of(patterns)));
    }

    /** No pages that match one of these patterns. */
    public Site exclude(String... patterns) {
        return with(s -> s.exclude(List.of(patterns)));
    }

    /** At most so many pages. */
    public Site maxPages(long pages) {
        return with(s -> s.maxPages(pages));
    }

    /** The rest between two requests to a host. */
    public Site delay(Duration rest) {
        return with(s -> s.delay(rest));
    }

    /** All other settings: {@code s -> s.reach(Reach.DOMAIN).userAgent("acme-bot")}. */
    public Site with(UnaryOperator<CrawlSettings> change) {
        return new Site(name, change.apply(settings), queue, handler);
    }

    /** The queue that the work on its hosts waits in. Default {@code default}. */
    public Site queue(String queue) {
        return new Site(name, settings, queue, handler);
    }

    /**
     * Sees each page that is HTML, and decides what is saved and followed. May be called again for a page if the process died; what it
     * saves is there once. If it throws, the page is a failure, {@code HANDLER}, and its links are not followed.
     */
    public Site page(BiConsumer<? super Page, ? super Visit> handler) {
        return new Site(name, settings, queue, handler);
    }

    CrawlSettings settings() {
        return settings;
    }

    String queue() {
        return queue;
    }

    @Nullable
    BiConsumer<? super Page, ? super Visit> handler() {
        return handler;
    }
}
