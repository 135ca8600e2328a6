package dev.millrace.memory;

import dev.millrace.State;
import dev.millrace.store.Ending.Parking;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Where a job stands: in the log, at a timer, or parked. */
sealed interface Standing permits Row, Standing.Timer, Standing.Parked {

    KeptJob job();

    /** The delivery that it is, or that it becomes when its wait is over. */
    Turn turn();

    /** Waits for a time, scheduled or retryable. Its number keeps the order among timers of one moment. */
    record Timer(
            KeptJob job,
            Turn turn,
            Instant runAt,
            long number,
            State state,
            @Nullable String reason) implements Standing {}

    /** Waits for a node that can run it. */
    record Parked(KeptJob job, Turn turn, long number, Parking parking, String detail, Instant since)
            implements Standing {}
}
