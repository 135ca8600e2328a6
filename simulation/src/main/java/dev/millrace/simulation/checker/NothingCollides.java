package dev.millrace.simulation.checker;

import dev.millrace.store.Records;
import java.util.Map;
import java.util.function.Supplier;

/** No steps wait for each other in a circle, and none is refused for a key that another took: the protocol's order of locks prevents it. */
public final class NothingCollides implements Checker {

    private final Supplier<Map<String, Integer>> collisions;

    /** @param collisions how often each kind has happened */
    public NothingCollides(Supplier<Map<String, Integer>> collisions) {
        this.collisions = collisions;
    }

    @Override
    public String invariant() {
        return "steps never collide";
    }

    @Override
    public void look(Records records) {
        collisions.get().forEach((kind, times) -> require(times == 0, "%s: %d times", kind, times));
    }
}
