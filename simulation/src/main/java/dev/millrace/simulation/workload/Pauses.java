package dev.millrace.simulation.workload;

import dev.millrace.Scope;
import dev.millrace.simulation.fleet.Script;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Operators pause and resume whatever can be paused, over and over, some of it with an end, while jobs of all these queues, kinds, tenants, keys and limits arrive, fail, and wait for slots.
 */
final class Pauses implements Workload {

    private static final List<String> KINDS = List.of("narrow", "exact", "evolving");
    private static final int PAUSES = 12;

    @Override
    public String name() {
        return "pauses";
    }

    @Override
    public void plan(Office on) {
        for (int left = on.jobs(); left > 0; ) {
            int some = Math.min(left, 1 + on.random().nextInt(8));
            left -= some;
            on.sometime("a sender of jobs that may be paused", () -> send(on, some));
        }
        for (int i = 1 + on.random().nextInt(PAUSES); i > 0; i--) Operators.pauseFor(on, scope(on), end(on));
        for (int i = on.random().nextInt(3); i > 0; i--) on.sometime("an operator cancels", () -> Operators.cancel(on));
    }

    private static void send(Office on, int jobs) {
        switch (on.random().nextInt(3)) {
            case 0 -> Lines.send(on, jobs);
            case 1 -> Tenants.send(on, tenant(on), jobs);
            default -> {
                for (int i = 0; i < jobs; i++)
                    on.send(on.draft(
                            KINDS.get(on.random().nextInt(KINDS.size())),
                            Script.plain(Duration.ofMillis(on.random().nextInt(400)))));
            }
        }
    }

    private static String tenant(Office on) {
        return Tenants.MANY.get(on.random().nextInt(Tenants.MANY.size()));
    }

    private static Scope scope(Office on) {
        return switch (on.random().nextInt(5)) {
            case 0 -> Scope.queue("second");
            case 1 -> Scope.kind(KINDS.get(on.random().nextInt(KINDS.size())));
            case 2 -> Scope.tenant(tenant(on));
            case 3 -> Lines.aKey(on);
            default -> Lines.aLimit(on);
        };
    }

    private static @Nullable Duration end(Office on) {
        return on.random().nextInt(3) == 0 ? Duration.ofMillis(on.random().nextInt(12_000)) : null;
    }
}
