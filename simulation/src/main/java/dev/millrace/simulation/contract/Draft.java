package dev.millrace.simulation.contract;

import dev.millrace.IfFailed;
import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.UniqueKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A job that a test is about to enqueue; starts as the plainest one. */
record Draft(
        String queue,
        Priority priority,
        @Nullable String spread,
        String kind,
        int version,
        String payload,
        Map<String, String> headers,
        NewJob.@Nullable Due due,
        @Nullable Duration expiresAfter,
        NewJob.@Nullable Idempotency idempotency,
        @Nullable UniqueKey unique) {

    Draft(String queue, String kind) {
        this(queue, Priority.NORMAL, "one shard", kind, 1, "{\"n\":1}", Map.of(), null, null, null, null);
    }

    Draft priority(Priority other) {
        return new Draft(queue, other, spread, kind, version, payload, headers, due, expiresAfter, idempotency, unique);
    }

    Draft spread(@Nullable String other) {
        return new Draft(
                queue, priority, other, kind, version, payload, headers, due, expiresAfter, idempotency, unique);
    }

    Draft queue(String other) {
        return new Draft(
                other, priority, spread, kind, version, payload, headers, due, expiresAfter, idempotency, unique);
    }

    Draft kind(String other) {
        return new Draft(
                queue, priority, spread, other, version, payload, headers, due, expiresAfter, idempotency, unique);
    }

    Draft version(int other) {
        return new Draft(
                queue, priority, spread, kind, other, payload, headers, due, expiresAfter, idempotency, unique);
    }

    Draft payload(String text) {
        return new Draft(queue, priority, spread, kind, version, text, headers, due, expiresAfter, idempotency, unique);
    }

    Draft headers(Map<String, String> other) {
        return new Draft(
                queue, priority, spread, kind, version, payload, other, due, expiresAfter, idempotency, unique);
    }

    Draft line(Line line) {
        return headers(line.in(headers));
    }

    Draft in(Duration delay) {
        return due(new NewJob.Due.In(delay));
    }

    Draft at(Instant moment) {
        return due(new NewJob.Due.At(moment));
    }

    /** Runs after these, and is cancelled if one of them failed. */
    Draft after(JobId... jobs) {
        return after(IfFailed.CANCEL, jobs);
    }

    /** With a time said before, which it waits for besides. */
    Draft after(IfFailed ifFailed, JobId... jobs) {
        return due(new NewJob.Due.After(List.of(jobs), ifFailed, due));
    }

    private Draft due(NewJob.Due other) {
        return new Draft(
                queue, priority, spread, kind, version, payload, headers, other, expiresAfter, idempotency, unique);
    }

    Draft expiresAfter(Duration time) {
        return new Draft(queue, priority, spread, kind, version, payload, headers, due, time, idempotency, unique);
    }

    Draft idempotent(String key, String request) {
        return new Draft(
                queue,
                priority,
                spread,
                kind,
                version,
                payload,
                headers,
                due,
                expiresAfter,
                new NewJob.Idempotency(key, request),
                unique);
    }

    Draft unique(String key, UniqueKey.Policy policy) {
        return new Draft(
                queue,
                priority,
                spread,
                kind,
                version,
                payload,
                headers,
                due,
                expiresAfter,
                idempotency,
                new UniqueKey(key, policy));
    }

    NewJob job(JobId id) {
        return new NewJob(
                id,
                queue,
                priority,
                spread,
                kind,
                version,
                new Payload.Text(payload),
                headers,
                due,
                expiresAfter,
                idempotency,
                unique);
    }
}
