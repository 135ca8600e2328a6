package dev.millrace.app.embedded;

import java.time.Duration;

/** A limit on how long something may take, on the monotonic clock. */
final class Deadline {

    private final Time time;
    private final long start;
    private final Duration limit;

    private Deadline(Time time, Duration limit) {
        this.time = time;
        this.start = time.nanoTime();
        this.limit = limit;
    }

    static Deadline in(Duration limit, Time time) {
        return new Deadline(time, limit);
    }

    boolean passed() {
        return time.nanoTime() - start >= limit.toNanos();
    }

    /** Sleeps, unless the limit has passed; false means that it has. */
    boolean sleep(Duration pause) throws InterruptedException {
        if (passed()) {
            return false;
        }
        time.sleep(pause);
        return true;
    }
}
