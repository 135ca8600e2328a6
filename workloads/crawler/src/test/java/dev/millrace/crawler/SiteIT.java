package dev.millrace.crawler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.Millrace;
import dev.millrace.State;
import dev.millrace.postgres.PostgresStore;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SiteIT {

    record Article(String url, String title) {}

    private final TestDatabase database = TestDatabase.fresh();
    private final SmallWeb web = new SmallWeb();
    private Millrace millrace;
    private Crawler crawler;

    @BeforeEach
    void open() {
        var connections = database.connections();
        millrace = Millrace.on(new PostgresStore(connections));
        crawler = Crawler.on(millrace, connections);
    }

    @AfterEach
    void close() {
        millrace.close();
        crawler.close();
        web.close();
        database.close();
    }

    private Site docs() {
        return Site.of("docs", web.at("/")).delay(Duration.ZERO).with(s -> s.allowPrivate(true));
    }

    @Test
    void a_crawl_is_a_job_and_what_its_handler_saves_commits_with_the_page() {
        web.page("/", "/guide/a", "/other")
                .page("/guide/a", "/guide/b")
                .page("/guide/b")
                .page("/other");
        var docs = docs().include("/guide/**").page((page, visit) -> {
            visit.save(new Article(page.url(), page.title()));
            visit.followAll();
        });
        millrace.node().with(crawler.sites(docs)).start();

        var report = millrace.enqueue(new Crawl("docs")).get(Duration.ofSeconds(30));

        assertThat(report.pages()).isEqualTo(3);
        assertThat(report.complete()).isTrue();
        assertThat(database.number("SELECT count(*) FROM millrace_crawl.item WHERE type = 'Article'"))
                .isEqualTo(3);
    }

    @Test
    void asked_for_again_a_site_is_crawled_anew() {
        web.page("/", "/a").page("/a");
        millrace.node().with(crawler.sites(docs())).start();
        millrace.enqueue(new Crawl("docs")).get(Duration.ofSeconds(30));

        millrace.enqueue(new Crawl("docs")).get(Duration.ofSeconds(30));

        assertThat(web.requestsFor("/a")).isEqualTo(2);
    }

    @Test
    void a_handler_that_throws_fails_its_page_and_no_other() {
        web.page("/", "/bad", "/good").page("/bad").page("/good");
        var docs = docs().page((page, visit) -> {
            if (page.url().endsWith("/bad")) throw new IllegalStateException("no such table");
            visit.followAll();
        });
        millrace.node().with(crawler.sites(docs)).start();

        var report = millrace.enqueue(new Crawl("docs")).get(Duration.ofSeconds(30));

        assertThat(report.pages()).isEqualTo(2);
        assertThat(report.failures()).containsOnlyKeys("HANDLER");
    }

    @Test
    void a_cancelled_crawl_takes_its_turns_with_it() {
        for (int i = 0; i < 1_000; i++) web.page("/" + (i == 0 ? "" : i), "/" + (i + 1));
        var slow = docs().delay(Duration.ofMillis(50));
        millrace.node().with(crawler.sites(slow)).start();
        var job = millrace.enqueue(new Crawl("docs"));
        await().until(() -> web.requests().size() > 3);

        job.cancel("not wanted any more");
        await().atMost(Duration.ofSeconds(20))
                .until(() ->
                        database.number("SELECT count(*) FROM millrace_crawl.crawl WHERE state = 'finished'") == 1);

        assertThat(job.state()).isEqualTo(State.CANCELLED);
        assertThat(database.number("SELECT sum(pending) FROM millrace_crawl.crawl_host"))
                .isPositive();
        assertThat(web.requests().size()).isLessThan(500);
    }
}
