package dev.millrace;

import java.io.Serial;
import java.time.Duration;
import java.time.Instant;

/**
 * The job has completed, and its result was to be kept for a time only ({@link KindBuilder#keepResult}), which is over. Nobody gets it any more; that the job
 * has completed stays known as long as any job.
 */
public final class ResultExpired extends MillraceException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final Duration kept;
    private final Instant until;

    ResultExpired(JobId job, ShortLived result) {
        super(
                "Job %s has completed, and its result is gone: it was kept for %s, until %s. Ask sooner; let the kind keep its results longer, keepResult(…); or enqueue the job again."
                        .formatted(job, Words.duration(result.kept()), result.until()));
        this.kept = result.kept();
        this.until = result.until();
    }

    /** For how long it was kept. */
    public Duration kept() {
        return kept;
    }

    /** Since when it is gone. */
    public Instant until() {
        return until;
    }
}
