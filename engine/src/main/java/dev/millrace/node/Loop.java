package dev.millrace.node;

import java.time.Duration;

/** A background activity, one bounded turn at a time. */
public interface Loop {

    /** Does a bounded piece of work, and returns how long to rest before the next one; zero if there may be more. */
    Duration turn() throws InterruptedException;
}
