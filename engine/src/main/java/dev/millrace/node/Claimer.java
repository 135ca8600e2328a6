package dev.millrace.node;

import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.StoreException;
import dev.millrace.store.StreamInfo;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Fetches work: as much as free slots can take at once, and a little more where slots come free fast.
 *
 * <p>A claim is two steps, the places and then their payloads, and the first may be answered by nobody. Then it is remembered with
 * its token and resolved before anything else is claimed: neither its loss nor its success is ever assumed.
 *
 * <p>Paused queues are not looked at. Nothing is claimed while the node does not trust itself, before it has heard once what is
 * paused, while a dangerous delivery runs alone, or while so many outcomes wait for their flush that more work would only pile up.
 */
final class Claimer implements Loop {

    /** Claims in one turn, at most: a turn is bounded. */
    private static final int TAKES = 8;

    private static final Duration SHORTEST_IDLE = Duration.ofMillis(5);
    private static final Duration GATE = Duration.ofMillis(50);

    /**
     * A claim costs about the same however little it finds. After one that found a few, and not just the last of a trickle, more come all the
     * time: so the next one waits for company, so many times as long as that one took. Where claims are quick nobody waits for long; where
     * they are slow, because there is more to do than the machine can, fewer and larger ones help everybody.
     */
    private static final int LINGER_TIMES = 3;

    private static final Duration LONGEST_LINGER = Duration.ofMillis(20);

    /** Fewer than these are a trickle, such as jobs that start each other one by one: they wait for nobody. */
    private static final int TRICKLE = 4;

    /** What frees up within so long may be claimed ahead. */
    private static final double BUFFER_SECONDS = 0.05;

    /** How long a list of streams is believed; after a hint that found nothing, the shorter time. */
    private static final Duration STREAMS_KEPT = Duration.ofSeconds(10);

    private static final Duration STREAMS_KEPT_ON_HINT = Duration.ofSeconds(1);

    /** How long a stream is left alone that could not be claimed from. */
    private static final Duration AVOIDED_FOR = Duration.ofSeconds(2);

    private final Incarnation node;
    private final World world;
    private final NodePlan.Limits limits;
    private final StreamOrder order;
    private final Rate freed;
    private final Map<Integer, Long> avoided = new HashMap<>();
    private final Bottlenecks bottlenecks = new Bottlenecks();
    private final Reading reading;

    private Map<Integer, StreamInfo> streams = Map.of();
    private long streamsAt;
    private boolean streamsKnown;
    private long ordinal;
    private @Nullable Unknown unknown;
    private long idle = SHORTEST_IDLE.toNanos();
    private long lingerEnd;

    private volatile boolean lingering;
    private volatile boolean hinted;
    private volatile boolean hungry;
    private volatile boolean kept;
    private volatile int worth;

    /** A claim whose answer was lost. */
    private record Unknown(int stream, ClaimToken token, long ordinal) {}

    Claimer(Incarnation node) {
        this.node = node;
        this.world = node.world();
        this.limits = node.limits();
        this.order = new StreamOrder(node.plan().queues(), world.random());
        this.reading = new Reading(node, bottlenecks);
        this.freed = new Rate(world.nanoTime());
    }

    /** For others: how many claimed deliveries are not read yet. */
    int unread() {
        return reading.unread();
    }

    /** From anybody: there may be new work. */
    void hint() {
        hinted = true;
        if (!lingering) node.claimBell().ring(); // else the claim that is about to come sees it
    }

    /** From the starter, when it has used up something: whether another claim is worth its round trip now. */
    void usedUp() {
        if (reading.unread() > 0 || (hungry && enough(want())) || (kept && bottlenecks.widened()))
            node.claimBell().ring();
    }

    @Override
    public Duration turn() {
        hungry = false;
        resolve();
        if (node.closing()) return reading.handBack() ? Duration.ZERO : limits.idlePoll();
        if (!node.beater().trusted() || !node.controller().heard()) return GATE;
        if (reading.step()) return Duration.ZERO;

        worth = (int) Math.min(limits.buffer(), freed.sample(world.nanoTime(), node.slotsFreed()) * BUFFER_SECONDS);
        if (node.finisher().awaiting() > limits.slots() + 2 * limits.flushBatch()) return GATE;
        if (node.starter().alone()) return GATE;
        if (!enough(want())) {
            hungry = true;
            return enough(want())
                    ? Duration.ZERO
                    : limits.idlePoll(); // looked again: a slot freed in between rang for nobody
        }
        long linger = lingering ? lingerEnd - world.nanoTime() : 0;
        if (linger > 0) return Duration.ofNanos(linger);
        lingering = false; // first this, then the look: hint() does it the other way round
        return claim();
    }

    // ---- claiming

    /** How many more deliveries could be started soon. */
    int want() {
        return node.freeSlots() + worth - node.starter().buffered() - reading.unread();
    }

