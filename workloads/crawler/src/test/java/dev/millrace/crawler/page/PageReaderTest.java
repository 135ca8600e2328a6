package dev.millrace.crawler.page;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.crawler.fetch.Body;
import dev.millrace.crawler.fetch.ContentType;
import dev.millrace.crawler.fetch.Fetched.Response;
import dev.millrace.crawler.fetch.FetchersForTests;
import dev.millrace.crawler.fetch.Headers;
import dev.millrace.crawler.fetch.Hop;
import dev.millrace.crawler.fetch.Trail;
import dev.millrace.crawler.page.Link.Kind;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.UrlParser;
import dev.millrace.crawler.url.UrlRules;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PageReaderTest {

    private static final CrawlUrl HERE = CrawlUrl.of("http://example.org/dir/page.html");
    private static final ContentType HTML = new ContentType("text/html", "utf-8", false);

    @Test
    void a_page_is_its_title_its_words_and_its_links() throws InterruptedException {
        var page = read("""
                <!doctype html>
                <html lang="en-GB"><head>
                  <title>  A   page &amp; more </title>
                  <link rel="canonical" href="/canonical?utm_source=x">
                  <link rel="next" href="2.html"><link rel="stylesheet" href="style.css">
                  <style>p { color: red }</style><script>var a = "<p>no</p>";</script>
                </head><body>
                  <h1>Heading</h1>
                  <p>Some   <b>bold</b>
                  text.</p><p>A <a href="other.html#part">link</a>.</p>
                </body></html>
                """);

        assertThat(page.title()).isEqualTo("A page & more");
        assertThat(page.text()).isEqualTo("Heading\nSome bold text.\nA link.");
        assertThat(page.language()).isEqualTo("en-GB");
        assertThat(page.canonical()).isEqualTo(CrawlUrl.of("http://example.org/canonical"));
        assertThat(page.links())
                .containsExactly(
                        new Link(CrawlUrl.of("http://example.org/dir/2.html"), Kind.NEXT, false),
                        new Link(CrawlUrl.of("http://example.org/dir/other.html"), Kind.ANCHOR, false));
        assertThat(page.sha256()).hasSize(64);
        assertThat(page.cut()).isEqualTo(new Page.Cut(false, false, false, 0, 0));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '→', textBlock = """
            <p>a<p>b                                                     → a¶b
            a<br>b<br><br>c                                              → a¶b¶c
            <div>a<div>b</div>c</div>                                    → a¶b¶c
            a <!-- no --> b                                              → a b
            a<span> b</span><i>c</i>                                     → a bc
            a&nbsp;&nbsp;b                                               → a b
            <ul><li>a<li>b</ul>                                          → a¶b
            <table><tr><td>a<td>b<tr><td>c</table>                       → a b¶c
            <pre>a~  b~~c</pre>d                                         → a¶b¶c¶d
            <script>no</script><style>no</style>a                        → a
            <template><p>no</p></template>a                              → a
            <noscript>Please enable</noscript>a                          → a
            <p hidden>no</p>a                                            → a
            <p style='color:red; Display : none'>no<b>no</b></p>a        → a
            <select><option>no</select><textarea>no</textarea>a          → a
            <svg><title>no</title><text>no</text></svg>a                 → a
            soft&shy;hyphen zero&#8203;width &#0;nul                     → softhyphen zerowidth \uFFFDnul
            &lt;b&gt; &amp; &euro; &#x1F600;                             → <b> & € 😀
            half &#xD800; pair                                           → half pair
            <p>a</b></i></p></div>b<td>c                                 → a¶bc
            <button>Go</button> <label>Name <input value=x></label>      → Go Name
            """)
    void the_text_is_what_a_reader_sees(String html, String text) throws InterruptedException {
        assertThat(read("<body>" + html.replace('~', '\n')).text()).isEqualTo(text.replace('¶', '\n'));
    }

    @Test
    void a_page_without_anything_is_empty() throws InterruptedException {
        var page = read("");

        assertThat(page.title()).isEmpty();
        assertThat(page.text()).isEmpty();
        assertThat(page.links()).isEmpty();
        assertThat(page.canonical()).isNull();
        assertThat(page.language()).isEmpty();
        assertThat(page.sha256()).isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    // Links

    @Test
    void links_stand_in_the_order_of_the_document_each_once() throws InterruptedException {
        var page = read("""
                <a href="/c">c</a> <a href="/a?utm_medium=x">a</a> <a href="HTTP://EXAMPLE.org:80/b/../c#x">c again</a>
                <map><area href="/d"></map> <iframe src="/e"></iframe> <a href="page.html#top">here</a>
                <a href="">here too</a> <a name="no">no link</a> <form action="/no"><button formaction="/no"></form>
                <img src="/no.png"><a href=" /f\n">f</a>
                """);

        assertThat(page.links()).extracting(link -> link.url().path()).containsExactly("/c", "/a", "/d", "/e", "/f");
        assertThat(page.links())
                .extracting(Link::kind)
                .containsExactly(Kind.ANCHOR, Kind.ANCHOR, Kind.AREA, Kind.FRAME, Kind.ANCHOR);
    }

    @Test
    void a_link_is_nofollow_only_if_all_to_the_same_page_are() throws InterruptedException {
        var page = read("""
                <a rel="nofollow" href="/a">a</a> <a rel="NoFollow noopener" href="/b">b</a> <a href="/b">b</a>
                <a rel="ugc" href="/c">c</a>
                """);

        assertThat(page.links()).extracting(Link::nofollow).containsExactly(true, false, false);
    }

    @ParameterizedTest(name = "base {0}: {1}")
    @CsvSource(delimiter = '→', textBlock = """
            <base href='/other/'>                       → http://example.org/other/a
            <base href='https://cdn.example/x/y'>       → https://cdn.example/x/a
            <base href='../'>                           → http://example.org/a
            <base href='/1/'><base href='/2/'>          → http://example.org/1/a
            <base target=_top><base href='/2/'>         → http://example.org/2/a
            <base href='data:text/html,x'>              → http://example.org/dir/a
            <base href='http://exa mple/'>              → http://example.org/dir/a
            """)
    void links_are_relative_to_the_base_of_the_page(String head, String target) throws InterruptedException {
        assertThat(read(head + "<a href=a>a</a>").links())
                .extracting(link -> link.url().href())
                .containsExactly(target);
    }

    @Test
    void links_are_relative_to_where_redirects_led() throws InterruptedException {
        var there = CrawlUrl.of("http://example.org/moved/");
        var trail = new Trail(HERE, List.of(new Hop(HERE, 301, there)), Duration.ZERO);

        var page = (Page) reader(PageLimits.defaults()).read(response(trail, "<a href=a>a</a>", Map.of()));

        assertThat(page.links()).extracting(link -> link.url().href()).containsExactly("http://example.org/moved/a");
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '→', emptyValue = "", textBlock = """
            5; url=/a          → /a
            0;URL='/a'         → /a
            0;URL="/a          → /a
            0 , /a             → /a
            0; Url = /a?b=c;d  → /a?b=c;d
            ;url=/a            → /a
            5                  → -
            5;                 → -
            """)
    void a_refresh_is_a_link(String content, String path) throws InterruptedException {
        var page = read("<meta http-equiv=Refresh content='%s'>".formatted(content.replace("'", "&#39;")));

        assertThat(page.links())
                .extracting(link -> link.url().pathAndQuery())
                .isEqualTo(path.equals("-") ? List.of() : List.of(path));
    }

    @Test
    void links_that_lead_to_no_page_are_counted() throws InterruptedException {
        var page = read("""
                <a href="mailto:a@example.org"></a><a href="javascript:x()"></a><a href="tel:1"></a>
                <a href="http://exa mple/"></a><a href="http://u:p@example.org/"></a><a href="/ok"></a>
                """);

        assertThat(page.links()).hasSize(1);
        assertThat(page.cut().skipped()).isEqualTo(3);
        assertThat(page.cut().malformed()).isEqualTo(2);
    }

    @Test
    void links_count_in_a_noscript_and_when_hidden_but_not_in_a_template() throws InterruptedException {
        var page = read("""
                <noscript><a href="/a">a</a></noscript><div hidden><a href="/b">b</a></div>
                <template><a href="/no">no</a></template><!-- <a href="/no">no</a> -->
                """);

        assertThat(page.links()).extracting(link -> link.url().path()).containsExactly("/a", "/b");
    }

    // What it asks of crawlers

    @ParameterizedTest(name = "{0} and {1}: noindex {2}, nofollow {3}")
    @CsvSource(delimiter = '→', nullValues = "-", textBlock = """
            -                                                                  → -                             → false → false
            <meta name=robots content='noindex, nofollow'>                     → -                             → true  → true
            <meta name=ROBOTS content='NoIndex'>                               → -                             → true  → false
            <meta name=robots content=none>                                    → -                             → true  → true
            <meta name=robots content='index,follow'>                          → -                             → false → false
            <meta name=millrace content=nofollow>                              → -                             → false → true
            <meta name=googlebot content=none>                                 → -                             → false → false
            <meta name=robots content=noindex><meta name=robots content=nofollow> → -                          → true  → true
            -                                                                  → noindex                       → true  → false
            -                                                                  → millrace: nofollow            → false → true
            -                                                                  → otherbot: noindex             → false → false
            -                                                                  → max-snippet:20, noindex       → true  → false
            -                                                                  → unavailable_after: 25 Jun 2010 15:00:00 PST → false → false
            """)
    void a_page_can_ask_not_to_be_kept_or_followed(
            @Nullable String head, @Nullable String header, boolean noindex, boolean nofollow)
            throws InterruptedException {
        var headers = header == null ? Map.<String, List<String>>of() : Map.of("x-robots-tag", List.of(header));

        var page = (Page) reader(PageLimits.defaults()).read(response(here(), head == null ? "" : head, headers));

        assertThat(page.robots()).isEqualTo(new RobotsMeta(noindex, nofollow));
    }

    @Test
    void the_language_is_the_first_that_is_named() throws InterruptedException {
        assertThat(read("<html lang=de-AT>").language()).isEqualTo("de-AT");
        assertThat(read("<meta http-equiv=Content-Language content=fr>").language())
                .isEqualTo("fr");
        assertThat(((Page) reader(PageLimits.defaults())
                                .read(response(here(), "<p>", Map.of("content-language", List.of("it")))))
                        .language())
                .isEqualTo("it");
        assertThat(read("<html lang='<script>'>").language()).isEmpty();
    }

    // Limits

    @Test
    void what_is_too_long_is_cut_and_said_so() throws InterruptedException {
        var limits = new PageLimits(10, 20, 2, 512, 500_000);

        var page = (Page) reader(limits)
                .read(response(
                        here(),
                        "<title>A title that is long</title><p>Twenty characters and many more<a href=/1>1</a><a href=/2>2</a><a href=/3>3</a>",
                        Map.of()));

        assertThat(page.title()).isEqualTo("A title t");
        assertThat(page.text()).isEqualTo("Twenty characters a");
        assertThat(page.links()).hasSize(2);
        assertThat(page.cut()).isEqualTo(new Page.Cut(true, true, true, 0, 0));
    }

    static Stream<Arguments> monsters() {
        return Stream.of(
                Arguments.of("deep nesting", "<div>".repeat(37_500) + "<a href=/deep>deep</a>"),
                Arguments.of("deep nesting of inline elements", "<b><i><u>".repeat(12_500) + "x"),
                Arguments.of("open links", "<a href=/a>".repeat(12_500)),
                Arguments.of("formatting that is never closed", "<p><b><i>x".repeat(7_500)),
                Arguments.of("tables in tables", "<table><tr><td>".repeat(6_250) + "x"),
                Arguments.of("text that belongs into no table", "<table>x".repeat(6_250)),
                Arguments.of("one element of many attributes", "<a " + manyAttributes() + " href=/a>x"),
                Arguments.of("an open comment", "<!-- ".repeat(62_500)),
                Arguments.of("an open tag", "<a href='".repeat(37_500)),
                Arguments.of("entities", "&amp;&lt;&bogus;".repeat(18_750)),
                Arguments.of("a list without end", "<ul><li>".repeat(18_750)),
                Arguments.of("selects", "<select><option>".repeat(12_500)),
                Arguments.of("binary noise", noise()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("monsters")
    void no_markup_is_too_wrong_or_takes_too_long(String name, String html) {
        Assertions.assertTimeout(
                Duration.ofSeconds(10), () -> assertThat(read(html)).isNotNull(), name);
    }

    @Test
    void a_reader_that_is_interrupted_stops() {
        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> read("<p>".repeat(100_000))).isInstanceOf(InterruptedException.class);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void what_lies_too_deep_is_not_lost() throws InterruptedException {
        assertThat(read("<div>".repeat(2_000) + "<a href=/deep>deep</a>").links())
                .hasSize(1);
    }

    private static Stream<Arguments> bombs() {
        var formats = new StringBuilder("<p>");
        for (int i = 0; i < 10; i++) formats.append("<b id=").append(i).append('>');
        return Stream.of(
                Arguments.of("ten mebibytes of tags", "<i>x".repeat(10 << 18)),
                Arguments.of("comments only", "<!-->".repeat(25_000)),
                Arguments.of("paragraphs that open it all again", formats + "</p><p>x".repeat(2_000)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bombs")
    void a_page_that_would_fill_the_memory_is_not_read(String name, String html) {
        var limits = new PageLimits(1_000, 1_000_000, 10_000, 512, 10_000);

        Assertions.assertTimeout(Duration.ofSeconds(20), () -> {
            var reading = reader(limits).read(response(here(), html, Map.of()));
            assertThat(reading).isInstanceOf(Reading.TooComplex.class);
            assertThat(((Reading.TooComplex) reading).message()).contains("more than 10,000 elements");
        });
        Assertions.assertTimeout(Duration.ofSeconds(20), () -> {
            var beginning = response(here(), html.substring(0, html.length() / 6), Map.of());
            assertThat(reader(limits).read(beginning))
                    .isInstanceOf(name.startsWith("ten") ? Reading.class : Page.class);
        });
    }

    @Test
    void pages_are_read_together_as_long_as_there_is_room_for_them() throws Exception {
        var room = new ReadingRoom(100 << 10);
        var first = room.enter(60 << 10);
        var small = room.enter(30 << 10);
        var entered = new CountDownLatch(1);
        var second = Thread.ofVirtual().start(() -> {
            try {
                room.enter(1L << 40).close();
                entered.countDown();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });

        small.close();
        assertThat(entered.await(50, TimeUnit.MILLISECONDS)).isFalse();
        first.close();

        second.join();
        assertThat(entered.getCount()).isZero();
    }

    @Test
    void limits_that_make_no_sense_are_refused() {
        assertThatThrownBy(() -> new PageLimits(0, 1, 1, 512, 1_000))
                .hasMessage("maxTitle is between 1 and 100,000, not 0.");
    }

    private static Page read(String html) throws InterruptedException {
        return (Page) reader(PageLimits.defaults()).read(response(here(), html, Map.of()));
    }

    private static PageReader reader(PageLimits limits) {
        return new PageReader(
                limits, new UrlParser(UrlRules.defaults()), FetchersForTests.AGENT, new ReadingRoom(64 << 20));
    }

    private static Trail here() {
        return new Trail(HERE, List.of(), Duration.ZERO);
    }

    private static Response response(Trail trail, String html, Map<String, List<String>> headers) {
        return new Response(trail, 200, new Headers(headers), HTML, Body.of(html.getBytes(UTF_8), HTML));
    }

    private static String manyAttributes() {
        var attributes = new StringBuilder();
        for (int i = 0; i < 20_000; i++) attributes.append(" a").append(i).append("=1");
        return attributes.toString();
    }

    private static String noise() {
        var noise = new StringBuilder();
        for (int i = 0; i < 300_000; i++) noise.append((char) (i * 31 % 0x2000));
        return noise.toString();
    }
}
