package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.simulation.trace.TraceEvent.End;
import dev.millrace.store.ClaimToken;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

/** Of all who end a delivery one wins, and each is told rightly whether it was them. */
public final class OneOutcome implements Checker {

    private final boolean complete;
    private final Map<Key, ClaimToken> won = new HashMap<>();
    private final Set<Key> inOwnTransaction = new HashSet<>();
    private final Set<JobId> takenBack = new HashSet<>();
    private final Predicate<JobId> cancelled;
    private final IntPredicate past;
    private boolean forgetful;

    /**
     * For one trace.
     *
     * @param complete whether the trace has everything that took effect: else an outcome may have won whose answer was lost
     * @param cancelled whether anybody has tried to cancel this job
     * @param past whether all of a partition has ended, and whatever comes for it is told that it has lost
     */
    public OneOutcome(boolean complete, Predicate<JobId> cancelled, IntPredicate past) {
        this.past = past;
        this.complete = complete;
        this.cancelled = cancelled;
    }

    @Override
    public String invariant() {
        return "a delivery has one outcome";
    }

    @Override
    public void see(TraceEvent event) {
        if (event instanceof TraceEvent.Flushed flushed) flushed.ends().forEach(this::ended);
        if (event instanceof TraceEvent.Completing completing) inOwnTransaction.add(Key.of(completing.place()));
        if (event instanceof TraceEvent.TookBack tookBack) tookBack.cases().forEach(one -> takenBack.add(one.job()));
    }

    private void ended(End end) {
        var key = Key.of(end.place());
        var winner = won.get(key);
        switch (end.verdict()) {
            case WON -> {
                require(winner == null, "two outcomes won at %s of job %s", end.place(), end.job());
                won.put(key, end.token());
            }
            case REPEATED ->
                require(
                        winner == null
                                ? !complete || forgetful || inOwnTransaction.contains(key)
                                : winner.equals(end.token()),
                        "the outcome at %s of job %s is called a repetition, but it had not won",
                        end.place(),
                        end.job());
            case LOST -> {
                require(
                        winner == null
                                || !winner.equals(end.token())
                                || past.test(end.place().part()),
                        "the outcome at %s of job %s is called lost, but it had won",
                        end.place(),
                        end.job());
                require(
                        winner != null
                                || !complete
                                || forgetful
                                || inOwnTransaction.contains(key)
                                || takenBack.contains(end.job())
                                || cancelled.test(end.job()),
                        "the outcome at %s of job %s is called lost, and nobody else has ended it",
                        end.place(),
                        end.job());
            }
        }
    }

    @Override
    public void forget() {
        won.clear();
        forgetful = true;
    }
}