    /** A large claim is for free slots. What is claimed ahead of them is shared with other nodes in smaller ones: they may have slots for it now. */
    private int batch() {
        int free = node.freeSlots() - node.starter().buffered() - reading.unread();
        return Math.min(limits.claimBatch(), Math.max(limits.claimBatch() / 2, free));
    }

    /** Small claims cost as much as large ones: unless there is nothing at all to start, wait until there is room for a good part. */
    private boolean enough(int want) {
        if (want <= 0) return false;
        int holding = node.starter().buffered() + reading.unread();
        return holding == 0 || want >= goodPart();
    }

    private int goodPart() {
        return Math.min(limits.claimBatch() / 2, limits.slots() + worth) / 4;
    }

    private Duration claim() {
        boolean wasHinted = hinted;
        hinted = false;
        long began = world.nanoTime();
        refresh(wasHinted);
        var ready = ready();
        int found = 0;
        int takes = 0;
        boolean more = false;
        kept = false;
        for (var stream : order.of(ready)) {
            int want = Math.min(want(), batch());
            if (want <= 0 || takes >= TAKES) {
                more = true;
                break;
            }
            if (stream.front() && node.starter().manyCharged()) continue;
            if (stream.front() && node.starter().metCharged()) want = Math.min(want, NodePlan.Limits.YOUNG_TOGETHER);
            int most = bottlenecks.most(stream.id(), want, world.nanoTime());
            if (most < want) {
                boolean another = kept;
                kept = true;
                if (most == 0 || another) continue; // one such stream in a turn: they share the room
            }
            takes++;
            int taken = take(stream, most);
            more |= taken == most;
            found += taken;
            reading.step();
        }
        if (found > 0) {
            idle = SHORTEST_IDLE.toNanos();
            if (!more && found >= TRICKLE && found < goodPart()) linger(began);
            return Duration.ZERO;
        }
        if (wasHinted) idle = SHORTEST_IDLE.toNanos();
        var rest = Duration.ofNanos(idle / 2 + world.random().nextLong(idle / 2 + 1));
        idle = Math.min(limits.idlePoll().toNanos(), idle * 3 / 2);
        return rest;
    }

    private void linger(long began) {
        long now = world.nanoTime();
        lingerEnd = now + Math.min(LONGEST_LINGER.toNanos(), LINGER_TIMES * (now - began));
        lingering = true;
    }

    private void refresh(boolean soon) {
        long now = world.nanoTime();
        var believed = soon ? STREAMS_KEPT_ON_HINT : STREAMS_KEPT;
        if (streamsKnown && now - streamsAt < believed.toNanos()) return;
        var known = new HashMap<Integer, StreamInfo>();
        for (var stream : node.storage().streams(node.plan().queues())) known.put(stream.id(), stream);
        streams = known;
        streamsAt = now;
        streamsKnown = true;
    }

    private List<StreamInfo> ready() {
        var asked = asked();
        if (asked.isEmpty()) return List.of();
        var ready = new ArrayList<StreamInfo>();
        for (var id : node.storage().poll(asked)) {
            var stream = streams.get(id);
            if (stream != null && !avoided(stream.id())) ready.add(stream);
        }
        return ready;
    }

    private Set<Integer> asked() {
        if (!node.controller().pausedAnyQueue()) return streams.keySet();
        var asked = new HashSet<Integer>();
        for (var stream : streams.values()) if (!node.controller().pausedQueue(stream.queue())) asked.add(stream.id());
        return asked;
    }

    /** A stream that can't be claimed from must not keep the node from the others. */
    private boolean avoided(int stream) {
        var until = avoided.get(stream);
        if (until == null) return false;
        if (world.nanoTime() - until < 0) return true;
        avoided.remove(stream);
        return false;
    }

    private int take(StreamInfo stream, int want) {
        var asked = new Unknown(stream.id(), new ClaimToken(Uuids.random(world.random())), ordinal + 1);
        Claim claim;
        try {
            claim = node.storage().take(node.lease(), asked.stream, want, asked.ordinal, asked.token);
        } catch (StoreException.Fenced over) {
            throw over;
        } catch (StoreException.Unavailable nothingWritten) {
            avoided.put(stream.id(), world.nanoTime() + AVOIDED_FOR.toNanos());
            throw nothingWritten;
        } catch (RuntimeException | Error lost) {
            unknown = asked; // whatever else it was: it may have been committed
            throw lost;
        }
        return registered(claim);
    }

    private void resolve() {
        var lost = unknown;
        if (lost == null) return;
        var claim = node.storage().resolve(node.lease(), lost.stream, lost.ordinal, lost.token);
        unknown = null;
        registered(claim);
    }

    private int registered(Claim claim) {
        ordinal = claim.ordinal();
        var batch = node.register(claim);
        int count = claim.places().size();
        if (count == 0) return 0;
        reading.add(batch, claim.stream(), claim.places());
        return count;
    }
}
