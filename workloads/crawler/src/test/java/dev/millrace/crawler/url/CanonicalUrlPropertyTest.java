package dev.millrace.crawler.url;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.crawler.url.ParsedUrl.Malformed;
import dev.millrace.crawler.url.ParsedUrl.Skipped;
import dev.millrace.crawler.url.ParsedUrl.Valid;
import dev.millrace.crawler.url.UrlRules.TrailingSlash;
import dev.millrace.simulation.cases.Cases;
import dev.millrace.simulation.cases.Choices;
import dev.millrace.simulation.cases.Hostile;
import java.net.URI;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** One spelling for each page, and for what is no page a reason, whatever stands in a link. */
class CanonicalUrlPropertyTest {

    private static final List<UrlParser> PARSERS = List.of(
            new UrlParser(UrlRules.asWritten()),
            new UrlParser(UrlRules.defaults()),
            new UrlParser(UrlRules.defaults().maxLength(40)),
            new UrlParser(UrlRules.defaults().sortParameters(true)),
            new UrlParser(UrlRules.defaults()
                    .sortParameters(true)
                    .trailingSlash(TrailingSlash.STRIP)
                    .indexFiles(Set.of("index.html", "a"))));

    private static final CrawlUrl PAGE = CrawlUrl.of("http://example.org/a/b?c");

    private static final String SECRET = "sesame";

    @Test
    void what_is_canonical_stays_as_it_is() {
        Cases.forAll(600, CanonicalUrlPropertyTest::wildUrl, wild -> {
            for (var parser : PARSERS) {
                if (parser.parse(wild) instanceof Valid valid) {
                    assertThat(parser.parse(valid.url().href())).isEqualTo(valid);
                    assertThat(CrawlUrl.of(valid.url().href())).isEqualTo(valid.url());
                }
            }
        });
    }

    @Test
    void whatever_is_canonical_can_be_read_by_anything_that_reads_uris() {
        Cases.forAll(600, CanonicalUrlPropertyTest::wildUrl, wild -> {
            if (new UrlParser(UrlRules.defaults()).parse(wild) instanceof Valid valid) {
                var uri = URI.create(valid.url().href());

                assertThat(uri.getRawPath()).isEqualTo(valid.url().path());
                assertThat(uri.getRawQuery()).isEqualTo(valid.url().query());
                assertThat(uri.getRawFragment()).isNull();
                assertThat(uri.getRawUserInfo()).isNull();
                assertThat(valid.url().hostKey().registrableDomain()).isNotEmpty();
            }
        });
    }

    @Test
    void every_text_is_a_page_another_thing_or_a_flaw_that_is_told_in_a_line() {
        Cases.forAll(
                400,
                c -> c.any(CanonicalUrlPropertyTest::wildLink, Hostile::text, CanonicalUrlPropertyTest::wildUrl),
                wild -> {
                    for (var parser : PARSERS) {
                        for (var parsed : List.of(parser.parse(wild), parser.resolve(PAGE, wild))) {
                            switch (parsed) {
                                case Valid valid ->
                                    assertThat(parser.parse(valid.url().href())).isEqualTo(valid);
                                case Skipped skipped ->
                                    assertThat(skipped.scheme()).matches("[a-z][a-z0-9+.-]*");
                                case Malformed malformed ->
                                    assertThat(malformed.message())
                                            .hasSizeBetween(10, 600)
                                            .doesNotContainPattern("[\\p{Cc}\\p{Cs}]");
                            }
                        }
                    }
                });
    }

    /** A URL, and the same one as somebody else would write it. */
    record Spellings(String plain, String other) {}

    @Test
    void spellings_of_one_page_are_one_page() {
        Cases.forAll(2_000, CanonicalUrlPropertyTest::spellings, two -> {
            for (var parser : PARSERS.subList(0, 2))
                assertThat(parser.parse(two.other()))
                        .isEqualTo(parser.parse(two.plain()))
                        .isInstanceOf(Valid.class);
        });
    }

