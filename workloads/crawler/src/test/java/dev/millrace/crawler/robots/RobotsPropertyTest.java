package dev.millrace.crawler.robots;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.crawler.fetch.Body;
import dev.millrace.crawler.fetch.ContentType;
import dev.millrace.crawler.fetch.Fetched.Response;
import dev.millrace.crawler.fetch.Headers;
import dev.millrace.crawler.fetch.Trail;
import dev.millrace.crawler.fetch.UserAgent;
import dev.millrace.crawler.robots.RobotsDecision.Allowed;
import dev.millrace.crawler.robots.RobotsDecision.Denied;
import dev.millrace.crawler.robots.RobotsFile.Standing;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.HostKey;
import dev.millrace.simulation.cases.Cases;
import dev.millrace.simulation.cases.Choices;
import dev.millrace.simulation.cases.Hostile;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A robots.txt may hold anything; where it makes sense, RFC 9309 decides. */
class RobotsPropertyTest {

    private static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");
    private static final HostKey HOST = new HostKey("https", "example.org", 443);
    private static final UserAgent AGENT = UserAgent.millrace("0.1", "https://example.org/about");

    private static final Logger PARSER = Logger.getLogger("crawlercommons.robots");

    @BeforeAll
    static void what_the_parser_says_of_such_files_is_not_news() {
        PARSER.setLevel(Level.OFF);
    }

    @Test
    void any_bytes_are_a_file_of_bounded_size_that_decides_every_page() {
        Cases.forAll(120, RobotsPropertyTest::wildFile, bytes -> {
            var file = RobotsFile.after(null, answered(bytes), NOW);
            var policy = RobotsPolicy.of(HOST, file, AGENT);

            assertThat(file.standing()).isEqualTo(Standing.RULES);
            assertThat(file.text())
                    .hasSizeLessThanOrEqualTo(RobotsFile.MAX_BYTES)
                    .doesNotContain("\0");
            for (var path : List.of("/", "/a", "/a/b?c=d", "/%C3%A4*$", "/robots.txt"))
                if (policy.decide(CrawlUrl.of(HOST + path)) instanceof Denied denied)
                    assertThat(denied.message()).contains("forbids " + path).contains(denied.rule());
            assertThat(policy.decide(CrawlUrl.of(HOST + "/robots.txt"))).isEqualTo(new Allowed());
            assertThat(policy.sitemaps()).hasSizeLessThanOrEqualTo(1_000).doesNotHaveDuplicates();
            policy.crawlDelay()
                    .ifPresent(
                            delay -> assertThat(delay.granted()).isPositive().isLessThanOrEqualTo(CrawlDelay.LONGEST));
        });
    }

    @Test
    void the_longest_rule_of_the_closest_group_decides_and_of_equals_the_one_that_allows() {
        Cases.forAll(2_000, RobotsPropertyTest::asked, asked -> {
            var file = new RobotsFile(Standing.RULES, asked.text(), 200, NOW, NOW.plusSeconds(60), null);

            var decided = RobotsPolicy.of(HOST, file, AGENT).decide(CrawlUrl.of(HOST + asked.path()));

            assertThat(decided instanceof Allowed).isEqualTo(asked.isAllowed());
        });
    }

    /** A rule, and what RFC 9309 makes of it. */
    record Rule(boolean allow, String path) {

        boolean matches(String asked) {
            if (path.isEmpty()) return false;
            boolean toTheEnd = path.endsWith("$");
            var open = toTheEnd ? path.substring(0, path.length() - 1) : path;
            var pieces = Stream.of(open.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
            return Pattern.matches(pieces + (toTheEnd ? "" : ".*"), asked);
        }

        @Override
        public String toString() {
            return (allow ? "Allow: " : "Disallow: ") + path;
        }
    }

    record Group(List<String> agents, List<Rule> rules) {

        boolean names(String agent) {
            return agents.stream().anyMatch(agent::equalsIgnoreCase);
        }
    }

    /** A file that makes sense, a page, and the answer by the letter of RFC 9309, section 2.2. */
    record Asked(List<Group> groups, String noise, String path) {

