package dev.millrace.node;

import dev.millrace.store.StoreException;
import dev.millrace.world.World;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A loop with its name, its bell and its edge: the one place where what a turn throws is handled. Somebody must turn it: a thread of
 * the shell, or the simulation.
 */
public final class Duty {

    /** Which thread turns it. Duties of one seat share it, so that a store sees one call at a time from each. */
    public enum Seat {
        /** The sign of life, alone, so that nothing can delay it. */
        BEAT,
        /** Looking, claiming, reading. */
        CLAIM,
        /** Starting handlers; no storage. */
        START,
        /** Writing outcomes. */
        FLUSH,
        /** Deadlines; no storage. */
        WATCH,
        /** Watching over the other nodes: to depose one may take seconds. */
        RESCUE,
        /** Housekeeping, which may take its time. */
        KEEP,
        /** Firing schedules: it runs a user's code, which may take its time. */
        SCHEDULE,
        /** Everything else that talks to the storage. */
        DESK
    }

    /** Bounds of the rest after a turn that failed; it doubles from failure to failure, and half of it is chance. */
    static final Duration FIRST_BACK_OFF = Duration.ofMillis(100);

    static final Duration LONGEST_BACK_OFF = Duration.ofSeconds(5);

    private final String name;
    private final Seat seat;
    private final Loop loop;
    private final Bell bell;
    private final Edge edge;
    private final World world;
    private final Duration longestBackOff;
    private int failuresInARow;

    /** Who hears of what a turn threw. */
    interface Edge {
        /** The lease is over: so is the incarnation. */
        void fenced(String duty, StoreException.Fenced fenced);

        /** Any other failure; the duty goes on after the rest. */
        void failed(String duty, Throwable failure, int inARow, Duration rest);
    }

    Duty(String name, Seat seat, Loop loop, Bell bell, Edge edge, World world, Duration longestBackOff) {
        this.name = name;
        this.seat = seat;
        this.loop = loop;
        this.bell = bell;
        this.edge = edge;
        this.world = world;
        this.longestBackOff = longestBackOff;
    }

    public String name() {
        return name;
    }

    public Seat seat() {
        return seat;
    }

    public Bell bell() {
        return bell;
    }

    /** Whether the bell may end the current rest: after a failure it may not, or a busy bell would undo the back-off. */
    public boolean wakes() {
        return failuresInARow == 0 && bell.rung();
    }

    /**
     * One turn. Returns how long to rest, or null if the incarnation is over and the loop must not be turned again.
     *
     * @throws InterruptedException if the turner is told to stop
     */
    public @Nullable Duration turn() throws InterruptedException {
        bell.clear();
        try {
            var rest = loop.turn();
            failuresInARow = 0;
            return rest;
        } catch (StoreException.Fenced fenced) {
            edge.fenced(name, fenced);
            return null;
        } catch (RuntimeException | Error failure) {
            failuresInARow++;
            var rest = backOff();
            edge.failed(name, failure, failuresInARow, rest);
            return rest;
        }
    }

    private Duration backOff() {
        long ceiling = longestBackOff.toNanos();
        long full = failuresInARow > 16 ? ceiling : Math.min(ceiling, FIRST_BACK_OFF.toNanos() << (failuresInARow - 1));
        return Duration.ofNanos(full / 2 + world.random().nextLong(full / 2 + 1));
    }
}
