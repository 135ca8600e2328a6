package dev.millrace;

import java.time.Instant;
import java.util.List;

/**
 * Jobs whose last failure came from one place in the code. Immutable.
 *
 * @param fingerprint of the failure; to select its jobs: {@code f -> f.fingerprint(…)}
 * @param type the class of the exception, or a word of the engine
 * @param message what the newest of them said
 * @param jobs how many jobs failed so last
 * @param kinds the kinds of these jobs, by name
 * @param newest the one that failed last
 * @param at when that ended; of one that waits for another attempt, when it was enqueued
 */
public record FailureGroup(
        String fingerprint, String type, String message, long jobs, List<String> kinds, JobId newest, Instant at) {}
