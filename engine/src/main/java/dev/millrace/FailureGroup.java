package dev.millrace;

import java.time.Instant;
import java.util.List;
import java.util.TreeSet;

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
        String fingerprint, String type, String message, long jobs, List<String> kinds, JobId newest, Instant at) {

    /** Both, of the same fingerprint. */
    FailureGroup with(FailureGroup other) {
        var later = other.at.isAfter(at) ? other : this;
        var all = new TreeSet<>(kinds);
        all.addAll(other.kinds);
        return new FailureGroup(
                fingerprint, later.type, later.message, jobs + other.jobs, List.copyOf(all), later.newest, later.at);
    }
}
