package dev.millrace.simulation.store;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was asked for; the same in every delivery of a job.
 *
 * @param stream the ordinary stream it belongs to, whatever front it may stand in now
 */
record Asked(
        JobId job,
        String queue,
        Priority priority,
        int stream,
        String kind,
        int kindVersion,
        Payload payload,
        Map<String, String> headers,
        @Nullable Instant expiresAt,
        Instant enqueuedAt) {

    static Asked of(NewJob job, int stream, Instant now) {
        return new Asked(
                job.id(),
                job.queue(),
                job.priority(),
                stream,
                job.kind(),
                job.kindVersion(),
                job.payload(),
                Map.copyOf(job.headers()),
                job.expiresAfter() == null ? null : now.plus(job.expiresAfter()),
                now);
    }

    /** This job, asking for what another one asks for. */
    Asked become(Asked other) {
        return new Asked(
                job,
                other.queue,
                other.priority,
                other.stream,
                other.kind,
                other.kindVersion,
                other.payload,
                other.headers,
                other.expiresAt,
                enqueuedAt);
    }

    boolean expired(Instant now) {
        return expiresAt != null && !expiresAt.isAfter(now);
    }

    Asked withPriority(Priority other, int itsStream) {
        return new Asked(job, queue, other, itsStream, kind, kindVersion, payload, headers, expiresAt, enqueuedAt);
    }

    Asked withoutExpiry() {
        return new Asked(job, queue, priority, stream, kind, kindVersion, payload, headers, null, enqueuedAt);
    }
}
