package dev.millrace.simulation.workload;

import dev.millrace.simulation.fleet.Script;
import java.time.Duration;

/** Jobs whose handlers write to the same database, and commit that together with their outcome. */
final class Exact implements Workload {

    @Override
    public String name() {
        return "exact";
    }

    @Override
    public void plan(Office on) {
        for (int i = 0; i < on.jobs(); i++)
            on.sometime("a producer", () -> {
                boolean isLong = on.random().nextInt(8) == 0;
                var length = Duration.ofMillis(
                        isLong
                                ? 1_000 + on.random().nextInt(3_500)
                                : on.random().nextInt(200));
                var script = on.random().nextInt(20) == 0 ? Script.stuckBeforeItsCommit(length) : Script.plain(length);
                on.send(on.draft("exact", script));
            });
    }
}
