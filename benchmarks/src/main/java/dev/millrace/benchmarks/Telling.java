package dev.millrace.benchmarks;

/** How a measurement speaks with who waits for it. Called by one thread. */
public interface Telling {

    /** A line about what happens. */
    void say(String line);

    /** How far something is; may be called often. */
    void show(String unit, long done, long whole);

    /** Whether somebody asked for the end. */
    boolean stopAsked();

    /** Ends the measurement if somebody asked for its end. */
    default void stopIfAsked() {
        if (stopAsked()) throw new Stopped();
    }
}
