package dev.millrace.store;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.store.NewJob.Due;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What all jobs of a schedule have that was set at run time; already validated. What tells one from another (its id, the headers that name its slot,
 * its delay) comes with each. As in {@link NewJob}, of which it is a part.
 */
public record JobTemplate(
        String queue,
        Priority priority,
        @Nullable String spread,
        String kind,
        int kindVersion,
        Payload payload,
        Map<String, String> headers,
        @Nullable Duration expiresAfter,
        @Nullable UniqueKey unique) {

    /** The same with another payload. */
    public JobTemplate with(Payload other) {
        return new JobTemplate(queue, priority, spread, kind, kindVersion, other, headers, expiresAfter, unique);
    }

    /** A job of it. */
    public NewJob job(JobId id, Map<String, String> allHeaders, @Nullable Due due) {
        return new NewJob(
                id, queue, priority, spread, kind, kindVersion, payload, allHeaders, due, expiresAfter, null, unique);
    }
}
