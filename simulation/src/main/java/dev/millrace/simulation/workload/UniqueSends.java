package dev.millrace.simulation.workload;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.simulation.checker.Intended.Plan;
import dev.millrace.simulation.checker.OneOfAKey;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException;
import dev.millrace.store.UniqueKey;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/** Many senders with few unique keys between them: by themselves and in bulk, some in bursts, over lines that fail. */
final class UniqueSends implements Workload {

    private static final int BURST = 4;

    private static final List<UniqueKey> KEYS = List.of(
            new UniqueKey("ended-1", new UniqueKey.UntilEnded()),
            new UniqueKey("ended-2", new UniqueKey.UntilEnded()),
            new UniqueKey("within", new UniqueKey.Within(Duration.ofSeconds(5))),
            new UniqueKey("replace", new UniqueKey.Replace()),
            new UniqueKey("debounce", new UniqueKey.Debounce(Duration.ofSeconds(4))));

    @Override
    public String name() {
        return "unique-sends";
    }

    @Override
    public void plan(Office on) {
        for (int i = 0; i < on.jobs(); ) {
            int together = Math.min(on.jobs() - i, 1 + on.random().nextInt(BURST));
            i += together;
            var key = KEYS.get(on.random().nextInt(KEYS.size()));
            boolean bulk = on.random().nextInt(8) == 0;
            on.sometime("senders with one key", () -> {
                for (int n = 0; n < together; n++)
                    on.fleet().timeline().start("a sender", bulk ? () -> sendTwo(on, key) : () -> send(on, key));
            });
        }
    }

    private static void send(Office on, UniqueKey key) {
        var draft = draft(on, key);
        var question = asking(on, draft);
        try {
            var accepted = on.store().enqueue(draft.job());
            answered(on, draft, question, accepted.job());
        } catch (StoreException.CommitUnknown unknown) {
            on.fleet()
                    .trace()
                    .tell("nobody knows whether job %s was taken", draft.job().id());
        } catch (MillraceException refused) {
            on.notTaken(draft, String.valueOf(refused.getMessage()));
        }
    }

    /** One of the key and one of another, by one call. */
    private static void sendTwo(Office on, UniqueKey key) {
        var drafts = List.of(draft(on, key), draft(on, KEYS.get(on.random().nextInt(KEYS.size()))));
        var questions = drafts.stream().map(draft -> asking(on, draft)).toList();
        try {
            var held =
                    on.store().enqueueAll(drafts.stream().map(Office.Draft::job).iterator());
            for (int i = 0; i < drafts.size(); i++) {
                var job = drafts.get(i).job().id();
                answered(on, drafts.get(i), questions.get(i), held.getOrDefault(job, job));
            }
        } catch (StoreException.CommitUnknown unknown) {
            on.fleet().trace().tell("nobody knows whether two jobs were taken");
        } catch (MillraceException refused) {
            for (var draft : drafts) on.notTaken(draft, String.valueOf(refused.getMessage()));
        }
    }

    private static OneOfAKey.Question asking(Office on, Office.Draft draft) {
        var fleet = on.fleet();
        return fleet.unique()
                .asking(
                        Objects.requireNonNull(draft.job().unique()),
                        draft.job().id(),
                        fleet.storeNow(),
                        fleet.timeline().now());
    }

    private static void answered(Office on, Office.Draft draft, OneOfAKey.Question question, JobId holder) {
        var fleet = on.fleet();
        fleet.keep(
                () -> fleet.unique().answered(question, holder, fleet.timeline().now()));
        if (holder.equals(draft.job().id())) on.taken(draft);
        else on.notTaken(draft, "job %s has its key".formatted(holder));
    }

    private static Office.Draft draft(Office on, UniqueKey key) {
        var made = on.draft("work", Script.plain(Duration.ofMillis(on.random().nextInt(1_500))));
        var job = made.job();
        var draft = new Office.Draft(
                new NewJob(
                        job.id(),
                        job.queue(),
                        job.priority(),
                        job.spread(),
                        job.kind(),
                        job.kindVersion(),
                        new Payload.Text(job.id().toString()),
                        job.headers(),
                        key.policy() instanceof UniqueKey.Debounce
                                ? new NewJob.Due.In(
                                        Duration.ofMillis(500 + on.random().nextInt(1_000)))
                                : job.due(),
                        null,
                        null,
                        key),
                made.script(),
                new Plan(made.plan().leadsTo(), made.plan().attempts(), false, false, false));
        on.plan(draft);
        if (key.policy() instanceof UniqueKey.Replace) { // may be withdrawn by the next one
            on.intended().cancelling(job.id());
            on.intended().perhapsCancelled(job.id());
        }
        return draft;
    }
}
