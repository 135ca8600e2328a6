package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.simulation.trace.TraceEvent.Held;
import dev.millrace.store.NodeId;
import dev.millrace.store.Settled;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** What was taken back from a dead node, or handed back, stands in the front of its queue, which is claimed first. */
public final class RescuedFirst implements Checker {

    private final IntPredicate front;
    private final Map<JobId, Turn> read = new HashMap<>();
    private final Set<@Nullable NodeId> deposed = new HashSet<>();
    private final Map<JobId, Turn> expected = new HashMap<>();

    /** Which delivery of a job. */
    private record Turn(int run, int no) {

        boolean isAfter(Turn other) {
            return run != other.run ? run > other.run : no > other.no;
        }

        boolean follows(Turn other) {
            return run == other.run && no == other.no + 1;
        }
    }

    /** @param front whether a stream is a front */
    public RescuedFirst(IntPredicate front) {
        this.front = front;
    }

    @Override
    public String invariant() {
        return "rescued and handed-back deliveries go to the front";
    }

    @Override
    public void see(TraceEvent event) {
        switch (event) {
            case TraceEvent.TookBack(var at, var dead, var cases) -> {
                for (var one : cases) if (!one.discarded()) expect(one.job());
            }
            case TraceEvent.Flushed(var at, var ends) -> {
                for (var end : ends)
                    if (end.verdict() == Settled.WON && end.ending().equals("handed_back")) expect(end.job());
            }
            case TraceEvent.Deposed(var at, var dead, var epoch, var beat, var won) when won -> deposed.add(dead);
            case TraceEvent.Read(var at, var token, var held) -> {
                if (!deposed.contains(at.node())) held.forEach(this::read); // else of what was taken back from it
            }
            default -> {} // nothing comes back
        }
    }

    /** What came back follows the last delivery that anybody has read; if nobody has read it, who knows how many were before it. */
    private void expect(JobId job) {
        expected.put(job, read.getOrDefault(job, new Turn(1, 0)));
    }

    private void read(Held held) {
        if (held.over()) return; // it has an outcome already, and is read late
        var turn = new Turn(held.run(), held.no());
        read.put(held.job(), turn);
        var after = expected.get(held.job());
        if (after == null || !turn.isAfter(after)) return; // one that has ended, read once more
        expected.remove(held.job());
        if (turn.no == 1 || !turn.follows(after)) return; // the first of a run stands where all do
        require(
                front.test(held.place().stream()),
                "job %s came back, and stands at the tail of stream %d",
                held.job(),
                held.place().stream());
    }

    @Override
    public void forget() {
        expected.clear();
        read.clear();
    }
}
