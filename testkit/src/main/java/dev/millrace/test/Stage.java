package dev.millrace.test;

import dev.millrace.MillraceException;
import dev.millrace.NodeView.Life;
import dev.millrace.Store;
import dev.millrace.node.Attempts;
import dev.millrace.node.Host;
import dev.millrace.node.Hosted;
import dev.millrace.node.NodePlan;
import dev.millrace.store.NodeId;
import dev.millrace.store.Storage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The world of one test: its time, its chance, its nodes and the handlers under way. Everything on it happens one after the other, on
 * the thread that lets time pass or on the thread of the one handler that has its turn.
 */
final class Stage implements Host {

    /** In so many pieces the patience is cut: while a debugger holds all threads only one of them runs out. */
    private static final int PIECES = 100;

    /** For a handler whose thread is to end with the test. */
    private static final Duration LAST_PATIENCE = Duration.ofSeconds(1);

    private final Timeline timeline = new Timeline();
    private final Crashes crashes = new Crashes();
    private final Player player = new Player(this);
    private final Instant start;
    private final Duration patience;
    private final RandomGenerator random;
    private final List<TestNode> nodes = new CopyOnWriteArrayList<>();
    private final Set<Played> handlers = new LinkedHashSet<>();
    private final List<Played> lost = new ArrayList<>();
    private @Nullable Watch watch;
    private volatile @Nullable Played onStage;
    private volatile @Nullable MillraceException stuck;
    private volatile boolean closed;
    private boolean listens;
    private long processes;

    Stage(TestOptions options) {
        this.start = options.start;
        this.patience = options.patience;
        var seeded = new SplittableRandom(options.seed);
        this.random = new RandomGenerator() {
            @Override
            public synchronized long nextLong() {
                return seeded.nextLong();
            }
        };
    }

    /** The store, watched. */
    Store watched(Store store) {
        return world -> {
            var opened = new Watch(store.open(world), this);
            watch = opened;
            return opened.storage();
        };
    }

    Watch watch() {
        return Objects.requireNonNull(watch, "the store is opened first");
    }

    Storage storage() {
        return watch().storage();
    }

    Timeline timeline() {
        return timeline;
    }

    Crashes crashes() {
        return crashes;
    }

    Player player() {
        return player;
    }

    // ---- the world

    @Override
    public Instant now() {
        return start.plusNanos(timeline.wall());
    }

