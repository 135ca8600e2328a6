package dev.millrace.crawler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.crawler.scope.Reach;
import dev.millrace.postgres.PostgresStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a crawl is after something broke in its middle. */
class CrashIT {

    private final TestDatabase database = TestDatabase.fresh();
    private final SmallWeb web = new SmallWeb();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        web.close();
        database.close();
    }

    private CrawlSettings settings(String path) {
        return CrawlSettings.of(web.at(path)).allowPrivate(true).delay(Duration.ZERO);
    }

    private void chain(int pages) {
        for (int i = 0; i < pages; i++) web.page("/" + i, "/" + (i + 1) % pages, "/" + (i + 2) % pages);
    }

    private Path file() {
        return folder.resolve("pages.jsonl");
    }

    private long lines() throws Exception {
        try (var lines = Files.lines(file())) {
            return lines.count();
        }
    }

    @Test
    void whatever_step_breaks_each_page_is_there_once() throws Exception {
        chain(40);
        var connections = database.connections();
        var flaky = new FlakyConnections(connections, 61);

        try (var millrace = Millrace.on(new PostgresStore(connections));
                var crawler = Crawler.on(millrace, flaky);
                var run = crawler.open(settings("/0"))) {
            run.start(UnaryOperator.identity());
            flaky.breakFromNowOn();
            await().atMost(Duration.ofSeconds(60))
                    .until(() ->
                            database.number("SELECT count(*) FROM millrace_crawl.crawl WHERE state = 'finished'") == 1);
        }

        assertThat(flaky.broken()).isGreaterThan(3);
        assertThat(database.number("SELECT count(*) FROM millrace_crawl.page")).isEqualTo(40);
        assertThat(database.number("SELECT sum(pages) FROM millrace_crawl.crawl_host"))
                .isEqualTo(40);
        assertThat(database.number("SELECT sum(pending) FROM millrace_crawl.crawl_host"))
                .isZero();
        assertThat(web.requests().size()).isLessThanOrEqualTo(41 + flaky.broken());
    }

    @Test
    void a_database_that_goes_away_in_the_middle_is_waited_for() throws Exception {
        chain(40);
        var connections = database.connections();
        var flaky = new FlakyConnections(connections, 7);

        try (var millrace = Millrace.on(new PostgresStore(connections));
                var crawler = Crawler.on(millrace, flaky);
                var run = crawler.open(settings("/0").delay(Duration.ofMillis(20)))) {
            run.export(file());
            run.start(UnaryOperator.identity());
            flaky.breakFromNowOn();
            await().atMost(Duration.ofSeconds(30)).until(() -> {
                run.await(Duration.ofMillis(1));
                return run.trouble().isPresent();
            });
            flaky.heal();

            assertThat(run.await(Duration.ofSeconds(60))).isTrue();
            assertThat(run.trouble()).isEmpty();
            flaky.breakFromNowOn();
            assertThat(run.summary().progress().pages()).isEqualTo(40);
        }

        assertThat(lines()).isEqualTo(40);
    }

    @Test
    void a_node_that_was_deposed_during_a_fetch_records_nothing_of_it() throws Exception {
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        web.page("/", "/slow").on("/slow", exchange -> {
            if (begun.getCount() > 0) {
                begun.countDown();
                go.await();
                SmallWeb.send(exchange, 200, "text/html", "<title>from the dead");
            } else {
                SmallWeb.send(exchange, 200, "text/html", "<title>from the living");
            }
        });
        var connections = database.connections();

        try (var millrace = Millrace.on(new PostgresStore(connections));
                var crawler = Crawler.on(millrace, connections);
                var run = crawler.open(settings("/"))) {
            run.start(UnaryOperator.identity());
            begun.await();
            database.run("UPDATE millrace.node SET epoch = epoch + 1, state = 'deposed'");
            go.countDown();
            assertThat(run.await(Duration.ofSeconds(60))).isTrue();

            assertThat(run.summary().progress().repeated()).isEqualTo(1);
        }

        assertThat(database.number("SELECT count(*) FROM millrace_crawl.page WHERE title = 'from the living'"))
                .isEqualTo(1);
        assertThat(web.requestsFor("/slow")).isEqualTo(2);
    }

    @Test
    void no_host_is_forgotten_however_turns_end_while_others_find_its_pages() throws Exception {
        var random = new Random(7);
        int pages = 300;
        for (int i = 0; i < pages; i++) {
            var next = web.at(1 + random.nextInt(20), "/" + (i + 1) % pages);
            var other = web.at(1 + random.nextInt(20), "/" + random.nextInt(pages));
            web.page("/" + i, next, other);
        }
        var connections = database.connections();

        CrawlProgress progress;
        try (var millrace = Millrace.on(new PostgresStore(connections));
                var crawler = Crawler.on(millrace, connections);
                var run = crawler.open(settings("/0").reach(Reach.ANYWHERE))) {
            run.start(UnaryOperator.identity());
            assertThat(run.await(Duration.ofSeconds(60)))
                    .as(() -> run.progress() + " " + millrace.operations("test").list(f -> f))
                    .isTrue();
            progress = run.progress();
        }

        assertThat(database.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))
                .isZero();
        assertThat(progress.pending()).isZero();
        assertThat(progress.pages()).isGreaterThanOrEqualTo(pages);
        assertThat(database.number("SELECT count(*) FROM millrace_crawl.frontier WHERE state = 'pending'"))
                .isZero();
        assertThat(database.number("SELECT count(*) FROM millrace_crawl.crawl_host WHERE job IS NOT NULL"))
                .isZero();
    }

    @Test
    void a_file_is_cut_to_what_is_known_of_it_and_goes_on() throws Exception {
        chain(10);
        var connections = database.connections();
        try (var millrace = Millrace.on(new PostgresStore(connections));
                var crawler = Crawler.on(millrace, connections)) {
            try (var run = crawler.open(settings("/0").maxPages(4))) {
                run.export(file());
                run.start(UnaryOperator.identity());
                assertThat(run.await(Duration.ofSeconds(30))).isTrue();
            }
            var committed = Files.readString(file());
            Files.writeString(file(), "{\"url\":\"half a li", StandardOpenOption.APPEND);

            try (var run = crawler.open(settings("/0"))) {
                run.export(file());
                assertThat(Files.readString(file())).isEqualTo(committed);
                run.start(UnaryOperator.identity());
                assertThat(run.await(Duration.ofSeconds(30))).isTrue();
            }

            assertThat(Files.readString(file())).startsWith(committed);
            assertThat(lines()).isEqualTo(10);
        }
    }

    @Test
    void a_file_that_is_gone_or_too_short_is_written_anew() throws Exception {
        chain(5);
        var connections = database.connections();
        try (var millrace = Millrace.on(new PostgresStore(connections));
                var crawler = Crawler.on(millrace, connections)) {
            try (var run = crawler.open(settings("/0"))) {
                run.export(file());
                run.start(UnaryOperator.identity());
                assertThat(run.await(Duration.ofSeconds(30))).isTrue();
            }
            var whole = Files.readString(file());
            Files.writeString(file(), whole.substring(0, 50));

            try (var run = crawler.open(settings("/0"))) {
                run.export(file());
            }
            assertThat(Files.readString(file())).isEqualTo(whole);

            Files.delete(file());
            try (var run = crawler.open(settings("/0"))) {
                run.export(file());
            }
            assertThat(Files.readString(file())).isEqualTo(whole);
        }
    }

    @Test
    void after_a_restore_the_file_is_written_anew() throws Exception {
        chain(5);
        var connections = database.connections();
        try (var millrace = Millrace.on(new PostgresStore(connections));
                var crawler = Crawler.on(millrace, connections)) {
            try (var run = crawler.open(settings("/0"))) {
                run.export(file());
                run.start(UnaryOperator.identity());
                assertThat(run.await(Duration.ofSeconds(30))).isTrue();
            }
            database.run("UPDATE millrace_crawl.export SET cluster = 1, snap = '999999:999999:'");

            try (var run = crawler.open(settings("/0"))) {
                run.export(file());
            }

            assertThat(lines()).isEqualTo(5);
        }
    }

    @Test
    void a_file_has_one_writer_and_is_no_file_of_somebody_else() throws Exception {
        chain(3);
        var connections = database.connections();
        try (var millrace = Millrace.on(new PostgresStore(connections));
                var crawler = Crawler.on(millrace, connections);
                var one = crawler.open(settings("/0"));
                var two = crawler.open(settings("/1"))) {
            one.export(file());

            assertThatThrownBy(() -> two.export(file()))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("another crawl is writing it");

            Files.writeString(folder.resolve("thesis.txt"), "Chapter 1");
            assertThatThrownBy(() -> two.export(folder.resolve("thesis.txt")))
                    .hasMessageContaining("was not written by a crawl");
            assertThat(folder.resolve("thesis.txt")).hasContent("Chapter 1");
        }
    }

    @Test
    void a_restart_forgets_nothing_if_its_file_cant_be_written() throws Exception {
        chain(3);
        var connections = database.connections();
        try (var millrace = Millrace.on(new PostgresStore(connections));
                var crawler = Crawler.on(millrace, connections)) {
            try (var run = crawler.open(settings("/0"))) {
                run.export(file());
                run.start(UnaryOperator.identity());
                assertThat(run.await(Duration.ofSeconds(30))).isTrue();
            }
            var pages = Files.readString(file());

            assertThatThrownBy(() -> crawler.restart(settings("/0"), folder.resolve("no/such/folder")))
                    .hasMessageContaining("folder does not exist");
            try (var other = crawler.open(settings("/0"))) {
                other.export(file());
                assertThatThrownBy(() -> crawler.restart(settings("/0"), file()))
                        .hasMessageContaining("another crawl is writing it");
            }

            assertThat(database.number("SELECT count(*) FROM millrace_crawl.page"))
                    .isEqualTo(3);
            assertThat(file()).hasContent(pages);
            try (var anew = crawler.restart(settings("/0"), file())) {
                assertThat(file()).isEmptyFile();
                assertThat(anew.progress().pages()).isZero();
            }
        }
    }

    @Test
    void the_pages_of_another_crawl_are_not_overwritten_until_it_is_forgotten() throws Exception {
        chain(3);
        var connections = database.connections();
        try (var millrace = Millrace.on(new PostgresStore(connections));
                var crawler = Crawler.on(millrace, connections)) {
            try (var run = crawler.open(settings("/0"))) {
                run.export(file());
                run.start(UnaryOperator.identity());
                assertThat(run.await(Duration.ofSeconds(30))).isTrue();
            }
            var pages = Files.readString(file());

            try (var another = crawler.open(settings("/1"))) {
                assertThatThrownBy(() -> another.export(file()))
                        .hasMessageContaining("the pages of another crawl, of " + web.at("/0"));
                assertThatThrownBy(() -> crawler.restart(settings("/1"), file()))
                        .hasMessageContaining("the pages of another crawl, of " + web.at("/0"));
                assertThat(file()).hasContent(pages);

                Files.copy(file(), folder.resolve("copy.jsonl"));
                assertThatThrownBy(() -> another.export(folder.resolve("copy.jsonl")))
                        .hasMessageContaining("this database does not know");

                crawler.restart(settings("/0")).close();
                another.export(file());
                assertThat(file()).isEmptyFile();
            }
        }
    }
}
