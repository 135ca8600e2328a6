package dev.millrace.crawler.fetch;

import dev.millrace.crawler.fetch.Fetched.Failed;
import dev.millrace.crawler.fetch.Fetched.Moved;
import dev.millrace.crawler.fetch.Fetched.OtherType;
import dev.millrace.crawler.fetch.Fetched.Response;
import dev.millrace.crawler.fetch.Reason.Again;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.ParsedUrl;
import dev.millrace.crawler.url.UrlParser;
import dev.millrace.crawler.url.UrlRules;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import org.apache.hc.client5.http.ClientProtocolException;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpMessage;
import org.apache.hc.core5.http.impl.EnglishReasonPhraseCatalog;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.util.Timeout;

/**
 * One fetch, from the first lookup to the last byte, over all its redirects. Runs on a virtual thread of its own, as a
 * plain sequence of blocking steps without a look at the clock: {@link HttpFetcher} waits for the {@link #result} and
 * interrupts the thread when the time is up. Socket calls on virtual threads end at an interrupt, with the socket
 * closed; the one native call, the lookup of a name, runs elsewhere; and the one loop that only computes asks for the
 * interrupt.
 *
 * <p>The result is set as soon as it is known. What remains then is to read the rest of a short body, so that the
 * connection can be used again.
 */
final class Exchange implements Runnable {

    private static final String IN_CONTEXT = "millrace.exchange";
    private static final UrlParser AS_WRITTEN = new UrlParser(UrlRules.asWritten());
    private static final String ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    private static final String ACCEPT_ENCODING = "gzip, deflate";
    private static final int MAX_STALE_CONNECTIONS = 4;
    private static final long WORTH_READING_FOR_REUSE = 64 * 1024;
    private static final int MAX_VALUES = 20;
    private static final int MAX_VALUE_LENGTH = 4_096;

    private final FetchRequest request;
    private final CloseableHttpClient client;
    private final Lookups lookups;
    private final InstantSource clock;
    private final LongSupplier nanoTime;
    private final long startedNanos;
    private final BodyReader body;
    private final List<Hop> hops = new CopyOnWriteArrayList<>(); // read by whoever reports a timeout
    private final CompletableFuture<Fetched> result = new CompletableFuture<>();
    private volatile String stage = "waiting for its turn";

    Exchange(
            FetchRequest request,
            CloseableHttpClient client,
            Lookups lookups,
            InstantSource clock,
            LongSupplier nanoTime) {
        this.request = request;
        this.client = client;
        this.lookups = lookups;
        this.clock = clock;
        this.nanoTime = nanoTime;
        this.startedNanos = nanoTime.getAsLong();
        this.body = new BodyReader(request.limits());
    }

    /** What came of it, once that is known. */
    CompletableFuture<Fetched> result() {
        return result;
    }

    /** The answer when the time is up: what it was at. */
    Failed timedOut() {
        var seconds = request.limits().deadline().toMillis() / 1000.0;
        return failed(
                new FetchFailure(
                        Reason.TIMEOUT,
                        "The fetch was given up after %s s (deadline) while %s.".formatted(seconds, stage)),
                0);
    }

    /** Called by the client when a request has its connection and is about to be sent. */
    static void connected(HttpContext context) {
        if (context.getAttribute(IN_CONTEXT) instanceof Exchange exchange) exchange.stage = "waiting for the answer";
    }

    @Override
    public void run() {
        try {
            follow();
        } catch (FetchFailure failure) {
            result.complete(failed(failure, 0));
        } catch (InterruptedException timeIsUp) {
            result.complete(timedOut()); // whoever interrupted has stopped waiting
        } catch (RuntimeException | Error bug) {
            result.completeExceptionally(bug);
        }
    }

    private void follow() throws FetchFailure, InterruptedException {
        var seen = new HashSet<CrawlUrl>();
        for (var url = request.url(); ; url = hops.getLast().to()) {
            seen.add(url);
            try (var answer = answerOf(url)) {
                int status = answer.response().getCode();
                if (!isRedirect(status)) {
                    conclude(answer, status);
                    return;
                }
                var hop = new Hop(url, status, target(url, status, answer.response()));
                if (seen.contains(hop.to())) {
                    finish(answer, failed(loop(hop), status));
                    return;
                }
                if (!request.follow().test(hop)) {
                    finish(answer, new Moved(trail(), hop));
                    return;
                }
                if (hops.size() >= request.limits().maxRedirects()) {
                    finish(answer, failed(tooMany(), status));
                    return;
                }
                hops.add(hop);
                stage = "reading what came with a redirect";
                answer.tidyUp();
            }
        }
    }

