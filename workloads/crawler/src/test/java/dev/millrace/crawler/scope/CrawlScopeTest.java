package dev.millrace.crawler.scope;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.crawler.scope.Admission.Out;
import dev.millrace.crawler.scope.Admission.Why;
import dev.millrace.crawler.url.CrawlUrl;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CrawlScopeTest {

    private final CrawlScope scope = CrawlScope.of(CrawlUrl.of("http://docs.example.co.uk/guide/intro.html"));

    @ParameterizedTest(name = "{0}: folder {1}, host {2}, domain {3}")
    @CsvSource({
        "http://docs.example.co.uk/guide/,           true,  true,  true",
        "http://docs.example.co.uk/guide/a/b,        true,  true,  true",
        "https://docs.example.co.uk/guide/a,         true,  true,  true",
        "http://docs.example.co.uk/guide,            false, true,  true",
        "http://docs.example.co.uk/guidelines,       false, true,  true",
        "http://docs.example.co.uk/,                 false, true,  true",
        "http://docs.example.co.uk:8080/guide/,      false, false, true",
        "http://www.example.co.uk/guide/,            false, false, true",
        "http://example.co.uk/,                      false, false, true",
        "http://docs.example.co.uk.evil.org/guide/,  false, false, false",
        "http://other.co.uk/guide/,                  false, false, false",
    })
    void the_reach_says_how_far_from_the_seed_a_crawl_goes(String url, boolean folder, boolean host, boolean domain) {
        var page = CrawlUrl.of(url);

        assertThat(scope.reach(Reach.FOLDER).admit(page, 1).isIn()).isEqualTo(folder);
        assertThat(scope.admit(page, 1).isIn()).isEqualTo(host);
        assertThat(scope.reach(Reach.DOMAIN).admit(page, 1).isIn()).isEqualTo(domain);
        assertThat(scope.reach(Reach.ANYWHERE).admit(page, 1).isIn()).isTrue();
    }

    @Test
    void two_ports_of_one_machine_are_two_sites() {
        var local = CrawlScope.of(CrawlUrl.of("http://127.0.0.1:8080/"));

        assertThat(local.admit(CrawlUrl.of("http://127.0.0.1:8080/a"), 1).isIn())
                .isTrue();
        assertThat(local.admit(CrawlUrl.of("http://127.0.0.1:8081/a"), 1).isIn())
                .isFalse();
        assertThat(local.admit(CrawlUrl.of("http://127.0.0.1/a"), 1).isIn()).isFalse();
    }

    @Test
    void a_seed_that_redirects_takes_its_crawl_along() {
        var moved = CrawlUrl.of("https://www.example.org/");

        assertThat(scope.admit(moved, 1).isIn()).isFalse();
        assertThat(scope.alsoAt(moved)
                        .admit(CrawlUrl.of("https://www.example.org/a"), 1)
                        .isIn())
                .isTrue();
    }

    @ParameterizedTest(name = "{0} on {1}: {2}")
    @CsvSource({
        "/guide/**,          /guide/a/b.html, true",
        "/guide/**,          /guide/,         true",
        "/guide/**,          /guide,          true",
        "/guide/**,          /guidelines,     false",
        "/guide/**,          /de/guide/a,     false",
        "/guide/*,           /guide/a,        true",
        "/guide/*,           /guide/a/b,      false",
        "/**/print,          /a/b/print,      true",
        "*.pdf,              /a/b.pdf,        true",
        "*.pdf,              /b.pdf,          true",
        "*.pdf,              /b.pdf?x=1,      true",
        "*.pdf,              /b.pdfx,         false",
        "print/**,           /a/print/b,      true",
        "print/**,           /a/reprint/b,    false",
        "/a.b,               /aXb,            false",
        "/a?page=*,          /a?page=2,       true",
        "/a?page=*,          /a,              false",
        "/(a),               /(a),            true",
        "re:/\\d+$,          /a/12,           true",
        "re:/\\d+$,          /a/12/b,         false",
        "re:^http://docs,    /x,              true",
        "re:(?i)GUIDE,       /guide,          true",
    })
    void a_pattern_reads_like_a_path_or_is_a_regular_expression(String pattern, String path, boolean matches) {
        assertThat(UrlPattern.of(pattern).matches(CrawlUrl.of("http://docs.example.co.uk" + path)))
                .isEqualTo(matches);
    }

    @Test
    void exclude_wins_over_include_and_the_seed_needs_no_include() {
        var narrowed = scope.include(List.of(UrlPattern.of("/guide/**"))).exclude(List.of(UrlPattern.of("*.pdf")));

        assertThat(why(narrowed, "/guide/a", 1)).isNull();
        assertThat(why(narrowed, "/guide/a.pdf", 1)).isEqualTo(Why.EXCLUDED);
        assertThat(why(narrowed, "/blog", 1)).isEqualTo(Why.NOT_INCLUDED);
        assertThat(why(narrowed, "/", 0)).isNull();
        assertThat(why(narrowed, "/a.pdf", 0)).isEqualTo(Why.EXCLUDED);
    }

    @Test
    void a_page_is_at_most_as_many_links_away_as_allowed() {
        var shallow = scope.maxDepth(2);

        assertThat(why(shallow, "/a", 2)).isNull();
        assertThat(shallow.admit(CrawlUrl.of("http://docs.example.co.uk/a"), 3))
                .isEqualTo(
                        new Out(
                                Why.TOO_DEEP,
                                "http://docs.example.co.uk/a is 3 links away from the seed, and at most 2 are followed (maxDepth)."));
    }

    @Test
    void no_pattern_can_be_slow() {
        var nested = UrlPattern.of("re:^(((((a+)+)+)+)+)+$");
        var url = CrawlUrl.of("http://docs.example.co.uk/" + "a".repeat(1_900) + "!");

        Assertions.assertTimeout(
                Duration.ofSeconds(1), () -> assertThat(nested.matches(url)).isFalse());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            re:(a                    | The URL pattern "re:(a" can't be read
            re:(a)\\1                | The URL pattern "re:(a)\\1" can't be read
            https://example.org/a/** | looks like a whole URL
            """)
    void a_pattern_that_cannot_be_read_says_so(String pattern, String complaint) {
        assertThatThrownBy(() -> UrlPattern.of(pattern)).hasMessageContaining(complaint);
    }

    @Test
    void a_scope_has_limits() {
        assertThatThrownBy(() -> scope.maxDepth(-1)).hasMessageStartingWith("maxDepth is between 0 and");
        assertThatThrownBy(() -> UrlPattern.of(" ")).hasMessageContaining("between 1 and 1,000 characters");
        assertThatThrownBy(() -> scope.include(Collections.nCopies(101, UrlPattern.of("/a"))))
                .hasMessage("include is between 0 and 100 in a crawl's scope, not 101.");
    }

    private static @Nullable Why why(CrawlScope scope, String path, int depth) {
        return scope.admit(CrawlUrl.of("http://docs.example.co.uk" + path), depth) instanceof Out out
                ? out.why()
                : null;
    }
}
