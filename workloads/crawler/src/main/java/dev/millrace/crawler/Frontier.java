package dev.millrace.crawler;

import static dev.millrace.crawler.Database.all;

import dev.millrace.crawler.url.CrawlUrl;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Which pages a crawl knows of, and how many of each host are still to be fetched. All of it in the caller's transaction. */
final class Frontier {

    private final CrawlSql sql;

    Frontier(CrawlSql sql) {
        this.sql = sql;
    }

    /** Adds what is new. Gives its hosts, one for each page. */
    List<String> add(Connection tx, long crawl, List<CrawlUrl> links, int depth, int hops) throws SQLException {
        if (links.isEmpty()) return List.of();
        return all(
                tx,
                sql.addEntries,
                row -> row.getString(1),
                crawl,
                depth,
                hops,
                links.stream().map(Frontier::key).toArray(UUID[]::new),
                links.stream().map(CrawlUrl::href).toArray(String[]::new),
                links.stream().map(link -> link.hostKey().host()).toArray(String[]::new));
    }

    /** Raises (or lowers) what is pending. Gives the hosts that have no turn. */
    List<String> raise(Connection tx, long crawl, Map<String, Long> more) throws SQLException {
        return all(
                        tx,
                        sql.countHosts,
                        row -> row.getObject(2) == null ? row.getString(1) : "",
                        crawl,
                        more.keySet().toArray(String[]::new),
                        more.values().toArray(Long[]::new))
                .stream()
                .filter(host -> !host.isEmpty())
                .toList();
    }

    /** What stands for a URL in keys. */
    static UUID key(CrawlUrl url) {
        var halves = ByteBuffer.wrap(Hashes.digest(url.href().getBytes(StandardCharsets.US_ASCII)));
        return new UUID(halves.getLong(), halves.getLong());
    }
}
