package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.simulation.trace.TraceEvent;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Beside a flood of jobs others start after a bounded number of starts of the flood, however much of it waits: the few jobs of a tenant beside all that another one has asked for, and jobs in
 * bulk beside those of a higher priority.
 *
 * <p>The bound is that of the design, in words of what the nodes can hold. A node may have as much of the flood in its hands as it has slots and room for what is claimed ahead. Then come
 * so many orders of its claims until the others are before the flood in one, each of which takes that much at most; and those that wait with them go one after the other. Starts are counted,
 * not time: it holds for jobs of any length. Where a node dies, freezes, comes or goes, what it held is lost for a while, and nothing is promised.
 */
public final class NobodyStarves implements Checker {

    /** Who waits beside a flood. */
    public enum Beside {
        /** Jobs of tenants with few: one order of claims begins with the flood, the next one does not. */
        A_TENANTS_FLOOD(1, 0),
        /** Jobs in bulk: one order in ten begins with them. */
        HIGHER_PRIORITIES(10, 10);

        /** Orders of claims until one begins with whoever waits, beside what is held at first. */
        private final int orders;

        /** The same for each that waits with it and starts before it. */
        private final int ordersOfOthers;

        Beside(int orders, int ordersOfOthers) {
            this.orders = orders;
            this.ordersOfOthers = ordersOfOthers;
        }
    }

    /** So many of a flood come before anybody knows that it is one. */
    private static final int FIRST = 16;

    private final IntSupplier room;
    private final LongSupplier disturbed;
    private final LongSupplier now;
    private final Predicate<JobId> withdrawn;
    private final Map<JobId, Beside> flood = new LinkedHashMap<>();
    private final Map<JobId, Beside> others = new LinkedHashMap<>();
    private final Map<JobId, Waiting> waiting = new LinkedHashMap<>();
    private final Set<JobId> started = new HashSet<>();

    private static final class Waiting {
        final Beside beside;
        final long since;
        int ofFlood;
        int ofOthers;

        Waiting(Beside beside, long since) {
            this.beside = beside;
            this.since = since;
        }
    }

    /**
     * @param room how many deliveries all nodes together can hold
     * @param disturbed when a node was last in trouble, or came or went, in nanoseconds
     * @param now the time of all, in nanoseconds
     * @param withdrawn whether anybody has tried to cancel a job
     */
    public NobodyStarves(IntSupplier room, LongSupplier disturbed, LongSupplier now, Predicate<JobId> withdrawn) {
        this.room = room;
        this.disturbed = disturbed;
        this.now = now;
        this.withdrawn = withdrawn;
    }

    @Override
    public String invariant() {
        return "nobody starves beside a flood";
    }

    /** This job is one of a flood, and is about to be sent. */
    public void floods(JobId job, Beside side) {
        flood.put(job, side);
    }

    /** This one is not, and is about to be sent. */
    public void comes(JobId job, Beside side) {
        others.put(job, side);
    }

    /** Its enqueue has returned. */
    public void waits(JobId job) {
        var side = others.get(job);
        if (side != null && !started.contains(job)) waiting.put(job, new Waiting(side, now.getAsLong()));
    }

    @Override
    public void see(TraceEvent event) {
        if (!(event instanceof TraceEvent.Started(var at, var token, var held))) return;
        var ofFlood = flood.get(held.job());
        if (ofFlood == null) {
            started.add(held.job());
            waiting.remove(held.job());
        }
        if (waiting.isEmpty()) return;
        long disturbedAt = disturbed.getAsLong();
        waiting.entrySet().removeIf(one -> one.getValue().since <= disturbedAt || withdrawn.test(one.getKey()));
        var ofOthers = others.get(held.job());
        waiting.forEach((job, it) -> counts(job, it, ofFlood, ofOthers));
    }

    private void counts(JobId job, Waiting it, @Nullable Beside ofFlood, @Nullable Beside ofOthers) {
        if (it.beside != ofFlood) {
            if (it.beside == ofOthers) it.ofOthers++;
            return;
        }
        it.ofFlood++;
        int held = room.getAsInt();
        int most = FIRST + held * (1 + it.beside.orders + it.beside.ordersOfOthers * it.ofOthers) + it.ofOthers;
        require(
                it.ofFlood <= most,
                "job %s has waited while %d of the flood beside it started, and %d like itself; all nodes together can hold %d",
                job,
                it.ofFlood,
                it.ofOthers,
                held);
    }

    @Override
    public void forget() {
        waiting.clear();
    }
}
