package dev.millrace.crawler.fetch;

import static dev.millrace.crawler.fetch.TestSite.answer;
import static dev.millrace.crawler.fetch.TestSite.gzipped;
import static dev.millrace.crawler.fetch.TestSite.html;
import static dev.millrace.crawler.fetch.TestSite.raw;
import static dev.millrace.crawler.fetch.TestSite.rawThenClosed;
import static dev.millrace.crawler.fetch.TestSite.redirect;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.millrace.crawler.fetch.Fetched.Failed;
import dev.millrace.crawler.fetch.Reason.Again;
import dev.millrace.crawler.url.CrawlUrl;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Servers that are broken, hostile or not there. Each fetch ends in time, with one sentence, and leaves nothing behind.
 */
class BadServersTest {

    private static final Duration DEADLINE = Duration.ofMillis(300);
    /** For what must be told apart from a timeout, on a machine that does much else. */
    private static final Duration AMPLE = Duration.ofSeconds(10);

    private static final Duration GRACE = Duration.ofSeconds(2);
    private static final String HTML = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";
    private static final int MIB = 1 << 20;

    private final TestSite site = new TestSite();
    private final HttpFetcher fetcher =
            FetchersForTests.fetcher(FetchersForTests.publicAndTestSite(), NameLookup.system());

    @AfterEach
    void close() {
        fetcher.close();
        site.close();
    }

    record Case(String name, Behaviour behaviour, Reason reason, Again again, String sentence) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** What the site does at {@code /a}. */
    @FunctionalInterface
    interface Behaviour {
        void on(TestSite site);
    }

