package dev.millrace.simulation.workload;

import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.simulation.checker.Intended.Plan;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.Edited;
import dev.millrace.store.Bulk.Progress;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Bulk.Stepped;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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
        if (on.random().nextInt(3) == 0) Operators.pauseFor(on, Scope.tenant(TENANT));
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
        var action = action(on, state);
        var details = details(on, action);
        var selection = selection(on, state);
        var id = begun(on, action, null, selection, details);
        var runners = new ArrayList<UUID>(List.of(id));
        if (on.random().nextInt(3) == 0) runners.add(id);
        if (on.random().nextBoolean()) runners.add(begun(on, action, null, selection, details)); // a colleague's
        boolean edits = action == Action.EDIT;
        for (var change : runners) on.fleet().timeline().start("who runs it", () -> goOn(on, change, edits));
        on.fleet().timeline().pause(Duration.ofMillis(on.random().nextInt(6_000)));
        if (on.random().nextBoolean()) {
            var back = switch (action) {
                case REQUEUE -> Action.CANCEL;
                case CANCEL -> Action.REQUEUE;
                case RESCHEDULE, EDIT, DELETE -> action;
            };
            var undo = begun(on, back, id, null, Details.NONE);
            goOn(on, undo);
        } else {
            goOn(on, id, edits);
        }
    }

    /** Nothing is deleted: whoever checks how each job ended would not find it. */
    private static Action action(Office on, State state) {
        if (on.random().nextInt(3) == 0) return Action.EDIT;
        if (state.ended()) return Action.REQUEUE;
        return on.random().nextBoolean() ? Action.CANCEL : Action.RESCHEDULE;
    }

    private static Details details(Office on, Action action) {
        return switch (action) {
            case REQUEUE -> Details.priority(on.random().nextBoolean() ? Priority.BULK : null);
            case RESCHEDULE -> Details.later(Duration.ofMillis(on.random().nextInt(4_000) - 1_000));
            case CANCEL, EDIT, DELETE -> Details.NONE;
        };
    }

    private static Selection selection(Office on, State state) {
        return new Selection(
                state, on.random().nextBoolean() ? "first" : null, "work", TENANT, null, null, null, null, null, null);
    }

    static UUID begun(Office on, Action action, @Nullable UUID undoes, @Nullable Selection selection, Details details) {
        var id = new UUID(on.random().nextLong(), on.random().nextLong());
        on.fleet().bulk().begun(id);
        on.insist(() -> on.store().begin(new Change(id, action, undoes, selection, details, 0, 0, "a test", ME)));
        on.fleet().trace().tell("change %s is begun: %s", id, action);
        return id;
    }

    /** Some steps; and then it is done, or whoever does it dies. */
    static void goOn(Office on, UUID change) {
        goOn(on, change, false);
    }

    private static void goOn(Office on, UUID change, boolean edits) {
        for (int steps = 1 + on.random().nextInt(12); steps > 0; steps--) {
            try {
                int most = 1 + on.random().nextInt(6);
                var progress = edits ? edited(on, change, most) : on.store().goOn(change, most);
                if (progress.isPresent() && progress.get().done()) return;
            } catch (StoreException again) {
                on.fleet().timeline().pause(Duration.ofMillis(100 + on.random().nextInt(300)));
            }
        }
    }

    /** Simulated handlers do what is planned for their job, whatever its payload says: so each edit may make another one of it. */
    private static Optional<Progress> edited(Office on, UUID change, int most) {
        var found = on.store().change(change);
        if (found.isEmpty()) return Optional.empty(); // a failover has lost it
        var kept = found.get();
        if (kept.endedAt() != null) return Optional.of(kept.progress());
        var selection = Objects.requireNonNull(kept.change().selection());
        var piece = on.store().payloads(selection, kept.cursor(), 100, most);
        var edited = piece.jobs().stream()
                .map(job -> new Edited(job, again(job.payload()), null))
                .toList();
        on.fleet().timeline().pause(Duration.ofMillis(on.random().nextInt(50)));
        return on.store()
                .edit(kept.change().id(), kept.cursor(), piece.next(), edited)
                .map(Stepped::progress);
    }

    private static Payload again(Payload payload) {
        return payload instanceof Payload.Text(var text) ? new Payload.Text(text + " ") : payload;
    }
}
