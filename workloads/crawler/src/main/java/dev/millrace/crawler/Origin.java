package dev.millrace.crawler;

import dev.millrace.crawler.fetch.UserAgent;
import dev.millrace.crawler.robots.CrawlDelay;
import dev.millrace.crawler.robots.RobotsDecision;
import dev.millrace.crawler.robots.RobotsFile;
import dev.millrace.crawler.robots.RobotsPolicy;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.HostKey;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a turn knows of one origin of its host: of its robots.txt, and whether it was given up. For one thread. */
final class Origin {

    private final HostKey key;
    private final UserAgent agent;
    private final @Nullable String givenUp;
    private @Nullable RobotsFile file;
    private @Nullable RobotsPolicy policy;

    /**
     * An origin.
     *
     * @param givenUp why none of its pages will be fetched any more; null: they will
     */
    Origin(HostKey key, UserAgent agent, @Nullable String givenUp) {
        this.key = key;
        this.agent = agent;
        this.givenUp = givenUp;
    }

    HostKey key() {
        return key;
    }

    @Nullable
    String givenUp() {
        return givenUp;
    }

    /** Its robots.txt; null while nothing is known of it. */
    @Nullable
    RobotsFile file() {
        return file;
    }

    void know(RobotsFile known) {
        file = known;
        policy = RobotsPolicy.of(key, known, agent);
    }

    /** Why robots.txt forbids a page; null if it does not. */
    @Nullable
    String refusal(CrawlUrl url) {
        return policy != null && policy.decide(url) instanceof RobotsDecision.Denied(var rule, var message)
                ? message
                : null;
    }

    /** The rest between two requests: the crawl's own, or a longer one that robots.txt asks for. */
    Duration delay(Duration own) {
        if (policy == null) return own;
        return policy.crawlDelay()
                .map(CrawlDelay::granted)
                .filter(asked -> asked.compareTo(own) > 0)
                .orElse(own);
    }
}
