package dev.millrace.simulation.workload;

import dev.millrace.Scope;
import dev.millrace.simulation.checker.Intended.Plan;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.NewJob;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A few jobs that can't run, each for another reason: what is said of them must be true. */
final class Stranded implements Workload {

    @Override
    public String name() {
        return "stranded";
    }

    @Override
    public void plan(Office on) {
        on.at(
                Duration.ZERO,
                "an operator pauses for good",
                () -> on.insist(() ->
                        on.fleet().store().pause(Scope.kind("paused"), "not before the audit", "the simulation")));
        send(on, "nobody-knows-it", "first", null);
        send(on, "paused", "first", null);
        send(on, "work", "nobody-serves-it", null);
        send(on, "work", "second", Duration.ofDays(3));
    }

    private static void send(Office on, String kind, String queue, @Nullable Duration in) {
        on.sometime("a producer", () -> {
            var draft = on.draft(kind, 1, queue, Script.plain(Duration.ofMillis(10)), null);
            var job = draft.job();
            var waiting = new NewJob(
                    job.id(),
                    queue,
                    job.priority(),
                    null,
                    kind,
                    1,
                    job.payload(),
                    job.headers(),
                    in == null ? null : new NewJob.Due.In(in),
                    null,
                    null);
            on.send(new Office.Draft(waiting, draft.script(), new Plan(null, 1, false, false, false)));
        });
    }
}
