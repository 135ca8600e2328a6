package dev.millrace.app.cli;

import dev.millrace.Millrace;
import dev.millrace.NodeBuilder;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.Durations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Progress;
import dev.millrace.app.database.Database;
import dev.millrace.app.database.StoreOptions;
import dev.millrace.app.embedded.EmbeddedServer;
import dev.millrace.app.wire.Json;
import dev.millrace.crawler.CrawlProgress;
import dev.millrace.crawler.CrawlRun;
import dev.millrace.crawler.CrawlSettings;
import dev.millrace.crawler.CrawlSummary;
import dev.millrace.crawler.Crawler;
import dev.millrace.crawler.scope.Reach;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.UrlRules;
import dev.millrace.crawler.url.UrlRules.TrailingSlash;
import dev.millrace.postgres.PostgresStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Crawls a site. */
@Command(
        name = "crawl",
        description = {
            "Crawl a site, politely and durably, and write one line of JSON per page.",
            "The same command again continues where it was left, also after a crash; --restart begins anew."
        },
        footer = {
            "  millrace crawl https://docs.example.org/ --out pages.jsonl",
            "  millrace crawl https://docs.example.org/guide/ --reach folder --max-pages 500 --exclude '*.pdf'",
            "  millrace crawl http://127.0.0.1:8000/ --allow-private --delay 0 --out pages.jsonl",
        })
public final class CrawlCommand implements Callable<Integer> {

    /** Those that a node keeps, and some for pages that are being written. */
    private static final int CONNECTIONS = PostgresStore.NODE_CONNECTIONS + 18;

    private static final Duration LOOK = Duration.ofMillis(200);

    private final Shell shell;

