package dev.millrace.benchmarks.contender;

/**
 * A job engine that can be measured: Millrace, or a peer. Has a public constructor without parameters, since a {@link
 * java.util.ServiceLoader} makes it.
 *
 * <p>It plays at the best settings that its own documentation advises for this load, and durably: what it says is taken survives a crash
 * of everything, as far as that is a setting of its own. The database's settings are the same for all.
 */
public interface Contender {

    /** What it is called on the command line and in reports: {@code millrace}, {@code db-scheduler}, {@code jobrunr}. */
    String name();

    /**
     * Makes its tables in the ground's schema, and whatever it needs to enqueue. Is called more than once in a process, one after the
     * other was closed, on schemas of their own: first for the warm-up.
     *
     * @throws Exception if it can't be measured here; the message says why, such as {@code no Node}, and stands in the report
     */
    Entry open(Ground ground) throws Exception;
}
