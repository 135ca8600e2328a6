package dev.millrace.app.cli;

import dev.millrace.JobView;
import java.time.Instant;

/** What is worth saying of a job in a few words. */
final class Notes {

    private Notes() {}

    static String of(JobView job, Instant now) {
        var failure = job.failure();
        var progress = job.progress();
        var runAt = job.runAt();
        var reason = job.reason();
        return switch (job.state()) {
            case SCHEDULED ->
                runAt == null ? (reason == null ? "follows a batch" : reason) : "runs " + Times.distance(runAt, now);
            case RETRYABLE ->
                (runAt == null ? "" : "again " + Times.distance(runAt, now) + "; ")
                        + (failure == null ? "" : failure.message());
            case RUNNING ->
                progress == null || progress.total() <= 0
                        ? ""
                        : "%d of %d".formatted(progress.done(), progress.total());
            case DISCARDED, CANCELLED -> reason != null ? reason : failure == null ? "" : failure.message();
            case AVAILABLE -> reason == null ? "" : reason;
            case COMPLETED -> "";
        };
    }
}
