package dev.millrace.simulation.sketch;

import dev.millrace.simulation.database.Database;
import dev.millrace.simulation.database.Refusal;
import dev.millrace.simulation.database.Table;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.database.Transaction.Isolation;
import dev.millrace.simulation.time.Strand;
import dev.millrace.simulation.time.Timeline;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A model of the statements of some steps, not production code: what all sketches share. It is played from a seed, on the simulated database
 * and in virtual time. Others run between any two statements. There a node dies, with what it had not committed, or stands still, for up to
 * two leases, and goes on as a zombie; a commit's answer is lost, whether it was carried out, was not, or will be later. A node that others
 * have not heard of for a lease is deposed, and what it held is taken back; another one is born for each that dies.
 *
 * <p>A node has one life here: what in the engine is its epoch is its number.
 */
abstract class Sketch {

    private static final Duration LEASE = Duration.ofSeconds(10);

    private static final int NODES = 3;
    private static final int DISASTERS = 4;
    private static final Duration BIRTH = Duration.ofSeconds(1);

    /** What becomes of a node: it is deposed when it is silent, and gone when nothing that it held is open. */
    enum State {
        ALIVE,
        DEPOSED,
        GONE
    }

    /** A node in its loop. */
    interface Node {
        /**
         * Does a little.
         *
         * @return how long to rest
         */
        Duration turn();
    }

    /** Steps of a node share it; who deposes the node takes it alone. */
    private record NodeLock(int node) {}

    final SplittableRandom random;
    final Timeline timeline = new Timeline();
    final Database database = new Database(timeline, this::gap);
    private final Table<Integer, State> nodes = table("node");
    private final Map<Integer, Long> beats = new TreeMap<>();
    private final Set<Strand> mortals = new HashSet<>();
    private final Set<Integer> dead = new HashSet<>();
    private final Duration length;
    private int disasters = DISASTERS;
    private int born;
    private long number;
    private @Nullable String broken;

    /** @param length how long it is played, unless it is over before */
    Sketch(long seed, Duration length) {
        this.length = length;
        random = new SplittableRandom(seed);
    }

    final <K extends Comparable<K>, R> Table<K, R> table(String name) {
        return new Table<>(database, name, Comparator.naturalOrder());
    }

    // ---- what a sketch says

    /** What is there before anybody runs, and who runs beside the nodes. */
    abstract void begin();

    abstract Node node(int number);

    /**
     * Takes back some of what a deposed node held.
     *
     * @return whether that was all
     */
    abstract boolean rescue(Transaction tx, int by, int dead);

    /** Whether nothing can happen any more that breaks a promise. */
    boolean over() {
        return false;
    }

    /** Looks whether what was promised has come. */
    abstract void end();

    // ---- playing

    /** Plays it to its end, on a thread of its own. Answers how a promise was broken; null if none was. */
    final @Nullable String play() {
        return CompletableFuture.supplyAsync(this::played, Thread::startVirtualThread)
                .join();
    }

    private @Nullable String played() {
        begin();
        for (int i = 0; i < NODES; i++) bear();
        try {
            while (broken == null && !over() && timeline.now() < length.toNanos())
                timeline.passUntil(timeline.now() + Duration.ofSeconds(1).toNanos());
            if (broken == null && database.deadlocks() > 0) broken("steps waited for each other in a circle");
            if (broken == null) end();
        } finally {
            timeline.endAll();
        }
        return broken;
    }

    final void broken(String how) {
        if (broken == null) broken = how;
    }

    /** An identity column. */
    final long number() {
        return ++number;
    }

    final Duration millis(int most) {
        return Duration.ofNanos(random.nextLong(most * 1_000_000L));
    }

    /** Something immortal that runs beside the nodes. */
    final void beside(String name, Runnable what) {
        timeline.start(name, what);
    }

    private void bear() {
        int self = ++born;
        step(tx -> nodes.insertIfAbsent(tx, self, State.ALIVE));
        timeline.start("node " + self, () -> {
            mortals.add(Objects.requireNonNull(timeline.current()));
            try {
                live(self);
            } catch (Died | Fenced over) {
                dead.add(self);
                timeline.in(BIRTH, this::bear);
            }
        });
    }

