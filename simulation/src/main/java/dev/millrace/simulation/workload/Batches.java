package dev.millrace.simulation.workload;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.State;
import dev.millrace.simulation.checker.Intended.Plan;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.NewJob;
import dev.millrace.store.PartOf;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Batches of a few parts, which end in all the ways there are, over lines that fail. Some grow while they run, some lie in another one, some are
 * withdrawn; and operators cancel and requeue parts of them.
 */
final class Batches implements Workload {

    private static final String ME = "the simulation";
    private static final int MOST_PARTS = 6;

    /** Of those that operators change many at once; nobody else's are. */
    private static final String PARTS = "parts";

    private static final String FOLLOWERS = "followers";

    @Override
    public String name() {
        return "batches";
    }

    @Override
    public void plan(Office on) {
        for (int left = on.jobs(); left > 0; ) {
            int parts = on.random().nextInt(12) == 0 ? 0 : 1 + on.random().nextInt(MOST_PARTS);
            left -= parts + 1;
            var manner = Manner.draw(on);
            on.sometime("a sender of a batch", () -> send(on, manner, parts));
        }
        for (int i = on.random().nextInt(5); i > 0; i--) on.sometime("an operator cancels many", () -> cancelMany(on));
    }

    /**
     * What a batch is like.
     *
     * @param quick whether its parts end at once, so that the last ones do so together
     * @param changed whether operators change what waits of it, many at once
     * @param poisoned whether one of its parts kills its node
     */
    private record Manner(boolean quick, boolean changed, boolean poisoned) {
        static Manner draw(Office on) {
            var random = on.random();
            boolean changed = random.nextInt(4) == 0;
            return new Manner(random.nextBoolean(), changed, !changed && random.nextInt(40) == 0);
        }
    }

    // ---- senders

    private static void send(Office on, Manner manner, int count) {
        var then = then(on, manner, null);
        var id = then.job().id();
        var parts = parts(on, manner, id, count);
        if (manner.poisoned()) parts.add(poison(on, id));
        if (!isSent(on, manner, then, parts)) return;
        switch (on.random().nextInt(6)) {
            case 0 -> later(on, "a batch grows", () -> grow(on, manner, id));
            case 1 -> later(on, "a batch inside", () -> nest(on, manner, id));
            case 2 -> later(on, "an operator withdraws a batch", () -> cancel(on, id));
            case 3 -> {
                for (var part : parts)
                    if (on.random().nextInt(3) == 0)
                        later(
                                on,
                                "an operator withdraws a part",
                                () -> cancel(on, part.job().id()));
            }
            case 4 -> {
                if (!manner.changed() && !parts.isEmpty())
                    later(
                            on,
                            "an operator requeues a part",
                            () -> requeue(on, parts.getFirst().job().id()));
            }
            default -> {} // nothing more happens to it
        }
    }

    private static void later(Office on, String what, Runnable happens) {
        var when = Duration.ofMillis(on.random().nextInt(on.random().nextBoolean() ? 300 : 4_000));
        on.fleet().timeline().in(when, () -> on.fleet().timeline().start(what, happens));
    }

    /** Whether it was certainly taken. */
    private static boolean isSent(Office on, Manner manner, Office.Draft then, List<Office.Draft> parts) {
        var all = new ArrayList<>(parts);
        all.add(then);
        var jobs = parts.stream().map(Office.Draft::job).toList();
        var batch = then.job().id();
        var outer = PartOf.batch(then.job().headers());
        int asked = on.fleet().batches().sending(batch);
        if (!isTaken(on, manner, outer, all, () -> on.store().enqueueBatch(then.job(), jobs.iterator()))) return false;
        on.fleet().batches().taken(asked, batch, idsOf(parts));
        if (outer != null) on.fleet().batches().taken(asked, outer, List.of(batch));
        return true;
    }

    private static void grow(Office on, Manner manner, JobId batch) {
        var parts = parts(on, manner, batch, 1 + on.random().nextInt(3));
        var jobs = parts.stream().map(Office.Draft::job).toList();
        int asked = on.fleet().batches().sending(batch);
        if (isTaken(on, manner, batch, parts, () -> on.store().enqueueParts(batch, jobs.iterator())))
            on.fleet().batches().taken(asked, batch, idsOf(parts));
    }

    private static void nest(Office on, Manner manner, JobId outer) {
        var then = then(on, manner, outer);
        var id = then.job().id();
        var parts = parts(on, manner, id, 1 + on.random().nextInt(3));
        if (isSent(on, manner, then, parts) && on.random().nextBoolean())
            later(on, "a batch inside grows", () -> grow(on, manner, id));
    }

