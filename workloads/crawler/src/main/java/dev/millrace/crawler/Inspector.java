package dev.millrace.crawler;

import dev.millrace.crawler.CrawlTables.Entry;
import dev.millrace.crawler.Finding.Circumstances;
import dev.millrace.crawler.fetch.Fetched;
import dev.millrace.crawler.fetch.Reason;
import dev.millrace.crawler.fetch.Reason.Again;
import dev.millrace.crawler.page.Link;
import dev.millrace.crawler.page.Reading;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.ParsedUrl.Valid;
import java.time.Instant;
import java.util.List;

/** What a fetched page means to the crawl. Decides; touches neither network nor database. */
final class Inspector {

    /** Half of what browsers follow. */
    static final int MOST_HOPS = 10;

    private Inspector() {}

    /**
     * What came of a fetch.
     *
     * @param at when it began
     */
    static Finding of(Plan plan, Entry entry, Fetched fetched, Instant at) throws InterruptedException {
        return switch (fetched) {
            case Fetched.Response page -> page(plan, entry, page, at);
            case Fetched.OtherType other ->
                new Finding.Read(
                        new Circumstances(
                                other.status(),
                                other.contentType().toString(),
                                at,
                                other.trail().took()),
                        other.trail().finalUrl(),
                        null,
                        null,
                        List.of(),
                        List.of(),
                        null,
                        0,
                        List.of());
            case Fetched.Moved moved -> moved(plan, entry, moved, at);
            case Fetched.Failed failed ->
                new Finding.Failed(
                        new Circumstances(
                                failed.status(), null, at, failed.trail().took()),
                        failed.reason().name(),
                        failed.message(),
                        failed.again() != Again.NEVER,
                        failed.retryAfter());
        };
    }

    private static Finding page(Plan plan, Entry entry, Fetched.Response response, Instant at)
            throws InterruptedException {
        var how = new Circumstances(
                response.status(),
                response.contentType().toString(),
                at,
                response.trail().took());
        var url = response.trail().finalUrl();
        if (!response.contentType().isHtml()) {
            var text = response.body().text();
            int most = plan.settings().limits().maxTextChars();
            return new Finding.Read(
                    how,
                    url,
                    null,
                    text.length() <= most ? text : text.substring(0, most),
                    List.of(),
                    List.of(),
                    response.body().sha256(),
                    response.body().length(),
                    List.of());
        }
        return switch (plan.reader().read(response)) {
            case Reading.TooComplex(var message) -> new Finding.Failed(how, "TOO_COMPLEX", message, false, null);
            case dev.millrace.crawler.page.Page page -> html(plan, entry, response, how, page);
        };
    }

    private static Finding html(
            Plan plan, Entry entry, Fetched.Response response, Circumstances how, dev.millrace.crawler.page.Page page) {
        var url = response.trail().finalUrl();
        var admitted = page.robots().nofollow()
                ? List.<CrawlUrl>of()
                : page.links().stream()
                        .map(Link::url)
                        .filter(link ->
                                plan.scope().admit(link, entry.depth() + 1).isIn())
                        .toList();
        var links = page.links().stream().map(link -> link.url().href()).toList();
        var visit = new PageVisit(plan, url, entry.depth(), admitted);
        var handler = plan.origin().handler();
        if (handler == null) {
            visit.followAll();
        } else {
            var shown = new Page(
                    entry.url(),
                    response.status(),
                    response.contentType().toString(),
                    page.title(),
                    page.text(),
                    links,
                    response.body().text());
            try {
                handler.accept(shown, visit);
            } catch (RuntimeException thrown) {
                return new Finding.Failed(
                        how,
                        "HANDLER",
                        "The page handler failed at %s: %s".formatted(entry.url(), thrown),
                        false,
                        null);
            }
        }
        return new Finding.Read(
                how,
                url,
                page.title().isEmpty() ? null : page.title(),
                page.text(),
                links,
                visit.followed(),
                page.sha256(),
                response.body().length(),
                visit.items());
    }

    /** The target's spelling is the crawl's, so that it is one page with the links to it; unless that leads straight back. */
    private static Finding moved(Plan plan, Entry entry, Fetched.Moved moved, Instant at) {
        var how =
                new Circumstances(moved.hop().status(), null, at, moved.trail().took());
        if (entry.hops() + 1 > MOST_HOPS) {
            return new Finding.Failed(
                    how,
                    Reason.TOO_MANY_REDIRECTS.name(),
                    "%s is the end of %d redirects in a row, and sends elsewhere again."
                            .formatted(entry.url(), entry.hops()),
                    false,
                    null);
        }
        var asWritten = moved.hop().to();
        var to = plan.parser().parse(asWritten.href()) instanceof Valid valid
                        && !valid.url().href().equals(entry.url())
                ? valid.url()
                : asWritten;
        boolean follow = plan.scope().admit(to, entry.depth()).isIn();
        boolean home = !follow
                && entry.depth() == 0
                && plan.scope().alsoAt(to).admit(to, 0).isIn();
        return new Finding.Redirect(how, to, follow || home, home);
    }

    /** A page that sends to where it came from. */
    static Finding loop(Entry entry, Finding.Redirect redirect) {
        return new Finding.Failed(
                redirect.circumstances(),
                Reason.REDIRECT_LOOP.name(),
                "%s redirects to %s, which leads back to it.".formatted(entry.url(), redirect.to()),
                false,
                null);
    }
}
