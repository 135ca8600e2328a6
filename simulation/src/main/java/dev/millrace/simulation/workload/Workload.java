package dev.millrace.simulation.workload;

/** Something that producers or operators do. */
public interface Workload {

    /** The name under which it is chosen, in words joined by hyphens. */
    String name();

    /** Puts on the timeline what it does; called once, before time begins. What must hold afterwards it tells {@code on.intended()}. */
    void plan(Office on);
}