    @Parameters(paramLabel = "URL", description = "Where it begins.")
    String url = "";

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "Where pages are written. Default: HOST.jsonl, in this folder.")
    @Nullable
    Path out;

    @Option(names = "--restart", description = "Forget what is known of this crawl, and begin anew.")
    boolean restart;

    @ArgGroup(exclusive = false, validate = false, heading = "%nWhich pages:%n")
    Which which = new Which();

    @ArgGroup(exclusive = false, validate = false, heading = "%nHow:%n")
    How how = new How();

    @ArgGroup(exclusive = false, validate = false, heading = "%nWhich spellings are one page:%n")
    Spelling spelling = new Spelling();

    @Mixin
    StoreOptions database = new StoreOptions();

    @Mixin
    Common common = new Common();

    /** Bounds. */
    static final class Which {
        @Option(
                names = "--reach",
                paramLabel = "R",
                description = "folder, host, domain or anywhere. Default: host, that of the URL.")
        Reach reach = Reach.HOST;

        @Option(
                names = "--include",
                paramLabel = "PATTERN",
                description = "Only pages like this: /guide/**, *.html, re:…; may be repeated.")
        List<String> include = List.of();

        @Option(names = "--exclude", paramLabel = "PATTERN", description = "No pages like this; may be repeated.")
        List<String> exclude = List.of();

        @Option(names = "--max-pages", paramLabel = "N", description = "At most so many. Default: 1,000,000.")
        long maxPages = 1_000_000;

        @Option(names = "--max-depth", paramLabel = "N", description = "At most so many links away from the URL.")
        @Nullable
        Integer maxDepth;
    }

    /** Manners. */
    static final class How {
        @Option(
                names = "--delay",
                paramLabel = "SPAN",
                converter = Durations.class,
                description = "Rest between two requests to a host. Default: 1s; robots.txt may ask for more.")
        Duration delay = Duration.ofSeconds(1);

        @Option(
                names = "--user-agent",
                paramLabel = "TEXT",
                description = "Who asks. Say how to reach you: name/1.0 (+https://…).")
        @Nullable
        String userAgent;

        @Option(names = "--allow-private", description = "Also from private networks and this machine.")
        boolean allowPrivate;

        @Option(
                names = "--timeout",
                paramLabel = "SPAN",
                converter = Durations.class,
                description = "For a whole fetch. Default: 30s.")
        Duration timeout = Duration.ofSeconds(30);

        @Option(
                names = "--max-body",
                paramLabel = "BYTES",
                description = "A larger body is a failure. Default: 10485760.")
        long maxBody = 10L << 20;

        @Option(
                names = "--attempts",
                paramLabel = "N",
                description = "How often a page is tried, if that can help. Default: 3.")
        int attempts = 3;

        @Option(
                names = "--robots-patience",
                paramLabel = "SPAN",
                converter = Durations.class,
                description = "How long to wait for a robots.txt that fails. Default: 10m.")
        Duration robotsPatience = Duration.ofMinutes(10);

        @Option(names = "--slots", paramLabel = "N", description = "How many hosts at once. Default: 64.")
        int slots = 64;
    }

    /** URL rules. */
    static final class Spelling {
        @Option(names = "--keep-tracking", description = "Keep parameters such as utm_source.")
        boolean keepTracking;

        @Option(names = "--sort-parameters", description = "?b=1&a=2 is ?a=2&b=1.")
        boolean sortParameters;

        @Option(names = "--strip-slash", description = "/a/ is /a.")
        boolean stripSlash;

        @Option(names = "--index-file", paramLabel = "NAME", description = "/a/NAME is /a/; may be repeated.")
        List<String> indexFiles = List.of();
    }

    public CrawlCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws InterruptedException {
        var settings = settings();
        var file = out == null ? Path.of(host(settings.seed()) + ".jsonl") : out;
        refuseIfNoPlace(file);
        var codec = database.codec();
        var signals = Signals.caught();
        try (var db = database.open("millrace crawl", CONNECTIONS, shell.console());
                var millrace = Millrace.on(new PostgresStore(db.dataSource()).withCodec(codec));
                var crawler = Crawler.on(millrace, db.dataSource(), shell.world())) {
            var run = restart ? crawler.restart(settings, file) : crawler.open(settings);
            boolean finished;
            try (run) {
                finished = crawl(run, file, db, signals);
            }
            return tell(run.summary(), file, finished)
                    .number(); // after the close, so that it tells what is in the file
        }
    }

    /** What can be seen of the file before a database is started for it. */
    private static void refuseIfNoPlace(Path file) {
        var folder = file.toAbsolutePath().getParent();
        var why = Files.isDirectory(file)
                ? "it is a folder. Name a file in it"
                : folder != null && !Files.isDirectory(folder)
                        ? "its folder does not exist. Make it first"
                        : Files.exists(file) && !Files.isWritable(file)
                                ? "permission is denied. Choose a place that you may write to"
                                : null;
        if (why != null)
            throw new CommandFailed(ExitCode.REFUSED, "The pages can't be written to %s: %s.".formatted(file, why));
    }

    private boolean crawl(CrawlRun run, Path file, Database db, Signals signals) throws InterruptedException {
        if (!restart) run.export(file);
        if (run.existed() && !common.json) shell.console().say(continues(run.progress()));
        run.start(node -> node(node, db));
        run.node().ifPresent(node -> db.keepRecordOf(node, shell.world()));
        return watch(run, signals);
    }

    private NodeBuilder node(NodeBuilder node, Database db) {
        node.name("crawl-" + ProcessHandle.current().pid()).slots(how.slots);
        db.server().flatMap(EmbeddedServer::previousNode).ifPresent(node::takeOver);
        return node;
    }

    private boolean watch(CrawlRun run, Signals signals) throws InterruptedException {
        var outage = new Outage(shell);
        try (var progress = new Progress(shell.console(), shell.world(), "pages", seen(run.progress()))) {
            while (!signals.asked()) {
                if (run.await(LOOK)) return true;
                outage.tell(run.trouble());
                if (!common.json) show(progress, run.progress());
            }
        }
        shell.console().say("Stopping after the pages in flight … Ctrl-C again ends at once.");
        return false;
    }

    private static void show(Progress bar, CrawlProgress now) {
        var more =
                "%,d hosts".formatted(now.hosts()) + (now.failed() == 0 ? "" : ", %,d failed".formatted(now.failed()));
        var waiting = now.waiting();
        if (waiting != null && now.stands()) more = waits(waiting) + ", " + more;
        bar.show(seen(now), seen(now) + now.pending(), more);
    }

    private static String waits(CrawlProgress.Waiting waiting) {
        return "waiting %s for %s (%s)"
                .formatted(
                        Durations.text(waiting.left()),
                        waiting.host(),
                        waiting.why().replaceAll("\\.$", ""));
    }

    private static long seen(CrawlProgress now) {
        return now.pages() + now.failed() + now.redirects() + now.refused();
    }

    private static String continues(CrawlProgress before) {
        return before.finished()
                ? "This crawl has finished before, with %,d pages; --restart begins anew.".formatted(before.pages())
                : "This crawl was begun before and continues: %,d pages are there, %,d are known to be fetched."
                        .formatted(before.pages(), before.pending());
    }

    // ---- what was asked for

    private CrawlSettings settings() {
        var settings = CrawlSettings.of(url)
                .reach(which.reach)
                .include(which.include)
                .exclude(which.exclude)
                .maxPages(which.maxPages)
                .delay(how.delay)
                .allowPrivate(how.allowPrivate)
                .rules(rules());
        if (which.maxDepth != null) settings = settings.maxDepth(which.maxDepth);
        if (how.userAgent != null) settings = settings.userAgent(how.userAgent);
        return settings.limits(settings.limits()
                .fetchDeadline(how.timeout)
                .maxBodyBytes(how.maxBody)
                .attempts(how.attempts)
                .robotsPatience(how.robotsPatience));
    }

    private UrlRules rules() {
        var rules = UrlRules.defaults().sortParameters(spelling.sortParameters);
        if (spelling.keepTracking) rules = rules.dropParameters(Set.of());
        if (spelling.stripSlash) rules = rules.trailingSlash(TrailingSlash.STRIP);
        try {
            return rules.indexFiles(Set.copyOf(spelling.indexFiles));
        } catch (IllegalArgumentException wrong) {
            throw new CommandFailed(ExitCode.REFUSED, String.valueOf(wrong.getMessage()), wrong);
        }
    }

    private static String host(String seed) {
        return CrawlUrl.of(seed).hostKey().bareHost().replaceAll("[^A-Za-z0-9.-]", "_");
    }

    // ---- what came of it

    private ExitCode tell(CrawlSummary summary, Path file, boolean finished) {
        if (common.json) shell.console().print(json(summary, file, finished));
        else shell.console().print(text(summary, file, finished));
        if (!finished) return ExitCode.INTERRUPTED;
        var nothing = summary.nothing();
        if (nothing == null) return ExitCode.OK;
        if (!common.json) shell.console().say("millrace: there is not one page. " + nothing);
        return ExitCode.FAILED;
    }

    private static String text(CrawlSummary summary, Path file, boolean finished) {
        var now = summary.progress();
        var text = new StringBuilder();
        text.append(
                finished
                        ? "Crawled %s: %,d pages".formatted(summary.seed(), now.pages())
                        : "Stopped. The same command continues. So far, of %s: %,d pages"
                                .formatted(summary.seed(), now.pages()));
        text.append(", in ").append(file.toAbsolutePath().normalize()).append("\n");
        line(text, "failed", "%,d%s".formatted(now.failed(), reasons(summary)));
        line(text, "redirects", "%,d".formatted(now.redirects()));
        line(text, "refused", "%,d by robots.txt".formatted(now.refused()));
        if (!finished || now.pending() > 0)
            line(
                    text,
                    "left",
                    "%,d%s".formatted(now.pending(), summary.stoppedAtMax() ? ", since --max-pages was reached" : ""));
        line(text, "bytes", "%,d".formatted(now.bytes()));
        line(text, "links to known pages", "%,d".formatted(now.duplicates()));
        line(text, "fetched more than once", "%,d, after crashes".formatted(now.repeated()));
        line(
                text,
                "this run",
                String.format(Locale.ROOT, "%s, %.1f pages/s", Durations.text(summary.took()), summary.rate()));
        return text.toString().stripTrailing();
    }

    private static void line(StringBuilder text, String name, String value) {
        text.append("  %-22s %s%n".formatted(name, value));
    }

    private static String reasons(CrawlSummary summary) {
        if (summary.failures().isEmpty()) return "";
        var parts = new TreeMap<>(summary.failures())
                .entrySet().stream()
                        .map(reason -> "%s %,d".formatted(reason.getKey(), reason.getValue()))
                        .toList();
        return ": " + String.join(", ", parts);
    }

    private static String json(CrawlSummary summary, Path file, boolean finished) {
        var now = summary.progress();
        var json = Json.object();
        json.put("seed", summary.seed());
        json.put("out", file.toAbsolutePath().normalize().toString());
        json.put("finished", finished);
        json.put("nothing", summary.nothing());
        json.put("stoppedAtMax", summary.stoppedAtMax());
        json.put("pages", now.pages());
        json.put("failed", now.failed());
        var reasons = json.putObject("failures");
        new TreeMap<>(summary.failures()).forEach((name, count) -> reasons.put(name, count.longValue()));
        json.put("redirects", now.redirects());
        json.put("refused", now.refused());
        json.put("pending", now.pending());
        json.put("bytes", now.bytes());
        json.put("duplicates", now.duplicates());
        json.put("repeated", now.repeated());
        json.put("elapsedMillis", now.elapsed().toMillis());
        json.put("tookMillis", summary.took().toMillis());
        json.put("pagesThisRun", summary.pagesThisRun());
        json.put("pagesPerSecond", Math.round(summary.rate() * 10) / 10.0);
        return Json.write(json);
    }
}
