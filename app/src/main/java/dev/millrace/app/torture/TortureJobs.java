package dev.millrace.app.torture;

import dev.millrace.Job;
import dev.millrace.Kind;

/** The kinds of a torture run. Their handlers are in {@link TortureNode}. */
final class TortureJobs {

    private TortureJobs() {}

    /** Takes a while and writes an effect on its own connection: it may happen again after a crash. */
    @Kind("torture-effect")
    record Effect(int n, long millis, String schema) implements Job<Integer> {}

    /** Takes a while and writes its effect in the transaction of its outcome: it happens exactly once. */
    @Kind("torture-exact")
    record Exact(int n, long millis, String schema) implements Job<Integer> {}

    /** Fails at its first attempt and does well at the second. */
    @Kind("torture-flaky")
    record Flaky(int n, long millis, String schema) implements Job<Integer> {}

    /** Fails at each of its two attempts. */
    @Kind("torture-hopeless")
    record Hopeless(int n, String schema) implements Job<Integer> {}
}
