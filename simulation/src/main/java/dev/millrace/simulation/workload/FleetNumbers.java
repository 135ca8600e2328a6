package dev.millrace.simulation.workload;

import dev.millrace.Scope;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Adjustment.Of;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;

/**
 * Jobs of a kind and of a queue that run so often at once over the whole fleet, and others that do not care. The numbers are in the code of all nodes; operators lower
 * them, and have them hold again.
 */
final class FleetNumbers implements Workload {

    private static final String ME = "the simulation";
    private static final int MOST = 5;
    private static final int MOST_TOGETHER = 8;

    @Override
    public String name() {
        return "fleet";
    }

    @Override
    public void plan(Office on) {
        int ofKind = 1 + on.random().nextInt(MOST);
        int ofQueue = 1 + on.random().nextInt(MOST);
        on.fleet().limitKind("work", ofKind);
        on.fleet().limitQueue("second", ofQueue);
        for (int left = on.jobs(); left > 0; ) {
            int some = Math.min(left, 1 + on.random().nextInt(MOST_TOGETHER));
            left -= some;
            on.sometime("a sender", () -> send(on, some));
        }
        if (on.random().nextBoolean()) lower(on, Of.FLEET_KIND, "work", ofKind);
        if (on.random().nextBoolean()) lower(on, Of.FLEET_QUEUE, "second", ofQueue);
        for (int i = on.random().nextInt(4); i > 0; i--) on.sometime("an operator cancels", () -> Operators.cancel(on));
        for (int i = on.random().nextInt(3); i > 0; i--)
            on.sometime("an operator requeues", () -> Operators.requeue(on));
        if (on.random().nextInt(4) == 0) Operators.pauseFor(on, Scope.queue("second"));
    }

    private static void lower(Office on, Of of, String name, int most) {
        var from = Duration.ofNanos(on.random().nextLong(on.hours().toNanos()));
        int number = 1 + on.random().nextInt(most);
        on.at(from, "an operator sets a number", () -> {
            on.fleet().trace().tell("%s %s: %d", of, name, number);
            on.insist(() -> on.fleet().store().adjust(new Adjustment(of, name, number, null), "maintenance", ME));
        });
        on.at(from.plusSeconds(1 + on.random().nextInt(15)), "an operator resets it", () -> {
            on.fleet().trace().tell("%s %s is as code says", of, name);
            on.insist(() -> on.fleet().store().reset(of, name, "as it was", ME));
        });
    }

    private static void send(Office on, int jobs) {
        var drafts = new ArrayList<Office.Draft>();
        for (int i = 0; i < jobs; i++) drafts.add(draft(on));
        if (on.random().nextInt(3) == 0) drafts.forEach(on::send);
        else on.sendAll(drafts);
    }

    private static Office.Draft draft(Office on) {
        var kind = switch (on.random().nextInt(5)) {
            case 0 -> "narrow";
            case 1 -> "exact";
            default -> "work";
        };
        var script = kind.equals("exact")
                ? Script.plain(Duration.ofMillis(on.random().nextInt(300)))
                : Script.draw(on.random(), false);
        var made = on.draft(kind, script);
        if (on.random().nextInt(4) > 0) return made;
        var job = made.job();
        var line = new Line("order " + on.random().nextInt(3), null);
        return new Office.Draft(
                new NewJob(
                        job.id(),
                        job.queue(),
                        job.priority(),
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
