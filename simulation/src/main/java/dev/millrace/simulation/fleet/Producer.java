package dev.millrace.simulation.fleet;

import dev.millrace.store.Storage;
import java.time.Duration;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/** A process without a node: it is never cut off, killed or frozen by itself, but its line is like any other. */
public final class Producer implements Client {

    private final Fleet fleet;

    private Producer(Fleet fleet) {
        this.fleet = fleet;
    }

    /** The store as a producer reaches it. */
    public static Storage reaches(Fleet fleet, RandomGenerator random) {
        var self = new Producer(fleet);
        var line = new Line(fleet.timeline(), fleet.weather(), fleet.trace(), self, random, false);
        return new Wire(fleet.store(), line, self, UnaryOperator.identity());
    }

    @Override
    public String name() {
        return "a producer";
    }

    @Override
    public void awake() {}

    @Override
    public boolean cutOff() {
        return false;
    }

    @Override
    public boolean mortal() {
        return false;
    }

    /** A producer that dies has acknowledged nothing: what it was told no longer matters to anybody. */
    @Override
    public void die(String how) {
        fleet.trace().tell("a producer dies %s", how);
    }

    @Override
    public void stall(Duration time) {
        fleet.timeline().pause(time);
    }

    @Override
    public void troubled() {}
}
