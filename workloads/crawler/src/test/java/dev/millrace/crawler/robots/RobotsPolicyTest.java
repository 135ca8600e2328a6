package dev.millrace.crawler.robots;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.crawler.fetch.UserAgent;
import dev.millrace.crawler.robots.RobotsDecision.Allowed;
import dev.millrace.crawler.robots.RobotsDecision.Denied;
import dev.millrace.crawler.robots.RobotsFile.Standing;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.HostKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RobotsPolicyTest {

    private static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");
    private static final HostKey HOST = new HostKey("https", "example.org", 443);
    private static final UserAgent AGENT = UserAgent.millrace("0.1", "https://example.org/about");

    @ParameterizedTest(name = "{0} on {1}: {2}")
    @CsvSource(delimiter = '→', textBlock = """
            Disallow: /a                           → /a               → Disallow: /a
            Disallow: /a                           → /a/b             → Disallow: /a
            Disallow: /a                           → /ab              → Disallow: /a
            Disallow: /a                           → /A               → allowed
            Disallow: /a/                          → /a               → allowed
            Disallow:                              → /a               → allowed
            Disallow: /                            → /                → Disallow: /
            Disallow: /                            → /robots.txt      → allowed
            Disallow: /;Allow: /a                  → /a/b             → allowed
            Allow: /a;Disallow: /                  → /b               → Disallow: /
            Disallow: /a;Allow: /a/b               → /a/b/c           → allowed
            Allow: /a;Disallow: /a/b               → /a/b/c           → Disallow: /a/b
            Disallow: /a;Allow: /a                 → /a               → allowed
            Disallow: /*.pdf$                      → /a/b.pdf         → Disallow: /*.pdf$
            Disallow: /*.pdf$                      → /a/b.pdf?x       → allowed
            Disallow: /*.pdf$                      → /a.pdf/b.pdf     → Disallow: /*.pdf$
            Disallow: /*a*a$                       → /aba             → Disallow: /*a*a$
            Disallow: /*a*a$                       → /ba              → allowed
            Disallow: /*.pdf                       → /a/b.pdf?x       → Disallow: /*.pdf
            Disallow: /a*z                         → /abcz            → Disallow: /a*z
            Disallow: /*?print=                    → /a?print=1       → Disallow: /*?print=
            Disallow: /ä                           → /%C3%A4          → Disallow: /%C3%A4
            Disallow: /%7Eann                      → /~ann            → Disallow: /~ann
            Disallow: /a # not this                → /a               → Disallow: /a
            dISALLOW:/a                            → /a               → Disallow: /a
            Disallow /a                            → /a               → Disallow: /a
            Noindex: /a                            → /a               → allowed
            """)
    void the_longest_rule_decides_and_is_named(String rules, String path, String decision) {
        var decided = policy("User-agent: *\n" + rules.replace(';', '\n')).decide(CrawlUrl.of(HOST + path));

        assertThat(decided instanceof Denied denied ? denied.rule() : "allowed").isEqualTo(decision);
    }

    @Test
    void a_denial_is_one_sentence() {
        assertThat(policy("User-agent: *\nDisallow: /a").decide(CrawlUrl.of("https://example.org/a/b?c")))
                .isEqualTo(new Denied(
                        "Disallow: /a", "The robots.txt of https://example.org forbids /a/b?c (Disallow: /a)."));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '→', textBlock = """
            User-agent: *;Disallow: /                                              → denied
            User-agent: millrace;Disallow: /                                       → denied
            User-agent: MillRace;Disallow: /                                       → denied
            User-agent: Millrace/2.0;Disallow: /                                   → denied
            User-agent: other;Disallow: /                                          → allowed
            User-agent: mill;Disallow: /                                           → allowed
            User-agent: millrace-news;Disallow: /                                  → allowed
            User-agent: *;Disallow: /;User-agent: millrace;Allow: /                → allowed
            User-agent: millrace;Allow: /;User-agent: *;Disallow: /                → allowed
            User-agent: millrace;User-agent: other;Disallow: /                     → denied
            User-agent: millrace;Disallow: /x;User-agent: millrace;Disallow: /a    → denied
            Disallow: /                                                            → allowed
            """)
    void the_group_that_names_us_holds_and_otherwise_the_one_for_all(String lines, String decision) {
        var decided = policy(lines.replace(';', '\n')).decide(CrawlUrl.of("https://example.org/a"));

        assertThat(decided instanceof Allowed ? "allowed" : "denied").isEqualTo(decision);
    }

    @ParameterizedTest(name = "Crawl-delay: {0} is granted {1}")
    @CsvSource(nullValues = "-", textBlock = """
            10,     PT10S
            0.5,    PT0.5S
            0,      -
            -1,     -
            soon,   -
            300,    PT5M
            86400,  PT5M
            1e300,  -
            """)
    void a_delay_is_kept_up_to_five_minutes(String asked, @Nullable Duration granted) {
        var policy = policy("User-agent: *\nCrawl-delay: " + asked + "\nDisallow: /a");

        assertThat(policy.crawlDelay().map(CrawlDelay::granted).orElse(null)).isEqualTo(granted);
        assertThat(policy.decide(CrawlUrl.of("https://example.org/b"))).isEqualTo(new Allowed());
        assertThat(policy.crawlDelay().map(CrawlDelay::isCapped).orElse(false)).isEqualTo(asked.equals("86400"));
    }

    @Test
    void sitemaps_are_listed_once() {
        var policy = policy("""
                Sitemap: https://example.org/a.xml
                User-agent: *
                Disallow:
                Sitemap: https://other.example/b.xml
                Sitemap: https://example.org/a.xml
                Sitemap: javascript:alert(1)
                """);

        assertThat(policy.sitemaps())
                .isEqualTo(
                        List.of(CrawlUrl.of("https://example.org/a.xml"), CrawlUrl.of("https://other.example/b.xml")));
    }

    @Test
    void each_host_has_its_own_file() {
        assertThatThrownBy(() -> policy("").decide(CrawlUrl.of("https://other.example/")))
                .hasMessage("https://other.example/ is not on https://example.org; ask the policy of its own host.");
    }

    @Test
    void no_file_can_make_a_decision_slow() {
        var wild = "/" + "a*".repeat(500) + "b$";
        var lines = new StringBuilder("User-agent: *\n");
        while (lines.length() < RobotsFile.MAX_BYTES)
            lines.append("Disallow: ").append(wild).append('\n');
        var url = CrawlUrl.of("https://example.org/" + "a".repeat(2_000));

        Assertions.assertTimeout(Duration.ofSeconds(5), () -> {
            var policy = policy(lines.toString());
            assertThat(policy.decide(url)).isEqualTo(new Allowed());
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\0\0\0",
                "<!doctype html><html><body>Not found</body></html>",
                "User-agent",
                ":",
                "Disallow: /"
            })
    void what_is_no_robots_txt_forbids_nothing(String text) {
        assertThat(policy(text).decide(CrawlUrl.of("https://example.org/a"))).isEqualTo(new Allowed());
    }

    private static RobotsPolicy policy(String text) {
        var file = new RobotsFile(Standing.RULES, text, 200, NOW, NOW.plus(RobotsFile.LONGEST_FRESH), null);
        return RobotsPolicy.of(HOST, file, AGENT);
    }
}
