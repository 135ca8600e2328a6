package dev.millrace.crawler;

import static org.assertj.core.api.Assertions.assertThat;

import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;

class MigrationIT {

    @Test
    void what_was_known_of_origins_is_known_of_their_hosts() {
        try (var database = TestDatabase.fresh()) {
            Flyway.configure()
                    .dataSource(database.connections())
                    .schemas(Crawler.SCHEMA)
                    .defaultSchema(Crawler.SCHEMA)
                    .table("schema_history")
                    .locations("classpath:dev/millrace/crawler/migration")
                    .target("6")
                    .load()
                    .migrate();
            database.run("""
                    SET search_path = millrace_crawl;
                    INSERT INTO crawl (identity, seed, settings, queue, state, max_pages) VALUES ('i', 's', '{}', 'q', 'running', 9);
                    INSERT INTO crawl_host (crawl, host, job, pending, pages, given_up) VALUES
                        (1, 'http://a.example', gen_random_uuid(), 1, 2, 'nobody answers'),
                        (1, 'https://a.example:8443', gen_random_uuid(), 3, 4, NULL),
                        (1, 'http://[2001:db8::1]', NULL, 0, 1, NULL);
                    INSERT INTO frontier (crawl, key, url, host, depth) VALUES
                        (1, gen_random_uuid(), 'https://a.example:8443/x', 'https://a.example:8443', 1);
                    INSERT INTO server (host, robots) VALUES ('https://a.example:8443', '{}'), ('http://a.example', NULL);
                    """);

            Migration.run(database.connections(), Crawler.SCHEMA);

            assertThat(database.number(
                            "SELECT pending * 10 + pages FROM millrace_crawl.crawl_host WHERE host = 'a.example'"))
                    .isEqualTo(46);
            assertThat(database.number("SELECT count(*) FROM millrace_crawl.crawl_host WHERE host = '[2001:db8::1]'"))
                    .isEqualTo(1);
            assertThat(database.number("SELECT count(*) FROM millrace_crawl.frontier WHERE host = 'a.example'"))
                    .isEqualTo(1);
            assertThat(database.number("SELECT count(*) FROM millrace_crawl.robots WHERE origin LIKE '%8443'"))
                    .isEqualTo(1);
            assertThat(database.number(
                            "SELECT count(*) FROM millrace_crawl.crawl_origin WHERE given_up LIKE 'nobody%'"))
                    .isEqualTo(1);
        }
    }
}
