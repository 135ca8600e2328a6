package dev.millrace.app.torture;

import dev.millrace.world.World;

/** Milliseconds since a run began, on the monotonic clock; and what the database's clock says then. */
final class RunClock {

    private final World world;
    private final long began;
    private volatile long databaseAhead;

    RunClock(World world) {
        this.world = world;
        this.began = world.nanoTime();
    }

    /** The monotonic clock at its zero, for who reads traces. */
    long beganNanos() {
        return began;
    }

    long now() {
        return ofNanos(world.nanoTime());
    }

    /** When the monotonic clock showed this. */
    long ofNanos(long nanos) {
        return (nanos - began) / 1_000_000;
    }

    /** The database's clock showed this at that moment. */
    void databaseShowed(long epochMillis, long then) {
        databaseAhead = epochMillis - then;
    }

    /** When it was, by the database's clock. */
    long ofDatabase(long epochMillis) {
        return epochMillis - databaseAhead;
    }

    /** What the database's clock showed then. */
    long toDatabase(long then) {
        return then + databaseAhead;
    }
}
