package dev.millrace.benchmarks.trial;

import dev.millrace.benchmarks.contender.Entry;
import java.time.Duration;
import java.util.function.LongSupplier;

/** Steps that several trials share. Each ends when its time is over, and says how much was done by then. */
final class Work {

    /** Jobs of one call, so that a person sees something move, and a slow contender is stopped in time. */
    private static final long SLICE = 100_000;

    private static final Duration LOOK = Duration.ofMillis(5);

    private final Stage stage;

    Work(Stage stage) {
        this.stage = stage;
    }

    /** Enqueues in bulk. Returns how many were taken. */
    long fill(Entry entry, long jobs) throws Exception {
        long began = stage.world().nanoTime();
        long taken = 0;
        while (taken < jobs && !stage.over(began)) {
            long slice = Math.min(SLICE, jobs - taken);
            long more = entry.enqueueMany(taken, slice, () -> stage.over(began));
            taken += more;
            stage.narrator().at("jobs enqueued", taken, jobs);
            if (more < slice) break;
        }
        return taken;
    }

    /**
     * Waits until everything is done.
     *
     * @param handled how many handlers were called
     * @return how many are done, as the database knows
     */
    long drain(Entry entry, long taken, LongSupplier handled) throws Exception {
        long began = stage.world().nanoTime();
        while (!stage.over(began)) {
            long seen = handled.getAsLong();
            stage.narrator().at("jobs run", Math.min(seen, taken), taken);
            if (seen < taken) {
                stage.rest(LOOK);
                continue;
            }
            if (entry.unfinished() == 0) return taken;
            stage.rest(LOOK);
        }
        return taken - Math.min(taken, entry.unfinished());
    }
}
