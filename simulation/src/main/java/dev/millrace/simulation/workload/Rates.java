package dev.millrace.simulation.workload;

import dev.millrace.Priority;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.Line;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.Line.Rate;
import dev.millrace.store.Line.Rated;
import dev.millrace.store.NewJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Jobs of which so many may start in a time: of some keys many, which their shard's owner counts, of some few, which the store counts. They come in heaps, so that
 * they wait while nodes die, freeze, come and go; some have an order beside it, some weigh more, and now and then operators withdraw one.
 */
final class Rates implements Workload {

    private static final List<String> QUEUES = List.of("first", "second");

    static final List<Limited> LIMITS = List.of(
            limited("shop 1", 1_000, new Rate(4, Duration.ofSeconds(1), 1)),
            limited("shop 2", 2, new Rate(2, Duration.ofSeconds(1), 3)),
            limited("shop 3", 1_000, new Rate(10, Duration.ofMinutes(1), 2)),
            limited("shop 4", 1, new Rate(8, Duration.ofMinutes(1), 1)));

    /** So many of a slow key in a run at most: they all have to end. */
    private static final int SLOW = 12;

    private static final int MOST_TOGETHER = 12;

    static final String QUOTA = "quota";

    private static Limited limited(String shop, int atOnce, Rate rate) {
        return new Limited(QUOTA, atOnce, shop, new Rated(rate, 1));
    }

    @Override
    public String name() {
        return "rates";
    }

    @Override
    public void plan(Office on) {
        var left = new int[] {on.jobs(), on.jobs(), SLOW, SLOW};
        for (int jobs = on.jobs(); jobs > 0; ) {
            int some = Math.min(jobs, 1 + on.random().nextInt(MOST_TOGETHER));
            jobs -= some;
            int shop = on.random().nextInt(LIMITS.size());
            if (left[shop] < some) shop = on.random().nextInt(2);
            left[shop] -= some;
            var limit = LIMITS.get(shop);
            on.sometime("a sender of rated jobs", () -> send(on, limit, some));
        }
        for (int i = on.random().nextInt(6); i > 0; i--) on.sometime("an operator cancels", () -> Operators.cancel(on));
    }

    static void send(Office on, Limited limit, int jobs) {
        var queue = QUEUES.get(limit.key().hashCode() % 2 == 0 ? 0 : 1); // a key of one queue is another one in another
        if (on.random().nextInt(4) == 0) SlowProducers.transaction(on, jobs, () -> draft(on, queue, limit));
        else {
            var drafts = new ArrayList<Office.Draft>();
            for (int i = 0; i < jobs; i++) drafts.add(draft(on, queue, limit));
            on.sendAll(drafts);
        }
    }

    private static Office.Draft draft(Office on, String queue, Limited limit) {
        var rate = limit.rate();
        int burst = rate == null ? 1 : rate.rate().burst();
        int weight = burst == 1 || on.random().nextInt(3) > 0 ? 1 : burst;
        var weighed = rate == null
                ? limit
                : new Limited(limit.name(), limit.atOnce(), limit.key(), new Rated(rate.rate(), weight));
        var line = new Line(on.random().nextInt(4) == 0 ? "one" : null, weighed);
        var script = Script.plain(Duration.ofMillis(on.random().nextInt(300)));
        var made = on.draft("work", 1, queue, script, null);
        var job = made.job();
        return new Office.Draft(
                new NewJob(
                        job.id(),
                        queue,
                        Priority.NORMAL,
                        null,
                        "work",
                        1,
                        job.payload(),
                        line.in(Map.of()),
                        job.due(),
                        job.expiresAfter(),
                        null),
                script,
                made.plan());
    }
}
