package dev.millrace.crawler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.Millrace;
import dev.millrace.crawler.robots.RobotsFile;
import dev.millrace.crawler.scope.Reach;
import dev.millrace.postgres.PostgresStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CrawlIT {

    private final TestDatabase database = TestDatabase.fresh();
    private final SmallWeb web = new SmallWeb();

    @TempDir
    Path folder;

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

    private CrawlSettings settings(String path) {
        return CrawlSettings.of(web.at(path)).allowPrivate(true).delay(Duration.ZERO);
    }

    private CrawlSummary crawl(CrawlSettings settings) throws InterruptedException {
        try (var run = crawler.open(settings)) {
            run.export(folder.resolve("pages.jsonl"));
            run.start(UnaryOperator.identity());
            assertThat(run.await(Duration.ofSeconds(60)))
                    .as(() -> run.progress() + " " + millrace.operations("test").list(f -> f))
                    .isTrue();
            return run.summary();
        }
    }

    private List<JsonNode> lines() throws IOException {
        var json = JsonMapper.builder().build();
        return Files.readAllLines(folder.resolve("pages.jsonl")).stream()
                .map(json::readTree)
                .toList();
    }

    private Map<String, JsonNode> byUrl() throws IOException {
        return lines().stream().collect(Collectors.toMap(line -> line.get("url").asString(), line -> line));
    }

    @Test
    void each_page_of_a_site_is_one_line() throws Exception {
        web.page("/", "/a", "/b").page("/a", "/", "/b#part", "/b?utm_source=x").page("/b", "a", "/missing");

        var summary = crawl(settings("/"));

        assertThat(byUrl().keySet())
                .containsExactlyInAnyOrder(web.at("/"), web.at("/a"), web.at("/b"), web.at("/missing"));
        assertThat(java.util.Objects.requireNonNull(byUrl().get(web.at("/a")))
                        .get("title")
                        .asString())
                .isEqualTo("Page /a");
        assertThat(summary.progress().pages()).isEqualTo(3);
        assertThat(summary.failures()).isEqualTo(Map.of("STATUS_CLIENT_ERROR", 1L));
    }

    /** Two hundred pages in a tree, each linking up, across, and in spellings that are the same page. */
    private void manyPages() {
        for (int i = 0; i < 200; i++) {
            var links = new ArrayList<String>();
            for (int child = 2 * i + 1; child <= 2 * i + 2 && child < 200; child++) links.add("/p" + child);
            links.add("/p" + (i * 7 % 200) + "#part");
            links.add("/p" + (i * 11 % 200) + "?utm_source=mail");
            links.add("p" + (i * 13 % 200));
            links.add("/x/../p" + i);
            if (i % 10 == 0) links.addAll(List.of("/file" + i + ".zip", "/moved" + i, "/gone" + i, "/private/" + i));
            web.page("/p" + i, links.toArray(String[]::new));
            web.on("/file" + i + ".zip", exchange -> SmallWeb.send(exchange, 200, "application/zip", "PK binary"));
            web.redirect("/moved" + i, "/p" + (i + 1) % 200);
            web.status("/gone" + i, 410);
        }
        web.page("/ring", "/ring1")
                .redirect("/ring1", "/ring2")
                .redirect("/ring2", "/ring3")
                .redirect("/ring3", "/ring1");
        web.page("/p199", "/ring");
        web.robots("User-agent: *\nDisallow: /private/");
    }

    /** What a plain breadth-first walk finds, by another client and other code: URL and status. */
    private Map<String, Integer> walk(String seed) throws Exception {
        var found = new LinkedHashMap<String, Integer>();
        var queue = new ArrayDeque<>(List.of(URI.create(seed)));
        var client = HttpClient.newHttpClient();
        while (!queue.isEmpty()) {
            var page = queue.poll();
            if (found.containsKey(page.toString())) continue;
            var answer = client.send(HttpRequest.newBuilder(page).build(), BodyHandlers.ofString());
            found.put(page.toString(), answer.statusCode());
            answer.headers().firstValue("Location").ifPresent(to -> queue.add(page.resolve(to)));
            var links = Pattern.compile("href=\"([^\"]*)\"").matcher(answer.body());
            while (links.find()) {
                var link = page.resolve(links.group(1).replaceAll("[?#].*", "")).normalize();
                if (!link.getPath().startsWith("/private/")) queue.add(link);
            }
        }
        return found;
    }

    @Test
    void a_crawl_finds_what_an_independent_walker_finds() throws Exception {
        manyPages();
        var expected = walk(web.at("/p0"));

        var summary = crawl(settings("/p0"));

        var lines = byUrl();
        assertThat(lines.keySet()).isEqualTo(expected.keySet());
        lines.forEach(
                (url, line) -> assertThat(line.get("status").asInt()).as(url).isEqualTo(expected.get(url)));
        assertThat(summary.failures()).containsEntry("STATUS_CLIENT_ERROR", 20L).containsEntry("REDIRECT_LOOP", 1L);
        assertThat(summary.progress().refused()).isEqualTo(20);
        assertThat(summary.progress().repeated())
                .as("%s", millrace.operations("test").list(f -> f))
                .isZero();
        assertThat(web.requests().stream().map(SmallWeb.Request::path).filter(path -> path.startsWith("/private")))
                .isEmpty();
    }

    @Test
    void what_is_asked_for_again_when_it_has_finished_is_not_fetched_again() throws Exception {
        web.page("/", "/a").page("/a");
        crawl(settings("/"));
        var before = web.requests().size();

        try (var run = crawler.open(settings("/"))) {
            run.start(UnaryOperator.identity());

            assertThat(run.existed()).isTrue();
            assertThat(run.await(Duration.ZERO)).isTrue();
            assertThat(web.requests()).hasSize(before);
        }
    }

    @Test
    void a_restart_begins_anew_and_writes_the_file_anew() throws Exception {
        web.page("/", "/a").page("/a");
        crawl(settings("/"));
        web.page("/", "/b").page("/b");

        try (var run = crawler.restart(settings("/"))) {
            run.export(folder.resolve("pages.jsonl"));
            run.start(UnaryOperator.identity());
            assertThat(run.await(Duration.ofSeconds(30))).isTrue();
        }

        assertThat(byUrl().keySet()).containsExactlyInAnyOrder(web.at("/"), web.at("/b"));
    }

    @Test
    void never_more_pages_than_the_largest_number_and_more_when_it_is_raised() throws Exception {
        manyPages();

        var first = crawl(settings("/p0").maxPages(37));
        var second = crawl(settings("/p0").maxPages(61));

        assertThat(first.progress().pages() + first.progress().failed()).isEqualTo(37);
        assertThat(first.stoppedAtMax()).isTrue();
        assertThat(second.progress().pages() + second.progress().failed()).isEqualTo(61);
        assertThat(byUrl()).hasSize((int) (61 + second.progress().redirects()));
    }

    @Test
    void not_even_failures_of_a_host_that_is_given_up_are_more_than_the_largest_number() throws Exception {
        int nobody;
        try (var closed = new SmallWeb()) {
            nobody = closed.port();
        }
        var links = new ArrayList<String>();
        for (int i = 0; i < 20; i++) links.add("http://127.0.0.2:" + nobody + "/" + i);
        web.page("/", links.toArray(String[]::new));
        var settings = settings("/")
                .reach(Reach.ANYWHERE)
                .limits(CrawlSettings.Limits.defaults().attempts(1));

        var some = crawl(settings.maxPages(5)).progress();
        var all = crawl(settings.maxPages(30)).progress();

        assertThat(some.pages()).isEqualTo(1);
        assertThat(some.failed()).isEqualTo(4);
        assertThat(some.pending()).isEqualTo(16);
        assertThat(all.failed()).isEqualTo(20);
        assertThat(lines()).hasSize(21);
    }

    @Test
    void a_page_deeper_than_allowed_is_not_fetched() throws Exception {
        web.page("/", "/1").page("/1", "/2").page("/2", "/3").page("/3");

        crawl(settings("/").maxDepth(2));

        assertThat(byUrl().keySet()).containsExactlyInAnyOrder(web.at("/"), web.at("/1"), web.at("/2"));
    }

    @Test
    void a_page_that_fails_in_passing_is_fetched_again_and_one_that_fails_for_good_is_not() throws Exception {
        var asked = new AtomicInteger();
        web.page("/", "/shaky", "/gone")
                .on("/shaky", exchange -> {
                    if (asked.incrementAndGet() == 1) SmallWeb.send(exchange, 502, "text/html", "");
                    else SmallWeb.send(exchange, 200, "text/html", "<p>well again");
                })
                .status("/gone", 404);

        crawl(settings("/"));

        assertThat(java.util.Objects.requireNonNull(byUrl().get(web.at("/shaky")))
                        .get("status")
                        .asInt())
                .isEqualTo(200);
        assertThat(web.requestsFor("/shaky")).isEqualTo(2);
        assertThat(web.requestsFor("/gone")).isEqualTo(1);
    }

    @Test
    void a_host_that_cant_be_reached_is_given_up_with_the_reason() throws Exception {
        web.close();

        var summary = crawl(settings("/").limits(CrawlSettings.Limits.defaults().attempts(1)));

        assertThat(summary.failures()).isEqualTo(Map.of("UNREACHABLE", 1L));
        assertThat(lines().getFirst().get("error").asString())
                .contains("127.0.0.1")
                .contains("given up");
    }

    @Test
    void a_seed_that_sends_to_another_host_is_at_home_there() throws Exception {
        try (var there = new SmallWeb()) {
            var www = "http://localhost:" + there.port();
            web.redirect("/", www + "/");
            there.redirect("/", "/en/")
                    .page("/en/", "/en/a", "http://127.0.0.2:" + there.port() + "/elsewhere")
                    .page("/en/a", "/moved")
                    .redirect("/moved", "http://127.0.0.2:" + there.port() + "/elsewhere");

            var summary = crawl(settings("/"));

            assertThat(byUrl().keySet())
                    .containsExactlyInAnyOrder(web.at("/"), www + "/", www + "/en/", www + "/en/a", www + "/moved");
            assertThat(summary.progress().pages()).isEqualTo(2);
            assertThat(summary.nothing()).isNull();
        }
    }

    @Test
    void a_crawl_without_a_page_says_why() throws Exception {
        web.redirect("/", "/private/").robots("User-agent: *\nDisallow: /private/");
        web.redirect("/out", "/excluded");

        assertThat(crawl(settings("/")).nothing()).contains("robots.txt").contains("Disallow: /private/");
        try (var run = crawler.open(settings("/out").exclude(List.of("/excluded")))) {
            run.start(UnaryOperator.identity());
            assertThat(run.await(Duration.ofSeconds(60))).isTrue();
            assertThat(run.summary().nothing()).contains("sends to").contains("keep out");
        }
    }

    @Test
    void a_private_address_is_refused_unless_it_is_allowed() throws Exception {
        web.page("/");

        var summary = crawl(CrawlSettings.of(web.at("/")).delay(Duration.ZERO));

        assertThat(summary.failures()).isEqualTo(Map.of("REFUSED_ADDRESS", 1L));
        assertThat(web.requests()).isEmpty();
    }

    @Test
    void a_robots_txt_that_fails_makes_the_crawl_wait_and_in_the_end_give_up() throws Exception {
        web.page("/").status("/robots.txt", 500);

        var summary = crawl(settings("/").limits(CrawlSettings.Limits.defaults().robotsPatience(Duration.ZERO)));

        assertThat(summary.failures()).isEqualTo(Map.of("STATUS_SERVER_ERROR", 1L));
        assertThat(web.requestsFor("/")).isZero();
    }

    @Test
    void a_crawl_that_waits_says_for_what() throws Exception {
        web.page("/").status("/robots.txt", 503);

        try (var run = crawler.open(settings("/"))) {
            run.start(UnaryOperator.identity());
            await().atMost(Duration.ofSeconds(30)).until(() -> run.progress().stands());

            var waiting = java.util.Objects.requireNonNull(run.progress().waiting());
            assertThat(waiting.hosts()).isEqualTo(1);
            assertThat(waiting.host()).isEqualTo("127.0.0.1");
            assertThat(waiting.why()).contains("robots.txt").contains("503");
            assertThat(waiting.left()).isBetween(Duration.ofSeconds(20), Duration.ofSeconds(61));
        }
    }

    @Test
    void how_often_robots_txt_failed_in_an_earlier_run_does_not_count() throws Exception {
        var asked = new AtomicInteger();
        web.page("/").on("/robots.txt", exchange -> {
            if (asked.incrementAndGet() > 1) SmallWeb.send(exchange, 200, "text/plain", "");
        });
        var now = Instant.now();
        var trouble = new RobotsFile.Trouble(now.minusSeconds(3_600), 2, "nobody answered");
        var robots = new RobotsFile(RobotsFile.Standing.UNKNOWN, "", 0, now, now.plusSeconds(60), trouble);
        database.run("INSERT INTO millrace_crawl.robots (origin, file) VALUES ('%s', '%s')"
                .formatted(web.at(""), JsonMapper.builder().build().writeValueAsString(robots)));

        var summary = crawl(settings("/"));

        assertThat(summary.failures()).isEmpty();
        assertThat(summary.progress().pages()).isEqualTo(1);
        assertThat(asked.get()).isEqualTo(2);
    }

    @Test
    void two_crawls_on_two_nodes_never_have_two_requests_at_a_host_and_keep_its_delay() throws Exception {
        for (int i = 0; i < 6; i++) web.page("/a" + i, "/a" + (i + 1)).page("/b" + i, "/b" + (i + 1));
        var delay = Duration.ofMillis(300);
        var connections = database.connections();

        try (var other = Millrace.on(new PostgresStore(connections));
                var second = Crawler.on(other, connections);
                var a = crawler.open(settings("/a0").delay(delay).maxDepth(5));
                var b = second.open(settings("/b0").delay(delay).maxDepth(5))) {
            a.start(UnaryOperator.identity());
            b.start(UnaryOperator.identity());
            assertThat(a.await(Duration.ofSeconds(60))).isTrue();
            assertThat(b.await(Duration.ofSeconds(60))).isTrue();
        }

        assertThat(web.mostAtOnce()).isEqualTo(1);
        var requests = web.requests().stream()
                .sorted(Comparator.comparingLong(SmallWeb.Request::begin))
                .toList();
        assertThat(requests).hasSize(13); // robots.txt once, though two crawls asked
        for (int i = 1; i < requests.size(); i++) {
            var gap = Duration.ofNanos(
                    requests.get(i).begin() - requests.get(i - 1).end());
            assertThat(gap).as("before %s", requests.get(i)).isGreaterThanOrEqualTo(delay.minusMillis(20));
        }
    }

    @Test
    void two_ports_of_a_host_are_one_host_with_two_robots_files() throws Exception {
        var busy = new AtomicInteger();
        var mostAtOnce = new AtomicInteger();
        SmallWeb.Answer slow = exchange -> {
            mostAtOnce.accumulateAndGet(busy.incrementAndGet(), Math::max);
            Thread.sleep(20);
            busy.decrementAndGet();
            SmallWeb.send(exchange, 200, "text/html", "<title>slow");
        };
        try (var other = new SmallWeb()) {
            int nobody;
            try (var closed = new SmallWeb()) {
                nobody = closed.port();
            }
            var links = new ArrayList<String>();
            for (int i = 0; i < 10; i++) {
                web.on("/a" + i, slow);
                other.on("/b" + i, slow);
                links.add("/a" + i);
                links.add("http://127.0.0.1:" + other.port() + "/b" + i);
                links.add("http://127.0.0.1:" + nobody + "/c" + i);
            }
            web.page("/", links.toArray(String[]::new)).robots("User-agent: *\nDisallow: /b");
            other.robots("User-agent: *\nDisallow: /b9");

            var summary = crawl(settings("/")
                    .reach(Reach.ANYWHERE)
                    .limits(CrawlSettings.Limits.defaults().attempts(1)));

            assertThat(summary.progress().pages()).isEqualTo(20);
            assertThat(summary.progress().refused()).isEqualTo(1);
            assertThat(summary.failures()).isEqualTo(Map.of("UNREACHABLE", 10L));
            assertThat(mostAtOnce.get()).isEqualTo(1);
        }
    }

    @Test
    void two_hosts_of_a_crawl_find_each_other_and_the_crawl_ends_when_both_have() throws Exception {
        try (var there = new SmallWeb()) {
            var other = "http://localhost:" + there.port();
            for (int i = 0; i < 40; i++) {
                web.page("/p" + i, other + "/q" + i, "/p" + (i + 1));
                there.page("/q" + i, web.at("/p" + (i + 1)), web.at("/r" + i));
                web.page("/r" + i, other + "/s" + i);
                there.page("/s" + i);
            }

            var summary = crawl(settings("/p0").reach(Reach.ANYWHERE));

            assertThat(summary.progress().pages()).isEqualTo(160);
            assertThat(summary.failures()).isEqualTo(Map.of("STATUS_CLIENT_ERROR", 1L)); // the 41st
            assertThat(byUrl()).hasSize(161);
        }
    }
}