    private void conclude(Answer answer, int status) throws FetchFailure, InterruptedException {
        var headers = kept(answer.response());
        if (status < 200 || status > 299) {
            finish(answer, failed(status, headers));
            return;
        }
        var declared = ContentType.of(headers.first("content-type").orElse(null));
        if (declared != null && !request.accepts().test(declared)) {
            finish(answer, new OtherType(trail(), status, headers, declared, answer.declaredLength()));
            return;
        }
        stage = "reading the page";
        var bytes = read(answer);
        var type = declared != null ? declared : Sniffer.guess(bytes);
        result.complete(
                request.accepts().test(type)
                        ? new Response(
                                trail(),
                                status,
                                headers,
                                type,
                                new Body(bytes, TextEncoding.detect(bytes, type), body.transferred()))
                        : new OtherType(trail(), status, headers, type, bytes.length));
    }

    private byte[] read(Answer answer) throws FetchFailure, InterruptedException {
        var encodings = headerValues(answer.response(), "content-encoding");
        try {
            return body.read(answer.stream(), answer.declaredLength(), String.join(", ", encodings));
        } catch (IOException failed) {
            throw Failures.explain(failed, answer.url().hostKey());
        }
    }

    /** Says what came of it, then takes the time to leave the connection in order. */
    private void finish(Answer answer, Fetched fetched) {
        result.complete(fetched);
        answer.tidyUp();
    }

    // Connecting

    private Answer answerOf(CrawlUrl url) throws FetchFailure, InterruptedException {
        stage = "looking up " + url.hostKey().host();
        var addresses = lookups.of(url.hostKey());
        for (int i = 0, stale = 0; ; ) {
            if (Thread.interrupted()) throw new InterruptedException();
            stage = "connecting to " + url.hostKey();
            var context = HttpClientContext.create();
            context.setAttribute(IN_CONTEXT, this);
            try {
                return send(url, addresses.get(i), context);
            } catch (IOException failed) {
                if (Failures.beforeConnection(failed) && i + 1 < addresses.size()) {
                    i++;
                } else if (wasUsedBefore(context) && stale < MAX_STALE_CONNECTIONS) {
                    // The server closed it while it idled, or the answer before has spoilt it: not this page's fault.
                    stale++;
                } else {
                    throw Failures.explain(failed, url.hostKey());
                }
            }
        }
    }

    private Answer send(CrawlUrl url, InetAddress address, HttpClientContext context) throws IOException {
        var host = url.hostKey();
        var target = new HttpHost(host.scheme(), address, host.bareHost(), host.hasDefaultPort() ? -1 : host.port());
        var get = new HttpGet(URI.create(url.href()));
        get.setHeader("Accept", ACCEPT);
        get.setHeader("Accept-Encoding", ACCEPT_ENCODING);
        // A second net under the interrupt, and a little lower, so that the deadline is what is reported.
        var atMost = request.limits().deadline().plusSeconds(1);
        get.setConfig(Connections.config(Timeout.of(atMost)));
        try {
            return new Answer(url, get, client.executeOpen(target, get, context));
        } catch (IllegalArgumentException strange) {
            // The client's own parsers are not proof against every head that a server can think of.
            throw new ClientProtocolException("its head can't be read", strange);
        }
    }

    private static boolean wasUsedBefore(HttpClientContext context) {
        var endpoint = context.getEndpointDetails();
        return endpoint != null && endpoint.getResponseCount() > 0;
    }

    // Redirects

    private static boolean isRedirect(int status) {
        return switch (status) {
            case 301, 302, 303, 307, 308 -> true;
            default -> false;
        };
    }

