package dev.millrace.node;

import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Place;
import dev.millrace.store.StoreException;
import dev.millrace.store.StreamInfo;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Fetches work: as much as free slots can take at once, and a little more where slots come free fast.
 *
 * <p>A claim is two steps, the places and then their payloads, and the first may be answered by nobody. Then it is remembered with
 * its token and resolved before anything else is claimed: neither its loss nor its success is ever assumed. What was claimed and not
 * yet read stays in {@code unread}; each read is bounded in bytes, and the next one waits until the starter has used up the last.
 *
 * <p>Paused queues are not looked at. Nothing is claimed while the node does not trust itself, before it has heard once what is
 * paused, while a dangerous delivery runs alone, or while so many outcomes wait for their flush that more work would only pile up.
 */
final class Claimer implements Loop {

    /** Claims in one turn, at most: a turn is bounded. */
    private static final int TAKES = 8;

    private static final Duration SHORTEST_IDLE = Duration.ofMillis(5);
    private static final Duration GATE = Duration.ofMillis(50);

    /** What frees up within so long may be claimed ahead. */
    private static final double BUFFER_SECONDS = 0.05;

    /** How long a list of streams is believed; after a hint that found nothing, the shorter time. */
    private static final Duration STREAMS_KEPT = Duration.ofSeconds(10);

    private static final Duration STREAMS_KEPT_ON_HINT = Duration.ofSeconds(1);

    /** Claims from a front that lately held deliveries which must run alone: there may be more, and they wait long. */
    private static final int CAUTIOUS = 8;

    private final Incarnation node;
    private final World world;
    private final NodePlan.Limits limits;
    private final StreamOrder order;
    private final Rate freed;

    private Map<Integer, StreamInfo> streams = Map.of();
    private long streamsAt;
    private boolean streamsKnown;
    private long ordinal;
    private @Nullable Unknown unknown;
    private final ArrayDeque<Unread> unread = new ArrayDeque<>();
    private long idle = SHORTEST_IDLE.toNanos();

    private volatile boolean hinted;
    private volatile boolean hungry;
    private final AtomicInteger unreadCount = new AtomicInteger();
    private volatile int worth;

    /** A claim whose answer was lost. */
    private record Unknown(int stream, ClaimToken token, long ordinal) {}

    /** What is left to be read of a claim. */
    private static final class Unread {
        final Batch batch;
        final List<Place> places;
        final long since;
        int next;

        Unread(Batch batch, List<Place> places, long since) {
            this.batch = batch;
            this.places = places;
            this.since = since;
        }

        int left() {
            return places.size() - next;
        }
    }

    Claimer(Incarnation node) {
        this.node = node;
        this.world = node.world();
        this.limits = node.limits();
        this.order = new StreamOrder(node.plan().queues(), world.random());
        this.freed = new Rate(world.nanoTime());
    }

    /** For others: how many claimed deliveries are not read yet. */
    int unread() {
        return unreadCount.get();
    }

    /** From anybody: there may be new work. */
    void hint() {
        hinted = true;
        node.claimBell().ring();
    }

    /** From the starter, when it has used up something: whether another claim is worth its round trip now. */
    void usedUp() {
        if (unreadCount.get() > 0 || (hungry && enough(want())))
            node.claimBell().ring();
    }

    @Override
    public Duration turn() {
        hungry = false;
        resolve();
        if (node.closing()) return handBackUnread();
        if (!node.beater().trusted() || !node.controller().heard()) return GATE;
        if (read()) return Duration.ZERO;

        worth = (int) Math.min(limits.buffer(), freed.sample(world.nanoTime(), node.slotsFreed()) * BUFFER_SECONDS);
        if (node.finisher().awaiting() > limits.slots() + 2 * limits.flushBatch()) return GATE;
        if (node.starter().alone()) return GATE;
        if (!enough(want())) {
            hungry = true;
            return enough(want())
                    ? Duration.ZERO
                    : limits.idlePoll(); // looked again: a slot freed in between rang for nobody
        }
        return claim();
    }

    // ---- claiming

    private int want() {
        return node.freeSlots() + worth - node.starter().buffered() - unreadCount.get();
    }

    /** Small claims cost as much as large ones: unless there is nothing at all to start, wait until there is room for a good part. */
    private boolean enough(int want) {
        if (want <= 0) return false;
        int holding = node.starter().buffered() + unreadCount.get();
        return holding == 0 || want >= Math.min(limits.claimBatch(), limits.slots() + worth) / 4;
    }

