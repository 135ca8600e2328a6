package dev.millrace.node;

import dev.millrace.LogLevel;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.Payload;
import java.sql.Connection;
import java.util.Optional;

/** A delivery that this node holds and runs, as its body sees it. Safe for use by many threads. */
public interface Held {

    /** Whether the body should stop: cancelled, past its deadline, lease lost, or the node shuts down. */
    boolean cancelled();

    /** Starts the deadline anew. */
    void heartbeat();

    /** Shown live, written at most once a second. */
    void progress(long done, long total);

    /** Whether lines of this level are kept. */
    boolean keeps(LogLevel level);

    /** A line of the job's log; bounded, written within a second. */
    void log(LogLevel level, String line);

    /** Durable when it returns. */
    void checkpoint(Payload value);

    /** Durable when the transaction commits. */
    void checkpoint(Connection tx, Payload value);

    /** The last checkpoint of this run. */
    Optional<Payload> checkpoint();

    /** The outcome, in the body's own transaction. It counts when that commits; then the body answers {@link Body.Verdict.Committed}. */
    void complete(Connection tx, Ending ending);

    /** What this node proves. */
    Lease lease();

    /** The delivery with an ending, as it would be flushed now. */
    Ended ended(Ending ending);
}
