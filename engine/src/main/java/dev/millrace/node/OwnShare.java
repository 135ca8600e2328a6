package dev.millrace.node;

import dev.millrace.store.Adjustment.Of;
import dev.millrace.store.FleetShares.Share;
import dev.millrace.store.FleetShares.Use;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * This node's share of a number of the whole fleet: how often a kind, or the jobs of a queue, run at once on all nodes together.
 *
 * <p>What counts is what has a slot, from before its start is decided until its outcome is durable. {@link #take} and {@link #says} exclude each other: what the
 * node says it holds is never less than what it will have started before it hears an answer.
 *
 * <p>Of a queue, those are in a line that wait because it runs as often as it may here; it is as short as that of a {@link KindLine}, and what does not fit is
 * parked. What waits for its kind is in the line of the kind.
 */
final class OwnShare {

    /** So much of its future may wait here: enough to keep it busy while more is claimed. */
    private static final Duration WORTH = Duration.ofMillis(200);

    /** So many may wait for the first answer, which is on its way. */
    private static final int LONGEST = 500;

    private final Of of;
    private final String name;
    private final @Nullable Integer coded;

    private volatile int limit; // nothing starts beyond; written under the lock
    private volatile int running; // written under the lock
    private int said; // the newest word, which the store counts
    private volatile int number;
    private volatile boolean counted;
    private volatile long starts; // written under the lock
    private volatile boolean answered;

    private final AtomicInteger coming = new AtomicInteger();
    private final AtomicInteger inTime = new AtomicInteger();
    private final AtomicInteger length = new AtomicInteger();
    private final AtomicLong ended = new AtomicLong();
    private volatile int worth;
    private volatile boolean moreInStreams;
    private volatile boolean parked;

    // the starter's own
    private final ArrayDeque<HeldDelivery> line = new ArrayDeque<>();
    private final Rate rate;

    OwnShare(Of of, String name, @Nullable Integer coded, int number, long nanoTime) {
        this.of = of;
        this.name = name;
        this.coded = coded;
        this.number = number;
        this.rate = new Rate(nanoTime);
    }

    Of of() {
        return of;
    }

    String name() {
        return name;
    }

    @Nullable
    Integer coded() {
        return coded;
    }

    boolean covers(HeldDelivery held) {
        var delivery = held.delivery();
        return name.equals(of == Of.FLEET_KIND ? delivery.kind() : delivery.queue());
    }

    /** Why one that it covers does not start on this node. */
    String reason(String node) {
        return "%s %s runs as often as it may on all nodes together, %,d times at once, and node %s has %,d of them"
                .formatted(of == Of.FLEET_KIND ? "kind" : "queue", name, number, node, limit);
    }

    // ---- what runs

    /** How often it may run here, as far as this node knows. */
    int limit() {
        return limit;
    }

    int running() {
        return running;
    }

    boolean hasRoom() {
        return running < limit;
    }

    /** For the starter: one more will run, if it may. */
    synchronized boolean take() {
        if (running >= limit) return false;
        running++;
        starts++;
        return true;
    }

    /** How many were let start so far. */
    long starts() {
        return starts;
    }

    /** One that ran before this share was known, or by a word that is out of date, is counted. */
    synchronized void count() {
        running++;
    }

    /** What was just taken is not needed. */
    synchronized void takeBack() {
        running--;
    }

    /**
     * One that was taken or counted runs no more.
     *
     * @return whether the store is to hear of it: others wait for what this node lets go of
     */
    synchronized boolean giveBack() {
        running--;
        ended.incrementAndGet();
        return answered && said > Math.max(limit, running);
    }

    // ---- what the store hears and answers

    /** All that runs has been counted: from now on the node can say how many those are. */
    void isCounted() {
        counted = true;
    }

    boolean counted() {
        return counted;
    }

    /**
     * What the node says; from here on it starts no more than that until it is answered.
     *
     * @param most as many as could run at once, whatever waits
     * @param waiting how many wait here that are counted elsewhere
     * @param more whether there are more that nobody has counted
     */
    synchronized Use says(int most, int waiting, boolean more) {
        said = Math.max(running, limit);
        int here = running + coming.get() + length.get() + waiting;
        boolean beyond = more || moreInStreams || parked;
        int needs = Math.max(running, beyond ? most : Math.min(most, here));
        return new Use(of, name, coded, said, running, needs);
    }

    /** For a node that closes: it starts nothing more. */
    synchronized Use saysGoodBye() {
        limit = 0;
        said = running;
        return new Use(of, name, coded, said, running, Use.NONE);
    }

    /** What the store answered. Returns whether more may start than before. */
    synchronized boolean answered(Share share) {
        if (share.number() == 0) return false; // there is none any more, which the controller is about to hear
        int before = limit;
        limit = Math.min(share.share(), share.target());
        said = share.share();
        number = share.number();
        answered = true;
        return limit > before;
    }

    /** Whether it was asked to hold less than it said, and can say so. */
    synchronized boolean canLetGo() {
        return answered && said > Math.max(limit, running);
    }

    // ---- what waits

    /** One of it waits for a slot. */
    void comes(boolean aheadOfOthers) {
        coming.incrementAndGet();
        if (aheadOfOthers) inTime.incrementAndGet();
    }

    /** One waits for a slot no more. */
    void came(boolean aheadOfOthers) {
        coming.decrementAndGet();
        if (aheadOfOthers) inTime.decrementAndGet();
    }

    /** Whether one more that a rate lets go would start at once, beside those that wait for a slot. */
    boolean hasRoomInTime() {
        return running + inTime.get() < limit;
    }

    /** How many more may leave the lines of keyed shards: those that are under way to a slot are counted. */
    int roomInLine() {
        return Math.max(0, limit - running - coming.get());
    }

    /** For the starter: takes the measure of how fast it goes. */
    void sample(long nanoTime) {
        worth = (int) Math.min(LONGEST, rate.sample(nanoTime, ended.get()) * WORTH.toNanos() / 1e9);
    }

    /** For the starter: whether one more may wait in a line of so many. */
    boolean mayWait(int waiting) {
        return waiting < (answered ? worth : LONGEST);
    }

    @Nullable
    HeldDelivery first() {
        return line.peekFirst();
    }

    int waiting() {
        return line.size();
    }

    void append(HeldDelivery waiting) {
        line.addLast(waiting);
        length.incrementAndGet();
    }

    HeldDelivery removeFirst() {
        length.decrementAndGet();
        return line.removeFirst();
    }

    /** How many more could be taken in now without parking any. */
    int room() {
        return Math.max(0, limit + worth - running - length.get() - coming.get());
    }

    /** Whether there is room for so many that it is worth to fetch some. */
    boolean roomy() {
        return room() >= Math.max(1, worth / 2);
    }

    /** There is more to claim than it has room for; or no more. */
    void moreInStreams(boolean more) {
        if (moreInStreams != more) moreInStreams = more;
    }

    /** Something was parked here since it ran as often as it may; until a release finds nothing. */
    void parkedSome(boolean some) {
        if (parked != some) parked = some;
    }

    boolean parked() {
        return parked;
    }

    /** Whether more should be claimed now, before it idles. */
    boolean widened() {
        return moreInStreams && roomy();
    }

    /** Whether parked deliveries should be fetched now, before it idles. */
    boolean runsDry() {
        return parked && roomy();
    }
}