    private Duration claim() {
        boolean wasHinted = hinted;
        hinted = false;
        refresh(wasHinted);
        var ready = ready();
        int found = 0;
        int takes = 0;
        for (var stream : order.of(ready)) {
            int want = Math.min(want(), limits.claimBatch());
            if (want <= 0 || takes++ >= TAKES) break;
            if (stream.front() && node.starter().metDanger()) want = Math.min(want, CAUTIOUS);
            found += take(stream, want);
            read();
        }
        if (found > 0) {
            idle = SHORTEST_IDLE.toNanos();
            return Duration.ZERO;
        }
        if (wasHinted) idle = SHORTEST_IDLE.toNanos();
        var rest = Duration.ofNanos(idle / 2 + world.random().nextLong(idle / 2 + 1));
        idle = Math.min(limits.idlePoll().toNanos(), idle * 3 / 2);
        return rest;
    }

    private void refresh(boolean soon) {
        long now = world.nanoTime();
        var kept = soon ? STREAMS_KEPT_ON_HINT : STREAMS_KEPT;
        if (streamsKnown && now - streamsAt < kept.toNanos()) return;
        var known = new HashMap<Integer, StreamInfo>();
        for (var stream : node.storage().streams(node.plan().queues())) known.put(stream.id(), stream);
        streams = known;
        streamsAt = now;
        streamsKnown = true;
    }

    private List<StreamInfo> ready() {
        var asked = new HashSet<Integer>();
        for (var stream : streams.values()) if (!node.controller().pausedQueue(stream.queue())) asked.add(stream.id());
        if (asked.isEmpty()) return List.of();
        var ready = new ArrayList<StreamInfo>();
        for (var id : node.storage().poll(asked)) {
            var stream = streams.get(id);
            if (stream != null) ready.add(stream);
        }
        return ready;
    }

    private int take(StreamInfo stream, int want) {
        var asked = new Unknown(stream.id(), new ClaimToken(Uuids.random(world.random())), ordinal + 1);
        Claim claim;
        try {
            claim = node.storage().take(node.lease(), asked.stream, want, asked.ordinal, asked.token);
        } catch (StoreException.Fenced | StoreException.Unavailable nothingWritten) {
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
        unreadCount.addAndGet(count);
        unread.addLast(new Unread(batch, claim.places(), world.nanoTime()));
        return count;
    }

    // ---- reading

    /**
     * Reads as much as there is room for in one step.
     *
     * @return whether there is more to be read at once
     */
    private boolean read() {
        var first = unread.peekFirst();
        if (first == null) return false;
        boolean late = world.nanoTime() - first.since >= limits.handBackAfter().toNanos();
        long room = limits.readBytes() - node.starter().bufferedBytes();
        if (room <= 0 && !late) return false; // what was read is still waiting; the starter rings when it is not
        readFrom(first, late ? limits.readBytes() : room, late);
        return !unread.isEmpty();
    }

    private void readFrom(Unread first, long maxBytes, boolean late) {
        var places = first.places.subList(first.next, first.places.size());
        var read = node.storage().read(first.batch.token(), places, maxBytes);
        if (read.isEmpty() || read.size() > places.size())
            throw new IllegalStateException(
                    "asked for %d deliveries of a claim, and got %d".formatted(places.size(), read.size()));
        for (var delivery : read) admit(delivery, first.batch, first.next++, late);
        unreadCount.addAndGet(-read.size());
        if (first.left() == 0) unread.removeFirst();
        node.startBell().ring();
    }

    private void admit(Delivery delivery, Batch batch, int index, boolean late) {
        var kind = node.kindOf(delivery);
        var held = new HeldDelivery(node, delivery, batch, index, kind, world.nanoTime());
        if (delivery.cancelled()) {
            held.end();
            node.drop(held);
        } else if (delivery.expired()) finish(held, new Ending.Discarded(Failures.expired()));
        else if (kind == null) finish(held, new Ending.Parked(Ending.Parking.UNKNOWN_KIND, unknownKind(delivery)));
        else {
            var paused = node.pausedBecause(delivery);
            if (paused != null) finish(held, new Ending.Parked(Ending.Parking.PAUSED, paused));
            else if (late) finish(held, new Ending.HandedBack());
            else node.starter().add(held);
        }
    }

    private void finish(HeldDelivery held, Ending ending) {
        held.end();
        node.finish(held, ending);
    }

    private String unknownKind(Delivery delivery) {
        var plan = node.plan().kinds().get(delivery.kind());
        return plan == null
                ? "no handler for kind %s on node %s"
                        .formatted(delivery.kind(), node.plan().name())
                : "version %d of kind %s is newer than what node %s knows (%d)"
                        .formatted(
                                delivery.kindVersion(),
                                delivery.kind(),
                                node.plan().name(),
                                plan.version());
    }

    private Duration handBackUnread() {
        var first = unread.peekFirst();
        if (first == null) return limits.idlePoll();
        readFrom(first, limits.readBytes(), true);
        return Duration.ZERO;
    }
}
