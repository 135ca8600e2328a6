package dev.millrace.app.cli;

import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.NodeBuilder;
import dev.millrace.app.console.Durations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.Database;
import dev.millrace.app.database.DatabaseOptions;
import dev.millrace.app.database.NodeRecord;
import dev.millrace.app.embedded.EmbeddedServer;
import dev.millrace.app.wire.Json;
import dev.millrace.crawler.CrawlProgress;
import dev.millrace.crawler.CrawlRun;
import dev.millrace.crawler.CrawlSettings;
import dev.millrace.crawler.CrawlSummary;
import dev.millrace.crawler.Crawler;
import dev.millrace.crawler.scope.Reach;
import dev.millrace.postgres.PostgresStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Crawls a site. */
@Command(
        name = "crawl",
        description = {
            "Crawl a site, politely and durably. Typed again after a crash or a Ctrl-C, it goes on where it was; typed again after the end, it writes the file anew.",
            "Each page is a line of JSON in the file: url, finalUrl, status, contentType, fetchedAt, tookMillis, title, text, links, sha256, or error."
        },
        footer = {
            "  millrace crawl https://docs.example.org/ --out pages.jsonl",
            "  millrace crawl https://example.org/guide/ --reach folder --max-pages 500 --delay 2s",
            "  millrace crawl https://example.org/ --exclude '/archive/**' --user-agent 'acme-bot (+https://acme.example/bot)'",
            "  millrace crawl http://127.0.0.1:8000/ --allow-private --delay 0 --restart"
        })
public final class CrawlCommand implements Callable<Integer> {

    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration LINE = Duration.ofSeconds(5);
    private static final int CONNECTIONS = PostgresStore.NODE_CONNECTIONS + 26;
    private static final int SLOTS = 64;

    @Parameters(paramLabel = "URL", description = "Where to begin: http or https.")
    String url = "";

    @Option(names = "--out", paramLabel = "FILE", description = "Write pages to this file as they come, one line of JSON each.")
    @Nullable
    Path out;

    @Option(names = "--max-pages", paramLabel = "N", description = "Stop after so many pages. Default: 1,000,000.")
    @Nullable
    Long maxPages;

    @Option(names = "--max-depth", paramLabel = "N", description = "No pages that are more links away from the first.")
    @Nullable
    Integer maxDepth;

    @Option(
            names = "--reach",
            paramLabel = "HOW_FAR",
            defaultValue = "HOST",
            description = "folder, host, domain or anywhere. Default: host, with its port.")
    Reach reach = Reach.HOST;

    @Option(
            names = "--include",
            paramLabel = "PATTERN",
            description = "Only pages that match: a glob such as /guide/**, or re:EXPRESSION (RE2). May be repeated.")
    List<String> include = List.of();

    @Option(names = "--exclude", paramLabel = "PATTERN", description = "No pages that match. May be repeated.")
    List<String> exclude = List.of();

    @Option(
            names = "--delay",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "Rest between two requests to a host. Default: 1s; a longer one that robots.txt asks for is kept.")
    @Nullable
    Duration delay;

    @Option(names = "--user-agent", paramLabel = "TEXT", description = "Who it says it is. Default: Millrace and its version.")
    @Nullable
    String userAgent;

    @Option(
            names = "--allow-private",
            description = "Also fetch from private networks and this machine, which are refused otherwise.")
    boolean allowPrivate;

    @Option(names = "--restart", description = "Forget what is known of this crawl and begin anew.")
    boolean restart;

    @Mixin
    DatabaseOptions database = new DatabaseOptions();

    @Mixin
    Common common = new Common();

    private final Shell shell;

    public CrawlCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws InterruptedException {
        var settings = settings(); // a wrong option is told before anything is opened
        var signals = Signals.caught();
        try (var db = database.open("millrace crawl", CONNECTIONS, shell.console());
                var millrace = Millrace.on(new PostgresStore(db.dataSource()));
                var crawler = Crawler.on(millrace, db.dataSource(), shell.world());
                var run = restart ? crawler.restart(settings) : crawler.open(settings)) {
            if (out != null) run.export(out);
            boolean finished = crawl(run, db, signals);
            var summary = run.summary();
            tell(summary, finished);
            return (finished ? ExitCode.OK : ExitCode.INTERRUPTED).number();
        }
    }

    private CrawlSettings settings() {
        try {
            var settings = CrawlSettings.of(url)
                    .reach(reach)
                    .include(include)
                    .exclude(exclude)
                    .allowPrivate(allowPrivate);
            if (maxPages != null) settings = settings.maxPages(maxPages);
            if (maxDepth != null) settings = settings.maxDepth(maxDepth);
            if (delay != null) settings = settings.delay(delay);
            if (userAgent != null) settings = settings.userAgent(userAgent);
            return settings;
        } catch (MillraceException wrong) {
            throw new dev.millrace.app.console.CommandFailed(
                    ExitCode.USAGE, String.valueOf(wrong.getMessage()), wrong);
        }
    }

