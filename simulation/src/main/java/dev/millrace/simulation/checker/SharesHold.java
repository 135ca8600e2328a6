package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.simulation.trace.TraceEvent;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * Of tenants that all have more to do than the nodes can run, each has starts by its share, while all of them wait: over their shares, the numbers of their starts are never further apart than what
 * the nodes can hold, three times: what they held of the first before there was another, and what each may take at once in its turn. Where a node dies, freezes, comes or goes, nothing is promised.
 */
public final class SharesHold implements Checker {

    private static final int TIMES_HELD = 3;

    private final IntSupplier room;
    private final LongSupplier disturbed;
    private final LongSupplier now;
    private final Map<JobId, String> jobs = new HashMap<>();
    private final Map<String, Flood> floods = new TreeMap<>();
    private long since = Long.MAX_VALUE;

    /** What one tenant has asked for. */
    private static final class Flood {
        final int share;
        int left;
        int started;

        Flood(int share) {
            this.share = share;
        }

        double overShare() {
            return (double) started / share;
        }
    }

    /**
     * @param room how many deliveries all nodes together can hold
     * @param disturbed when a node was last in trouble, or came or went, in nanoseconds
     * @param now the time of all, in nanoseconds
     */
    public SharesHold(IntSupplier room, LongSupplier disturbed, LongSupplier now) {
        this.room = room;
        this.disturbed = disturbed;
        this.now = now;
    }

    @Override
    public String invariant() {
        return "tenants that have much start by their shares";
    }

    /** This job of a tenant is about to be sent. */
    public void comes(JobId job, String tenant, int share) {
        jobs.put(job, tenant);
        floods.computeIfAbsent(tenant, first -> new Flood(share)).left++;
    }

    /** All of them have been taken: from now on they share. */
    public void begins() {
        for (var flood : floods.values()) flood.started = 0;
        since = now.getAsLong();
    }

    @Override
    public void see(TraceEvent event) {
        if (!(event instanceof TraceEvent.Started(var at, var token, var held))) return;
        var tenant = jobs.get(held.job());
        if (tenant != null) starts(tenant, Objects.requireNonNull(floods.get(tenant)));
    }

    private void starts(String tenant, Flood own) {
        own.left--;
        own.started++;
        if (since == Long.MAX_VALUE) return;
        int holds = room.getAsInt();
        boolean allWait = floods.values().stream().allMatch(flood -> flood.left > holds);
        if (!allWait || disturbed.getAsLong() >= since) {
            since = Long.MAX_VALUE;
            return;
        }
        for (var other : floods.values())
            require(
                    own.overShare() - other.overShare() <= TIMES_HELD * holds,
                    "%d of tenant %s have started, whose share is %d, and %d of one whose share is %d; all nodes together can hold %d",
                    own.started,
                    tenant,
                    own.share,
                    other.started,
                    other.share,
                    holds);
    }

    @Override
    public void forget() {
        since = Long.MAX_VALUE;
    }
}
