package dev.millrace.crawler;

import dev.millrace.crawler.fetch.AddressPolicy;
import dev.millrace.crawler.fetch.Fetcher;
import dev.millrace.crawler.fetch.FetcherSettings;
import dev.millrace.crawler.fetch.HttpFetcher;
import dev.millrace.crawler.fetch.UserAgent;
import dev.millrace.crawler.page.ReadingRoom;
import dev.millrace.crawler.robots.RobotsFile;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** The crawls that this process knows, ready for use, and what they share: the fetchers. */
final class Plans implements AutoCloseable {

    private final Database database;
    private final CrawlSql sql;
    private final Function<FetcherSettings, Fetcher> fetchers;
    private final ReadingRoom room = ReadingRoom.ofThisProcess();
    private final JsonMapper json = JsonMapper.builder().build();
    private final Map<String, Site> sites = new ConcurrentHashMap<>();
    private final Map<Long, Plan> plans = new ConcurrentHashMap<>();
    private final Map<Identity, Fetcher> open = new ConcurrentHashMap<>();

    /** What two crawls must have in common to share a fetcher. */
    private record Identity(String userAgent, boolean allowPrivate) {}

    Plans(Database database, CrawlSql sql, Function<FetcherSettings, Fetcher> fetchers) {
        this.database = database;
        this.sql = sql;
        this.fetchers = fetchers;
    }

    private record Stored(
            String settings,
            List<String> homes,
            Instant runAt,
            String queue,
            @Nullable String site,
            @Nullable UUID job) {}

    /** Makes these sites known here. */
    void know(Site... more) {
        for (var site : more) sites.put(site.name(), site);
        plans.clear();
    }

    /** Whether a crawl's pages can be handled here. */
    boolean handles(Plan plan) {
        var site = plan.origin().site();
        return site == null || sites.containsKey(site);
    }

    /** The crawl with this number, by its settings of this moment; empty if there is none. */
    Optional<Plan> of(long crawl) {
        var stored = database.transaction(
                "read crawl " + crawl,
                tx -> Database.one(
                        tx,
                        sql.readCrawl,
                        row -> new Stored(
                                row.getString("settings"),
                                List.of((String[]) row.getArray("homes").getArray()),
                                row.getObject("run_at", OffsetDateTime.class).toInstant(),
                                row.getString("queue"),
                                row.getString("site"),
                                row.getObject("job", UUID.class)),
                        crawl));
        if (stored.isEmpty()) {
            plans.remove(crawl);
            return Optional.empty();
        }
        var text = stored.get().settings();
        var homes = stored.get().homes();
        var runAt = stored.get().runAt();
        return Optional.of(plans.compute(crawl, (id, known) -> {
            if (known != null && known.is(text, homes, runAt)) return known;
            var settings = settings(text);
            return Plan.of(
                    text,
                    homes,
                    runAt,
                    settings,
                    stored.get().queue(),
                    fetcher(settings),
                    room,
                    origin(stored.get()),
                    json);
        }));
    }

    private Plan.Origin origin(Stored stored) {
        var site = stored.site() == null ? null : sites.get(stored.site());
        return new Plan.Origin(stored.job(), stored.site(), site == null ? null : site.handler());
    }

    CrawlSettings settings(String text) {
        return json.readValue(text, CrawlSettings.class);
    }

    String text(CrawlSettings settings) {
        return json.writeValueAsString(settings);
    }

    RobotsFile robots(String text) {
        return json.readValue(text, RobotsFile.class);
    }

    String text(RobotsFile robots) {
        return json.writeValueAsString(robots);
    }

    private Fetcher fetcher(CrawlSettings settings) {
        return open.computeIfAbsent(new Identity(settings.userAgent(), settings.allowPrivate()), identity -> {
            var basics = FetcherSettings.defaults(new UserAgent(identity.userAgent()));
            return fetchers.apply(identity.allowPrivate() ? basics.addresses(AddressPolicy.alsoPrivate()) : basics);
        });
    }

    @Override
    public void close() {
        for (var fetcher : open.values()) if (fetcher instanceof HttpFetcher http) http.close();
        open.clear();
    }
}
