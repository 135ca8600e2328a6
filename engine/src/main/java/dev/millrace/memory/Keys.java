package dev.millrace.memory;

import dev.millrace.JobId;
import dev.millrace.KeyTaken;
import dev.millrace.store.NewJob;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Idempotency keys and what they stand for. Guarded by the lock of {@link Memory}. */
final class Keys {

    /** Those kept first come first. */
    private final Map<String, Key> keys = new LinkedHashMap<>();

    private record Key(String request, JobId job, Instant at) {}

    /**
     * The job that this one's key stands for; null if it has no key, or one that stands for none.
     *
     * @param life how long a key stands for its job, as the opener says: of several openers the one that says least forgets it
     */
    @Nullable
    JobId find(NewJob job, Instant now, Duration life) {
        forgetOld(now.minus(life));
        var asked = job.idempotency();
        var known = asked == null ? null : keys.get(asked.key());
        if (asked == null || known == null) return null;
        if (asked.isFor(known.request())) return known.job();
        throw new KeyTaken(
                known.job(), """
                The idempotency key "%s" stands for job %s with the request %s. Now it came with job %s and another request, %s. \
                Nothing was enqueued. Use a new key for a new request.""".formatted(asked.key(), known.job(), known.request(), job.id(), asked.request()));
    }

    /** @param stands which job it stands for: another one if that has its unique key */
    void keep(NewJob job, JobId stands, Instant now) {
        var asked = job.idempotency();
        if (asked != null) keys.put(asked.key(), new Key(asked.request(), stands, now));
    }

    private void forgetOld(Instant upTo) {
        var oldest = keys.values().iterator();
        while (oldest.hasNext() && !oldest.next().at().isAfter(upTo)) oldest.remove();
    }
}
