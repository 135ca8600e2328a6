package dev.millrace.simulation.checker;

import dev.millrace.simulation.checker.InLine.Sight;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.Line.Rate;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * Of a key no more jobs start in a time than the rate of its limit lets, or than operators let, once its node has heard of that. Where they start evenly is for other tests: here processes freeze between the moment
 * that a start was let go and the start itself, so one burst more is forgiven, whenever it comes. Of a deposed node nothing of this counts.
 */
public final class InRate implements Checker {

    /** What starts a little late is made up for. */
    private static final long LATE = 50_000_000;

    /** Nodes' clocks go fast by less than this. */
    private static final double DRIFT = 1.01;

    private final Function<Place, Optional<Sight>> sight;
    private final Predicate<NodeId> alive;
    private final LongSupplier now;
    private final BiFunction<NodeId, Limited, Limited> numbers;
    private final Map<String, Long> fullAt = new HashMap<>();
    private final Map<String, Rate> rates = new HashMap<>();

    /**
     * @param sight a delivery as it is now; empty if it waits for nobody
     * @param alive whether a node has not been deposed
     * @param now the time of all, in nanoseconds
     * @param numbers those that hold on a node, of what a job says of its limit
     */
    public InRate(
            Function<Place, Optional<Sight>> sight,
            Predicate<NodeId> alive,
            LongSupplier now,
            BiFunction<NodeId, Limited, Limited> numbers) {
        this.sight = sight;
        this.alive = alive;
        this.now = now;
        this.numbers = numbers;
    }

    @Override
    public String invariant() {
        return "jobs of a key start within its rate";
    }

    @Override
    public void see(TraceEvent event) {
        var node = event.at().node();
        if (node == null || !(event instanceof TraceEvent.Started(var at, var token, var held))) return;
        if (!alive.test(node)) return;
        sight.apply(held.place()).ifPresent(seen -> {
            var limit = seen.as(said -> numbers.apply(node, said)).line().limit();
            var rated = limit == null ? null : limit.rate();
            var group = seen.group();
            if (rated != null && group != null) starts(group, rated.rate(), rated.weight());
        });
    }

    private void starts(String group, Rate rate, int weight) {
        long at = (long) (now.getAsLong() * DRIFT);
        long before = Math.max(0, fullAt.getOrDefault(group, at) - at);
        if (!rate.equals(rates.put(group, rate)))
            before = Math.min(before, rate.fullNanos()); // what was used stays used
        long owed = before + rate.costNanos(weight);
        require(
                owed <= 2 * rate.fullNanos() + LATE,
                "of %s jobs start that it takes the rate %d ms to make up for, and a burst is %d ms",
                group.replace("\n", ", "),
                owed / 1_000_000,
                rate.fullNanos() / 1_000_000);
        fullAt.put(group, at + owed);
    }
}
