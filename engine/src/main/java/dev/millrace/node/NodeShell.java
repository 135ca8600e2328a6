package dev.millrace.node;

import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException;
import dev.millrace.world.World;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A node with its threads: one for each seat of its duties, one for the listeners, and one that watches over the incarnation and
 * joins anew when it has ended. All are daemons named {@code millrace-<node>-…}. They are platform threads: handlers that keep all
 * carriers of virtual threads busy must not keep the node from giving signs of life.
 *
 * <p>Safe for use by many threads.
 */
public final class NodeShell implements Hosted {

    private static final Logger LOG = System.getLogger(NodeShell.class.getName());

    /** Joins whose commit is unknown, before a start gives up. */
    private static final int UNKNOWN_JOINS = 3;

    /** An incarnation that lived so long was none that dies at birth: the next join need not wait. */
    private static final Duration HEALTHY = Duration.ofSeconds(30);

    /** On top of what a closing node is given to end in order, before its threads are abandoned. */
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final Storage storage;
    private final World world;
    private final NodePlan plan;
    private final Attempts attempts;
    private final Tally tally = new Tally();
    private final Listeners listeners;
    private final Set<NodeId> condemned = ConcurrentHashMap.newKeySet();

    private final AtomicBoolean started = new AtomicBoolean();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile @Nullable Incarnation incarnation;
    private volatile @Nullable Duration grace;
    private volatile int most;
    private Storage.@Nullable Listening listening;
    private @Nullable Thread supervisor;
    private volatile boolean clean;

    /** A node on virtual threads. */
    public NodeShell(Storage storage, World world, NodePlan plan) {
        this(storage, world, plan, Attempts.onVirtualThreads());
    }

    public NodeShell(Storage storage, World world, NodePlan plan, Attempts attempts) {
        this.storage = storage;
        this.world = world;
        this.plan = plan;
        this.attempts = attempts;
        this.most = plan.limits().slots();
        this.listeners = new Listeners(threadName("events"), plan.listeners());
    }

    /**
     * Joins and begins to work. Returns when it has joined.
     *
     * @throws dev.millrace.MillraceException if there are too few connections, or the storage can't be reached: then nothing was
     *     started
     * @throws IllegalStateException if it was started before
     */
    public NodeShell start() {
        if (!started.compareAndSet(false, true))
            throw new IllegalStateException(
                    "Node %s was started before. A node starts once: make a new one.".formatted(plan.name()));
        storage.reserveNode();
        var hearing = storage.listen(this::heard);
        Incarnation first;
        try {
            first = firstJoin();
        } catch (RuntimeException failed) {
            hearing.close();
            throw failed;
        }
        incarnation = first;
        listening = hearing;
        listeners.start();
        supervisor = Thread.ofPlatform().daemon().name(threadName("shell")).start(() -> supervise(first));
        return this;
    }

    @Override
    public void atMost(int slots) {
        most = slots;
        var current = incarnation;
        if (current != null) current.atMost(slots);
    }

    /**
     * A node that is known for certain to be dead, such as the last one that held a lock which this process holds now: its work is
     * taken over at once, without waiting for its lease. The caller answers for the certainty.
     */
    @Override
    public void deposeAtOnce(NodeId dead) {
        condemned.add(dead);
        var current = incarnation;
        if (current != null) current.deposeAtOnce(dead);
    }

    @Override
    public NodeStatus status() {
        var current = incarnation;
        if (current != null) return current.status(listeners.dropped());
        return new NodeStatus(
                null,
                null,
                false,
                plan.limits().slots(),
                0,
                0,
                0,
                0,
                tally.stuckThreads(),
                null,
                null,
                Incarnation.counters(tally, listeners.dropped()));
    }

    // ---- end

    @Override
    public boolean drain(Duration atMost) {
        shutDown(atMost);
        return clean;
    }

    @Override
    public void close() {
        shutDown(plan.limits().grace());
    }

    @Override
    public @Nullable NodeId abandon() {
        if (!closing.compareAndSet(false, true)) return null;
        grace = Duration.ZERO;
        closed.countDown();
        var current = incarnation;
        if (current != null) current.end("abandoned");
        awaitSupervisor(PATIENCE);
        var hearing = listening;
        if (hearing != null) hearing.close();
        listeners.close();
        return current == null ? null : current.lease().node();
    }

    private void shutDown(Duration atMost) {
        boolean mine = closing.compareAndSet(false, true);
        if (mine) {
            grace = atMost;
            closed.countDown();
            var current = incarnation;
            if (current != null) current.close(atMost);
        }
        awaitSupervisor(Objects.requireNonNullElse(grace, atMost).plus(PATIENCE));
        if (!mine) return;
        var hearing = listening;
        if (hearing != null) hearing.close();
        listeners.close();
    }

