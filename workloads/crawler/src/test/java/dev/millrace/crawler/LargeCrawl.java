package dev.millrace.crawler;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Millrace;
import dev.millrace.postgres.PostgresStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.UnaryOperator;

/**
 * A crawl by hand, of a site that is served elsewhere: {@code LargeCrawl JDBC_URL SITE OUT}. Killed and started again with the same
 * arguments, it goes on.
 */
final class LargeCrawl {

    private LargeCrawl() {}

    public static void main(String[] args) throws InterruptedException {
        try (var connections = new HikariDataSource()) {
            connections.setJdbcUrl(args[0]);
            connections.setMaximumPoolSize(20);
            var settings = CrawlSettings.of(args[1]).allowPrivate(true).delay(Duration.ZERO);
            try (var millrace = Millrace.on(new PostgresStore(connections));
                    var crawler = Crawler.on(millrace, connections);
                    var run = crawler.open(settings)) {
                run.export(Path.of(args[2]));
                run.start(UnaryOperator.identity());
                while (!run.await(Duration.ofSeconds(1))) System.out.println(run.progress());
                var summary = run.summary();
                System.out.printf("%s%n%.0f pages/s in this run%n", summary, summary.rate());
            }
        }
    }
}
