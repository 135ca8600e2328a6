package dev.millrace.node;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One kind on this node: how many of it run, and those that wait because that is as many as may.
 *
 * <p>The line is as long as what ends within a moment, so it is empty for slow kinds. What does not fit into it is parked: a kind at
 * its limit holds up no other kind of its stream, and no delivery waits here that another node could run.
 */
final class KindLine {

    /** So much of the kind's future may wait here: enough to keep it busy while its parked deliveries are fetched. */
    private static final Duration WORTH = Duration.ofMillis(200);

    private static final int LONGEST = 500;

    private final KindPlan plan;
    private final int slots;
    private volatile int limit;
    private volatile boolean limited;
    private volatile @Nullable OwnShare share;
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicLong starts = new AtomicLong();
    private final AtomicLong ended = new AtomicLong();
    private final AtomicInteger length = new AtomicInteger();
    private final AtomicInteger coming = new AtomicInteger();
    private volatile int worth;
    private volatile boolean parked;

    // the starter's own
    private final ArrayDeque<HeldDelivery> line = new ArrayDeque<>();
    private int inTime;
    private final Rate rate;

    KindLine(KindPlan plan, int slots, long nanoTime) {
        this.plan = plan;
        this.slots = slots;
        adjust(null);
        this.rate = new Rate(nanoTime);
    }

    KindPlan plan() {
        return plan;
    }

    /** How often it may run at once from now on, as an operator has set it; null: as its node's code says. */
    final void adjust(@Nullable Integer set) {
        int most = set == null ? plan.concurrency() : set;
        limit = Math.min(most, slots);
        limited = most < slots;
    }

    /** What this node has of a number of the fleet from now on; null if the kind has none. */
    void shares(@Nullable OwnShare of) {
        share = of;
    }

    @Nullable
    OwnShare share() {
        return share;
    }

    /** How often it may run at once, by what code or operators say of this node. */
    int ownLimit() {
        return limit;
    }

    /** How often it may run at once. */
    int limit() {
        var its = share;
        return its == null ? limit : Math.min(limit, its.limit());
    }

    /** Why one more may not run, when {@link #hasRoom} says so. */
    String fullBecause(String node) {
        var its = share;
        return its != null && running.get() < limit
                ? its.reason(node)
                : "kind %s runs %d times on node %s, as often as it may".formatted(plan.kind(), limit, node);
    }

    /** Whether one more of this kind may run. Only the starter makes it run, so a yes stays true until it does. */
    boolean hasRoom() {
        if (running.get() >= limit) return false;
        var its = share;
        return its == null || its.hasRoom();
    }

    /** For the starter: one that a rate has let go waits for a slot, or does not any more. */
    void comesInTime(int change) {
        inTime += change;
    }

    /** For the starter: whether one more that a rate lets go would start at once, beside those that wait for a slot. */
    boolean hasRoomInTime() {
        return running.get() + inTime < limit();
    }

    void started() {
        running.incrementAndGet();
        starts.incrementAndGet();
    }

    /** How many have started so far. */
    long starts() {
        return starts.get();
    }

    void ended() {
        running.decrementAndGet();
        ended.incrementAndGet();
    }

    /** For the starter: whether one more may wait. */
    boolean mayWait(long nanoTime) {
        worth = (int) Math.min(LONGEST, rate.sample(nanoTime, ended.get()) * WORTH.toNanos() / 1e9);
        if (line.size() < worth) return true;
        var its = share;
        return its != null && its.mayWait(line.size());
    }

    /** One of this kind waits for a slot. Returns whether that is counted: then {@link #came} is to be told. */
    boolean comes() {
        if (!limited()) return false;
        coming.incrementAndGet();
        return true;
    }

    /** One that was counted waits for a slot no more: it starts, joins the line, or is parked. */
    void came() {
        coming.decrementAndGet();
    }

    @Nullable
    HeldDelivery first() {
        return line.peekFirst();
    }

    void append(HeldDelivery waiting) {
        line.addLast(waiting);
        length.incrementAndGet();
    }

    HeldDelivery removeFirst() {
        length.decrementAndGet();
        return line.removeFirst();
    }

    /** How many of it wait for a slot, as far as they are counted. */
    int coming() {
        return coming.get();
    }

    /** How many waiting deliveries there are; for those who look from outside. */
    int length() {
        return length.get();
    }

    /** Whether its own limit, and not the node's slots, is what keeps it back. */
    boolean limited() {
        return limited || share != null;
    }

    /** How many more of this kind could be taken in now without parking any. */
    int room() {
        return limited() ? Math.max(0, limit() + worth - running.get() - length.get() - coming.get()) : LONGEST;
    }

    /** Something of this kind was parked here; until the next fruitless release, running dry is worth a look. */
    void parkedSome(boolean some) {
        if (parked != some) parked = some;
    }

    /** Whether something of this kind was parked here that may wait still. */
    boolean parked() {
        return parked;
    }

    /** Whether parked deliveries should be fetched now, before this kind idles. */
    boolean runsDry() {
        return parked && roomy();
    }

    /** Whether there is room for so many that it is worth to fetch some. */
    boolean roomy() {
        return room() >= Math.max(1, worth / 2);
    }
}
