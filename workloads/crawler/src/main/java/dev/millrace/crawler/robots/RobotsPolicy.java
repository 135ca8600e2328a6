package dev.millrace.crawler.robots;

import crawlercommons.robots.SimpleRobotRules;
import crawlercommons.robots.SimpleRobotRules.RobotRulesMode;
import crawlercommons.robots.SimpleRobotRulesParser;
import dev.millrace.crawler.fetch.UserAgent;
import dev.millrace.crawler.robots.RobotsDecision.Allowed;
import dev.millrace.crawler.robots.RobotsDecision.Denied;
import dev.millrace.crawler.robots.RobotsDecision.NotNow;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.HostKey;
import dev.millrace.crawler.url.ParsedUrl.Valid;
import dev.millrace.crawler.url.UrlParser;
import dev.millrace.crawler.url.UrlRules;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A {@link RobotsFile} read for one crawler: what it may fetch from one host. Made once per file and asked for each
 * page.
 *
 * <p>crawler-commons reads and matches as RFC 9309 says: the group whose product token is ours, or else {@code *}; the
 * longest matching rule, on a tie the one that allows; {@code *} and {@code $} as wildcards; percent-encoding compared
 * in one spelling. Its own cap on the delay is switched off, as it forbids the whole site beyond it.
 *
 * <p>Immutable; may be shared between threads.
 */
public final class RobotsPolicy {

    private static final int MAX_SITEMAPS = 1_000;
    private static final int NO_WARNINGS = 0;

    private final HostKey host;
    private final RobotsFile file;
    private final SimpleRobotRules rules;

    private RobotsPolicy(HostKey host, RobotsFile file, SimpleRobotRules rules) {
        this.host = host;
        this.file = file;
        this.rules = rules;
    }

    /** Reads a host's file for the crawler of this name. */
    public static RobotsPolicy of(HostKey host, RobotsFile file, UserAgent agent) {
        var parser = new SimpleRobotRulesParser(Long.MAX_VALUE, NO_WARNINGS);
        var rules = parser.parseContent(
                host.at("/robots.txt").href(),
                file.text().getBytes(StandardCharsets.UTF_8),
                "text/plain",
                Set.of(agent.token()));
        return new RobotsPolicy(host, file, rules);
    }

    /** The file it was read from. */
    public RobotsFile file() {
        return file;
    }

    /**
     * Whether a page may be fetched.
     *
     * @throws IllegalArgumentException if the page lives on another host, whose file this is not
     */
    public RobotsDecision decide(CrawlUrl url) {
        if (!url.hostKey().equals(host)) {
            throw new IllegalArgumentException("%s is not on %s; ask the policy of its own host.".formatted(url, host));
        }
        if (url.path().equals("/robots.txt")) return new Allowed(); // RFC 9309, 2.2.2
        return switch (file.standing()) {
            case ABSENT -> new Allowed();
            case UNKNOWN ->
                new NotNow(
                        file.refreshAt(),
                        "The robots.txt of %s can't be had, so nothing is fetched from it until %s: %s"
                                .formatted(host, file.refreshAt(), trouble()));
            case RULES -> rules.isAllowed(url.href()) ? new Allowed() : denied(url);
        };
    }

    /** The pause that the site asks for between two pages; empty if it asks for none. */
    public Optional<CrawlDelay> crawlDelay() {
        long millis = rules.getCrawlDelay();
        return millis <= 0 ? Optional.empty() : Optional.of(CrawlDelay.of(Duration.ofMillis(millis)));
    }

    /** The sitemaps that the file lists, of this host or others, each once, at most a thousand. */
    public List<CrawlUrl> sitemaps() {
        var parser = new UrlParser(UrlRules.asWritten());
        var sitemaps = new LinkedHashSet<CrawlUrl>();
        for (var text : rules.getSitemaps()) {
            if (sitemaps.size() < MAX_SITEMAPS && parser.parse(text) instanceof Valid valid) sitemaps.add(valid.url());
        }
        return List.copyOf(sitemaps);
    }

    private String trouble() {
        var trouble = file.trouble();
        return trouble == null ? "nobody knows why." : trouble.message();
    }

    /** The rules are sorted by precedence, so the first that forbids the page by itself is the one that did. */
    private Denied denied(CrawlUrl url) {
        for (var rule : rules.getRobotRules()) {
            if (rule.isAllow()) continue;
            var alone = new SimpleRobotRules(RobotRulesMode.ALLOW_SOME);
            alone.addRule(rule.getPrefix(), false);
            if (!alone.isAllowed(url.href())) return denied(url, "Disallow: " + rule.getPrefix());
        }
        return denied(url, "Disallow: /");
    }

    private Denied denied(CrawlUrl url, String rule) {
        return new Denied(rule, "The robots.txt of %s forbids %s (%s).".formatted(host, url.pathAndQuery(), rule));
    }
}