    @Override
    public long nanoTime() {
        return timeline.nanos();
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    /** A handler sleeps in virtual time, and others go on meanwhile; whoever else calls this lets time pass for all. */
    @Override
    public void sleep(Duration duration) throws InterruptedException {
        var handler = handler();
        if (handler != null) handler.sleep(duration);
        else player.pass(duration, () -> false);
    }

    // ---- its nodes

    @Override
    public Hosted start(Storage storage, NodePlan plan, Set<NodeId> dead) {
        refuseIfClosed();
        storage.reserveNode();
        if (!listens) storage.listen(this::heard);
        listens = true;
        var node = new TestNode(this, plan, dead);
        node.boot();
        nodes.add(node);
        return node;
    }

    /** Who hears it first is a matter of chance. */
    private void heard(Storage.Wakeup wakeup) {
        for (var process : shuffled(processes())) {
            switch (wakeup) {
                case Storage.Wakeup.Work(var queue) -> process.incarnation().hint(queue);
                case Storage.Wakeup.Streams(var queue) -> process.incarnation().hintStreams(queue);
                case Storage.Wakeup.Command command -> process.incarnation().command();
            }
        }
    }

    /** Jobs come due at this moment: a node sees to it at once, though it would have looked within a second anyway. */
    void promote() {
        for (var process : shuffled(processes())) process.promote();
    }

    private List<TestProcess> shuffled(List<TestProcess> all) {
        if (all.size() > 1) Collections.shuffle(all, random);
        return all;
    }

    /** All that are alive. */
    List<TestProcess> processes() {
        var all = new ArrayList<TestProcess>();
        for (var node : nodes) {
            var process = node.process();
            if (process != null) all.add(process);
        }
        return all;
    }

    long nextPid() {
        return ++processes;
    }

    void left(TestNode node) {
        nodes.remove(node);
    }

    boolean restarts() {
        return nodes.stream().anyMatch(TestNode::restarts);
    }

    /** Whether a node that died is not yet found dead, or still holds something. */
    boolean mourns() {
        var living = processes();
        return watch().behind().nodes().stream()
                .filter(view -> view.life() != Life.GONE)
                .anyMatch(view -> living.stream().noneMatch(process -> process.is(new NodeId(view.id()))));
    }

    /** The kinds that its nodes run. */
    Set<String> kinds() {
        var kinds = new TreeSet<String>();
        for (var node : nodes) kinds.addAll(node.plan().kinds().keySet());
        return kinds;
    }

    @Override
    public void pass(Duration atMost, BooleanSupplier end) {
        player.pass(atMost, end);
    }

    // ---- its handlers

    Attempts.Running enter(Played handler) {
        handlers.add(handler);
        timeline.now(() -> {
            if (handlers.contains(handler)) play(handler);
        });
        return handler;
    }

    void exit(Played handler) {
        handlers.remove(handler);
    }

    /** Whether handlers have begun, or are about to, and have not ended. */
    boolean busy() {
        return !handlers.isEmpty();
    }

    /** The handler on whose thread this is called; null if there is none. */
    private @Nullable Played handler() {
        var playing = onStage;
        return playing != null && playing.thread().equals(Thread.currentThread()) ? playing : null;
    }

    boolean inHandler() {
        return handler() != null;
    }

    /** Gives a handler the turn, until it sleeps or has ended. */
    void play(Played handler) {
        refuseIfStuck();
        onStage = handler;
        handler.go();
        if (!comesBack(handler, patience)) {
            var told = stuck(handler);
            stuck = told;
            throw told;
        }
        onStage = null;
    }

    private static boolean comesBack(Played handler, Duration patience) {
        try {
            for (int i = 0; i < PIECES; i++)
                if (handler.turnBack().tryAcquire(patience.toNanos() / PIECES, TimeUnit.NANOSECONDS)) return true;
            return false;
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private MillraceException stuck(Played handler) {
        var where = new Throwable("The handler is here");
        where.setStackTrace(handler.thread().getStackTrace());
        var delivery = handler.delivery();
        if (Thread.currentThread().isInterrupted())
            return new MillraceException(
                    "The test was interrupted while the handler of %s (job %s) ran."
                            .formatted(delivery.kind(), delivery.job()),
                    where);
        return new MillraceException(
                "The handler of %s (job %s) has not come back for %d ms of real time; the cause shows where it is. While a handler runs virtual time stands still, so it must not wait for anything that needs time: let it wait with TestMillrace.sleep, give it a stand-in for what is slow, or raise the patience if it really works for so long."
                        .formatted(delivery.kind(), delivery.job(), patience.toMillis()),
                where);
    }

    void refuseIfStuck() {
        var told = stuck;
        if (told != null)
            throw new MillraceException("Nothing goes on in this test any more: " + told.getMessage(), told);
    }

    // ---- crashes

    /** From a handler: its process dies. Gives what ends its thread when the test is over; until then this does not return. */
    ProcessDied crashHere() {
        var handler = Objects.requireNonNull(handler(), "only a handler can die with its process");
        handler.process().die();
        lost.add(handler);
        return handler.standStillForGood();
    }

    /** From the test: all processes die at the same moment. */
    void crashAll() {
        for (var process : processes()) process.die();
    }

    /** The process has died: none of its handlers goes on. */
    void lost(TestProcess process) {
        for (var handler : List.copyOf(handlers)) {
            if (handler.process() != process) continue;
            handlers.remove(handler);
            if (handler.sleeps()) lost.add(handler);
        }
    }

    // ---- the end

    boolean closed() {
        return closed;
    }

    void refuseIfClosed() {
        if (closed) throw new MillraceException("This TestMillrace is closed. Open another one: TestMillrace.with(…).");
    }

    /** Nothing happens any more, and every thread ends. */
    void close() {
        closed = true;
        for (var handler : handlers) if (handler.begun()) lost.add(handler);
        handlers.clear();
        for (var handler : List.copyOf(lost)) {
            handler.leave();
            if (handler == onStage) continue; // it is stuck, and was told
            onStage = handler;
            handler.go();
            comesBack(handler, LAST_PATIENCE);
        }
        onStage = null;
    }
}
