package dev.millrace.simulation.workload;

import dev.millrace.simulation.fleet.Script;
import java.time.Duration;
import java.util.ArrayList;

/** Many jobs in one transaction: a backlog from one moment to the next. */
final class Bulk implements Workload {

    @Override
    public String name() {
        return "bulk";
    }

    @Override
    public void plan(Office on) {
        for (int left = on.jobs(); left > 0; ) {
            int some = Math.min(left, 10 + on.random().nextInt(30));
            left -= some;
            on.sometime("a bulk producer", () -> {
                var drafts = new ArrayList<Office.Draft>();
                var queue = on.random().nextBoolean() ? "first" : "second";
                for (int i = 0; i < some; i++)
                    drafts.add(on.draft(
                            "work",
                            1,
                            queue,
                            Script.plain(Duration.ofMillis(on.random().nextInt(100))),
                            null));
                on.sendAll(drafts);
            });
        }
    }
}