    /**
     * Whether all of them were certainly taken.
     *
     * @param into the batch that may take no more parts; null if it is a new one that lies in no other
     */
    private static boolean isTaken(
            Office on, Manner manner, @Nullable JobId into, List<Office.Draft> drafts, BooleanSupplier call) {
        int asked = into == null ? 0 : on.fleet().batches().sending(into);
        for (var draft : drafts) plan(on, manner, draft);
        try {
            boolean taken = call.getAsBoolean();
            if (taken) {
                for (var draft : drafts) taken(on, manner, draft);
            } else {
                for (var draft : drafts) on.notTaken(draft, "its batch takes no more");
                if (into != null) on.fleet().keep(() -> on.fleet().batches().refused(asked, into, idsOf(drafts)));
            }
            return taken;
        } catch (StoreException.CommitUnknown unknown) {
            on.fleet().trace().tell("nobody knows whether %d jobs of a batch were taken", drafts.size());
        } catch (MillraceException refused) {
            for (var draft : drafts) on.notTaken(draft, String.valueOf(refused.getMessage()));
        }
        return false;
    }

    private static List<JobId> idsOf(List<Office.Draft> drafts) {
        return drafts.stream().map(draft -> draft.job().id()).toList();
    }

    private static void plan(Office on, Manner manner, Office.Draft draft) {
        on.plan(draft);
        if (!manner.changed()) return;
        var id = draft.job().id(); // may be withdrawn, and that taken back, by any of the operators
        on.intended().requeued(id);
        on.intended().cancelling(id);
        on.intended().perhapsCancelled(id);
    }

    private static void taken(Office on, Manner manner, Office.Draft draft) {
        if (!manner.changed()) on.taken(draft);
        else
            on.intended()
                    .acknowledged(draft.job().id()); // and not told to others: what they do to it is not counted there
    }

    // ---- jobs

    private static Office.Draft then(Office on, Manner manner, @Nullable JobId outer) {
        var script = Script.plain(Duration.ofMillis(on.random().nextInt(100)));
        return draft(on, "work", script, outer, manner.changed() ? FOLLOWERS : null, true);
    }

    private static List<Office.Draft> parts(Office on, Manner manner, JobId batch, int count) {
        var parts = new ArrayList<Office.Draft>();
        for (int i = 0; i < count; i++) {
            boolean exact = on.random().nextInt(3) == 0;
            int length = on.random().nextInt(manner.quick() ? 20 : 400);
            var script =
                    manner.quick() || exact ? Script.plain(Duration.ofMillis(length)) : Script.draw(on.random(), false);
            parts.add(draft(
                    on, exact ? "exact" : "work", script, batch, manner.changed() ? PARTS : null, manner.quick()));
        }
        return parts;
    }

    private static Office.Draft poison(Office on, JobId batch) {
        var script =
                Script.plain(Duration.ofMillis(1 + on.random().nextInt(300))).poisonous();
        return draft(on, "work", script, batch, null, true);
    }

    /** @param atOnce whether it may neither be put off nor expire */
    private static Office.Draft draft(
            Office on, String kind, Script script, @Nullable JobId batch, @Nullable String tenant, boolean atOnce) {
        var made = on.draft(kind, script).job();
        var headers = new HashMap<String, String>();
        if (batch != null) headers.put(PartOf.HEADER, batch.toString());
        if (tenant != null) headers.put("tenant", tenant);
        var job = new NewJob(
                made.id(),
                made.queue(),
                made.priority(),
                made.spread(),
                kind,
                1,
                made.payload(),
                headers,
                atOnce ? null : made.due(),
                atOnce ? null : made.expiresAfter(),
                null);
        var plan = new Plan(
                script.leadsTo(), script.attempts(), script.poison(), kind.equals("exact"), job.expiresAfter() != null);
        return new Office.Draft(job, script, plan);
    }

    // ---- operators

    private static void cancel(Office on, JobId job) {
        on.intended().cancelling(job);
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

    /** Of a part that has ended its new run is not counted. */
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

    /** What waits of some batches: parts, or the jobs that follow; and perhaps that is taken back. */
    private static void cancelMany(Office on) {
        boolean followers = on.random().nextBoolean();
        var state = followers || on.random().nextBoolean() ? State.SCHEDULED : State.AVAILABLE;
        var selection =
                new Selection(state, null, null, followers ? FOLLOWERS : PARTS, null, null, null, null, null, null);
        var change = BulkChanges.begun(on, Action.CANCEL, null, selection, Details.NONE);
        BulkChanges.goOn(on, change);
        on.fleet().timeline().pause(Duration.ofMillis(on.random().nextInt(6_000)));
        if (on.random().nextBoolean())
            BulkChanges.goOn(on, BulkChanges.begun(on, Action.REQUEUE, change, null, Details.NONE));
        else BulkChanges.goOn(on, change);
    }
}
