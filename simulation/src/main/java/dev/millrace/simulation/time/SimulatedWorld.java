package dev.millrace.simulation.time;

import dev.millrace.world.World;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/**
 * One node's view of the world: the timeline seen through a clock that was set wrong and runs a little fast or slow, and chance from
 * the seed. Nobody sleeps here: loops say how long they rest.
 */
public final class SimulatedWorld implements World {

    private static final Instant START = Instant.parse("2027-01-01T00:00:00Z");

    private final Timeline timeline;
    private final RandomGenerator random;
    private final double pace;
    private Duration wrongBy;
    private boolean setBack;

    public SimulatedWorld(Timeline timeline, RandomGenerator random, Duration wrongBy, double pace) {
        this.timeline = timeline;
        this.random = random;
        this.wrongBy = wrongBy;
        this.pace = pace;
    }

    @Override
    public Instant now() {
        return START.plus(wrongBy).plusNanos(nanoTime());
    }

    /** Somebody sets the wall clock: forward, or back. */
    public void jump(Duration by) {
        wrongBy = wrongBy.plus(by);
        setBack |= by.isNegative();
    }

    /** Whether anybody has ever set the wall clock back. */
    public boolean wasSetBack() {
        return setBack;
    }

    @Override
    public long nanoTime() {
        return (long) (timeline.now() * pace);
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    @Override
    public void sleep(Duration duration) {
        throw new UnsupportedOperationException("nobody sleeps in a simulation: loops return how long they rest");
    }
}
