package dev.millrace.simulation.store;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.Place;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was asked for; the same in every delivery of a job.
 *
 * @param stream the ordinary stream it belongs to, whatever front it may stand in now; in a keyed shard its front, once it has come back
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

    Asked withPayload(Payload other) {
        return new Asked(job, queue, priority, stream, kind, kindVersion, other, headers, expiresAt, enqueuedAt);
    }

    Asked withoutExpiry() {
        return new Asked(job, queue, priority, stream, kind, kindVersion, payload, headers, null, enqueuedAt);
    }

    // ---- in line

    /** Whether it waits for others of its key. */
    boolean inLine() {
        return Line.of(headers) != null;
    }

    Asked in(int otherStream) {
        return new Asked(job, queue, priority, otherStream, kind, kindVersion, payload, headers, expiresAt, enqueuedAt);
    }

    /** It keeps the place in line that it has; if it has none, that is where this delivery stands. */
    Asked firstAt(Place place) {
        if (headers.containsKey(Line.FIRST)) return this;
        var all = new HashMap<>(headers);
        all.put(Line.FIRST, new Line.Position(place.xid(), place.seq()).text());
        return with(all);
    }

    /** It gets a place in line of its own. */
    Asked withoutFirst() {
        var all = new HashMap<>(headers);
        all.remove(Line.FIRST);
        return with(all);
    }

    private Asked with(Map<String, String> others) {
        return new Asked(
                job, queue, priority, stream, kind, kindVersion, payload, Map.copyOf(others), expiresAt, enqueuedAt);
    }
}
