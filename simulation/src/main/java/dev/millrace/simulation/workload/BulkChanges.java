package dev.millrace.simulation.workload;

import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.simulation.checker.Intended.Plan;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.NewJob;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Operators who change many jobs by one word, over lines that fail: they die in the midst of it, others go on, two at once, and some take it back. */
final class BulkChanges implements Workload {

    private static final String ME = "the simulation";

    /** Nobody else's jobs are changed. */
    private static final String TENANT = "bulk";

    @Override
    public String name() {
        return "bulk-changes";
    }

    @Override
    public void plan(Office on) {
        for (int i = 0; i < on.jobs(); i++) on.sometime("a producer", () -> send(on));
        for (int i = 2 + on.random().nextInt(5); i > 0; i--) on.sometime("an operator changes many", () -> change(on));
    }

    private static void send(Office on) {
        boolean fails = on.random().nextInt(3) > 0;
        var length = Duration.ofMillis(on.random().nextInt(300));
        var script = new Script(length, 0, false, true, false, fails ? Script.End.DISCARD : Script.End.DONE);
        var made = on.draft("work", script);
        var id = made.job().id();
        on.intended().requeued(id); // may be, and may be withdrawn, by any of the operators
        on.intended().cancelling(id);
        on.intended().perhapsCancelled(id);
        var job = new NewJob(
                id,
                made.job().queue(),
                made.job().priority(),
                null,
                "work",
                1,
                made.job().payload(),
                Map.of("tenant", TENANT),
                made.job().due(),
                null,
                null);
        var draft = new Office.Draft(job, script, new Plan(script.leadsTo(), script.attempts(), false, false, false));
        on.plan(draft);
        try {
            on.store().enqueue(job);
            on.intended().acknowledged(id); // and not told to others: what they do to any job is not counted here
        } catch (StoreException.CommitUnknown unknown) {
            on.fleet().trace().tell("nobody knows whether job %s was taken", id);
        } catch (MillraceException refused) {
            on.notTaken(draft, String.valueOf(refused.getMessage()));
        }
    }

    private static void change(Office on) {
        var kind = on.random().nextInt(4);
        var state = switch (kind) {
            case 0 -> State.SCHEDULED;
            case 1 -> State.AVAILABLE;
            default -> State.DISCARDED;
        };
        var action = state.ended() ? Action.REQUEUE : Action.CANCEL;
        var priority = action == Action.REQUEUE && on.random().nextBoolean() ? Priority.BULK : null;
        var selection = selection(on, state);
        var id = begun(on, action, null, selection, priority);
        var runners = new ArrayList<UUID>(List.of(id));
        if (on.random().nextInt(3) == 0) runners.add(id);
        if (on.random().nextBoolean()) runners.add(begun(on, action, null, selection, priority)); // a colleague's
        for (var change : runners) on.fleet().timeline().start("who runs it", () -> goOn(on, change));
        on.fleet().timeline().pause(Duration.ofMillis(on.random().nextInt(6_000)));
        if (on.random().nextBoolean()) {
            var undo = begun(on, action == Action.REQUEUE ? Action.CANCEL : Action.REQUEUE, id, null, null);
            goOn(on, undo);
        } else {
            goOn(on, id);
        }
    }

    private static Selection selection(Office on, State state) {
        return new Selection(
                state, on.random().nextBoolean() ? "first" : null, "work", TENANT, null, null, null, null, null, null);
    }

    static UUID begun(
            Office on,
            Action action,
            @Nullable UUID undoes,
            @Nullable Selection selection,
            @Nullable Priority priority) {
        var id = new UUID(on.random().nextLong(), on.random().nextLong());
        on.fleet().bulk().begun(id);
        on.insist(() -> on.store().begin(new Change(id, action, undoes, selection, priority, 0, 0, "a test", ME)));
        on.fleet().trace().tell("change %s is begun: %s", id, action);
        return id;
    }

    /** Some steps; and then it is done, or whoever does it dies. */
    static void goOn(Office on, UUID change) {
        for (int steps = 1 + on.random().nextInt(12); steps > 0; steps--) {
            try {
                var progress = on.store().goOn(change, 1 + on.random().nextInt(6));
                if (progress.isPresent() && progress.get().done()) return;
            } catch (StoreException again) {
                on.fleet().timeline().pause(Duration.ofMillis(100 + on.random().nextInt(300)));
            }
        }
    }
}
