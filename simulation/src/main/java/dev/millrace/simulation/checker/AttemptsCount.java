package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.simulation.trace.TraceEvent.End;
import dev.millrace.simulation.trace.TraceEvent.Held;
import dev.millrace.store.Settled;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ToIntFunction;

/** A retry costs an attempt, nothing else does, and there are no more than were allowed; nor is a job handed around for ever. */
public final class AttemptsCount implements Checker {

    private final ToIntFunction<JobId> most;
    private final int deliveries;
    private final Map<JobId, End> ends = new HashMap<>();

    /**
     * @param most how many attempts a job may take; {@link Integer#MAX_VALUE} if that is not known
     * @param deliveries of one run, over all its rescues, hand-backs and parkings: more would be going in circles
     */
    public AttemptsCount(ToIntFunction<JobId> most, int deliveries) {
        this.most = most;
        this.deliveries = deliveries;
    }

    @Override
    public String invariant() {
        return "attempts and rescues stay within limits";
    }

    @Override
    public void see(TraceEvent event) {
        switch (event) {
            case TraceEvent.Read(var at, var token, var held) -> held.forEach(this::read);
            case TraceEvent.Flushed(var at, var all) -> {
                for (var end : all) if (end.verdict() == Settled.WON) ends.put(end.job(), end);
            }
            default -> {} // no attempt begins or ends
        }
    }

    private void read(Held held) {
        require(held.attempt() <= most.applyAsInt(held.job()), "job %s is at attempt %d", held.job(), held.attempt());
        require(held.no() <= deliveries, "job %s was handed around %d times", held.job(), held.no());
        var before = ends.get(held.job());
        if (before == null || before.run() != held.run() || before.no() != held.no() - 1) return;
        boolean retried = before.ending().equals("retry") || before.ending().equals("timed_out");
        require(
                held.attempt() == before.attempt() + (retried ? 1 : 0),
                "job %s ended attempt %d with %s, and is at attempt %d",
                held.job(),
                before.attempt(),
                before.ending(),
                held.attempt());
    }

    @Override
    public void forget() {
        ends.clear();
    }
}
