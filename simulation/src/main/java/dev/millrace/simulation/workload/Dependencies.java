package dev.millrace.simulation.workload;

import dev.millrace.IfFailed;
import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.State;
import dev.millrace.simulation.checker.Intended.Plan;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Jobs that run after others: some after one, some after several, and some in a row. What they wait for ends in all the ways there are, some of it only long after. Operators cancel
 * and requeue what is waited for, and withdraw what waits; and take that back.
 */
final class Dependencies implements Workload {

    private static final String ME = "the simulation";

    /** Of those that operators withdraw many at once; nobody else's are. */
    private static final String WITHDRAWN = "perhaps withdrawn";

    private static final int MOST = 4;

    @Override
    public String name() {
        return "after";
    }

    @Override
    public void plan(Office on) {
        for (int left = on.jobs(); left > 0; ) {
            int first = 1 + on.random().nextInt(MOST);
            int after = 1 + on.random().nextInt(MOST);
            left -= first + after;
            boolean quick = on.random().nextBoolean();
            boolean row = on.random().nextInt(3) == 0;
            on.sometime("a sender of jobs that run after others", () -> send(on, first, after, quick, row));
        }
        for (int i = on.random().nextInt(3); i > 0; i--)
            on.sometime("an operator cancels many", () -> withdrawMany(on));
    }

    // ---- senders

    private static void send(Office on, int first, int after, boolean quick, boolean row) {
        var blockers = new ArrayList<JobId>();
        for (int i = 0; i < first; i++) {
            var draft = blocker(on, quick);
            on.send(draft);
            if (on.intended().certain(draft.job().id()))
                blockers.add(draft.job().id());
        }
        if (blockers.isEmpty()) return;
        var waitFor = List.<JobId>copyOf(blockers);
        for (int i = 0; i < after; i++) {
            if (on.random().nextInt(4) == 0)
                on.fleet().timeline().pause(Duration.ofMillis(on.random().nextInt(1_500)));
            var sent = sendAfter(on, waitFor, quick);
            if (sent == null) return;
            if (row) waitFor = List.of(sent);
        }
        var some = blockers.get(on.random().nextInt(blockers.size()));
        switch (on.random().nextInt(6)) {
            case 0 -> later(on, "an operator withdraws what is waited for", () -> cancel(on, some));
            case 1 -> later(on, "an operator requeues what is waited for", () -> requeue(on, some));
            default -> {} // nothing more happens to them
        }
    }

    /** The job, if it was certainly taken. */
    private static @Nullable JobId sendAfter(Office on, List<JobId> blockers, boolean quick) {
        var random = on.random();
        var script = random.nextInt(4) == 0
                ? Script.draw(random, false)
                : Script.plain(Duration.ofMillis(random.nextInt(100)));
        boolean runs = random.nextInt(3) == 0;
        boolean withdrawn = random.nextInt(4) == 0;
        var made = on.draft("work", script).job();
        var time = quick || random.nextInt(4) > 0 ? null : new Due.In(Duration.ofMillis(random.nextInt(8_000)));
        var due = new Due.After(blockers, runs ? IfFailed.RUN : IfFailed.CANCEL, time);
        Map<String, String> headers = withdrawn ? Map.of("tenant", WITHDRAWN) : Map.of();
        var job = new NewJob(
                made.id(), made.queue(), made.priority(), null, "work", 1, made.payload(), headers, due, null, null);
        var draft = new Office.Draft(job, script, new Plan(script.leadsTo(), script.attempts(), false, false, false));
        on.fleet().after().sending(job.id(), blockers, runs);
        if (!runs || withdrawn) { // whether it was right is for its own invariant
            on.intended().cancelling(job.id());
            on.intended().perhapsCancelled(job.id());
        }
        if (withdrawn) {
            on.intended().requeued(job.id()); // by who takes it back
            on.fleet().after().withdrawing(job.id());
        }
        on.plan(draft);
        try {
            on.store().enqueue(job);
            on.intended().acknowledged(job.id());
            on.fleet().trace().tell("job %s is sent, and %s: %s", job.id(), due.text(), script);
            return job.id();
        } catch (StoreException.CommitUnknown unknown) {
            on.fleet().trace().tell("nobody knows whether job %s was taken", job.id());
        } catch (MillraceException refused) {
            on.notTaken(draft, String.valueOf(refused.getMessage()));
        }
        return null;
    }

    private static Office.Draft blocker(Office on, boolean quick) {
        var random = on.random();
        boolean exact = random.nextInt(4) == 0;
        var script = quick || exact ? Script.plain(Duration.ofMillis(random.nextInt(20))) : Script.draw(random, false);
        var made = on.draft(exact ? "exact" : "work", script).job();
        boolean late = random.nextInt(6) == 0;
        var due = late ? new Due.In(Duration.ofSeconds(60 + random.nextInt(60))) : quick ? null : made.due();
        var job = new NewJob(
                made.id(),
                made.queue(),
                made.priority(),
                null,
                made.kind(),
                1,
                made.payload(),
                Map.of(),
                due,
                null,
                null);
        return new Office.Draft(job, script, new Plan(script.leadsTo(), script.attempts(), false, exact, false));
    }

    private static void later(Office on, String what, Runnable happens) {
        var when = Duration.ofMillis(on.random().nextInt(on.random().nextBoolean() ? 300 : 6_000));
        on.fleet().timeline().in(when, () -> on.fleet().timeline().start(what, happens));
    }

    // ---- operators

    private static void cancel(Office on, JobId job) {
        on.intended().cancelling(job);
        on.fleet().after().withdrawing(job);
        try {
            on.store().cancel(job, "no longer needed", ME).ifPresent(state -> {
                if (state == State.CANCELLED) on.intended().cancelled(job);
                on.fleet().trace().tell("job %s is withdrawn: %s", job, state);
            });
        } catch (MillraceException unheard) {
            on.fleet().trace().tell("job %s is perhaps withdrawn", job);
            on.intended().perhapsCancelled(job);
        }
    }

    private static void requeue(Office on, JobId job) {
        on.intended().requeued(job); // before the answer: it may be lost
        on.fleet().poison().requeued(job);
        try {
            var before = on.store().requeue(job, "it is to run again", ME);
            on.fleet().trace().tell("job %s is requeued: it was %s", job, before.orElse(null));
        } catch (MillraceException unheard) {
            on.fleet().trace().tell("job %s is perhaps requeued", job);
        }
    }

    /** What waits of some; and perhaps that is taken back. */
    private static void withdrawMany(Office on) {
        var selection = new Selection(State.SCHEDULED, null, null, WITHDRAWN, null, null, null, null, null, null);
        var change = BulkChanges.begun(on, Action.CANCEL, null, selection, Details.NONE);
        BulkChanges.goOn(on, change);
        on.fleet().timeline().pause(Duration.ofMillis(on.random().nextInt(6_000)));
        if (on.random().nextBoolean())
            BulkChanges.goOn(on, BulkChanges.begun(on, Action.REQUEUE, change, null, Details.NONE));
        else BulkChanges.goOn(on, change);
    }
}
