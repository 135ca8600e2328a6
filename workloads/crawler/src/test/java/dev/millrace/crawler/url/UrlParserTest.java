package dev.millrace.crawler.url;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.crawler.url.ParsedUrl.Flaw;
import dev.millrace.crawler.url.ParsedUrl.Malformed;
import dev.millrace.crawler.url.ParsedUrl.Skipped;
import dev.millrace.crawler.url.ParsedUrl.Valid;
import dev.millrace.crawler.url.UrlRules.TrailingSlash;
import java.net.URI;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UrlParserTest {

    private final UrlParser parser = new UrlParser(UrlRules.defaults());

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource(delimiter = '→', quoteCharacter = '"', textBlock = """
            HTTP://EXAMPLE.org                              → http://example.org/
            http://example.org:80/                          → http://example.org/
            https://example.org:443/                        → https://example.org/
            https://example.org:80/                         → https://example.org:80/
            http://example.org:008080/                      → http://example.org:8080/
            http://example.org./a                           → http://example.org/a
            http:example.org/a                              → http://example.org/a
            http:/example.org/a                             → http://example.org/a
            http:\\\\example.org\\a\\b                      → http://example.org/a/b
            "\t http://example.org/a\t \u0000"              → http://example.org/a
            "ht\ttp://exa\tmple.org/a\tb"                   → http://example.org/ab
            http://example.org/a/./b/../c                   → http://example.org/a/c
            http://example.org/a/%2e/b/%2E%2e/c             → http://example.org/a/c
            http://example.org/../../a                      → http://example.org/a
            http://example.org/a/..                         → http://example.org/
            http://example.org//a//b                        → http://example.org//a//b
            http://example.org/a#part                       → http://example.org/a
            http://example.org/a?#part                      → http://example.org/a
            http://example.org/%7Euser/%41%2d%5f            → http://example.org/~user/A-_
            http://example.org/%c3%a4?q=%c3%a4              → http://example.org/%C3%A4?q=%C3%A4
            http://example.org/ä b?q=ä b                    → http://example.org/%C3%A4%20b?q=%C3%A4%20b
            http://example.org/a%2Fb                        → http://example.org/a%2Fb
            http://example.org/100%?q=5%                    → http://example.org/100%25?q=5%25
            http://example.org/%%34%31                      → http://example.org/%2541
            http://example.org/a|b[c]^{d}`                  → http://example.org/a%7Cb%5Bc%5D%5E%7Bd%7D%60
            http://example.org/?a[]=1&b={x}|y               → http://example.org/?a%5B%5D=1&b=%7Bx%7D%7Cy
            http://example.org/?b=2&a=1&b=1                 → http://example.org/?b=2&a=1&b=1
            http://example.org/?a=1+2&c=d%20e               → http://example.org/?a=1+2&c=d%20e
            http://example.org/?a&&b=                       → http://example.org/?a&&b=
            http://example.org/💩?💩                        → http://example.org/%F0%9F%92%A9?%F0%9F%92%A9
            http://bücher.example/                          → http://xn--bcher-kva.example/
            http://BÜCHER.example/                          → http://xn--bcher-kva.example/
            http://faß.example/                             → http://xn--fa-hia.example/
            http://日本。jp/                                 → http://xn--wgv71a.jp/
            http://ｅｘａｍｐｌｅ.org/                       → http://example.org/
            http://ex%61mple.org/                           → http://example.org/
            http://a_b.example.org/                         → http://a_b.example.org/
            http://127.1/                                   → http://127.0.0.1/
            http://0x7f.1/                                  → http://127.0.0.1/
            http://0X7F000001/                              → http://127.0.0.1/
            http://2130706433/                              → http://127.0.0.1/
            http://017700000001/                            → http://127.0.0.1/
            http://127.0.0.1./                              → http://127.0.0.1/
            http://4294967295/                              → http://255.255.255.255/
            http://[::1]:8080/                              → http://[::1]:8080/
            http://[0:0:0:0:0:0:0:1]/                       → http://[::1]/
            http://[2001:DB8::A]/                           → http://[2001:db8::a]/
            http://[::ffff:127.0.0.1]/                      → http://127.0.0.1/
            http://@example.org/                            → http://example.org/
            """)
    void every_spelling_of_a_page_becomes_one(String spelling, String canonical) {
        var parsed = parser.parse(spelling);

        assertThat(parsed).isEqualTo(new Valid(CrawlUrl.of(canonical)));
        assertThat(parsed.orThrow().href()).isEqualTo(canonical);
        assertThat(URI.create(canonical).toASCIIString()).isEqualTo(canonical);
    }

    @ParameterizedTest(name = "{0} from {1} is {2}")
    @CsvSource(delimiter = '→', emptyValue = "", textBlock = """
            b.html            → http://example.org/a/c.html     → http://example.org/a/b.html
            b.html            → http://example.org/a/           → http://example.org/a/b.html
            b.html            → http://example.org/a            → http://example.org/b.html
            ../b              → http://example.org/a/c/d        → http://example.org/a/b
            ../../../b        → http://example.org/a/c/d        → http://example.org/b
            /b                → http://example.org/a/c          → http://example.org/b
            //other.org/b     → https://example.org/a           → https://other.org/b
            \\\\other.org\\b  → https://example.org/a           → https://other.org/b
            ///other.org/b    → https://example.org/a           → https://other.org/b
            ?q=1              → http://example.org/a/b?x=2      → http://example.org/a/b?q=1
            #part             → http://example.org/a?x=2        → http://example.org/a?x=2
            ''                → http://example.org/a?x=2        → http://example.org/a?x=2
            .                 → http://example.org/a/b          → http://example.org/a/
            http:b            → http://example.org/a/           → http://example.org/a/b
            https:b           → http://example.org/a/           → https://b/
            a:1               → http://example.org/             → skipped
            ./a:1             → http://example.org/             → http://example.org/a:1
            """)
    void a_link_means_what_it_means_to_a_browser(String href, String base, String meant) {
        var resolved = parser.resolve(CrawlUrl.of(base), href.replace("''", ""));

        assertThat(resolved instanceof Valid valid ? valid.url().href() : "skipped")
                .isEqualTo(meant);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mailto:a@example.org",
                "javascript:void(0)",
                "  JavaScript:alert(1)",
                "java\nscript:alert(1)",
                "tel:+49-30",
                "data:text/html,<p>hello",
                "ftp://example.org/",
                "file:///etc/passwd",
                "blob:https://example.org/1",
                "about:blank"
            })
    void a_link_that_leads_to_no_page_is_skipped_without_ado(String href) {
        assertThat(parser.resolve(CrawlUrl.of("http://example.org/"), href)).isInstanceOf(Skipped.class);
    }

    @Test
    void a_data_link_of_megabytes_is_skipped_by_its_scheme_alone() {
        var huge = "data:image/png;base64," + "A".repeat(5_000_000);

        assertThat(parser.resolve(CrawlUrl.of("http://example.org/"), huge)).isEqualTo(new Skipped("data"));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', emptyValue = "", textBlock = """
            ''                              | EMPTY     | There is no URL: the text is empty.
            example.org/a                   | NO_SCHEME | "example.org/a" does not begin with http:// or https://; write one of them in front of it.
            localhost:8080/a                | NO_SCHEME | "localhost:8080/a" does not begin with http:// or https://; write one of them in front of it.
            /a                              | NO_SCHEME | "/a" does not begin with http:// or https://; write one of them in front of it.
            http://                         | HOST      | The URL "http://" has no possible host: check its name.
            http://exa mple.org/            | HOST      | The URL "http://exa mple.org/" has no possible host: check its name.
            http://a..b/                    | HOST      | The URL "http://a..b/" has no possible host: check its name.
            http://a<b/                     | HOST      | The URL "http://a<b/" has no possible host ("a<b"): check its name.
            http://256.0.0.1/               | HOST      | The URL "http://256.0.0.1/" has no possible host ("256.0.0.1"): check its name.
            http://1.2.3.4.5/               | HOST      | The URL "http://1.2.3.4.5/" has no possible host ("1.2.3.4.5"): check its name.
            http://4294967296/              | HOST      | The URL "http://4294967296/" has no possible host ("4294967296"): check its name.
            http://example.0x1z.9/          | HOST      | The URL "http://example.0x1z.9/" has no possible host ("example.0x1z.9"): check its name.
            http://[::1/                    | HOST      | The URL "http://[::1/" has no possible host: check its name.
            http://[fe80::1%25eth0]/        | HOST      | The URL "http://[fe80::1%25eth0]/" has no possible host: check its name.
            http://example.org:0/           | PORT      | The URL "http://example.org:0/" has a port that is not between 1 and 65535.
            http://example.org:65536/       | PORT      | The URL "http://example.org:65536/" has a port that is not between 1 and 65535.
            http://example.org:http/        | PORT      | The URL "http://example.org:http/" has a port that is not between 1 and 65535.
            http://ann:secret@example.org/  | USER_INFO | The URL "http://example.org/" carries a user name or a password, which would be stored and printed with every page; remove the part up to the @.
            """)
    void what_is_no_url_is_refused_with_one_sentence(String text, Flaw flaw, String sentence) {
        var input = text.equals("''") ? "" : text;

        assertThat(parser.parse(input)).isEqualTo(new Malformed(flaw, sentence));
        assertThatThrownBy(() -> CrawlUrl.of(input))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    @Test
    void a_password_never_reaches_a_message() {
        assertThat(((Malformed) parser.parse("http://ann:secret@exa mple.org/")).message())
                .doesNotContain("secret");
        assertThat(((Malformed) parser.parse("http:ann:secret@example.org/")).message())
                .doesNotContain("secret");
        for (var beginning : new String[] {"http:ann:", "http:\\\\ann:", "//ann:", "http://" + "a".repeat(200) + ":"})
            assertThat(((Malformed) parser.parse(beginning + "secret@exa mple.org/")).message())
                    .as(beginning)
                    .contains("…@exa mple.org/")
                    .doesNotContain("secret");
    }

    @Test
    void a_host_that_could_not_be_read_back_is_none() {
        assertThat(parser.parse("http://é_/")).isInstanceOf(Malformed.class);
        assertThat(parser.parse("http://_é.example.org/")).isInstanceOf(Malformed.class);
        assertThat(parser.parse("http://bücher.example.org/").orThrow().href())
                .isEqualTo("http://xn--bcher-kva.example.org/");
    }

    @Test
    void a_label_longer_than_dns_allows_is_no_host() {
        assertThat(parser.parse("http://" + "a".repeat(63) + ".org/")).isInstanceOf(Valid.class);
        assertThat(parser.parse("http://" + "a".repeat(64) + ".org/")).isInstanceOf(Malformed.class);
        assertThat(parser.parse("http://" + "a.".repeat(126) + "org/")).isInstanceOf(Malformed.class);
    }

    @Test
    void a_url_is_measured_after_it_was_made_canonical() {
        var rules = UrlRules.defaults().maxLength(40);
        var strict = new UrlParser(rules);

        assertThat(strict.parse("http://example.org/" + "a".repeat(21))).isInstanceOf(Valid.class);
        assertThat(strict.parse("http://example.org/" + "a".repeat(22)))
                .isInstanceOfSatisfying(
                        Malformed.class, m -> assertThat(m.flaw()).isEqualTo(Flaw.TOO_LONG));
        assertThat(strict.parse("http://example.org/" + "ä".repeat(4))).isInstanceOf(Malformed.class);
        assertThat(strict.parse("http://example.org/?utm_source=" + "a".repeat(40)))
                .isInstanceOf(Valid.class);
    }

    @Test
    void a_very_long_text_is_refused_without_being_parsed_and_shown_shortened() {
        var refused = parser.parse("http://example.org/" + "a".repeat(10_000_000));

        assertThat(refused)
                .isInstanceOfSatisfying(
                        Malformed.class,
                        m -> assertThat(m.message()).hasSizeLessThan(300).contains("…"));
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource(textBlock = """
            ?utm_source=a&id=7&UTM_Medium=b,      ?id=7
            ?fbclid=1,                            ''
            ?%75tm_source=a&x=1,                  ?x=1
            ?utm=1&xutm_source=2,                 ?utm=1&xutm_source=2
            ?id=7&gclid=x&id=8,                   ?id=7&id=8
            ?gclid,                               ''
            """)
    void tracking_parameters_are_dropped_and_the_others_keep_their_order(String query, String kept) {
        assertThat(parser.parse("http://example.org/" + query).orThrow().href())
                .isEqualTo("http://example.org/" + kept);
    }

    @Test
    void parameters_are_sorted_by_name_only_when_asked() {
        var sorting = new UrlParser(UrlRules.defaults().sortParameters(true));

        assertThat(sorting.parse("http://example.org/?b=2&a=1&b=1&a").orThrow().query())
                .isEqualTo("a=1&a&b=2&b=1");
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({
        "/a/, /a",
        "/a//, /a",
        "/, /",
        "/a/index.html, /a",
        "/index.html, /",
        "/index.html/index.html/, /",
        "/a/index.htm, /a/index.htm",
        "/a/index.html?x=1, /a?x=1"
    })
    void slashes_at_the_end_and_index_files_are_dropped_only_when_asked(String path, String dropped) {
        var dropping = new UrlParser(
                UrlRules.defaults().trailingSlash(TrailingSlash.STRIP).indexFiles(Set.of("index.html")));
        var url = "http://example.org" + path;

        assertThat(dropping.parse(url).orThrow().pathAndQuery()).isEqualTo(dropped);
        assertThat(parser.parse(url).orThrow().pathAndQuery()).isEqualTo(path);
    }

    @ParameterizedTest(name = "{0} belongs to {1}")
    @CsvSource({
        "www.example.co.uk, example.co.uk",
        "a.b.example.com, example.com",
        "ann.github.io, ann.github.io",
        "www.bücher.de, xn--bcher-kva.de",
        "co.uk, co.uk",
        "localhost, localhost",
        "127.0.0.1, 127.0.0.1",
        "[::1], [::1]"
    })
    void a_host_knows_the_domain_that_was_registered(String host, String domain) {
        assertThat(CrawlUrl.of("http://" + host + "/").hostKey().registrableDomain())
                .isEqualTo(domain);
    }

    @Test
    void scheme_host_and_port_make_a_host_key() {
        var key = CrawlUrl.of("https://Example.org:8443/a?b").hostKey();

        assertThat(key).isEqualTo(new HostKey("https", "example.org", 8443)).hasToString("https://example.org:8443");
        assertThat(key).isNotEqualTo(CrawlUrl.of("http://example.org:8443/").hostKey());
        assertThat(key.at("/robots.txt").href()).isEqualTo("https://example.org:8443/robots.txt");
    }

    @Test
    void rules_that_make_no_sense_are_refused() {
        var rules = UrlRules.defaults();

        assertThatThrownBy(() -> rules.maxLength(9_000))
                .hasMessage("maxLength is between 16 and 8,192 characters, not 9,000.");
        assertThatThrownBy(() -> rules.dropParameters(Set.of("*"))).hasMessageContaining("dropParameters");
        assertThatThrownBy(() -> rules.indexFiles(Set.of("a/b"))).hasMessageContaining("indexFiles");
    }
}
