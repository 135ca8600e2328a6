package dev.millrace.crawler.fetch;

import static dev.millrace.crawler.fetch.FetchersForTests.NOW;
import static dev.millrace.crawler.fetch.TestSite.answer;
import static dev.millrace.crawler.fetch.TestSite.gzipped;
import static dev.millrace.crawler.fetch.TestSite.html;
import static dev.millrace.crawler.fetch.TestSite.raw;
import static dev.millrace.crawler.fetch.TestSite.redirect;
import static dev.millrace.crawler.fetch.TestSite.status;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.crawler.fetch.FetchLimits.Oversize;
import dev.millrace.crawler.fetch.Fetched.Failed;
import dev.millrace.crawler.fetch.Fetched.Moved;
import dev.millrace.crawler.fetch.Fetched.OtherType;
import dev.millrace.crawler.fetch.Fetched.Response;
import dev.millrace.crawler.fetch.Reason.Again;
import dev.millrace.crawler.url.CrawlUrl;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpFetcherTest {

    private final TestSite site = new TestSite();
    private final HttpFetcher fetcher = FetchersForTests.local();

    @AfterEach
    void close() {
        fetcher.close();
        site.close();
    }

    @Test
    void a_page_comes_whole_with_what_describes_it() throws InterruptedException {
        site.on("/a", answer("text/html; charset=UTF-8", "<p>grün".getBytes(UTF_8), "ETag: \"7\"", "X-Other: dropped"));

        var page = response("/a");

        assertThat(page.status()).isEqualTo(200);
        assertThat(page.trail().finalUrl()).isEqualTo(site.url("/a"));
        assertThat(page.trail().hops()).isEmpty();
        assertThat(page.trail().took()).isPositive();
        assertThat(page.contentType()).isEqualTo(new ContentType("text/html", "UTF-8", false));
        assertThat(page.body().text()).isEqualTo("<p>grün");
        assertThat(page.body().length()).isEqualTo(8);
        assertThat(page.body().transferred()).isEqualTo(8);
        assertThat(page.body().sha256()).hasSize(64);
        assertThat(page.headers().first("ETag")).contains("\"7\"");
        assertThat(page.headers().values()).containsOnlyKeys("etag", "content-type");
    }

    @Test
    void the_request_says_who_asks_and_nothing_more_than_needed() throws InterruptedException {
        site.on("/a?b=%7C", html("x"));

        response("/a?b=%7C");

        assertThat(site.requests()).singleElement().satisfies(request -> {
            assertThat(request.path()).isEqualTo("/a?b=%7C");
            assertThat(request.headers())
                    .containsEntry("user-agent", "Millrace/0.1 (+https://example.org/about)")
                    .containsEntry("accept-encoding", "gzip, deflate")
                    .containsEntry("host", "127.0.0.1:" + site.port())
                    .containsOnlyKeys("user-agent", "accept", "accept-encoding", "host", "connection");
        });
    }

    @Test
    void two_slashes_in_a_path_reach_the_server() throws InterruptedException {
        site.on("//a//b", html("x"));

        assertThat(response("//a//b").body().text()).isEqualTo("x");
    }

    @Test
    void a_host_may_have_an_underscore_in_its_name() throws InterruptedException {
        site.on("/a", html("x"));
        try (var named = FetchersForTests.fetcher(
                AddressPolicy.alsoPrivate(), host -> new InetAddress[] {InetAddress.getLoopbackAddress()})) {
            var url = CrawlUrl.of("http://my_host.example:" + site.port() + "/a");

            assertThat(named.fetch(FetchRequest.page(url))).isInstanceOf(Response.class);
            assertThat(site.requests().getFirst().headers()).containsEntry("host", "my_host.example:" + site.port());
        }
    }

    @Test
    void a_host_may_be_an_address_of_either_kind() throws InterruptedException {
        try (var six = new TestSite("::1")) {
            six.on("/a", html("x"));
            var url = CrawlUrl.of("http://[::1]:" + six.port() + "/a");

            assertThat(fetcher.fetch(FetchRequest.page(url))).isInstanceOf(Response.class);
            assertThat(six.requests().getFirst().headers()).containsEntry("host", "[::1]:" + six.port());
        } catch (UncheckedIOException noSuchAddress) {
            Assumptions.abort("this machine has no IPv6");
        }
    }

    @Test
    void pages_of_one_host_share_a_connection_also_after_errors_and_redirects() throws InterruptedException {
        site.on("/a", html("a"))
                .on("/gone", status(404))
                .on("/old", redirect(301, "/a"))
                .on("/pdf", answer("application/pdf", new byte[900]));

        for (int i = 0; i < 5; i++) {
            response("/a");
            fetch("/gone");
            fetch("/old");
            fetch("/pdf");
        }

        assertThat(site.connections()).isEqualTo(1);
    }

    @Test
    void a_connection_that_the_server_closed_while_it_idled_costs_nobody_a_page() throws InterruptedException {
        site.on("/a", (request, out, socket) -> {
            html("a").answer(request, out, socket);
            out.flush();
            socket.close(); // though it promised to keep it
        });

        for (int i = 0; i < 20; i++) assertThat(response("/a").body().text()).isEqualTo("a");
    }

    @Test
    void what_an_answer_sends_beyond_its_length_does_not_spoil_the_next_page() throws InterruptedException {
        site.on("/a", raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\nagarbage garbage"));
        site.on("/b", html("b"));

        for (int i = 0; i < 5; i++) {
            assertThat(response("/a").body().text()).isEqualTo("a");
            assertThat(response("/b").body().text()).isEqualTo("b");
        }
    }

    @Test
    void an_empty_page_is_a_page() throws InterruptedException {
        site.on("/empty", html(""));
        site.on("/gzip", answer("text/html", new byte[0], "Content-Encoding: gzip"));
        site.on("/204", raw("HTTP/1.1 204 No Content\r\nContent-Type: text/html\r\n\r\n"));

        assertThat(response("/empty").body().length()).isZero();
        assertThat(response("/gzip").body().length()).isZero();
        assertThat(response("/204").body().length()).isZero();
    }

    // Redirects

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void redirects_on_the_same_host_are_followed_and_told(int status) throws InterruptedException {
        site.on("/1", redirect(status, "2#part"))
                .on("/2", redirect(status, "/3?utm_source=x"))
                .on("/3?utm_source=x", html("end"));

        var page = response("/1");

        assertThat(page.trail().requested()).isEqualTo(site.url("/1"));
        assertThat(page.trail().finalUrl()).isEqualTo(site.url("/3?utm_source=x"));
        assertThat(page.trail().hops())
                .containsExactly(
                        new Hop(site.url("/1"), status, site.url("/2")),
                        new Hop(site.url("/2"), status, site.url("/3?utm_source=x")));
    }

    @Test
    void a_redirect_to_another_host_is_handed_back() throws InterruptedException {
        site.on("/1", redirect(301, "/2")).on("/2", redirect(302, "http://127.0.0.1:1/other"));

        var moved = (Moved) fetch("/1");

        assertThat(moved.hop()).isEqualTo(new Hop(site.url("/2"), 302, CrawlUrl.of("http://127.0.0.1:1/other")));
        assertThat(moved.trail().hops()).containsExactly(new Hop(site.url("/1"), 301, site.url("/2")));
    }

    @Test
    void the_caller_decides_about_each_redirect() throws InterruptedException {
        site.on("/1", redirect(301, "/2")).on("/2", redirect(301, "/secret")).on("/secret", html("x"));
        var request =
                FetchRequest.page(site.url("/1")).follow(hop -> !hop.to().path().equals("/secret"));

        assertThat(fetcher.fetch(request)).isInstanceOf(Moved.class);
        assertThat(site.requests()).extracting(TestSite.Request::path).containsExactly("/1", "/2");
    }

    @Test
    void raw_utf8_in_a_redirect_is_understood() throws InterruptedException {
        site.on(
                "/1",
                (request, out, socket) -> out.write(
                        "HTTP/1.1 301 Moved\r\nLocation: /grün\r\nContent-Length: 0\r\n\r\n".getBytes(UTF_8)));
        site.on("/gr%C3%BCn", html("found"));

        assertThat(response("/1").body().text()).isEqualTo("found");
    }

    // Types and charsets

    @Test
    void what_is_no_page_is_told_by_its_type_and_not_read() throws InterruptedException {
        site.on("/video", (request, out, socket) -> {
            out.write("HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 5000000000\r\n\r\n"
                    .getBytes(US_ASCII));
            out.flush();
            site.pauseForEver();
        });

        var video = (OtherType) fetch("/video");

        assertThat(video.contentType().type()).isEqualTo("video/mp4");
        assertThat(video.length()).isEqualTo(5_000_000_000L);
        assertThat(video.trail().took()).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void other_types_are_read_when_asked_for() throws InterruptedException {
        site.on("/feed", answer("application/xml", "<a/>".getBytes(UTF_8)));

        var feed = fetcher.fetch(FetchRequest.page(site.url("/feed")).accepts(ContentType::isText));

        assertThat(((Response) feed).body().text()).isEqualTo("<a/>");
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource(delimiter = '|', ignoreLeadingAndTrailingWhitespace = true, textBlock = """
            <!DOCTYPE html><p>x      | text/html
            ' \n<html lang=en>'      | text/html
            <!-- x --><p>            | text/html
            %PDF-1.7                 | application/pdf
            GIF89a                   | image/gif
            just words               | text/plain
            """)
    void an_answer_without_a_type_is_looked_at(String content, String type) throws InterruptedException {
        site.on("/a", raw("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s".formatted(content.length(), content)));

        var fetched = fetch("/a");

        var seen = switch (fetched) {
            case Response response -> response.contentType();
            case OtherType other -> other.contentType();
            case Moved moved -> throw new AssertionError(moved);
            case Failed failed -> throw new AssertionError(failed);
        };
        assertThat(seen).isEqualTo(new ContentType(type, null, true));
        assertThat(fetched instanceof Response).isEqualTo(type.equals("text/html"));
    }

    @ParameterizedTest(name = "{0} with {1} in {2} is read as {3} because of {4}")
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            text/html; charset=utf-8          | ''                                                                | UTF-8        | UTF-8        | HEADER          | -
            text/html; charset="UTF8"         | ''                                                                | UTF-8        | UTF-8        | HEADER          | -
            text/html; charset=iso-8859-1     | ''                                                                | windows-1252 | windows-1252 | HEADER          | -
            text/html; charset=gb2312         | ''                                                                | GB18030      | GB18030      | HEADER          | -
            text/html; charset=utf-8          | <meta charset=iso-8859-1>                                         | UTF-8        | UTF-8        | HEADER          | -
            text/html                         | <meta charset=iso-8859-1>                                         | windows-1252 | windows-1252 | DOCUMENT        | -
            text/html                         | <meta http-equiv=Content-Type content='text/html; charset=koi8-r'>| KOI8-R       | KOI8-R       | DOCUMENT        | -
            application/xhtml+xml             | <?xml version='1.0' encoding='iso-8859-2'?>                       | ISO-8859-2   | ISO-8859-2   | DOCUMENT        | -
            text/html                         | <meta charset=utf-16>                                             | UTF-8        | UTF-8        | DOCUMENT        | -
            text/html                         | \uFEFF                                                            | UTF-8        | UTF-8        | BYTE_ORDER_MARK | -
            text/html; charset=iso-8859-1     | \uFEFF                                                            | UTF-8        | UTF-8        | BYTE_ORDER_MARK | -
            text/html; charset=utf-8          | \uFEFF                                                            | UTF-16LE     | UTF-16LE     | BYTE_ORDER_MARK | -
            text/html                         | \uFEFF                                                            | UTF-16BE     | UTF-16BE     | BYTE_ORDER_MARK | -
            text/html                         | ''                                                                | UTF-8        | UTF-8        | GUESS           | -
            text/html                         | ''                                                                | windows-1252 | windows-1252 | GUESS           | -
            text/html; charset=x-klingon      | ''                                                                | UTF-8        | UTF-8        | GUESS           | x-klingon
            text/html; charset=x-klingon      | <meta charset=koi8-r>                                             | KOI8-R       | KOI8-R       | DOCUMENT        | -
            text/html; charset="§%&"          | ''                                                                | UTF-8        | UTF-8        | GUESS           | §%&
            """)
    void a_page_is_read_in_its_charset_and_says_why(
            String type, String head, String written, String read, TextEncoding.Source source, @Nullable String unknown)
            throws InterruptedException {
        var text = head
                + "<p>é и ł 中"
                        .replaceAll(
                                written.startsWith("UTF") || written.startsWith("GB") ? "^$" : "[^\\x00-\\x7fé]", "");
        site.on("/a", answer(type, text.getBytes(Charset.forName(written))));

        var body = response("/a").body();

        assertThat(body.encoding()).isEqualTo(new TextEncoding(Charset.forName(read), source, unknown));
        assertThat(body.text())
                .isEqualTo(new String(text.getBytes(Charset.forName(written)), Charset.forName(read))
                        .replace("\uFEFF", ""));
    }

    @Test
    void a_page_in_another_charset_than_it_says_is_read_with_replacements() throws InterruptedException {
        site.on("/a", answer("text/html; charset=utf-8", "<p>caf\u00e9</p>".getBytes(ISO_8859_1)));

        assertThat(response("/a").body().text()).isEqualTo("<p>caf\uFFFD</p>");
    }

    // Compression

    @Test
    void compressed_pages_are_unpacked() throws InterruptedException, IOException {
        var page = "<p>hello</p>".repeat(1_000).getBytes(UTF_8);
        site.on("/gzip", answer("text/html", gzipped(page), "Content-Encoding: gzip"));
        site.on("/x-gzip", answer("text/html", gzipped(page), "Content-Encoding: X-GZIP"));
        site.on("/zlib", answer("text/html", deflated(page, false), "Content-Encoding: deflate"));
        site.on("/bare", answer("text/html", deflated(page, true), "Content-Encoding: deflate"));
        site.on("/plain", answer("text/html", page, "Content-Encoding: identity"));

        for (var path : new String[] {"/gzip", "/x-gzip", "/zlib", "/bare", "/plain"}) {
            assertThat(response(path).body().bytes()).as(path).isEqualTo(page);
        }
        assertThat(response("/gzip").body().transferred()).isLessThan(200);
    }

    @Test
    void a_body_that_is_too_large_can_be_cut_instead() throws InterruptedException {
        site.on("/a", html("a".repeat(100_000)));
        site.on("/gzip", answer("text/html", gzipped("a".repeat(100_000).getBytes(UTF_8)), "Content-Encoding: gzip"));
        var limits = FetchLimits.defaults().maxBodyBytes(1_000, Oversize.TRUNCATE);

        for (var path : new String[] {"/a", "/gzip"}) {
            var page =
                    (Response) fetcher.fetch(FetchRequest.page(site.url(path)).limits(limits));
            assertThat(page.body().length()).isEqualTo(1_000);
        }
    }

    // What statuses mean

    @ParameterizedTest(name = "{0}: {1}, again: {2}")
    @CsvSource(delimiter = '|', textBlock = """
            400 | STATUS_CLIENT_ERROR | NEVER | The server answered 400 Bad Request.
            401 | STATUS_CLIENT_ERROR | NEVER | The server answered 401 Unauthorized.
            404 | STATUS_CLIENT_ERROR | NEVER | The server answered 404 Not Found.
            408 | STATUS_CLIENT_ERROR | YES   | The server answered 408 Request Timeout.
            410 | STATUS_CLIENT_ERROR | NEVER | The server answered 410 Gone.
            425 | STATUS_CLIENT_ERROR | YES   | The server answered 425 Too Early.
            429 | STATUS_CLIENT_ERROR | YES   | The server answered 429 Too Many Requests.
            451 | STATUS_CLIENT_ERROR | NEVER | The server answered 451 Unavailable For Legal Reasons.
            500 | STATUS_SERVER_ERROR | YES   | The server answered 500 Internal Server Error.
            501 | STATUS_SERVER_ERROR | NEVER | The server answered 501 Not Implemented.
            502 | STATUS_SERVER_ERROR | YES   | The server answered 502 Bad Gateway.
            503 | STATUS_SERVER_ERROR | YES   | The server answered 503 Service Unavailable.
            504 | STATUS_SERVER_ERROR | YES   | The server answered 504 Gateway Timeout.
            505 | STATUS_SERVER_ERROR | NEVER | The server answered 505 Http Version Not Supported.
            599 | STATUS_SERVER_ERROR | NEVER | The server answered 599.
            304 | STATUS_UNEXPECTED   | NEVER | The server answered 304 Not Modified.
            """)
    void a_status_is_retried_only_where_that_can_help(int status, Reason reason, Again again, String message)
            throws InterruptedException {
        site.on("/a", status == 304 ? raw("HTTP/1.1 304 X\r\n\r\n") : status(status));

        var failed = (Failed) fetch("/a");

        assertThat(failed.status()).isEqualTo(status);
        assertThat(failed.reason()).isEqualTo(reason);
        assertThat(failed.again()).isEqualTo(again);
        assertThat(failed.message()).isEqualToIgnoringCase(message);
    }

    @ParameterizedTest(name = "Retry-After: {0} is {1}")
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            120                            | PT2M
            0                              | PT0S
            99999999999999999999           | PT24H
            Sun, 01 Nov 2026 12:00:30 GMT  | PT30S
            Sunday, 01-Nov-26 12:00:30 GMT | PT30S
            Sun Nov  1 12:00:30 2026       | PT30S
            Sun, 01 Nov 2026 11:00:00 GMT  | PT0S
            Sat, 01 Nov 2036 12:00:00 GMT  | PT24H
            -5                             | -
            soon                           | -
            ''                             | -
            """)
    void a_server_can_ask_to_be_left_alone(String header, @Nullable Duration asked) throws InterruptedException {
        site.on("/a", status(503, "Retry-After: " + header));

        var failed = (Failed) fetch("/a");

        assertThat(NOW).isEqualTo("2026-11-01T12:00:00Z");
        assertThat(failed.retryAfter()).isEqualTo(asked);
        if (asked != null) {
            assertThat(failed.message()).contains("asked to be left alone for %,d s".formatted(asked.toSeconds()));
        }
    }

    // Its own life

    @Test
    void a_caller_that_is_interrupted_leaves_nothing_behind() throws InterruptedException {
        site.on("/never", (request, out, socket) -> site.pauseForEver());
        var interrupted = new AtomicBoolean();
        var caller = Thread.ofVirtual().start(() -> {
            try {
                fetch("/never");
            } catch (InterruptedException expected) {
                interrupted.set(true);
            }
        });
        await().until(() -> !site.requests().isEmpty());

        caller.interrupt();
        caller.join();

        assertThat(interrupted).isTrue();
        await().until(() -> fetcher.running() == 0);
    }

    @Test
    void closing_breaks_off_what_is_under_way() throws InterruptedException {
        site.on("/never", (request, out, socket) -> site.pauseForEver());
        var caller = Thread.ofVirtual().start(() -> {
            try {
                fetch("/never");
            } catch (InterruptedException unexpected) {
                throw new AssertionError(unexpected);
            }
        });
        await().until(() -> !site.requests().isEmpty());

        fetcher.close();

        assertThat(caller.join(Duration.ofSeconds(5))).isTrue();
        assertThat(fetcher.running()).isZero();
        assertThatThrownBy(() -> fetch("/never")).hasMessage("This fetcher is closed; make a new one.");
    }

    @Test
    void limits_that_make_no_sense_are_refused() {
        assertThatThrownBy(() -> FetchLimits.defaults().deadline(Duration.ZERO)).hasMessageContaining("deadline");
        assertThatThrownBy(() -> FetchLimits.defaults().maxRedirects(-1)).hasMessageContaining("maxRedirects");
        assertThatThrownBy(() -> FetchLimits.defaults().maxBodyBytes(0, Oversize.REFUSE))
                .hasMessageContaining("maxBodyBytes");
        assertThatThrownBy(() -> new UserAgent("(nobody)"))
                .hasMessageContaining("no name that a robots.txt could contain");
        assertThatThrownBy(() -> new UserAgent("a\nb")).hasMessageContaining("printable ASCII");
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource(delimiter = '|', textBlock = """
            Millrace/0.1 (+https://example.org)                        | millrace
            My-Bot_x/2                                                 | my-bot_x
            Mozilla/5.0 (compatible; FooBot/1.0; +https://example.org) | foobot
            Mozilla/5.0 (X11; Linux x86_64)                            | mozilla
            """)
    void a_user_agent_knows_its_name_in_robots_txt(String header, String token) {
        assertThat(new UserAgent(header).token()).isEqualTo(token);
    }

    private Fetched fetch(String path) throws InterruptedException {
        return fetcher.fetch(FetchRequest.page(site.url(path)));
    }

    private Response response(String path) throws InterruptedException {
        return switch (fetch(path)) {
            case Response response -> response;
            case Failed failed -> throw new AssertionError(failed.message());
            case Moved moved -> throw new AssertionError(moved);
            case OtherType other -> throw new AssertionError(other);
        };
    }

    private static byte[] deflated(byte[] bytes, boolean bare) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var deflating = new DeflaterOutputStream(out, new Deflater(Deflater.BEST_SPEED, bare))) {
            deflating.write(bytes);
        }
        return out.toByteArray();
    }
}
