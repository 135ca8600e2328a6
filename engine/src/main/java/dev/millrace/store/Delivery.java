package dev.millrace.store;

import dev.millrace.JobId;
import dev.millrace.Priority;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One row of the log: a job made available for one attempt, as its claimer reads it.
 *
 * @param token the claim it came with
 * @param run which run of the job, from 1; an operator's requeue opens a new one
 * @param no the how-manieth delivery of its run, from 1: rescues and hand-backs count here and nowhere else
 * @param attempt the attempt it is for, from 1
 * @param rescues how often it was taken back from a dead node
 * @param charged how many of its marked starts, one after the other, died young with their node
 * @param expired whether it may no longer start
 * @param cancelled whether it has been cancelled since it was appended
 * @param gone whether it has ended otherwise since: it is nothing to whoever claimed it
 */
public record Delivery(
        Place place,
        ClaimToken token,
        JobId job,
        int run,
        int no,
        int attempt,
        int rescues,
        int charged,
        String queue,
        Priority priority,
        String kind,
        int kindVersion,
        Payload payload,
        Map<String, String> headers,
        Instant enqueuedAt,
        @Nullable Instant expiresAt,
        boolean expired,
        boolean cancelled,
        boolean gone) {

    /** The header that holds the tenant. */
    public static final String TENANT = "tenant";

    /** Whose job it is; null if nobody said. */
    public @Nullable String tenant() {
        return headers.get(TENANT);
    }

    /** One that is not gone. */
    public Delivery(
            Place place,
            ClaimToken token,
            JobId job,
            int run,
            int no,
            int attempt,
            int rescues,
            int charged,
            String queue,
            Priority priority,
            String kind,
            int kindVersion,
            Payload payload,
            Map<String, String> headers,
            Instant enqueuedAt,
            @Nullable Instant expiresAt,
            boolean expired,
            boolean cancelled) {
        this(
                place,
                token,
                job,
                run,
                no,
                attempt,
                rescues,
                charged,
                queue,
                priority,
                kind,
                kindVersion,
                payload,
                headers,
                enqueuedAt,
                expiresAt,
                expired,
                cancelled,
                false);
    }
}