    private void awaitSupervisor(Duration atMost) {
        var watching = supervisor;
        if (watching == null || watching.equals(Thread.currentThread())) return;
        try {
            if (watching.join(atMost)) return;
            LOG.log(
                    Level.WARNING,
                    "Node %s did not end within %s: the storage does not answer. What it held is rescued by others after its lease."
                            .formatted(plan.name(), atMost));
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
        var current = incarnation;
        if (current != null) current.end("closed without a word");
        watching.interrupt();
    }

    // ---- one incarnation after the other

    private void supervise(Incarnation first) {
        try {
            @Nullable Incarnation current = first;
            int shortLived = 0;
            while (current != null) {
                long born = world.nanoTime();
                turn(current);
                if (closing.get()) {
                    clean = current.leftClean();
                    return;
                }
                shortLived = world.nanoTime() - born < HEALTHY.toNanos() ? shortLived + 1 : 0;
                incarnation = null;
                current = rejoin(shortLived, current.lease().node());
            }
        } catch (InterruptedException abandoned) {
            // closed without waiting any longer
        }
    }

    /** Turns an incarnation until it is over, and ends its threads: a store sees one call of a duty at a time. */
    private void turn(Incarnation current) throws InterruptedException {
        var turners = turners(current);
        for (var turner : turners) turner.start();
        if (closing.get()) current.close(Objects.requireNonNullElse(grace, Duration.ZERO));
        try {
            current.awaitEnd();
            for (var turner : turners)
                while (!turner.join(Duration.ofSeconds(10)))
                    LOG.log(
                            Level.WARNING,
                            "Node %s has ended, and still waits for an answer of the storage before it can join anew."
                                    .formatted(plan.name()));
        } finally {
            current.end("abandoned");
            for (var turner : turners) turner.interrupt();
        }
    }

    private List<Turner> turners(Incarnation current) {
        Map<Duty.Seat, List<Duty>> seats = new EnumMap<>(Duty.Seat.class);
        for (var duty : current.duties())
            seats.computeIfAbsent(duty.seat(), seat -> new ArrayList<>()).add(duty);
        var turners = new ArrayList<Turner>();
        seats.forEach((seat, duties) ->
                turners.add(new Turner(threadName(seat.name().toLowerCase(Locale.ROOT)), duties, current, world)));
        return turners;
    }

    private Incarnation firstJoin() {
        for (int unknown = 1; ; unknown++) {
            try {
                return join();
            } catch (StoreException.CommitUnknown lost) {
                // It may have joined as a node that nobody is: that one is missed after a lease, and holds nothing.
                if (unknown == UNKNOWN_JOINS) throw lost;
            }
        }
    }

    /** Null if it was closed meanwhile. */
    private @Nullable Incarnation rejoin(int shortLived, NodeId former) throws InterruptedException {
        for (int tries = shortLived; ; tries++) {
            if (closed.await(backOff(tries).toNanos(), TimeUnit.NANOSECONDS)) return null;
            try {
                var joined = join();
                joined.succeeds(former);
                incarnation = joined;
                joined.atMost(most); // it may have been said while it joined
                return joined;
            } catch (RuntimeException | Error failure) {
                tally.loopFailures.increment();
                LOG.log(
                        Level.WARNING,
                        "Node %s could not join anew: %s. It tries again within %s."
                                .formatted(plan.name(), failure, Duty.LONGEST_BACK_OFF));
            }
        }
    }

    private Duration backOff(int tries) {
        long ceiling = Duty.LONGEST_BACK_OFF.toNanos();
        long full = tries > 6 ? ceiling : Math.min(ceiling, Duty.FIRST_BACK_OFF.toNanos() << tries);
        return Duration.ofNanos(full / 2 + world.random().nextLong(full / 2 + 1));
    }

    private Incarnation join() {
        var joined = Incarnation.join(storage, world, plan, attempts, card(), tally, listeners);
        for (var dead : condemned) joined.deposeAtOnce(dead);
        joined.atMost(most);
        return joined;
    }

    private NodeCard card() {
        var version = NodeShell.class.getPackage().getImplementationVersion();
        return new NodeCard(
                new NodeId(Uuids.random(world.random())),
                plan.name(),
                host(),
                ProcessHandle.current().pid(),
                version == null ? "unreleased" : version,
                plan.limits().slots(),
                plan.queues(),
                plan.kindsTold(),
                plan.readsTold());
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException nameless) {
            return "unknown";
        }
    }

    private void heard(Storage.Wakeup wakeup) {
        var current = incarnation;
        if (current == null) return;
        switch (wakeup) {
            case Storage.Wakeup.Work(var queue) -> current.hint(queue);
            case Storage.Wakeup.Streams(var queue) -> current.hintStreams(queue);
            case Storage.Wakeup.Command command -> current.command();
        }
    }

    private String threadName(String duty) {
        return "millrace-" + plan.name() + "-" + duty;
    }
}
