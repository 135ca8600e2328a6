package dev.millrace.crawler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Millrace;
import dev.millrace.postgres.PostgresStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CrawlTest {

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
            assertThat(run.await(Duration.ofSeconds(20)))
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
        assertThat(byUrl().get(web.at("/a")).get("title").asString()).isEqualTo("Page /a");
        assertThat(summary.progress().pages()).isEqualTo(3);
        assertThat(summary.failures()).isEqualTo(Map.of("STATUS_CLIENT_ERROR", 1L));
    }
}
