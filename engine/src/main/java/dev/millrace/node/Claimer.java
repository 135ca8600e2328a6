package dev.millrace.node;

import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Crowds;
import dev.millrace.store.Ending;
import dev.millrace.store.StoreException;
import dev.millrace.store.StreamInfo;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
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
    private final ShardOwner owner;
    private final Map<Integer, Long> avoided = new HashMap<>();
    private final Bottlenecks bottlenecks = new Bottlenecks();
    private final Asides tenants = new Asides();
    private final Reading reading;

    /** Of side shards. */
    private final Reading asides;

    /** Of keyed shards: what was enqueued. */
    private final Reading enqueued;

    /** Of keyed shards: what comes back. It is read whatever waits. */
    private final Reading fronts;

    private Map<Integer, StreamInfo> streams = Map.of();
    private Map<Integer, StreamInfo> keyed = Map.of();
    private long streamsAt;
    private boolean streamsKnown;
    private boolean listAgain;
    private long ordinal;
    private @Nullable Unknown unknown;
    private long idle = SHORTEST_IDLE.toNanos();
    private long lingerEnd;

    private volatile boolean lingering;
    private volatile boolean hinted;

    /** Whether there may be streams that were made since they were listed. */
    private volatile boolean outdated;

    private volatile boolean hungry;

    /** Whether any of its queues has keyed shards. */
    private volatile boolean anyKeyed;

    private volatile boolean kept;

    /** Whether a side shard had more than there was room for. */
    private volatile boolean asideKept;

    private volatile int worth;

    /** A claim whose answer was lost. */
    private record Unknown(int stream, ClaimToken token, long ordinal) {}

    Claimer(Incarnation node) {
        this.node = node;
        this.world = node.world();
        this.limits = node.limits();
        this.order = new StreamOrder(node.plan().queues(), world.random());
        this.reading = new Reading(node, bottlenecks, new Ordinary(node, tenants));
        this.asides = new Reading(node, bottlenecks, new Aside());
        this.enqueued = new Reading(node, bottlenecks, new InLine(false));
        this.fronts = new Reading(node, bottlenecks, new InLine(true));
        this.owner = new ShardOwner(node);
        this.freed = new Rate(world.nanoTime());
    }

    /** For others: how many claimed deliveries are not read yet. */
    int unread() {
        return reading.unread() + asides.unread();
    }

    /** What was read of ordinary streams goes to the starter at once. */
    private record Ordinary(Incarnation node, Asides asides) implements Reading.Desk {

        @Override
        public long room() {
            return node.limits().readBytes() - node.starter().bufferedBytes();
        }

        @Override
        public boolean handsBack() {
            return true;
        }

        @Override
        public void add(HeldDelivery held, int stream) {
            asides.comesBack(held, node.world().nanoTime());
            node.starter().add(held);
        }

        @Override
        public void expired(HeldDelivery held, int stream) {}

        @Override
        public void over(HeldDelivery held, int stream) {}

        @Override
        public void unreadable(int stream, boolean still) {}
    }

    /** What was read of side shards goes to the starter as well, which lets others go first. */
    private final class Aside implements Reading.Desk {

        @Override
        public long room() {
            long bytes = node.limits().readBytes();
            var starter = node.starter();
            return Math.min(bytes - starter.bufferedBytes(), bytes / 2 - starter.bufferedBytesAside());
        }

        @Override
        public boolean handsBack() {
            return true;
        }

        @Override
        public void add(HeldDelivery held, int stream) {
            tenants.isRead(held, stream, world.nanoTime());
            var info = streams.get(stream);
            if (info != null && info.alone())
                order.share(stream, Crowds.share(held.delivery().headers()));
            held.isAside(stream);
            node.starter().add(held);
        }

        @Override
        public void expired(HeldDelivery held, int stream) {}

        @Override
        public void over(HeldDelivery held, int stream) {}

        @Override
        public void unreadable(int stream, boolean still) {}
    }

    /** What was read of keyed shards gets in line. */
    private final class InLine implements Reading.Desk {

        private final boolean front;

        InLine(boolean front) {
            this.front = front;
        }

        @Override
        public long room() {
            return front ? limits.readBytes() : node.lines().bytesLeft();
        }

        @Override
        public boolean handsBack() {
            return false;
        }

        @Override
        public void add(HeldDelivery held, int stream) {
            switch (node.lines().add(held, info(stream))) {
                case STANDS -> {}
                case GOES -> {
                    held.end();
                    node.finish(held, new Ending.HandedBack());
                }
                case BEHIND -> owner.park(held);
            }
        }

        @Override
        public void expired(HeldDelivery held, int stream) {
            node.lines().expired(held, info(stream));
        }

        @Override
        public void over(HeldDelivery held, int stream) {
            node.lines().over(held, info(stream));
        }

        @Override
        public void unreadable(int stream, boolean still) {
            node.lines().unreadable(info(stream), still);
        }

        private StreamInfo info(int stream) {
            return Objects.requireNonNull(keyed.get(stream), "a keyed stream that was never listed");
        }
    }

    /** How many deliveries may be claimed ahead of free slots. */
    int ahead() {
        return worth;
    }

    /** From anybody: there may be new work. */
    void hint() {
        hinted = true;
        if (!lingering) node.claimBell().ring(); // else the claim that is about to come sees it
    }

    /** From anybody: there may be streams that it has not seen. */
    void hintStreams() {
        outdated = true;
        node.claimBell().ring();
    }

    /** From the starter, when it has used up something: whether another claim is worth its round trip now. */
    void usedUp() {
        if (unread() > 0
                || (hungry && enough(want()))
                || (asideKept && enoughAside(wantAside()))
                || (kept && (bottlenecks.widened() || node.shares().widened()))
                || (anyKeyed
                        && (node.lines().asks()
                                || node.lines().recalls()
                                || node.lines().wantsMore()))) node.claimBell().ring();
    }

    @Override
    public Duration turn() {
        hungry = false;
        resolve();
        if (node.closing()) owner.leaveAll();
        if (node.closing())
            return reading.handBack() || asides.handBack() || enqueued.handBack() || fronts.handBack()
                    ? Duration.ZERO
                    : limits.idlePoll();
        if (!node.beater().trusted() || !node.controller().heard()) return GATE;
        owner.turn(keyed);
        if (fronts.step() || enqueued.step() || reading.step() || asides.step()) return Duration.ZERO;
        if (fronts.unread() == 0 && node.lines().frontsRead()) node.startBell().ring();

        worth = (int) Math.min(limits.buffer(), freed.sample(world.nanoTime(), node.slotsFreed()) * BUFFER_SECONDS);
        if (node.finisher().awaiting() > limits.slots() + 2 * limits.flushBatch()) return GATE;
        if (node.starter().alone()) return GATE;
        boolean room = enough(want());
        if (!room) {
            hungry = true;
            room = enough(want()); // looked again: a slot freed in between rang for nobody
            if (room) return Duration.ZERO;
            if (!node.lines().any()) return limits.idlePoll();
        }
        long linger = lingering ? lingerEnd - world.nanoTime() : 0;
        if (linger > 0) return Duration.ofNanos(linger);
        lingering = false; // first this, then the look: hint() does it the other way round
        return claim(room);
    }

    // ---- claiming

    /** How many more deliveries could be started soon. */
    int want() {
        return node.freeSlots() + worth - node.starter().buffered() - unread();
    }

    /** How many more of side shards: a quarter of what is claimed ahead is left to others, so that they find room at any time. */
    private int wantAside() {
        int room = node.freeSlots() + worth - worth / 4 - node.starter().bufferedAside() - asides.unread();
        return Math.min(want(), room);
    }

    private boolean enoughAside(int want) {
        if (want <= 0) return false;
        return node.starter().bufferedAside() + asides.unread() == 0 || want >= goodPart();
    }

    /** A large claim is for free slots. What is claimed ahead of them is shared with other nodes in smaller ones: they may have slots for it now. */
    private int batch() {
        int free = node.freeSlots() - node.starter().buffered() - unread();
        return Math.min(limits.claimBatch(), Math.max(limits.claimBatch() / 2, free));
    }

    /** Small claims cost as much as large ones: unless there is nothing at all to start, wait until there is room for a good part. */
    private boolean enough(int want) {
        if (want <= 0) return false;
        int holding = node.starter().buffered() + unread();
        return holding == 0 || want >= goodPart();
    }

    private int goodPart() {
        return Math.min(limits.claimBatch() / 2, limits.slots() + worth) / 4;
    }

    /** @param room whether there is room for what comes from ordinary streams */
    private Duration claim(boolean room) {
        boolean wasHinted = hinted;
        hinted = false;
        long began = world.nanoTime();
        refresh(wasHinted);
        var ready = ready(room);
        if (room) node.shares().lookedAt(ready);
        int found = 0;
        int takes = 0;
        boolean more = false;
        boolean frontsLeft = false;
        boolean ordinary = ready.stream().anyMatch(stream -> !stream.keyed());
        int takesInLine = 0;
        kept = false;
        asideKept = false;
        for (var stream : order.of(ready)) {
            int want = stream.keyed() ? wantInLine(stream) : Math.min(stream.aside() ? wantAside() : want(), batch());
            if (takes >= TAKES) {
                more = true;
                frontsLeft = stream.keyed()
                        && stream.front(); // they are asked one after the other, though nothing is in them
                break;
            }
            if (stream.aside() && !enoughAside(want)) {
                asideKept = true; // the starter rings
                continue;
            }
            if (want <= 0) {
                more = true;
                continue;
            }
            if (stream.keyed()) {
                if (ordinary
                        && takesInLine == TAKES / 2) { // there may be many of them: they leave the others their half
                    more = true;
                    continue;
                }
                takesInLine++;
                takes++;
                int taken = take(stream, want);
                node.lines().more(stream, taken == want);
                if (stream.front() && taken == 0) node.lines().frontClaimed(stream);
                more |= taken == want;
                found += taken;
                continue;
            }
            if (stream.front() && node.starter().manyCharged()) continue;
            if (stream.front() && node.starter().metCharged()) want = Math.min(want, NodePlan.Limits.YOUNG_TOGETHER);
            int most = bottlenecks.most(stream.id(), want, world.nanoTime());
            if (most < want) {
                boolean another = kept;
                kept = true;
                if (most == 0 || another) continue; // one such stream in a turn: they share the room
            }
            var share = node.shares().of(stream.queue());
            boolean narrow = share != null && share.room() < most;
            if (share != null) {
                share.moreInStreams(narrow);
                most = Math.min(most, share.room());
                kept |= narrow;
                if (most == 0) continue; // what waits there for a number of the fleet waits best in its stream
            }
            takes++;
            int taken = take(stream, most);
            if (share != null && narrow && taken < most) share.moreInStreams(false);
            more |= taken == most && !narrow;
            if (stream.aside()) {
                order.claimed(stream.id(), taken);
                asideKept |= taken == most;
            }
            found += taken;
            (stream.aside() ? asides : reading).step();
        }
        if (wasHinted) listAgain = streamsAt - began < 0; // what it was told of may be in a stream that was made since
        if (found > 0) {
            idle = SHORTEST_IDLE.toNanos();
            if (!more && found >= TRICKLE && found < goodPart()) linger(began);
            return Duration.ZERO;
        }
        if (fronts.unread() == 0 && node.lines().frontsRead()) node.startBell().ring();
        if (owner.isDue(keyed) || frontsLeft) return Duration.ZERO;
        if (asideKept && enoughAside(wantAside()))
            return Duration.ZERO; // looked again: what was used up in between rang for nobody
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

    private void refresh(boolean hinted) {
        long now = world.nanoTime();
        var believed = hinted || listAgain ? STREAMS_KEPT_ON_HINT : STREAMS_KEPT;
        if (streamsKnown && !outdated && now - streamsAt < believed.toNanos()) return;
        outdated = false; // first this, then the look
        boolean listed = false;
        try {
            list(node.storage().streams(node.plan().queues()));
            listed = true;
        } finally {
            if (!listed) outdated = true;
        }
        listAgain = false;
        streamsAt = now;
        streamsKnown = true;
    }

    private void list(List<StreamInfo> all) {
        var known = new HashMap<Integer, StreamInfo>();
        var inLine = new TreeMap<Integer, StreamInfo>();
        for (var stream : all) (stream.keyed() ? inLine : known).put(stream.id(), stream);
        streams = known;
        if (!inLine.keySet().equals(keyed.keySet())) owner.soon();
        keyed = inLine;
        anyKeyed = !inLine.isEmpty();
    }

    private List<StreamInfo> ready(boolean room) {
        var asked = room ? asked() : Set.<Integer>of();
        var mine = inLine();
        if (!mine.isEmpty()) {
            var both = new HashSet<>(asked);
            both.addAll(mine.keySet());
            asked = both;
        }
        if (asked.isEmpty()) return List.of();
        var ready = new LinkedHashSet<StreamInfo>();
        for (var id : node.storage().poll(asked)) {
            var stream = streams.containsKey(id) ? streams.get(id) : mine.get(id);
            if (stream != null && !avoided(stream.id())) ready.add(stream);
        }
        for (var front : node.lines().frontsToClaim())
            if (mine.containsKey(front.id()) && !avoided(front.id())) ready.add(front);
        return List.copyOf(ready);
    }

    /** The streams of its own keyed shards that it may claim from now. */
    private Map<Integer, StreamInfo> inLine() {
        if (!node.lines().any()) return Map.of();
        var mine = new TreeMap<Integer, StreamInfo>();
        for (var stream : node.lines().streams())
            if (!node.controller().pausedQueue(stream.queue())) mine.put(stream.id(), stream);
        return mine;
    }

    private int wantInLine(StreamInfo stream) {
        return stream.front()
                ? limits.claimBatch()
                : Math.min(limits.claimBatch(), node.lines().room(stream));
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
        } catch (StoreException.NotOwner lostIt) {
            owner.soon(); // it looks whose it is
            avoided.put(stream.id(), world.nanoTime() + AVOIDED_FOR.toNanos());
            throw lostIt;
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
        var inLine = keyed.get(claim.stream());
        if (inLine != null) node.lines().claimed(inLine, count);
        readingOf(claim.stream(), inLine).add(batch, claim.stream(), claim.places());
        return count;
    }

    private Reading readingOf(int stream, @Nullable StreamInfo inLine) {
        if (inLine != null) return inLine.front() ? fronts : enqueued;
        var info = streams.get(stream);
        return info != null && info.aside() ? asides : reading;
    }
}