    private void live(int self) {
        var node = node(self);
        while (true) {
            beats.put(self, timeline.now());
            timeline.pause(node.turn());
            lookAfterOthers(self);
        }
    }

    // ---- steps

    /** What ends the life of a node. */
    static final class Died extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** A step was refused, since its node has been deposed. */
    static final class Fenced extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** Whether a step was carried out is not known. */
    static final class AnswerLost extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    final <T> T step(Function<Transaction, T> statements) {
        return step(Isolation.READ_COMMITTED, statements);
    }

    /** One transaction, and its commit. */
    final <T> T step(Isolation isolation, Function<Transaction, T> statements) {
        var tx = database.begin(String.valueOf(timeline.current()), isolation);
        boolean late = false;
        try {
            var answer = statements.apply(tx);
            if (!strikes()) {
                tx.commit();
                return answer;
            }
            switch (random.nextInt(3)) {
                case 0 -> tx.commit();
                case 1 -> late = true;
                default -> {}
            }
            if (late) timeline.in(millis(5_000), () -> timeline.start("late commit", tx::commit));
            throw new AnswerLost();
        } finally {
            if (!late) tx.rollback();
        }
    }

    /** A step that changes nothing if it is repeated, until it is answered. */
    final <T> T answered(Function<Transaction, T> statements) {
        while (true) {
            try {
                return step(statements);
            } catch (AnswerLost | Refusal again) {
                timeline.pause(millis(100));
            }
        }
    }

    /** Between two statements. */
    private @Nullable Duration gap() {
        if (strikes()) {
            if (random.nextBoolean()) throw new Died();
            return millis(20_000);
        }
        return random.nextInt(3) == 0 ? millis(random.nextInt(10) == 0 ? 20 : 2) : null;
    }

    private boolean strikes() {
        if (disasters == 0 || !mortals.contains(timeline.current()) || random.nextInt(60) > 0) return false;
        disasters--;
        return true;
    }

    // ---- life and death of a node

    /** Lock, then look: two statements. */
    final void fence(Transaction tx, int node) {
        tx.statement();
        tx.lockShared(new NodeLock(node));
        tx.statement();
        if (state(tx, node) != State.ALIVE) throw new Fenced();
    }

    /** The fence in a transaction of a handler: a row lock. */
    final void fenceRow(Transaction tx, int node) {
        tx.statement();
        if (nodes.lockShared(tx, node, state -> state == State.ALIVE) == null) throw new Fenced();
    }

    final State state(Transaction tx, int node) {
        var state = nodes.get(tx, node);
        return state == null ? State.GONE : state;
    }

    /** Whether nothing is left of it that could do anything. */
    final boolean dead(int node) {
        return dead.contains(node);
    }

    /** For who checks. */
    final boolean alive(int node) {
        return nodes.committed(node) == State.ALIVE;
    }

    private void lookAfterOthers(int self) {
        long now = timeline.now();
        for (var other : new TreeMap<>(beats).entrySet()) {
            int silent = other.getKey();
            if (silent == self || now - other.getValue() < LEASE.toNanos() || nodes.committed(silent) == State.GONE)
                continue;
            try {
                step(tx -> depose(tx, self, silent));
                timeline.pause(millis(1_000));
                while (!step(tx -> rescued(tx, self, silent))) timeline.pause(millis(1_000));
            } catch (AnswerLost | Refusal later) {
                return;
            }
        }
    }

    private boolean depose(Transaction tx, int self, int silent) {
        tx.lockTimeout(Duration.ofSeconds(1));
        tx.statement();
        Stream.of(self, silent)
                .sorted()
                .forEach(
                        node -> { // in one order: two may depose each other
                            if (node == silent) tx.lock(new NodeLock(node));
                            else tx.lockShared(new NodeLock(node));
                        });
        tx.statement();
        if (state(tx, self) != State.ALIVE) throw new Fenced();
        return nodes.update(tx, silent, state -> state == State.ALIVE, alive -> State.DEPOSED) != null;
    }

    private boolean rescued(Transaction tx, int self, int dead) {
        fence(tx, self);
        if (state(tx, dead) == State.DEPOSED && !rescue(tx, self, dead)) return false;
        nodes.update(tx, dead, state -> state == State.DEPOSED, deposed -> State.GONE);
        return true;
    }
}
