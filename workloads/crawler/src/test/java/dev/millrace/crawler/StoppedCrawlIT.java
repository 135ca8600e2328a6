package dev.millrace.crawler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.Millrace;
import dev.millrace.State;
import dev.millrace.postgres.PostgresStore;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a crawl that was cut off in the middle of a turn means to the crawls after it. */
class StoppedCrawlIT {

    private final TestDatabase database = TestDatabase.fresh();
    private final SmallWeb web = new SmallWeb();
    private final AtomicBoolean slow = new AtomicBoolean(true);
    private final CountDownLatch begun = new CountDownLatch(1);
    private Millrace millrace;
    private Crawler crawler;

    @BeforeEach
    void open() {
        var connections = database.connections();
        millrace = Millrace.on(new PostgresStore(connections));
        crawler = Crawler.on(millrace, connections);
        web.page("/other").page("/", "/slow").on("/slow", exchange -> {
            begun.countDown();
            if (slow.get()) new CountDownLatch(1).await();
            SmallWeb.send(exchange, 200, "text/html", "<title>at last");
        });
    }

    @AfterEach
    void close() {
        millrace.close();
        crawler.close();
        web.close();
        database.close();
    }

    private CrawlSettings settings(String path) {
        return CrawlSettings.of(web.at(path)).allowPrivate(true).delay(Duration.ZERO);
    }

    /** Its job waits now, and holds the server. */
    private void beginAndCutOff() throws InterruptedException {
        try (var run = crawler.open(settings("/"))) {
            run.start(UnaryOperator.identity());
            begun.await();
            run.node().orElseThrow().drain(Duration.ZERO);
        }
        slow.set(false);
        assertThat(database.number("SELECT count(*) FROM millrace_crawl.server WHERE holder IS NOT NULL"))
                .isEqualTo(1);
    }

    private long turns(State state) {
        return millrace.operations("test")
                .list(f -> f.kind("crawl-host").state(state))
                .size();
    }

    private CrawlProgress finished(CrawlRun run) throws InterruptedException {
        run.start(UnaryOperator.identity());
        assertThat(run.await(Duration.ofSeconds(30)))
                .as(() -> run.progress().toString())
                .isTrue();
        return run.progress();
    }

    @Test
    void another_crawl_of_its_host_goes_ahead() throws Exception {
        beginAndCutOff();

        try (var another = crawler.open(settings("/other"))) {
            assertThat(finished(another).pages()).isEqualTo(1);
        }
        try (var again = crawler.open(settings("/"))) {
            assertThat(finished(again).pages()).isEqualTo(2);
        }
    }

    @Test
    void stopped_in_order_it_ends_behind_the_page_in_flight_and_repeats_none() throws Exception {
        for (int i = 0; i < 200; i++) web.page("/p" + i, "/p" + (i + 1));
        int before;
        long stopping;
        var patient = settings("/p0").maxDepth(1_000);
        try (var run = crawler.open(patient)) {
            run.start(UnaryOperator.identity());
            await().until(() -> web.requestsFor("/p5") == 1);
            before = web.requests().size();
            stopping = System.nanoTime();
        }
        assertThat(Duration.ofNanos(System.nanoTime() - stopping)).isLessThan(Duration.ofSeconds(5));
        var fetched = web.requests().size();
        assertThat(database.number("SELECT count(*) FROM millrace_crawl.frontier WHERE started > tries"))
                .as("pages begun and not ended")
                .isZero();

        try (var run = crawler.open(patient)) {
            assertThat(finished(run).repeated()).isZero();
        }
        assertThat(fetched).isLessThan(before + 10);
        assertThat(web.requestsFor("/p199")).isEqualTo(1);
    }

    @Test
    void stopped_in_a_long_rest_it_does_not_wait_for_its_end() throws Exception {
        web.page("/rest", "/next").page("/next");
        long stopping;
        try (var run = crawler.open(settings("/rest").delay(Duration.ofSeconds(9)))) {
            run.start(UnaryOperator.identity());
            await().until(() -> database.number("SELECT sum(started) FROM millrace_crawl.frontier") > 0);
            stopping = System.nanoTime();
        }
        assertThat(Duration.ofNanos(System.nanoTime() - stopping)).isLessThan(Duration.ofSeconds(5));
        assertThat(database.number("SELECT sum(started - tries) FROM millrace_crawl.frontier"))
                .isZero();
    }

    @Test
    void begun_anew_it_leaves_nothing_behind() throws Exception {
        beginAndCutOff();

        try (var anew = crawler.restart(settings("/"))) {
            assertThat(turns(State.CANCELLED)).isEqualTo(1);
            assertThat(finished(anew).pages()).isEqualTo(2);
        }

        assertThat(turns(State.AVAILABLE) + turns(State.SCHEDULED)).isZero();
        assertThat(database.number("SELECT count(*) FROM millrace_crawl.crawl")).isEqualTo(1);
    }

    @Test
    void what_a_restart_did_not_get_to_is_done_by_the_next_crawl() throws Exception {
        beginAndCutOff();
        database.run("UPDATE millrace_crawl.crawl SET state = 'removed', identity = identity || ' removed'");

        try (var another = crawler.open(settings("/other"))) {
            assertThat(finished(another).pages()).isEqualTo(1);
        }

        assertThat(turns(State.CANCELLED)).isEqualTo(1);
        assertThat(database.number("SELECT count(*) FROM millrace_crawl.crawl")).isEqualTo(1);
    }
}
