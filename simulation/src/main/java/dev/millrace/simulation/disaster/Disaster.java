package dev.millrace.simulation.disaster;

/** Something that goes wrong. */
public interface Disaster {

    /** The name under which it is chosen, in words joined by hyphens. */
    String name();

    /** Puts on the timeline what happens; called once, before time begins. Nothing of it may begin after {@code sky.time()}. */
    void plan(Sky sky);
}
