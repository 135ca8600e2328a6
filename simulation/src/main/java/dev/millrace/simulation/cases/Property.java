package dev.millrace.simulation.cases;

/** What must hold for a case. */
@FunctionalInterface
public interface Property<T> {

    /** Returns if it holds, and throws if it does not. */
    void check(T drawn) throws Exception;
}