    private static CrawlUrl target(CrawlUrl from, int status, ClassicHttpResponse response) throws FetchFailure {
        var location = response.getFirstHeader("Location");
        if (location == null || location.getValue() == null) {
            throw new FetchFailure(
                    Reason.BAD_REDIRECT,
                    "%s answered %d, a redirect, but did not say where to.".formatted(from, status));
        }
        return switch (AS_WRITTEN.resolve(from, utf8(location.getValue()))) {
            case ParsedUrl.Valid valid -> valid.url();
            case ParsedUrl.Skipped skipped ->
                throw new FetchFailure(
                        Reason.BAD_REDIRECT,
                        "%s redirects to a \"%s:\" address, which is no page.".formatted(from, skipped.scheme()));
            case ParsedUrl.Malformed malformed ->
                throw new FetchFailure(
                        Reason.BAD_REDIRECT, "%s redirects wrongly: %s".formatted(from, malformed.message()));
        };
    }

    /** Headers are ASCII, but servers put raw UTF-8 into this one; the client reads bytes as Latin-1. */
    private static String utf8(String latin1) {
        if (latin1.chars().allMatch(c -> c < 0x80)) return latin1;
        try {
            var bytes = ByteBuffer.wrap(latin1.getBytes(StandardCharsets.ISO_8859_1));
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException itIsLatin1) {
            return latin1;
        }
    }

    private static FetchFailure loop(Hop hop) {
        return new FetchFailure(
                Reason.REDIRECT_LOOP,
                "%s redirects to %s, which redirected before: a loop, often of a site that insists on cookies."
                        .formatted(hop.from(), hop.to()));
    }

    private FetchFailure tooMany() {
        return new FetchFailure(
                Reason.TOO_MANY_REDIRECTS,
                "%s leads through more than the %d redirects that are followed (maxRedirects)."
                        .formatted(request.url(), request.limits().maxRedirects()));
    }

    // Answers

    private Trail trail() {
        return new Trail(request.url(), hops, Duration.ofNanos(nanoTime.getAsLong() - startedNanos));
    }

    private Failed failed(FetchFailure failure, int status) {
        return new Failed(
                trail(),
                failure.reason(),
                failure.sentence(),
                status,
                failure.reason().again(),
                null);
    }

    private Failed failed(int status, Headers headers) {
        var phrase = EnglishReasonPhraseCatalog.INSTANCE.getReason(status, Locale.ROOT);
        var again = Reason.againAfterStatus(status);
        var retryAfter = again == Again.NEVER
                ? null
                : RetryAfter.parse(headers.first("retry-after").orElse(null), clock.instant());
        var message = "The server answered %d%s%s."
                .formatted(
                        status,
                        phrase == null ? "" : " " + phrase,
                        retryAfter == null
                                ? ""
                                : " and asked to be left alone for %,d s".formatted(retryAfter.toSeconds()));
        return new Failed(trail(), Reason.ofStatus(status), message, status, again, retryAfter);
    }

    private static Headers kept(HttpMessage message) {
        Map<String, List<String>> kept = new TreeMap<>();
        for (var name : Headers.KEPT) {
            var values = headerValues(message, name);
            if (!values.isEmpty()) kept.put(name, values);
        }
        return new Headers(kept);
    }

    private static List<String> headerValues(HttpMessage message, String name) {
        var values = new ArrayList<String>();
        for (var header : message.getHeaders(name)) {
            var value = header.getValue();
            if (value != null && values.size() < MAX_VALUES) {
                values.add(value.length() > MAX_VALUE_LENGTH ? value.substring(0, MAX_VALUE_LENGTH) : value);
            }
        }
        return List.copyOf(values);
    }

    /** An answer whose body may still be on its way. Closed before its end, it gives the connection up. */
    private record Answer(CrawlUrl url, HttpGet get, ClassicHttpResponse response) implements AutoCloseable {

        long declaredLength() {
            var entity = response.getEntity();
            return entity == null ? 0 : entity.getContentLength();
        }

        InputStream stream() throws IOException {
            var entity = response.getEntity();
            return entity == null ? InputStream.nullInputStream() : entity.getContent();
        }

        /** Reads a short body to its end, after which the client keeps the connection by itself. */
        void tidyUp() {
            if (declaredLength() > WORTH_READING_FOR_REUSE) return;
            try {
                stream().readNBytes((int) WORTH_READING_FOR_REUSE + 1);
            } catch (IOException notWorthATry) {
                // The connection is given up on close, that is all.
            }
        }

        /** The order matters: closing a body reads the rest of it, be it endless, unless its connection is gone. */
        @Override
        public void close() {
            get.cancel();
            try {
                response.close();
            } catch (IOException gone) {
                // It was to be closed anyway.
            }
        }
    }
}
