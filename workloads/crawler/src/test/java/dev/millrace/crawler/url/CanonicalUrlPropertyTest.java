package dev.millrace.crawler.url;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.crawler.url.ParsedUrl.Valid;
import dev.millrace.crawler.url.UrlRules.TrailingSlash;
import java.net.URI;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.statistics.Statistics;

class CanonicalUrlPropertyTest {

    private static final List<UrlParser> PARSERS = List.of(
            new UrlParser(UrlRules.asWritten()),
            new UrlParser(UrlRules.defaults()),
            new UrlParser(UrlRules.defaults().sortParameters(true)),
            new UrlParser(UrlRules.defaults()
                    .sortParameters(true)
                    .trailingSlash(TrailingSlash.STRIP)
                    .indexFiles(Set.of("index.html", "a"))));

    @Property(tries = 1_500)
    void what_is_canonical_stays_as_it_is(@ForAll("wildUrls") String wild) {
        for (var parser : PARSERS) {
            var once = parser.parse(wild);
            Statistics.collect(once.getClass().getSimpleName());
            if (once instanceof Valid valid) {
                assertThat(parser.parse(valid.url().href())).isEqualTo(valid);
                assertThat(CrawlUrl.of(valid.url().href())).isEqualTo(valid.url());
            }
        }
    }

    @Property(tries = 1_500)
    void whatever_is_canonical_can_be_read_by_anything_that_reads_uris(@ForAll("wildUrls") String wild) {
        if (new UrlParser(UrlRules.defaults()).parse(wild) instanceof Valid valid) {
            var uri = URI.create(valid.url().href());

            assertThat(uri.getRawPath()).isEqualTo(valid.url().path());
            assertThat(uri.getRawQuery()).isEqualTo(valid.url().query());
            assertThat(uri.getRawFragment()).isNull();
            assertThat(uri.getRawUserInfo()).isNull();
        }
    }

    @Property(tries = 1_500)
    void a_link_never_throws(@ForAll("wildLinks") String wild) {
        var base = CrawlUrl.of("http://example.org/a/b?c");

        for (var parser : PARSERS) {
            if (parser.resolve(base, wild) instanceof Valid valid) {
                assertThat(parser.parse(valid.url().href())).isEqualTo(valid);
            }
        }
    }

    @Provide
    Arbitrary<String> wildUrls() {
        var scheme = Arbitraries.of("http://", "https://", "HTTP:/", "http:\\\\", "http:");
        return scheme.flatMap(s -> wildLinks().map(rest -> s + rest));
    }

    /** Pieces that mean something to a URL parser, in any order. */
    @Provide
    Arbitrary<String> wildLinks() {
        var piece = Arbitraries.frequencyOf(
                Tuple.of(12, Arbitraries.of("a", "B", "example.org", "0x7f", "1", "99", "index.html", "utm_source=1")),
                Tuple.of(12, Arbitraries.of("/", "//", ".", "..", "?", "&", "=", "#", ":", "@", "\\", ";", "+")),
                Tuple.of(
                        8, Arbitraries.of("%", "%2", "%2e", "%2F", "%41", "%34", "%25", "%zz", "%C3%A4", "%00", "%ff")),
                Tuple.of(4, Arbitraries.of(" ", "\t", "\n", "|", "[", "]", "[::1]", "{", "^", "`", "'", "\"", "<")),
                Tuple.of(4, Arbitraries.of("ä", "ß", "日", "💩", "\uD800", "\u00ad", "。", "\u202e", "\u0000")),
                Tuple.of(1, Arbitraries.strings().ofMaxLength(3)));
        return piece.list().ofMaxSize(12).map(pieces -> String.join("", pieces));
    }
}
