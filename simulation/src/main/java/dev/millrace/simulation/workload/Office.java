package dev.millrace.simulation.workload;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.simulation.checker.Intended;
import dev.millrace.simulation.checker.Intended.Plan;
import dev.millrace.simulation.fleet.Fleet;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.simulation.store.Bug;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Where producers and operators sit: they send jobs over a line that fails, each on a strand of its own, and remember what they were told. */
public final class Office {

    private static final List<Priority> PRIORITIES = List.of(Priority.values());

    private final Fleet fleet;
    private final Storage store;
    private final RandomGenerator random;
    private final Duration hours;
    private final int jobs;
    private final List<JobId> sent;
    private final Set<Bug> bugs;

    /**
     * @param store as it is reached from here
     * @param random of this workload alone
     * @param hours how long jobs arrive
     * @param jobs how many of them are this workload's
     * @param sent all jobs that were sent from any office
     * @param bugs planted into those who send
     */
    public Office(
            Fleet fleet,
            Storage store,
            RandomGenerator random,
            Duration hours,
            int jobs,
            List<JobId> sent,
            Set<Bug> bugs) {
        this.fleet = fleet;
        this.store = store;
        this.random = random;
        this.hours = hours;
        this.jobs = jobs;
        this.sent = sent;
        this.bugs = bugs;
    }

    public Fleet fleet() {
        return fleet;
    }

    public Storage store() {
        return store;
    }

    public RandomGenerator random() {
        return random;
    }

    public int jobs() {
        return jobs;
    }

    public Intended intended() {
        return fleet.intended();
    }

    boolean planted(Bug bug) {
        return bugs.contains(bug);
    }

    /** Something happens at a moment of its own during the hours, and may stop in the middle. */
    public void sometime(String what, Runnable happens) {
        at(Duration.ofNanos(random.nextLong(hours.toNanos())), what, happens);
    }

    public void at(Duration when, String what, Runnable happens) {
        fleet.timeline().in(when, () -> fleet.timeline().start(what, happens));
    }

    public Duration hours() {
        return hours;
    }

    /** One of the jobs that were sent so far; null if there is none. */
    public @Nullable JobId anyJob() {
        return sent.isEmpty() ? null : sent.get(random.nextInt(sent.size()));
    }

    /** Says it again until it has gone through. */
    public void insist(Runnable word) {
        while (true) {
            try {
                word.run();
                return;
            } catch (StoreException again) {
                fleet.timeline().pause(Duration.ofMillis(200));
            }
        }
    }

    // ---- jobs

    /** A job to be sent. */
    public record Draft(NewJob job, Script script, Plan plan) {}

    /** Of a kind that nodes know, otherwise at random. */
    public Draft draft(String kind, Script script) {
        return draft(kind, 1, random.nextBoolean() ? "first" : "second", script, null);
    }

    public Draft draft(String kind, int version, String queue, Script script, NewJob.@Nullable Idempotency key) {
        var id = new JobId(new UUID(random.nextLong(), random.nextLong()));
        boolean expires = random.nextInt(15) == 0;
        var job = new NewJob(
                id,
                queue,
                PRIORITIES.get(random.nextInt(PRIORITIES.size())),
                null,
                kind,
                version,
                new Payload.Text("x".repeat(random.nextInt(200))),
                Map.of(),
                random.nextInt(5) == 0 ? new NewJob.Due.In(Duration.ofMillis(random.nextInt(15_000))) : null,
                expires ? Duration.ofMillis(random.nextInt(20_000)) : null,
                key);
        return new Draft(
                job,
                script,
                new Plan(script.leadsTo(), script.attempts(), script.poison(), kind.equals("exact"), expires));
    }

    /** From now on its handler can be played, and its fate is watched. */
    public void plan(Draft draft) {
        fleet.script(draft.job().id(), draft.script());
        intended().planned(draft.job().id(), draft.plan());
    }

    /** Its enqueue has returned, or its transaction was committed. */
    public void taken(Draft draft) {
        intended().acknowledged(draft.job().id());
        sent.add(draft.job().id());
        fleet.trace().tell("job %s is sent: %s", draft.job().id(), draft.script());
    }

    /** It was not taken. */
    public void notTaken(Draft draft, String why) {
        intended().refused(draft.job().id());
        fleet.trace().tell("job %s is refused: %s", draft.job().id(), why);
    }

    /** Sends one job, in a transaction of its own. */
    public void send(Draft draft) {
        plan(draft);
        try {
            store.enqueue(draft.job());
            taken(draft);
        } catch (StoreException.CommitUnknown unknown) {
            fleet.trace()
                    .tell("nobody knows whether job %s was taken", draft.job().id());
            if (planted(Bug.UNKNOWN_ENQUEUE_REPEATED)) sendAgain(draft);
        } catch (MillraceException refused) {
            notTaken(draft, String.valueOf(refused.getMessage()));
        }
    }

    private void sendAgain(Draft draft) {
        try {
            store.enqueue(draft.job());
        } catch (MillraceException refused) {
            fleet.trace().tell("and again: %s", refused.getMessage());
        }
    }

    /** Sends all of them or none. */
    public void sendAll(List<Draft> drafts) {
        drafts.forEach(this::plan);
        var all = new ArrayList<NewJob>();
        for (var draft : drafts) all.add(draft.job());
        try {
            store.enqueueAll(all.iterator());
            drafts.forEach(this::taken);
        } catch (StoreException.CommitUnknown unknown) {
            fleet.trace().tell("nobody knows whether %d jobs were taken", drafts.size());
        } catch (MillraceException refused) {
            for (var draft : drafts) notTaken(draft, String.valueOf(refused.getMessage()));
        }
    }
}
