package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A crawl of a thousand pages by the real launcher, whose process and whose PostgreSQL are killed in the middle. `.ci/crawl-under-kill`
 * does the same with more kills, and with any site.
 */
@Execution(ExecutionMode.SAME_THREAD)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class CrawlUnderKillIT {

    private static final int PAGES = 1_000;

    @TempDir
    Path folder;

    private final Map<String, List<String>> links = new HashMap<>();
    private final Map<String, AtomicInteger> asked = new ConcurrentHashMap<>();
    private final AtomicInteger requests = new AtomicInteger();
    private HttpServer site;
    private Process crawl;

    @BeforeEach
    void begin() throws IOException {
        var random = new Random(7);
        for (int i = 0; i < PAGES; i++) {
            var found = new ArrayList<String>();
            for (int child = 2 * i + 1; child <= 2 * i + 2 && child < PAGES; child++) found.add("/p" + child);
            for (int n = 0; n < 5; n++) found.add("/p" + random.nextInt(PAGES) + (n == 0 ? "#part" : ""));
            if (i % 50 == 3) found.add("/gone" + i);
            links.put("/p" + i, found);
        }
        site = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
        site.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        site.createContext("/", this::answer);
        site.start();
        crawl = crawl();
    }

    @AfterEach
    void end() throws Exception {
        crawl.destroy();
        if (!crawl.waitFor(60, TimeUnit.SECONDS)) crawl.destroyForcibly().waitFor();
        site.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            var path = exchange.getRequestURI().toString();
            asked.computeIfAbsent(path, none -> new AtomicInteger()).incrementAndGet();
            requests.incrementAndGet();
            var found = links.get(path);
            var html = found == null
                    ? "<p>gone"
                    : found.stream().map("<a href='%s'>link</a>"::formatted).collect(Collectors.joining("\n"));
            var bytes = html.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "text/html");
            exchange.sendResponseHeaders(found == null ? 404 : 200, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    /** What can be reached, by a walk over the site's own table. */
    private Map<String, Integer> reachable() {
        var found = new TreeMap<String, Integer>();
        var queue = new ArrayDeque<>(List.of("/p0"));
        while (!queue.isEmpty()) {
            var path = queue.poll();
            var on = links.get(path);
            if (found.put(at(path), on == null ? 404 : 200) != null || on == null) continue;
            for (var link : on) queue.add(Pattern.compile("#.*").matcher(link).replaceAll(""));
        }
        return found;
    }

    private String at(String path) {
        return "http://127.0.0.1:" + site.getAddress().getPort() + path;
    }

    /** The same command each time. */
    private Process crawl() throws IOException {
        var root = Stream.iterate(Path.of("").toAbsolutePath(), Path::getParent)
                .filter(folder -> Files.isRegularFile(folder.resolve("millrace")))
                .findFirst()
                .orElseThrow();
        var builder = new ProcessBuilder(
                root.resolve("millrace").toString(),
                "crawl",
                at("/p0"),
                "--allow-private",
                "--delay",
                "0",
                "--out",
                folder.resolve("pages.jsonl").toString(),
                "--data",
                folder.resolve("data").toString());
        builder.environment().remove("MILLRACE_DATABASE");
        return builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(folder.resolve("crawl.log").toFile())
                .start();
    }

    private void awaitRequests(int count) throws IOException {
        Awaitility.await()
                .atMost(Duration.ofMinutes(5))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> requests.get() >= count || !crawl.isAlive());
        assertThat(crawl.isAlive()).as(() -> "it ended too early: " + said()).isTrue();
    }

    private String said() {
        try {
            return Files.readString(folder.resolve("crawl.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void each_page_is_found_once_whatever_is_killed() throws Exception {
        awaitRequests(PAGES / 4);
        crawl.destroyForcibly().waitFor();
        crawl = crawl();
        awaitRequests(PAGES / 2);
        var pid = Files.readAllLines(folder.resolve("data/postgres/cluster/postmaster.pid"))
                .getFirst();
        ProcessHandle.of(Long.parseLong(pid)).orElseThrow().destroyForcibly();
        awaitRequests(PAGES * 3 / 4);
        crawl.destroyForcibly().waitFor();
        crawl = crawl();
        assertThat(crawl.waitFor(5, TimeUnit.MINUTES)).isTrue();

        assertThat(crawl.exitValue()).as(said()).isZero();
        var json = new JsonMapper();
        var pages = Files.readAllLines(folder.resolve("pages.jsonl")).stream()
                .map(json::readTree)
                .collect(Collectors.toMap(
                        page -> page.get("url").stringValue(),
                        page -> page.get("status").intValue())); // refuses the same URL twice
        assertThat(new TreeMap<>(pages)).isEqualTo(reachable());
        asked.remove("/robots.txt");
        assertThat(asked.values().stream().mapToInt(AtomicInteger::get).sum())
                .as("one page in flight for each kill is asked for again")
                .isBetween(pages.size(), pages.size() + 3);
    }
}
