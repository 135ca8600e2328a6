package dev.millrace.simulation.cases;

/**
 * Makes a case of choices. Equal choices make equal cases: whatever varies is drawn, nothing is remembered. What is named first, and
 * what is smaller, is held to be simpler.
 */
@FunctionalInterface
public interface Draw<T> {

    /** The case of these choices. */
    T from(Choices choices);
}
