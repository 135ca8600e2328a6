package dev.millrace.simulation.workload;

import dev.millrace.MillraceException;
import dev.millrace.simulation.database.Refusal;
import dev.millrace.simulation.database.Transaction.Isolation;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.simulation.store.HandlerTransaction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Users' own transactions, at both isolations, that stay open for a while between enqueues, and then are committed, or are not. */
final class SlowProducers implements Workload {

    @Override
    public String name() {
        return "slow-producers";
    }

    @Override
    public void plan(Office on) {
        for (int left = on.jobs(); left > 0; ) {
            int some = Math.min(left, 1 + on.random().nextInt(3));
            left -= some;
            on.sometime(
                    "a slow producer",
                    () -> transaction(on, some, () -> on.draft("work", Script.draw(on.random(), false))));
        }
    }

    /** So many jobs in one transaction, which takes its time. */
    static void transaction(Office on, int jobs, Supplier<Office.Draft> next) {
        var isolation = on.random().nextBoolean() ? Isolation.READ_COMMITTED : Isolation.REPEATABLE_READ;
        var tx = on.fleet().store().begin("a slow producer's", isolation);
        var drafts = new ArrayList<Office.Draft>();
        try {
            for (int i = 0; i < jobs; i++) {
                var draft = next.get();
                drafts.add(draft);
                on.plan(draft);
                on.fleet().store().enqueue(tx.connection(), draft.job());
                tx.rest();
                on.fleet().timeline().pause(Duration.ofMillis(on.random().nextInt(900)));
            }
            if (on.random().nextInt(3) == 0) {
                // so that what was to run soon is committed after its time
                on.fleet().timeline().pause(Duration.ofMillis(on.random().nextInt(5_000)));
            }
            end(on, tx, drafts);
        } catch (Refusal lost) {
            on.fleet().trace().tell("a slow producer lost its connection");
            refused(on, drafts, "its transaction was ended");
        } catch (MillraceException refused) {
            tx.rollback();
            refused(on, drafts, String.valueOf(refused.getMessage()));
        }
    }

    private static void end(Office on, HandlerTransaction tx, List<Office.Draft> drafts) {
        if (on.random().nextInt(6) == 0) {
            tx.rollback();
            refused(on, drafts, "it was rolled back");
            return;
        }
        tx.commit();
        drafts.forEach(on::taken);
    }

    private static void refused(Office on, List<Office.Draft> drafts, String why) {
        for (var draft : drafts) on.notTaken(draft, why);
    }
}
