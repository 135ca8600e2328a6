package dev.millrace.crawler.fetch;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.core5.io.CloseMode;

/**
 * Fetches pages over HTTP/1.1.
 *
 * <p><b>The deadline is total.</b> Timeouts of sockets are per read: a server that sends a byte every second satisfies
 * them for ever. So each fetch runs as an {@link Exchange} on a virtual thread, and the caller waits for it until the
 * deadline and then leaves, whatever the exchange is at. Leaving interrupts the exchange, which ends at once: nothing
 * it does ignores an interrupt. {@link #running} shows that none stays behind.
 *
 * <p><b>Only allowed addresses.</b> Each hop's name is looked up here, its addresses are vetted, and the client gets
 * addresses, never names; the socket checks again ({@link GuardedSocket}). TLS still proves the name.
 *
 * <p><b>Bounded.</b> By {@link FetchLimits} per fetch, {@link FetcherSettings} for all, and {@link Connections} for the
 * heads of answers. A caller has at most one thread and, at worst, twice the size limit in memory per fetch.
 *
 * <p>Does not decide: scope, robots.txt, politeness and retries are the caller's. Speaks to no proxy, keeps no cookies,
 * sends no credentials. Threads may share it.
 */
public final class HttpFetcher implements Fetcher, AutoCloseable {

    /** How long a caller waits for a connection to be left in order, once it has its answer. */
    private static final Duration TIDY_UP = Duration.ofMillis(250);

    private static final Duration FAREWELL = Duration.ofSeconds(5);

    private final InstantSource clock;
    private final LongSupplier nanoTime;
    private final Lookups lookups;
    private final CloseableHttpClient client;
    private final Set<Thread> running = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * A fetcher, to be closed when it is no longer needed.
     *
     * @param clock    the wall clock, for dates in headers
     * @param nanoTime a monotonic clock, for measuring
     * @param names    how host names become addresses
     */
    public HttpFetcher(FetcherSettings settings, InstantSource clock, LongSupplier nanoTime, NameLookup names) {
        this.clock = clock;
        this.nanoTime = nanoTime;
        this.lookups = new Lookups(names, settings.addresses(), settings.maxLookups());
        this.client = Connections.client(settings, (request, entity, context) -> Exchange.connected(context));
    }

    @Override
    public Fetched fetch(FetchRequest request) throws InterruptedException {
        if (closed) throw new IllegalStateException("This fetcher is closed; make a new one.");
        var exchange = new Exchange(request, client, lookups, clock, nanoTime);
        var thread = Thread.ofVirtual().name("fetch " + request.url().hostKey()).unstarted(() -> {
            try {
                exchange.run();
            } finally {
                running.remove(Thread.currentThread());
            }
        });
        running.add(thread);
        thread.start();
        try {
            var fetched = exchange.result().get(request.limits().deadline().toNanos(), TimeUnit.NANOSECONDS);
            if (!thread.join(TIDY_UP)) thread.interrupt();
            return fetched;
        } catch (TimeoutException timeIsUp) {
            var whatItWasAt = exchange.timedOut(); // before the interrupt moves it on
            thread.interrupt();
            return whatItWasAt;
        } catch (InterruptedException callerLeaves) {
            thread.interrupt();
            throw callerLeaves;
        } catch (ExecutionException bug) {
            throw new IllegalStateException("Fetching " + request.url() + " hit a bug.", bug.getCause());
        }
    }

    /** How many fetches have a thread right now; those whose caller has left end within moments. */
    public int running() {
        return running.size();
    }

    /** How many name lookups hang though nobody waits for them. At {@code maxLookups}, no new name can be looked up. */
    public int hangingLookups() {
        return lookups.abandoned();
    }

    /** Breaks off what is under way and closes all connections. */
    @Override
    public void close() {
        closed = true;
        running.forEach(Thread::interrupt);
        client.close(CloseMode.IMMEDIATE);
        lookups.close();
        try {
            for (var thread : running) thread.join(FAREWELL);
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
    }
}
