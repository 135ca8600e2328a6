package dev.millrace.crawler.robots;

import crawlercommons.robots.SimpleRobotRules;
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
 * <p>crawler-commons reads the file as RFC 9309 says: the group whose product token is ours, or else {@code *};
 * percent-encoding in one spelling. Its own cap on the delay is switched off, as it forbids the whole site beyond it. Its
 * matching is not used ({@link RobotsRule} is): it takes the first place where a piece behind a {@code *} fits for the
 * only one, so that {@code /*.pdf$} did not forbid {@code /a.pdf.pdf}.
 *
 * <p>Immutable; may be shared between threads.
 */
public final class RobotsPolicy {

    private static final int MAX_SITEMAPS = 1_000;
    private static final int NO_WARNINGS = 0;

    private final HostKey host;
    private final RobotsFile file;
    private final SimpleRobotRules read;
    private final List<RobotsRule> rules;

    private RobotsPolicy(HostKey host, RobotsFile file, SimpleRobotRules read) {
        this.host = host;
        this.file = file;
        this.read = read;
        this.rules = read.getRobotRules().stream()
                .map(rule -> RobotsRule.of(rule.isAllow(), rule.getPrefix()))
                .sorted(RobotsRule.BY_PRECEDENCE)
                .toList();
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
            case RULES -> byRules(url);
        };
    }

    private RobotsDecision byRules(CrawlUrl url) {
        var page = SimpleRobotRules.escapePath(url.pathAndQuery(), wildcards());
        for (var rule : rules) {
            if (!rule.matches(page)) continue;
            return rule.allow() ? new Allowed() : denied(url, "Disallow: " + rule.path());
        }
        return new Allowed();
    }

    /** A star or dollar of a page is none of a rule: in a page they are percent-encoded. */
    private static boolean[] wildcards() {
        var wildcards = new boolean[128];
        wildcards['*'] = true;
        wildcards['$'] = true;
        return wildcards;
    }

    /** The pause that the site asks for between two pages; empty if it asks for none. */
    public Optional<CrawlDelay> crawlDelay() {
        long millis = read.getCrawlDelay();
        return millis <= 0 ? Optional.empty() : Optional.of(CrawlDelay.of(Duration.ofMillis(millis)));
    }

    /** The sitemaps that the file lists, of this host or others, each once, at most a thousand. */
    public List<CrawlUrl> sitemaps() {
        var parser = new UrlParser(UrlRules.asWritten());
        var sitemaps = new LinkedHashSet<CrawlUrl>();
        for (var text : read.getSitemaps()) {
            if (sitemaps.size() < MAX_SITEMAPS && parser.parse(text) instanceof Valid valid) sitemaps.add(valid.url());
        }
        return List.copyOf(sitemaps);
    }

    private String trouble() {
        var trouble = file.trouble();
        return trouble == null ? "nobody knows why." : trouble.message();
    }

    private Denied denied(CrawlUrl url, String rule) {
        return new Denied(rule, "The robots.txt of %s forbids %s (%s).".formatted(host, url.pathAndQuery(), rule));
    }
}
