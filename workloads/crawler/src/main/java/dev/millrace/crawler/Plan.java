package dev.millrace.crawler;

import dev.millrace.crawler.fetch.FetchLimits;
import dev.millrace.crawler.fetch.FetchLimits.Oversize;
import dev.millrace.crawler.fetch.FetchRequest;
import dev.millrace.crawler.fetch.Fetcher;
import dev.millrace.crawler.fetch.UserAgent;
import dev.millrace.crawler.page.PageLimits;
import dev.millrace.crawler.page.PageReader;
import dev.millrace.crawler.page.ReadingRoom;
import dev.millrace.crawler.scope.CrawlScope;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.UrlParser;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * A crawl's settings, made ready for use. Immutable.
 *
 * @param text  the settings as they are stored
 * @param homes where the seed's redirects led, beside the seed
 * @param runAt when it was begun, or continued, last
 * @param queue where its jobs wait
 * @param json  how what handlers save is written
 */
record Plan(
        String text,
        List<String> homes,
        Instant runAt,
        CrawlSettings settings,
        String queue,
        CrawlScope scope,
        UrlParser parser,
        PageReader reader,
        UserAgent agent,
        Fetcher fetcher,
        Origin origin,
        JsonMapper json) {

    /**
     * Who asked for it.
     *
     * @param job  that reports on it; null: none does
     * @param site whose handler sees its pages, which this process may not have; null: none does
     */
    record Origin(
            @Nullable UUID job,
            @Nullable String site,
            @Nullable BiConsumer<? super Page, ? super Visit> handler) {}

    static Plan of(
            String text,
            List<String> homes,
            Instant runAt,
            CrawlSettings settings,
            String queue,
            Fetcher fetcher,
            ReadingRoom room,
            Origin origin,
            JsonMapper json) {
        var agent = new UserAgent(settings.userAgent());
        var parser = new UrlParser(settings.rules());
        var limits = settings.limits();
        var kept = PageLimits.defaults();
        var scope = settings.bounds().scope(CrawlUrl.of(settings.seed()));
        for (var home : homes) scope = scope.alsoAt(CrawlUrl.of(home));
        return new Plan(
                text,
                homes,
                runAt,
                settings,
                queue,
                scope,
                parser,
                new PageReader(
                        new PageLimits(
                                kept.maxTitle(),
                                limits.maxTextChars(),
                                limits.maxLinks(),
                                kept.maxDepth(),
                                kept.maxElements()),
                        parser,
                        agent,
                        room),
                agent,
                fetcher,
                origin,
                json);
    }

    /** Whether it was made of this. */
    boolean is(String otherText, List<String> otherHomes, Instant otherRunAt) {
        return text.equals(otherText) && homes.equals(otherHomes) && runAt.equals(otherRunAt);
    }

    /** No redirect is followed: each hop is a page with its own turn, robots.txt and rest. Text of any kind is read. */
    FetchRequest request(CrawlUrl url) {
        var limits = FetchLimits.defaults()
                .deadline(settings.limits().fetchDeadline())
                .maxBodyBytes(settings.limits().maxBodyBytes(), Oversize.REFUSE);
        return FetchRequest.page(url).limits(limits).follow(hop -> false).accepts(type -> type.isText());
    }
}
