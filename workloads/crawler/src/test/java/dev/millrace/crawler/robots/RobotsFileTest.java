package dev.millrace.crawler.robots;

import static dev.millrace.crawler.fetch.FetchersForTests.NOW;
import static dev.millrace.crawler.fetch.TestSite.answer;
import static dev.millrace.crawler.fetch.TestSite.html;
import static dev.millrace.crawler.fetch.TestSite.redirect;
import static dev.millrace.crawler.fetch.TestSite.status;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.crawler.fetch.FetchersForTests;
import dev.millrace.crawler.fetch.HttpFetcher;
import dev.millrace.crawler.fetch.TestSite;
import dev.millrace.crawler.robots.RobotsDecision.Allowed;
import dev.millrace.crawler.robots.RobotsDecision.Denied;
import dev.millrace.crawler.robots.RobotsDecision.NotNow;
import dev.millrace.crawler.robots.RobotsFile.Standing;
import dev.millrace.crawler.robots.RobotsFile.Trouble;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RobotsFileTest {

    private final TestSite site = new TestSite();
    private final HttpFetcher fetcher = FetchersForTests.local();

    @AfterEach
    void close() {
        fetcher.close();
        site.close();
    }

    @Test
    void a_file_that_is_there_holds_for_a_day() throws InterruptedException {
        site.on("/robots.txt", text("User-agent: *\nDisallow: /a"));

        var file = fetched(null, NOW);

        assertThat(file.standing()).isEqualTo(Standing.RULES);
        assertThat(file.text()).isEqualTo("User-agent: *\nDisallow: /a");
        assertThat(file.status()).isEqualTo(200);
        assertThat(file.fetchedAt()).isEqualTo(NOW);
        assertThat(file.isDue(NOW.plus(Duration.ofHours(24)).minusMillis(1))).isFalse();
        assertThat(file.isDue(NOW.plus(Duration.ofHours(24)))).isTrue();
        assertThat(decide(file)).isInstanceOf(Denied.class);
    }

    @ParameterizedTest(name = "Cache-Control: {0} is fresh for {1}")
    @CsvSource(delimiter = '|', textBlock = """
            max-age=3600                | PT1H
            public, MAX-AGE = 7200      | PT2H
            max-age=999999              | PT24H
            max-age=1                   | PT5M
            no-cache                    | PT5M
            no-store, max-age=3600      | PT5M
            s-maxage=60                 | PT24H
            max-age=soon                | PT24H
            """)
    void a_file_is_asked_for_again_when_its_server_says(String cacheControl, Duration fresh)
            throws InterruptedException {
        site.on("/robots.txt", answer("text/plain", new byte[0], "Cache-Control: " + cacheControl));

        assertThat(Duration.between(NOW, fetched(null, NOW).refreshAt())).isEqualTo(fresh);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 403, 404, 410, 451})
    void a_file_that_is_not_there_forbids_nothing(int status) throws InterruptedException {
        site.on("/robots.txt", status(status));

        var file = fetched(null, NOW);

        assertThat(file.standing()).isEqualTo(Standing.ABSENT);
        assertThat(file.status()).isEqualTo(status);
        assertThat(file.refreshAt()).isEqualTo(NOW.plus(Duration.ofHours(24)));
        assertThat(decide(file)).isEqualTo(new Allowed());
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 500, 501, 502, 503, 504, 599})
    void a_server_in_trouble_is_left_alone(int status) throws InterruptedException {
        site.on("/robots.txt", status(status));

        var file = fetched(null, NOW);

        assertThat(file.standing()).isEqualTo(Standing.UNKNOWN);
        assertThat(decide(file)).isInstanceOfSatisfying(NotNow.class, notNow -> {
            assertThat(notNow.until()).isEqualTo(NOW.plusSeconds(60));
            assertThat(notNow.message())
                    .startsWith(
                            "The robots.txt of http://127.0.0.1:%d can't be had, so nothing is fetched from it until 2026-11-01T12:01:00Z: The server answered %d"
                                    .formatted(site.port(), status));
        });
    }

    @Test
    void a_server_that_says_nothing_is_left_alone() throws InterruptedException {
        site.on("/robots.txt", (request, out, socket) -> site.pauseForEver());

        var file = fetched(null, NOW);

        assertThat(file.standing()).isEqualTo(Standing.UNKNOWN);
        assertThat(file.trouble()).extracting(Trouble::message).asString().contains("given up after 0.5 s");
    }

    @Test
    void nothing_listening_is_no_permission() throws InterruptedException {
        site.close();

        assertThat(fetched(null, NOW).standing()).isEqualTo(Standing.UNKNOWN);
    }

    @Test
    void five_redirects_are_followed_and_a_sixth_means_that_there_is_no_file() throws InterruptedException {
        site.on("/robots.txt", redirect(301, "/2"))
                .on("/2", redirect(302, "/3"))
                .on("/3", redirect(307, "/4"))
                .on("/4", redirect(308, "/5"))
                .on("/5", redirect(301, "/6"))
                .on("/6", text("User-agent: *\nDisallow: /"));
        assertThat(fetched(null, NOW).standing()).isEqualTo(Standing.RULES);

        site.on("/6", redirect(301, "/7")).on("/7", text("User-agent: *\nDisallow: /"));
        assertThat(fetched(null, NOW).standing()).isEqualTo(Standing.ABSENT);
    }

    @Test
    void a_redirect_loop_means_that_there_is_no_file() throws InterruptedException {
        site.on("/robots.txt", redirect(301, "/robots.txt"));

        assertThat(fetched(null, NOW).standing()).isEqualTo(Standing.ABSENT);
    }

    @Test
    void a_file_of_many_megabytes_is_read_up_to_its_last_whole_line_within_500_kib() throws InterruptedException {
        var lines = new StringBuilder("User-agent: *\nDisallow: /early\n");
        while (lines.length() < 4 << 20) lines.append("Disallow: /path/of/some/length\r\n");
        site.on("/robots.txt", text(lines + "Disallow: /late"));

        var file = fetched(null, NOW);

        assertThat(file.text()).hasSizeBetween(500 * 1024 - 40, 500 * 1024).endsWith("/path/of/some/length\r\n");
        assertThat(policy(file).decide(site.url("/early"))).isInstanceOf(Denied.class);
        assertThat(policy(file).decide(site.url("/late"))).isInstanceOf(Allowed.class);
        assertThat(policy(file).decide(site.url("/path/of"))).isInstanceOf(Allowed.class);
    }

    @Test
    void a_page_in_its_place_forbids_nothing() throws InterruptedException {
        site.on("/robots.txt", html("<!doctype html><title>Welcome</title><p>Disallow: me"));

        assertThat(decide(fetched(null, NOW))).isEqualTo(new Allowed());
    }

    @Test
    void a_nul_never_reaches_a_database() throws InterruptedException {
        site.on("/robots.txt", text("User-agent: *\0\nDisallow: /a\0"));

        assertThat(fetched(null, NOW).text()).doesNotContain("\0");
    }

    // Over time

    @Test
    void what_was_known_holds_while_the_file_is_out_of_reach() throws InterruptedException {
        site.on("/robots.txt", text("User-agent: *\nDisallow: /a"));
        var known = fetched(null, NOW);

        site.on("/robots.txt", status(503));
        var later = NOW.plus(Duration.ofDays(90));
        var stale = fetched(known, later);

        assertThat(stale.standing()).isEqualTo(Standing.RULES);
        assertThat(stale.text()).isEqualTo(known.text());
        assertThat(stale.fetchedAt()).isEqualTo(NOW);
        assertThat(stale.trouble()).extracting(Trouble::since).isEqualTo(later);
        assertThat(stale.refreshAt()).isEqualTo(later.plusSeconds(60));
        assertThat(decide(stale)).isInstanceOf(Denied.class);

        site.on("/robots.txt", status(404));
        assertThat(fetched(stale, later).standing()).isEqualTo(Standing.ABSENT);
    }

    @Test
    void the_pauses_grow_to_an_hour() throws InterruptedException {
        site.on("/robots.txt", status(500));
        RobotsFile file = null;
        var pauses = new ArrayList<Long>();

        for (int i = 0; i < 9; i++) {
            file = fetched(file, NOW);
            pauses.add(Duration.between(NOW, file.refreshAt()).toMinutes());
        }

        assertThat(pauses).containsExactly(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L, 60L);
    }

    @Test
    void a_server_that_asks_for_a_longer_pause_gets_it() throws InterruptedException {
        site.on("/robots.txt", status(503, "Retry-After: 7200"));

        assertThat(Duration.between(NOW, fetched(null, NOW).refreshAt())).isEqualTo(Duration.ofHours(2));
    }

    @Test
    void after_thirty_days_out_of_reach_a_file_that_nobody_knew_counts_as_absent() throws InterruptedException {
        site.on("/robots.txt", status(500));
        var first = fetched(null, NOW);

        assertThat(fetched(first, NOW.plus(Duration.ofDays(29))).standing()).isEqualTo(Standing.UNKNOWN);
        assertThat(fetched(first, NOW.plus(Duration.ofDays(30))).standing()).isEqualTo(Standing.ABSENT);
    }

    @Test
    void a_file_that_is_back_is_as_good_as_new() throws InterruptedException {
        site.on("/robots.txt", status(500));
        var failing = fetched(fetched(null, NOW), NOW);
        site.on("/robots.txt", text(""));

        var back = fetched(failing, NOW.plusSeconds(120));

        assertThat(back.standing()).isEqualTo(Standing.RULES);
        assertThat(back.trouble()).isNull();
    }

    private RobotsFile fetched(@Nullable RobotsFile before, Instant now) throws InterruptedException {
        var request = RobotsFile.request(site.url("/").hostKey(), Duration.ofMillis(500));
        return RobotsFile.after(before, fetcher.fetch(request), now);
    }

    private RobotsDecision decide(RobotsFile file) {
        return policy(file).decide(site.url("/a"));
    }

    private RobotsPolicy policy(RobotsFile file) {
        return RobotsPolicy.of(site.url("/").hostKey(), file, FetchersForTests.AGENT);
    }

    private static TestSite.Page text(String text) {
        return answer("text/plain", text.getBytes(UTF_8));
    }
}
