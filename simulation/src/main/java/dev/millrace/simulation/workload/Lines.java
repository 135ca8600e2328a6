package dev.millrace.simulation.workload;

import dev.millrace.Priority;
import dev.millrace.Scope;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.Line;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.NewJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Jobs that wait for others of their key: some in order, some with a limit, some with both. They come one after the other, many at once and in slow
 * transactions, or wait for a time first; they fail, hang, are put off and parked, and hold up those behind them. Operators withdraw some, and let others
 * run again.
 */
final class Lines implements Workload {

    static final List<String> QUEUES = List.of("first", "second");

    private static final List<String> ORDERS = List.of("one", "two", "three");

    static final List<Limited> LIMITS = List.of(
            new Limited("calls", 1, "shop 1"), new Limited("calls", 2, "shop 2"), new Limited("mails", 3, "all"));

    private static final int MOST_TOGETHER = 6;

    @Override
    public String name() {
        return "lines";
    }

    @Override
    public void plan(Office on) {
        for (int left = on.jobs(); left > 0; ) {
            int some = Math.min(left, 1 + on.random().nextInt(MOST_TOGETHER));
            left -= some;
            on.sometime("a sender of jobs in line", () -> send(on, some));
        }
        for (int i = on.random().nextInt(10); i > 0; i--)
            on.sometime("an operator cancels", () -> Operators.cancel(on));
        for (int i = on.random().nextInt(5); i > 0; i--)
            on.sometime("an operator requeues", () -> Operators.requeue(on));
        if (on.random().nextInt(4) == 0) Operators.pauseFor(on, Scope.queue("second"));
        if (on.random().nextInt(3) == 0) Operators.pauseFor(on, aKey(on));
        if (on.random().nextInt(3) == 0) Operators.pauseFor(on, aLimit(on));
    }

    static Scope aKey(Office on) {
        return new Scope.Key(
                QUEUES.get(on.random().nextInt(QUEUES.size())),
                ORDERS.get(on.random().nextInt(ORDERS.size())));
    }

    static Scope aLimit(Office on) {
        var limit = LIMITS.get(on.random().nextInt(LIMITS.size()));
        return new Scope.OfLimit(limit.name(), on.random().nextBoolean() ? limit.key() : null);
    }

    /** Jobs of one line; now and then of several. */
    static void send(Office on, int jobs) {
        boolean mixed = on.random().nextInt(4) == 0;
        var queue = QUEUES.get(on.random().nextInt(QUEUES.size()));
        var line = line(on);
        switch (on.random().nextInt(4)) {
            case 0 -> SlowProducers.transaction(on, jobs, () -> draft(on, queue, mixed ? line(on) : line));
            case 1 -> {
                var drafts = new ArrayList<Office.Draft>();
                for (int i = 0; i < jobs; i++) drafts.add(draft(on, queue, mixed ? line(on) : line));
                on.sendAll(drafts);
            }
            default -> {
                for (int i = 0; i < jobs; i++) on.send(draft(on, queue, mixed ? line(on) : line));
            }
        }
    }

    private static Line line(Office on) {
        var order = ORDERS.get(on.random().nextInt(ORDERS.size()));
        var limit = LIMITS.get(on.random().nextInt(LIMITS.size()));
        return switch (on.random().nextInt(4)) {
            case 0 -> new Line(null, limit);
            case 1 -> new Line(order, limit);
            default -> new Line(order, null);
        };
    }

    private static Office.Draft draft(Office on, String queue, Line line) {
        var kind = switch (on.random().nextInt(6)) {
            case 0 -> "narrow";
            case 1 -> "exact";
            default -> "work";
        };
        var script = kind.equals("exact")
                ? Script.plain(Duration.ofMillis(on.random().nextInt(300)))
                : Script.draw(on.random(), false);
        var made = on.draft(kind, 1, queue, script, null);
        var job = made.job();
        return new Office.Draft(
                new NewJob(
                        job.id(),
                        queue,
                        Priority.NORMAL,
                        null,
                        kind,
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