    @Test
    void a_password_is_never_told() {
        Cases.forAll(300, CanonicalUrlPropertyTest::withPassword, wild -> {
            for (var parser : PARSERS)
                for (var parsed : List.of(parser.parse(wild), parser.resolve(PAGE, wild)))
                    if (!(parsed instanceof Valid))
                        assertThat(parsed.toString()).doesNotContain(SECRET);
        });
    }

    private static String wildUrl(Choices choices) {
        return choices.of("http://", "https://", "HTTP:/", "http:\\\\", "http:") + wildLink(choices);
    }

    /** Pieces that mean something to a URL parser, in any order. */
    private static String wildLink(Choices choices) {
        return choices.text(12, CanonicalUrlPropertyTest::piece);
    }

    private static String piece(Choices choices) {
        return switch (choices.below(13)) {
            case 0, 1, 2, 3 -> choices.of("a", "B", "example.org", "0x7f", "1", "99", "index.html", "utm_source=1");
            case 4, 5, 6, 7 -> choices.of("/", "//", ".", "..", "?", "&", "=", "#", ":", "@", "\\", ";", "+");
            case 8, 9 -> choices.of("%", "%2", "%2e", "%2F", "%41", "%34", "%25", "%zz", "%C3%A4", "%00", "%ff");
            case 10 -> choices.of(" ", "\t", "\n", "|", "[", "]", "[::1]", "{", "^", "`", "'", "\"", "<");
            case 11 -> choices.of("ä", "ß", "日", "💩", "\uD800", "\u00ad", "。", "\u202e", "\u0000");
            default -> Hostile.text(choices);
        };
    }

    private static Spellings spellings(Choices choices) {
        var plain = new StringBuilder("http://");
        var other = new StringBuilder(choices.of("http://", "HTTP://", " hTTp:\\\\", "\thttp:/", "http:", "ht\ntp://"));
        both(
                choices,
                plain,
                other,
                "example.org",
                "EXAMPLE.org",
                "example.org.",
                "ex%61mple.org",
                "exa\tmple.org",
                "e\u00adxample.org");
        both(choices, plain, other, "", ":80", ":", ":0080");
        for (var unused : choices.list(4, c -> ""))
            switch (choices.below(3)) {
                case 0 ->
                    both(
                            choices,
                            plain,
                            other,
                            "/a",
                            "/%61",
                            "\\a",
                            "/./a",
                            "/x/../a",
                            "/x/%2E%2e/a",
                            "/\na",
                            "/%2e/a");
                case 1 -> both(choices, plain, other, "/%C3%A4", "/ä", "/%c3%a4");
                default -> both(choices, plain, other, "/%20~", "/ ~", "/%20%7E", "/ %7e");
            }
        if (choices.oneIn(3)) both(choices, plain, other, "/b/", "/b/./", "/b/c/..", "/b/.");
        if (plain.indexOf("/", 7) < 0) both(choices, plain, other, "/", "", "/.", "/..", "\\");
        both(choices, plain, other, "", "?", "#", "#a", "?#?b", " ");
        return new Spellings(plain.toString(), other.toString());
    }

    /** The first of these to the one, any of them to the other. */
    private static void both(Choices choices, StringBuilder plain, StringBuilder other, String... equal) {
        plain.append(equal[0]);
        other.append(choices.of(equal));
    }

    private static String withPassword(Choices choices) {
        return choices.of("http://", "https://", "http:\\\\", "//", "http:", " http:/", "h\nttp://", "\\\\")
                + "x".repeat((int) choices.between(0, choices.of(3, 200, 9_000)))
                + choices.of("user:", "", "%75:", ":")
                + SECRET
                + choices.of("", "@", "%40", ";", "é")
                + "@"
                + choices.of("example.org", "exa mple.org", "[::1", "1.2.3.4.5", "example.org:99999", "", "a..b", "%00")
                + choices.of("", "/", "/" + "p".repeat(3_000), "?q", "\0");
    }
}