    static Stream<Case> cases() {
        return Stream.of(
                new Case(
                        "an endless body",
                        site -> site.on("/a", (request, out, socket) -> {
                            out.write((HTML + "\r\n").getBytes(US_ASCII));
                            for (; ; ) out.write(new byte[MIB]);
                        }),
                        Reason.TOO_LARGE,
                        Again.NEVER,
                        "The page was given up: it has more than the 10,485,760 bytes that are taken (maxBodyBytes)."),
                new Case(
                        "an endless body in chunks",
                        site -> site.on("/a", (request, out, socket) -> {
                            out.write((HTML + "Transfer-Encoding: chunked\r\n\r\n").getBytes(US_ASCII));
                            for (; ; ) {
                                out.write("100000\r\n".getBytes(US_ASCII));
                                out.write(new byte[MIB]);
                                out.write("\r\n".getBytes(US_ASCII));
                            }
                        }),
                        Reason.TOO_LARGE,
                        Again.NEVER,
                        "The page was given up: it has more than the 10,485,760 bytes that are taken (maxBodyBytes)."),
                new Case(
                        "a body that says it has 2 GB",
                        site -> site.on("/a", (request, out, socket) -> {
                            out.write((HTML + "Content-Length: 2147483648\r\n\r\n").getBytes(US_ASCII));
                            for (; ; ) out.write(new byte[MIB]);
                        }),
                        Reason.TOO_LARGE,
                        Again.NEVER,
                        "The page was not read: it has 2,147,483,648 bytes, and at most 10,485,760 are taken (maxBodyBytes)."),
                new Case(
                        "a body that drips",
                        site -> site.on("/a", (request, out, socket) -> {
                            out.write((HTML + "\r\n").getBytes(US_ASCII));
                            drip(site, out);
                        }),
                        Reason.TIMEOUT,
                        Again.YES,
                        "The fetch was given up after 0.3 s (deadline) while reading the page."),
                new Case(
                        "a body that stops",
                        site -> site.on("/a", (request, out, socket) -> {
                            out.write((HTML + "Content-Length: 100\r\n\r\n<p>").getBytes(US_ASCII));
                            out.flush();
                            site.pauseForEver();
                        }),
                        Reason.TIMEOUT,
                        Again.YES,
                        "The fetch was given up after 0.3 s (deadline) while reading the page."),
                new Case(
                        "headers that drip",
                        site -> site.on("/a", (request, out, socket) -> {
                            out.write((HTML + "X-Drip: ").getBytes(US_ASCII));
                            drip(site, out);
                        }),
                        Reason.TIMEOUT,
                        Again.YES,
                        "The fetch was given up after 0.3 s (deadline) while waiting for the answer."),
                new Case(
                        "no answer at all",
                        site -> site.on("/a", (request, out, socket) -> site.pauseForEver()),
                        Reason.TIMEOUT,
                        Again.YES,
                        "The fetch was given up after 0.3 s (deadline) while waiting for the answer."),
                new Case(
                        "an error page that drips is still an error",
                        site -> site.on("/a", (request, out, socket) -> {
                            out.write("HTTP/1.1 404 No\r\nContent-Length: 1000\r\n\r\n".getBytes(US_ASCII));
                            drip(site, out);
                        }),
                        Reason.STATUS_CLIENT_ERROR,
                        Again.NEVER,
                        "The server answered 404 Not Found."),
                new Case(
                        "a redirect whose body drips",
                        site -> site.on("/a", (request, out, socket) -> {
                            out.write("HTTP/1.1 301 No\r\nLocation: /b\r\nContent-Length: 1000\r\n\r\n"
                                    .getBytes(US_ASCII));
                            drip(site, out);
                        }),
                        Reason.TIMEOUT,
                        Again.YES,
                        "The fetch was given up after 0.3 s (deadline) while reading what came with a redirect."),
                new Case(
                        "informational answers without end",
                        site -> site.on("/a", (request, out, socket) -> {
                            for (; ; ) {
                                out.write("HTTP/1.1 103 Early Hints\r\n\r\n".getBytes(US_ASCII));
                                out.flush();
                                site.pause(Duration.ofMillis(5));
                            }
                        }),
                        Reason.TIMEOUT,
                        Again.YES,
                        "The fetch was given up after 0.3 s (deadline) while waiting for the answer."),
                new Case(
                        "a connection that is closed without an answer",
                        site -> site.on("/a", (request, out, socket) -> socket.close()),
                        Reason.CONNECTION_LOST,
                        Again.YES,
                        "http://127.0.0.1:PORT closed the connection without an answer."),
                new Case(
                        "a connection that is reset without an answer",
                        site -> site.on("/a", (request, out, socket) -> {
                            socket.setSoLinger(true, 0);
                            socket.close();
                        }),
                        Reason.CONNECTION_LOST,
                        Again.YES,
                        "The connection to http://127.0.0.1:PORT broke: Connection reset."),
                new Case(
                        "a connection that is reset in the middle of the body",
                        site -> site.on("/a", (request, out, socket) -> {
                            out.write((HTML + "Content-Length: 1000\r\n\r\n<p>").getBytes(US_ASCII));
                            out.flush();
                            site.pause(Duration.ofMillis(100));
                            socket.setSoLinger(true, 0);
                            socket.close();
                        }),
                        Reason.CONNECTION_LOST,
                        Again.YES,
                        "The connection to http://127.0.0.1:PORT broke: Connection reset."),
                new Case(
                        "a body that is shorter than it says",
                        site -> site.on("/a", rawThenClosed(HTML + "Content-Length: 1000\r\n\r\n<p>")),
                        Reason.CONNECTION_LOST,
                        Again.YES,
                        "http://127.0.0.1:PORT closed the connection before the page was complete."),
                new Case(
                        "chunks that end early",
                        site -> site.on("/a", rawThenClosed(HTML + "Transfer-Encoding: chunked\r\n\r\n10\r\n<p>")),
                        Reason.CONNECTION_LOST,
                        Again.YES,
                        "http://127.0.0.1:PORT closed the connection before the page was complete."),
                new Case(
                        "chunks of no size",
                        site -> site.on("/a", raw(HTML + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n<p>\r\n")),
                        Reason.PROTOCOL,
                        Again.NEVER,
                        "The page that http://127.0.0.1:PORT sent is cut into chunks wrongly: Bad chunk header: xyz."),
                new Case(
                        "a length that is no number",
                        site -> site.on("/a", raw(HTML + "Content-Length: many\r\n\r\n")),
                        Reason.PROTOCOL,
                        Again.NEVER,
                        "What http://127.0.0.1:PORT answered is not HTTP: Invalid content length: many."),
                new Case(
                        "two lengths",
                        site -> site.on("/a", raw(HTML + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab")),
                        Reason.PROTOCOL,
                        Again.NEVER,
                        "What http://127.0.0.1:PORT answered is not HTTP: *."),
                new Case(
                        "a server of another protocol",
                        site -> site.on("/a", rawThenClosed("SSH-2.0-OpenSSH_9.2\r\n")),
                        Reason.PROTOCOL,
                        Again.NEVER,
                        "What http://127.0.0.1:PORT answered is not HTTP: *."),
                new Case(
                        "binary noise",
                        site -> site.on("/a", (request, out, socket) -> {
                            for (int i = 0; i < 100_000; i++) out.write(i * 31 + 7 | 0x80);
                            out.flush();
                            socket.close();
                        }),
                        Reason.PROTOCOL,
                        Again.NEVER,
                        "http://127.0.0.1:PORT sent more headers than the 200 of at most 16,384 bytes that are taken."),
                new Case(
                        "an answer without a head",
                        site -> site.on("/a", rawThenClosed("<html><p>HTTP/0.9</html>\n")),
                        Reason.PROTOCOL,
                        Again.NEVER,
                        "What http://127.0.0.1:PORT answered is not HTTP: *."),
                new Case(
                        "a flood of headers",
                        site -> site.on("/a", (request, out, socket) -> {
                            out.write(HTML.getBytes(US_ASCII));
                            for (int i = 0; ; i++)
                                out.write("X-%d: flood\r\n".formatted(i).getBytes(US_ASCII));
                        }),
                        Reason.PROTOCOL,
                        Again.NEVER,
                        "http://127.0.0.1:PORT sent more headers than the 200 of at most 16,384 bytes that are taken."),
                new Case(
                        "a header without end",
                        site -> site.on("/a", (request, out, socket) -> {
                            out.write((HTML + "X-Long: ").getBytes(US_ASCII));
                            for (; ; ) out.write("x".repeat(8_192).getBytes(US_ASCII));
                        }),
                        Reason.PROTOCOL,
                        Again.NEVER,
                        "http://127.0.0.1:PORT sent more headers than the 200 of at most 16,384 bytes that are taken."),
                new Case(
                        "a gzip bomb",
                        site -> site.on(
                                "/a", answer("text/html", gzipped(new byte[64 * MIB]), "Content-Encoding: gzip")),
                        Reason.BOMB,
                        Again.NEVER,
                        "The page was given up: its first * bytes unpack to more than 200 times as many, which no real page does."),
                new Case(
                        "a gzip bomb in a gzip bomb",
                        site -> site.on(
                                "/a",
                                answer("text/html", gzipped(gzipped(new byte[MIB])), "Content-Encoding: gzip, gzip")),
                        Reason.BAD_ENCODING,
                        Again.NEVER,
                        "The page could not be unpacked: it was sent as \"gzip, gzip\", and only gzip and deflate were offered."),
                new Case(
                        "compression that was not offered",
                        site -> site.on("/a", answer("text/html", new byte[10], "Content-Encoding: br")),
                        Reason.BAD_ENCODING,
                        Again.NEVER,
                        "The page could not be unpacked: it was sent as \"br\", and only gzip and deflate were offered."),
                new Case(
                        "gzip that is none",
                        site -> site.on(
                                "/a", answer("text/html", "<p>plain".getBytes(UTF_8), "Content-Encoding: gzip")),
                        Reason.BAD_ENCODING,
                        Again.NEVER,
                        "The page could not be unpacked: its gzip data is damaged."),
                new Case(
                        "gzip that ends early",
                        site -> site.on(
                                "/a",
                                answer(
                                        "text/html",
                                        half(gzipped("<p>half".repeat(99).getBytes(UTF_8))),
                                        "Content-Encoding: gzip")),
                        Reason.CONNECTION_LOST,
                        Again.YES,
                        "The page ended in the middle of its gzip data, after * bytes."),
                new Case(
                        "a redirect to itself",
                        site -> site.on("/a", redirect(302, "/a")),
                        Reason.REDIRECT_LOOP,
                        Again.NEVER,
                        "http://127.0.0.1:PORT/a redirects to http://127.0.0.1:PORT/a, which redirected before: a loop, often of a site that insists on cookies."),
                new Case(
                        "a redirect loop of two",
                        site -> site.on("/a", redirect(301, "/b")).on("/b", redirect(301, "/a")),
                        Reason.REDIRECT_LOOP,
                        Again.NEVER,
                        "http://127.0.0.1:PORT/b redirects to http://127.0.0.1:PORT/a, which redirected before: a loop, often of a site that insists on cookies."),
                new Case(
                        "eleven redirects",
                        site -> {
                            site.on("/a", redirect(302, "/1"));
                            for (int i = 1; i < 11; i++) site.on("/" + i, redirect(302, "/" + (i + 1)));
                            site.on("/11", html("too far"));
                        },
                        Reason.TOO_MANY_REDIRECTS,
                        Again.NEVER,
                        "http://127.0.0.1:PORT/a leads through more than the 10 redirects that are followed (maxRedirects)."),
                new Case(
                        "a redirect to nowhere",
                        site -> site.on("/a", raw("HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n")),
                        Reason.BAD_REDIRECT,
                        Again.NEVER,
                        "http://127.0.0.1:PORT/a answered 302, a redirect, but did not say where to."),
                new Case(
                        "a redirect into the mail program",
                        site -> site.on("/a", redirect(302, "mailto:a@example.org")),
                        Reason.BAD_REDIRECT,
                        Again.NEVER,
                        "http://127.0.0.1:PORT/a redirects to a \"mailto:\" address, which is no page."),
                new Case(
                        "a redirect to a malformed URL",
                        site -> site.on("/a", redirect(302, "http://exa mple/")),
                        Reason.BAD_REDIRECT,
                        Again.NEVER,
                        "http://127.0.0.1:PORT/a redirects wrongly: The URL \"http://exa mple/\" has no possible host: check its name."),
                refused(
                        "a redirect into the private network",
                        "http://10.0.0.1/",
                        "10.0.0.1 is a private network address"),
                refused("a redirect to a number", "http://0xa000001/", "10.0.0.1 is a private network address"),
                refused(
                        "a redirect to this machine",
                        "http://127.0.0.2/",
                        "127.0.0.2 is this machine itself (loopback)"),
                refused(
                        "a redirect to this machine in IPv6",
                        "http://[::1]/",
                        "0:0:0:0:0:0:0:1 is this machine itself (loopback)"),
                refused(
                        "a redirect to the cloud's secrets",
                        "http://169.254.169.254/",
                        "169.254.169.254 is a cloud metadata service"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void a_bad_server_costs_no_more_than_its_deadline_and_says_one_sentence(Case bad) throws InterruptedException {
        bad.behaviour().on(site);
        long started = System.nanoTime();

        var deadline = bad.reason() == Reason.TIMEOUT ? DEADLINE : AMPLE;
        var fetched = fetcher.fetch(
                request(site.url("/a")).limits(FetchLimits.defaults().deadline(deadline)));

        var took = Duration.ofNanos(System.nanoTime() - started);
        assertThat(fetched).isInstanceOfSatisfying(Failed.class, failed -> {
            assertThat(failed.reason()).isEqualTo(bad.reason());
            assertThat(failed.again()).isEqualTo(bad.again());
            assertThat(failed.message())
                    .matches(("\\Q" + bad.sentence().replace("PORT", "" + site.port()) + "\\E")
                            .replace("*", "\\E.+\\Q"));
        });
        assertThat(took).isLessThan(deadline.plus(GRACE));
        await("nothing left behind")
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> fetcher.running() == 0);
        assertThat(((Failed) fetched).trail().took()).isLessThanOrEqualTo(took);
    }

    @Test
    void after_all_these_the_fetcher_still_fetches() throws InterruptedException {
        for (var bad : cases().filter(c -> c.reason() != Reason.TIMEOUT).toList()) {
            bad.behaviour().on(site);
            fetcher.fetch(request(site.url("/a")));
        }
        site.on("/good", html("good"));

        assertThat(fetcher.fetch(request(site.url("/good")))).isInstanceOf(Fetched.Response.class);
    }

    @Test
    void a_port_where_nothing_listens_is_unreachable() throws InterruptedException, IOException {
        int port;
        try (var free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }

        var failed = failed(CrawlUrl.of("http://127.0.0.1:" + port + "/"));

        assertThat(failed.reason()).isEqualTo(Reason.UNREACHABLE);
        assertThat(failed.again()).isEqualTo(Again.YES);
        assertThat(failed.message())
                .isEqualTo("Nothing answers at 127.0.0.1, port %d: Connection refused.".formatted(port));
    }

    @Test
    void a_host_that_accepts_nothing_is_given_up_in_time() throws InterruptedException, IOException {
        try (var full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var first = new Socket(full.getInetAddress(), full.getLocalPort());
                var second = new Socket(full.getInetAddress(), full.getLocalPort());
                var patient = fetcher(NameLookup.system(), Duration.ofMillis(300))) {
            assertThat(first.isConnected() && second.isConnected()).isTrue();

            var failed = (Failed) patient.fetch(request(CrawlUrl.of("http://127.0.0.1:" + full.getLocalPort() + "/")));

            assertThat(failed.reason()).isEqualTo(Reason.TIMEOUT);
            assertThat(failed.message())
                    .isEqualTo("http://127.0.0.1:%d did not accept a connection in time (connectTimeout)."
                            .formatted(full.getLocalPort()));
        }
    }

    @Test
    void a_host_is_tried_at_its_next_address_when_one_is_dead() throws InterruptedException {
        site.on("/a", html("found"));
        NameLookup names = host ->
                new InetAddress[] {InetAddress.getByAddress(new byte[] {127, 9, 9, 9}), InetAddress.getLoopbackAddress()
                };
        var settings = FetcherSettings.defaults(FetchersForTests.AGENT).addresses(AddressPolicy.alsoPrivate());
        try (var two = new HttpFetcher(settings, InstantSource.system(), System::nanoTime, names)) {
            assertThat(two.fetch(request(CrawlUrl.of("http://two.example:" + site.port() + "/a"))))
                    .isInstanceOf(Fetched.Response.class);
        }
    }

    // Names

    @Test
    void a_name_that_does_not_exist_is_said_so() throws InterruptedException {
        NameLookup names = host -> {
            throw new UnknownHostException(host);
        };
        try (var nobody = fetcher(names, Duration.ofSeconds(1))) {
            var failed = (Failed) nobody.fetch(request(CrawlUrl.of("http://nobody.example/")));

            assertThat(failed.reason()).isEqualTo(Reason.DNS);
            assertThat(failed.again()).isEqualTo(Again.A_FEW_TIMES);
            assertThat(failed.message())
                    .isEqualTo(
                            "The name nobody.example has no address: it is misspelled, gone, or the name server can't be asked.");
        }
    }

    @Test
    void a_name_server_that_hangs_costs_the_deadline_and_is_counted() throws InterruptedException {
        var hanging = new CountDownLatch(1);
        NameLookup names = host -> {
            awaitUninterruptibly(hanging); // as a native call does
            return new InetAddress[] {InetAddress.getLoopbackAddress()};
        };
        try (var slow = fetcher(names, Duration.ofSeconds(1))) {
            long started = System.nanoTime();

            var failed = (Failed) slow.fetch(request(CrawlUrl.of("http://slow.example/"))
                    .limits(FetchLimits.defaults().deadline(DEADLINE)));

            assertThat(Duration.ofNanos(System.nanoTime() - started)).isBetween(DEADLINE, DEADLINE.plus(GRACE));
            assertThat(failed.message())
                    .isEqualTo("The fetch was given up after 0.3 s (deadline) while looking up slow.example.");
            await().until(() -> slow.running() == 0);
            assertThat(slow.hangingLookups()).isEqualTo(1);

            hanging.countDown();
            await().until(() -> slow.hangingLookups() == 0);
        }
    }

    @Test
    void a_name_with_private_addresses_is_not_contacted() throws InterruptedException {
        NameLookup names = host -> new InetAddress[] {
            InetAddress.getByAddress(new byte[] {10, 0, 0, 1}), InetAddress.getByAddress(new byte[] {127, 0, 0, 2})
        };
        try (var guarded = fetcher(names, Duration.ofSeconds(1))) {
            var failed = (Failed) guarded.fetch(request(CrawlUrl.of("http://inside.example/")));

            assertThat(failed.reason()).isEqualTo(Reason.REFUSED_ADDRESS);
            assertThat(failed.message())
                    .isEqualTo(
                            "inside.example was not contacted: 127.0.0.2 is this machine itself (loopback), and a crawl touches only the public internet; --allow-private permits private networks.");
        }
    }

    @Test
    void a_name_that_turns_private_between_two_pages_is_caught() throws InterruptedException {
        site.on("/a", html("public")).on("/b", redirect(302, "/c"));
        var asked = new AtomicInteger();
        NameLookup names = host -> new InetAddress[] {
            asked.getAndIncrement() == 0
                    ? InetAddress.getLoopbackAddress()
                    : InetAddress.getByAddress(new byte[] {10, 0, 0, 1})
        };
        try (var guarded = fetcher(names, Duration.ofSeconds(1))) {
            var host = "http://rebinding.example:" + site.port();

            assertThat(guarded.fetch(request(CrawlUrl.of(host + "/a")))).isInstanceOf(Fetched.Response.class);
            assertThat(((Failed) guarded.fetch(request(CrawlUrl.of(host + "/a")))).reason())
                    .isEqualTo(Reason.REFUSED_ADDRESS);
        }
    }

    @Test
    void the_socket_itself_refuses_what_the_lookup_let_through() {
        try (var socket = new GuardedSocket(AddressPolicy.publicOnly())) {
            assertThat(catchThrowable(() ->
                            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), site.port()), 100)))
                    .isInstanceOf(GuardedSocket.RefusedAddressException.class)
                    .hasMessage("127.0.0.1 is this machine itself (loopback)");
            assertThat(site.connections()).isZero();
        } catch (IOException unexpected) {
            throw new AssertionError(unexpected);
        }
    }

    // TLS

    @Test
    void a_certificate_that_nobody_signed_is_not_trusted(@TempDir Path folder) throws Exception {
        var server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(selfSigned(folder)));
        server.start();
        try {
            var failed = failed(
                    CrawlUrl.of("https://127.0.0.1:" + server.getAddress().getPort() + "/"));

            assertThat(failed.reason()).isEqualTo(Reason.TLS);
            assertThat(failed.again()).isEqualTo(Again.NEVER);
            assertThat(failed.message())
                    .startsWith("The certificate of https://127.0.0.1:%d can't be trusted: "
                            .formatted(server.getAddress().getPort()));
        } finally {
            server.stop(0);
        }
    }

    @Test
    void a_server_without_tls_is_said_so() throws InterruptedException, IOException {
        var plain = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        int port = plain.getLocalPort();
        Thread.ofVirtual().start(() -> {
            try (plain;
                    var socket = plain.accept()) {
                socket.getInputStream().readNBytes(20);
                socket.getOutputStream().write("HTTP/1.1 400 This is no TLS\r\n\r\n".getBytes(US_ASCII));
                site.pauseForEver();
            } catch (IOException | InterruptedException over) {
                // The client has left, or the test is over.
            }
        });

        var failed = failed(CrawlUrl.of("https://127.0.0.1:" + port + "/"));

        assertThat(failed.reason()).isEqualTo(Reason.TLS);
        assertThat(failed.message())
                .startsWith("No TLS connection to https://127.0.0.1:%d: Unsupported or unrecognized SSL message"
                        .formatted(port));
    }

    private Failed failed(CrawlUrl url) throws InterruptedException {
        return (Failed) fetcher.fetch(request(url));
    }

    private static FetchRequest request(CrawlUrl url) {
        return FetchRequest.page(url)
                .limits(FetchLimits.defaults().deadline(AMPLE))
                .follow(hop -> true);
    }

    private static HttpFetcher fetcher(NameLookup names, Duration connectTimeout) {
        var settings = FetcherSettings.defaults(FetchersForTests.AGENT)
                .addresses(FetchersForTests.publicAndTestSite())
                .connectTimeout(connectTimeout);
        return new HttpFetcher(settings, InstantSource.system(), System::nanoTime, names);
    }

    private static Case refused(String name, String location, String why) {
        var host = CrawlUrl.of(location).hostKey().host();
        return new Case(
                name,
                site -> site.on("/a", redirect(302, location)),
                Reason.REFUSED_ADDRESS,
                Again.NEVER,
                "%s was not contacted: %s, and a crawl touches only the public internet; --allow-private permits private networks."
                        .formatted(host, why));
    }

    private static void drip(TestSite site, OutputStream out) throws IOException, InterruptedException {
        for (; ; ) {
            out.write('x');
            out.flush();
            site.pause(Duration.ofMillis(20));
        }
    }

    private static byte[] half(byte[] bytes) {
        return Arrays.copyOf(bytes, bytes.length / 2);
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        for (; ; ) {
            try {
                latch.await();
                return;
            } catch (InterruptedException ignored) {
                // A native call does not see it either.
            }
        }
    }

    private static SSLContext selfSigned(Path folder) throws Exception {
        var file = folder.resolve("keys.p12");
        var keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        var exit = new ProcessBuilder(List.of(
                        keytool,
                        "-genkeypair",
                        "-alias",
                        "a",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        "secret",
                        "-storetype",
                        "PKCS12"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
        assertThat(exit).isZero();
        var keys = KeyStore.getInstance(file.toFile(), "secret".toCharArray());
        var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "secret".toCharArray());
        var context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }
}