    @SuppressWarnings("try") // a resource that is only there to be closed
    private boolean crawl(CrawlRun run, Database db, Signals signals) throws InterruptedException {
        if (run.existed() && !restart) say(run.progress().finished() ? "This crawl has finished; --restart begins anew." : "Going on with this crawl.");
        run.start(node -> prepared(node, db));
        var node = run.node();
        if (node.isEmpty()) return watch(run, signals);
        try (var record = NodeRecord.of(node.get(), db, shell.world())) {
            return watch(run, signals);
        }
    }

    private static NodeBuilder prepared(NodeBuilder node, Database db) {
        var named = node.name("crawl-" + ProcessHandle.current().pid()).slots(SLOTS);
        db.server().flatMap(EmbeddedServer::previousNode).ifPresent(named::takeOver);
        return named;
    }

    private boolean watch(CrawlRun run, Signals signals) throws InterruptedException {
        var progress = new Progress();
        while (!run.await(LOOK)) {
            if (signals.asked()) {
                progress.end();
                return false;
            }
            progress.show(run.progress());
        }
        progress.end();
        return true;
    }

    /** One line that is written over on a terminal; a line every few seconds elsewhere; nothing for programs. */
    private final class Progress {
        private long lastLine = shell.world().nanoTime();
        private long lastPages = -1;
        private long lastLook;
        private double rate;
        private boolean drawn;

        private void show(CrawlProgress now) {
            if (common.json()) return;
            measure(now);
            if (shell.console().terminal().err()) {
                shell.console().err().print("\r\u001b[2K" + bar(now));
                shell.console().err().flush();
                drawn = true;
            } else if (shell.world().nanoTime() - lastLine >= LINE.toNanos()) {
                lastLine = shell.world().nanoTime();
                shell.console().say(text(now));
            }
        }

        private void measure(CrawlProgress now) {
            long at = shell.world().nanoTime();
            long done = now.pages() + now.failed() + now.redirects();
            if (lastPages >= 0 && at > lastLook) {
                double current = (done - lastPages) / ((at - lastLook) / 1e9);
                rate = rate == 0 ? current : 0.8 * rate + 0.2 * current;
            }
            lastPages = done;
            lastLook = at;
        }

        private String bar(CrawlProgress now) {
            long done = now.pages() + now.failed() + now.redirects();
            int width = 24;
            int filled = (int) (width * done / Math.max(1, done + now.pending()));
            var line = "[" + "█".repeat(filled) + "·".repeat(width - filled) + "] " + text(now);
            int columns = shell.console().terminal().width() - 1;
            return line.length() <= columns ? line : line.substring(0, columns);
        }

        private String text(CrawlProgress now) {
            var estimate = rate < 0.01 || now.pending() == 0
                    ? ""
                    : ", about %s left of what is known".formatted(Durations.text(Duration.ofMillis((long) (now.pending() / rate * 1_000))));
            return "%,d pages, %,d failed, %,d waiting, %.1f a second%s".formatted(now.pages(), now.failed(), now.pending(), rate, estimate);
        }

        private void end() {
            if (drawn) shell.console().err().println();
        }
    }

    private void say(String line) {
        if (!common.json()) shell.console().say(line);
    }

    private void tell(CrawlSummary summary, boolean finished) {
        if (common.json()) {
            shell.console().print(Json.write(json(summary, finished)));
            return;
        }
        var p = summary.progress();
        var console = shell.console();
        console.print(finished ? "Finished: " + summary.seed() : "Stopped before its end; the same command goes on: " + summary.seed());
        console.print("  pages                 %,10d".formatted(p.pages()));
        console.print("  failures              %,10d".formatted(p.failed()));
        new TreeMap<>(summary.failures()).forEach((reason, count) -> console.print("    %-20s%,10d".formatted(reason, count)));
        console.print("  redirects             %,10d".formatted(p.redirects()));
        console.print("  forbidden by robots   %,10d".formatted(p.refused()));
        console.print("  bytes                 %,10d".formatted(p.bytes()));
        console.print("  duplicates avoided    %,10d".formatted(p.duplicates()));
        console.print("  fetched more than once%,10d".formatted(p.repeated()));
        console.print("  rate                  %,10.1f pages a second in this run, %s".formatted(summary.rate(), Durations.text(summary.took())));
        if (summary.stoppedAtMax()) console.print("  --max-pages was reached; %,d more are known.".formatted(p.pending()));
        if (out != null) console.print("  file                  " + out);
    }

    private static tools.jackson.databind.JsonNode json(CrawlSummary summary, boolean finished) {
        var p = summary.progress();
        var said = Json.object()
                .put("seed", summary.seed())
                .put("finished", finished)
                .put("pages", p.pages())
                .put("failed", p.failed())
                .put("redirects", p.redirects())
                .put("forbiddenByRobots", p.refused())
                .put("pending", p.pending())
                .put("bytes", p.bytes())
                .put("duplicatesAvoided", p.duplicates())
                .put("fetchedMoreThanOnce", p.repeated())
                .put("stoppedAtMaxPages", summary.stoppedAtMax())
                .put("tookMillis", summary.took().toMillis())
                .put("pagesPerSecond", summary.rate());
        var failures = said.putObject("failures");
        new TreeMap<>(summary.failures()).forEach(failures::put);
        return said;
    }
}
