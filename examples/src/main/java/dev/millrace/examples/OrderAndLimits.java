package dev.millrace.examples;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.Limit;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Retry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Shows an order per key, which a failure does not break, and a limit per key: both over the whole fleet. */
final class OrderAndLimits {

    private static final Limit PER_SHOP = Limit.named("shop").concurrency(2);

    @Kind("post")
    record Post(String account, int amount) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.inOrder("account", account);
        }
    }

    @Kind("sync")
    record Sync(String shop, int product) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.limit(PER_SHOP, shop);
        }
    }

    private static final AtomicInteger TRIES = new AtomicInteger();
    private static final AtomicInteger INSIDE = new AtomicInteger();
    private static final AtomicInteger MOST = new AtomicInteger();

    private OrderAndLimits() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(Post.class, OrderAndLimits::post)
                    .retry(Retry.exponential(ofMillis(20)).attempts(3))
                    .handle(Sync.class, OrderAndLimits::sync)
                    .start();

            var all = new ArrayList<Handle<Void>>();
            for (int amount : List.of(10, 20, 30)) all.add(millrace.enqueue(new Post("ada", amount)));
            for (int product = 0; product < 20; product++) all.add(millrace.enqueue(new Sync("acme", product)));
            for (var handle : all) handle.await(ofSeconds(10));

            System.out.println("At most " + MOST.get() + " products of a shop were synchronised at once");
        }
    }

    private static void post(Post job) {
        if (job.amount() == 10 && TRIES.incrementAndGet() == 1) throw new IllegalStateException("the ledger is busy");
        System.out.println("Posted " + job.amount() + " to the account of " + job.account());
    }

    private static void sync(Sync job) throws InterruptedException {
        MOST.accumulateAndGet(INSIDE.incrementAndGet(), Math::max);
        Thread.sleep(job.product() % 3);
        INSIDE.decrementAndGet();
    }
}