        boolean isAllowed() {
            boolean named = groups.stream().anyMatch(group -> group.names("millrace"));
            var longest = new Rule(true, "");
            for (var group : groups) {
                if (!group.names(named ? "millrace" : "*")) continue;
                for (var rule : group.rules()) {
                    int longer = rule.path().length() - longest.path().length();
                    if (rule.matches(path) && (longer > 0 || (longer == 0 && rule.allow()))) longest = rule;
                }
            }
            return longest.allow();
        }

        String text() {
            var lines = new ArrayList<String>();
            for (var group : groups) {
                group.agents().forEach(agent -> lines.add("User-agent: " + agent));
                group.rules().forEach(rule -> lines.add(rule.toString()));
            }
            return String.join(noise, lines);
        }
    }

    private static Asked asked(Choices choices) {
        return new Asked(
                choices.list(4, RobotsPropertyTest::group),
                choices.of("\n", "\r\n", "\r", "\n\n", " # why\n", "\n# why\n\n", "\t\n "),
                CrawlUrl.of(HOST + "/" + choices.text(6, c -> c.of("a", "b", "/", ".pdf", "?")))
                        .pathAndQuery());
    }

    private static Group group(Choices choices) {
        var agents = new ArrayList<String>();
        agents.add(agent(choices));
        agents.addAll(choices.list(2, RobotsPropertyTest::agent));
        var rules = new ArrayList<Rule>();
        rules.add(rule(choices));
        rules.addAll(choices.list(4, RobotsPropertyTest::rule));
        return new Group(agents, rules);
    }

    private static String agent(Choices choices) {
        return choices.of("*", "millrace", "MillRace", "other", "mill", "millrace-news");
    }

    private static Rule rule(Choices choices) {
        if (choices.oneIn(12)) return new Rule(choices.oneIn(2), "");
        return new Rule(
                choices.oneIn(2),
                choices.of("/", "*", "/*")
                        + choices.text(4, c -> c.of("a", "b", "/", ".pdf", "*", "?"))
                        + choices.of("", "$"));
    }

    private static byte[] wildFile(Choices choices) {
        var out = new ByteArrayOutputStream();
        if (choices.oneIn(8)) out.writeBytes("\ufeff".getBytes(UTF_8));
        for (var line : choices.list(12, RobotsPropertyTest::wildLine)) out.writeBytes(line.getBytes(UTF_8));
        var bytes = choices.oneIn(4) ? Hostile.bytes(choices) : Hostile.spoilt(choices, out.toByteArray());
        return choices.oneIn(20) ? repeated(bytes) : bytes;
    }

    private static byte[] repeated(byte[] bytes) {
        var out = new ByteArrayOutputStream();
        while (bytes.length > 0 && out.size() <= RobotsFile.MAX_BYTES) out.writeBytes(bytes);
        return out.toByteArray();
    }

    private static String wildLine(Choices choices) {
        return choices.of(
                        "User-agent",
                        "Disallow",
                        "Allow",
                        "Crawl-delay",
                        "Sitemap",
                        "user agent",
                        "DISALLOW",
                        "Host",
                        "")
                + choices.of(": ", ":", " : ", " ", "::", "\0:")
                + choices.any(RobotsPropertyTest::value, Hostile::text)
                + choices.of("\n", "\r", "\r\n", "\n\n", " # why\n", "");
    }

    private static String value(Choices choices) {
        return choices.of(
                "*",
                "millrace",
                "Millrace/1.0",
                "/",
                "/a",
                "/a*b$",
                "/%",
                "/%zz",
                "/%C3",
                "/%00",
                "/**********$",
                "$",
                "10",
                "-1",
                "1e308",
                "NaN",
                "0.0000001",
                "99999999999999999999",
                "https://example.org/s.xml",
                "//x",
                "http://[",
                "http://user:pw@h/");
    }

    private static Response answered(byte[] bytes) {
        var type = new ContentType("text/plain", null, false);
        return new Response(
                new Trail(HOST.at("/robots.txt"), List.of(), Duration.ZERO),
                200,
                new Headers(Map.of()),
                type,
                Body.of(bytes, type));
    }
}
