package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.simulation.trace.TraceEvent.Held;
import dev.millrace.store.Line;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A job with an order key starts when those of its key have ended that came before it, and none of its key runs; and of a limit no more run at once than
 * it says, or than operators say, once its node has heard of that. Of a deposed node nothing of this counts: what it ends is refused. Nor does the order count of what was requeued.
 */
public final class InLine implements Checker {

    /**
     * A delivery of a job that waits for others, as all see it now: what is committed, seen without letting time pass.
     *
     * @param before the jobs in order with it that came before it, and have not ended
     */
    public record Sight(String queue, Line line, List<JobId> before) {

        /** What is in order with it; null if nothing is. */
        @Nullable
        String order() {
            var order = line.ordered();
            return order == null ? null : queue + "\n" + order;
        }

        /** What counts together with it; null if it has no limit. */
        @Nullable
        String group() {
            var limit = line.limit();
            return limit == null ? null : queue + "\n" + limit.group();
        }

        /** It, with the numbers that hold on a node. */
        Sight as(UnaryOperator<Limited> numbers) {
            var limit = line.limit();
            return limit == null ? this : new Sight(queue, new Line(line.order(), numbers.apply(limit)), before);
        }

        int atOnce() {
            var limit = line.limit();
            return limit == null ? Integer.MAX_VALUE : limit.atOnce();
        }
    }

    private final Function<Place, Optional<Sight>> sight;
    private final Predicate<Place> open;
    private final Predicate<NodeId> alive;
    private final BiFunction<NodeId, Limited, Limited> numbers;
    private final List<Running> running = new ArrayList<>();

    /** One that was started. It runs until it has an outcome, for as long as its node is alive. */
    private record Running(NodeId node, Place place, JobId job, Sight sight) {}

    /**
     * @param sight a delivery as it is now; empty if it waits for nobody
     * @param open whether a delivery has no outcome
     * @param alive whether a node has not been deposed
     * @param numbers those that hold on a node, of what a job says of its limit
     */
    public InLine(
            Function<Place, Optional<Sight>> sight,
            Predicate<Place> open,
            Predicate<NodeId> alive,
            BiFunction<NodeId, Limited, Limited> numbers) {
        this.sight = sight;
        this.open = open;
        this.alive = alive;
        this.numbers = numbers;
    }

    @Override
    public String invariant() {
        return "jobs of a key run in order, and within its limit";
    }

    @Override
    public void see(TraceEvent event) {
        var node = event.at().node();
        if (node == null || !(event instanceof TraceEvent.Started(var at, var token, var held))) return;
        var now = sight.apply(held.place()).orElse(null);
        if (now != null) starts(node, held, now.as(said -> numbers.apply(node, said)));
    }

    private void starts(NodeId node, Held held, Sight now) {
        if (!alive.test(node)) return;
        require(
                now.before().isEmpty(),
                "job %s starts, and of those before it in line have not ended: %s",
                held.job(),
                now.before());
        running.removeIf(one -> !open.test(one.place) || !alive.test(one.node));
        for (var other : running)
            require(
                    !isSame(now.order(), other.sight.order()),
                    "job %s starts, and job %s runs, which is in order with it",
                    held.job(),
                    other.job);
        long together = running.stream()
                .filter(other -> isSame(now.group(), other.sight.group()))
                .count();
        require(
                together < now.atOnce(),
                "job %s starts, and %d of its limit run, which lets %d run at once",
                held.job(),
                together,
                now.atOnce());
        running.add(new Running(node, held.place(), held.job(), now));
    }

    private static boolean isSame(@Nullable String one, @Nullable String other) {
        return one != null && one.equals(other);
    }

    @Override
    public void forget() {
        running.clear();
    }
}
