package dev.millrace.simulation.workload;

import dev.millrace.simulation.fleet.Script;
import java.time.Duration;

/** Queues that did not exist before their first job: several producers send to each at the same moment. */
final class NewQueues implements Workload {

    private static final int QUEUES = 2;

    @Override
    public String name() {
        return "new-queues";
    }

    @Override
    public void plan(Office on) {
        for (int q = 0; q < QUEUES; q++) {
            var queue = "new-" + q;
            on.fleet().serve(queue);
            long opening = on.random().nextLong(on.hours().toMillis());
            for (int i = 0; i < Math.max(1, on.jobs() / QUEUES); i++) {
                var when = Duration.ofMillis(opening + on.random().nextInt(i < 3 ? 3 : 2_000));
                on.at(
                        when,
                        "a producer",
                        () -> on.send(on.draft(
                                "work",
                                1,
                                queue,
                                Script.plain(Duration.ofMillis(on.random().nextInt(100))),
                                null)));
            }
        }
    }
}
