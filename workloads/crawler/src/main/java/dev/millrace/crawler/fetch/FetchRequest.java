package dev.millrace.crawler.fetch;

import dev.millrace.crawler.url.CrawlUrl;
import java.util.function.Predicate;

/**
 * One page to fetch.
 *
 * @param url     where it is
 * @param limits  how long and how much at most
 * @param follow  asked before each redirect is followed, since only the caller knows scope, robots.txt and politeness
 *                of the target; where it says no, the answer is {@link Fetched.Moved}
 * @param accepts asked for the type of the answer; where it says no, the body is not read and the answer is
 *                {@link Fetched.OtherType}
 */
public record FetchRequest(CrawlUrl url, FetchLimits limits, Predicate<Hop> follow, Predicate<ContentType> accepts) {

    /**
     * A page of a crawl: HTML or XHTML, redirects followed on the same host and port. A redirect to another host is
     * another host's business: that has its own robots.txt and its own turn.
     */
    public static FetchRequest page(CrawlUrl url) {
        return new FetchRequest(url, FetchLimits.defaults(), Hop::staysOnHost, ContentType::isHtml);
    }

    /** With other limits. */
    public FetchRequest limits(FetchLimits newLimits) {
        return new FetchRequest(url, newLimits, follow, accepts);
    }

    /** With another rule for redirects. */
    public FetchRequest follow(Predicate<Hop> rule) {
        return new FetchRequest(url, limits, rule, accepts);
    }

    /** With another rule for types. */
    public FetchRequest accepts(Predicate<ContentType> rule) {
        return new FetchRequest(url, limits, follow, rule);
    }
}
