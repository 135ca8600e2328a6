package dev.millrace.simulation.workload;

import dev.millrace.MillraceException;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.NewJob;
import dev.millrace.store.StoreException;
import java.time.Duration;

/** Senders that give each job an idempotency key, and send it until they are answered: also twice at once. */
final class RepeatedSends implements Workload {

    private static final int TRIES = 6;

    @Override
    public String name() {
        return "repeated-sends";
    }

    @Override
    public void plan(Office on) {
        for (int i = 0; i < on.jobs(); i++) {
            var key = new NewJob.Idempotency("key-" + i, "request " + i);
            on.sometime("a sender that repeats", () -> {
                var draft = on.draft(
                        "work",
                        1,
                        "second",
                        Script.plain(Duration.ofMillis(on.random().nextInt(100))),
                        key);
                on.plan(draft);
                if (on.random().nextInt(3) == 0) on.fleet().timeline().start("its double", () -> repeat(on, draft));
                repeat(on, draft);
            });
        }
    }

    /** With its key the same job may be sent as often as one likes. */
    private static void repeat(Office on, Office.Draft draft) {
        for (int tries = 0; tries < TRIES; tries++) {
            try {
                on.store().enqueue(draft.job());
                on.taken(draft);
                return;
            } catch (StoreException again) {
                on.fleet().timeline().pause(Duration.ofMillis(100 + on.random().nextInt(400)));
            } catch (MillraceException refused) {
                on.notTaken(draft, String.valueOf(refused.getMessage()));
                return;
            }
        }
    }
}
