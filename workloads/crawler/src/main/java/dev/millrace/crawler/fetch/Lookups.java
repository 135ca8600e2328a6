package dev.millrace.crawler.fetch;

import dev.millrace.crawler.url.HostKey;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Name lookups that end. The platform's lookup is a native call: it can neither be interrupted nor given a time, and a
 * dead name server makes it last for half a minute. So it runs on a few threads of its own, whoever waits for it waits
 * only as long as he has time, and a lookup that nobody waits for any more is counted until it comes back. When all
 * threads are lost in such lookups, new ones queue, and their fetches fail by their deadlines; no further thread is
 * made.
 *
 * <p>They are platform threads: on a virtual one the native call would hold a carrier. The platform caches answers (30
 * s by default, failures 10 s), so there is no cache here.
 */
final class Lookups implements AutoCloseable {

    private static final int MAX_QUEUED = 10_000;
    private static final int MAX_ADDRESSES = 4; // that are tried one after the other

    private final NameLookup names;
    private final AddressPolicy policy;
    private final ThreadPoolExecutor threads;
    private final AtomicInteger abandoned = new AtomicInteger();

    Lookups(NameLookup names, AddressPolicy policy, int maxThreads) {
        this.names = names;
        this.policy = policy;
        this.threads = new ThreadPoolExecutor(
                maxThreads,
                maxThreads,
                30,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(MAX_QUEUED),
                Thread.ofPlatform().daemon().name("name lookup ", 0).factory());
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * The addresses of a host that may be connected to, at least one.
     *
     * @throws InterruptedException if the fetch's time is up
     */
    List<InetAddress> of(HostKey host) throws FetchFailure, InterruptedException {
        var vetted = new ArrayList<InetAddress>();
        var objection = "";
        for (var address : resolve(host)) {
            var against = policy.objection(address);
            if (against.isEmpty()) vetted.add(address);
            else objection = "%s is %s".formatted(address.getHostAddress(), against.get());
        }
        if (vetted.isEmpty()) throw refused(host.host(), objection);
        return vetted.subList(0, Math.min(vetted.size(), MAX_ADDRESSES));
    }

    static FetchFailure refused(String host, String objection) {
        return new FetchFailure(Reason.REFUSED_ADDRESS, """
                %s was not contacted: %s, and a crawl touches only the public internet; --allow-private \
                permits private networks.""".formatted(host, objection));
    }

    /** How many lookups still run though nobody waits for them. */
    int abandoned() {
        return abandoned.get();
    }

    /** Lookups that run can't be stopped; their threads are daemons and end with them. */
    @Override
    public void close() {
        threads.shutdownNow();
    }

    private InetAddress[] resolve(HostKey host) throws FetchFailure, InterruptedException {
        try {
            if (host.isAddress()) return InetAddress.getAllByName(host.bareHost()); // read, not looked up
            var answer = new CompletableFuture<InetAddress[]>();
            threads.execute(() -> answer(host.bareHost(), answer));
            try {
                return answer.get();
            } catch (InterruptedException nobodyWaits) {
                if (answer.cancel(false)) abandoned.incrementAndGet();
                throw nobodyWaits;
            }
        } catch (UnknownHostException unknown) {
            throw unknown(host);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof UnknownHostException) throw unknown(host);
            throw new IllegalStateException("The lookup of " + host.host() + " failed.", failed.getCause());
        } catch (RejectedExecutionException full) {
            throw new FetchFailure(
                    Reason.DNS,
                    "The name %s was not looked up: %,d lookups wait already.".formatted(host.host(), MAX_QUEUED));
        }
    }

    private void answer(String host, CompletableFuture<InetAddress[]> answer) {
        boolean inTime = false;
        try {
            if (!answer.isDone()) inTime = answer.complete(names.lookup(host));
        } catch (UnknownHostException | RuntimeException failed) {
            inTime = answer.completeExceptionally(failed);
        } finally {
            if (!inTime) abandoned.decrementAndGet();
        }
    }

    private static FetchFailure unknown(HostKey host) {
        return new FetchFailure(
                Reason.DNS,
                "The name %s has no address: it is misspelled, gone, or the name server can't be asked."
                        .formatted(host.host()));
    }
}
