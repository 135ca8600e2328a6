package dev.millrace.benchmarks.trial;

import dev.millrace.world.World;
import java.io.PrintStream;
import java.time.Duration;

/** How a child tells its parent how far it is: lines on standard error that begin with a sign. Safe for use by many threads. */
public final class Narrator {

    /** Begins a line for people. */
    public static final String SAY = "#say ";

    /** Begins a line of progress: {@code #at done whole unit}. */
    public static final String AT = "#at ";

    /** The unit of what a node among others has run. */
    public static final String RUN = "jobs run";

    private static final Duration PAUSE = Duration.ofMillis(90);

    private final PrintStream out;
    private final World world;
    private final boolean silent;
    private long told;

    /**
     * One that tells.
     *
     * @param silent whether nothing is told, as of a warm-up
     */
    Narrator(PrintStream out, World world, boolean silent) {
        this.out = out;
        this.world = world;
        this.silent = silent;
        this.told = world.nanoTime();
    }

    synchronized void say(String line) {
        if (!silent) out.println(SAY + line.replaceAll("\\s+", " "));
    }

    /** Cheap enough for every few milliseconds. */
    synchronized void at(String unit, long done, long whole) {
        if (silent) return;
        long now = world.nanoTime();
        if (now - told < PAUSE.toNanos()) return;
        told = now;
        out.println(AT + done + " " + whole + " " + unit);
    }
}
