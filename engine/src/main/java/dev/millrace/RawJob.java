package dev.millrace;

import dev.millrace.store.Delivery;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A job as a {@link RawHandler} gets it. One object for each attempt, which is equal to itself only.
 *
 * <p>Immutable.
 */
public final class RawJob {

    private final Delivery delivery;
    private final String payload;

    RawJob(Delivery delivery, String payload) {
        this.delivery = delivery;
        this.payload = payload;
    }

    /** Its id. */
    public JobId id() {
        return delivery.job();
    }

    /** The wire name of its kind. */
    public String kind() {
        return delivery.kind();
    }

    /** The version of its payload, one of those that the handler said it understands. */
    public int version() {
        return delivery.kindVersion();
    }

    /** The queue it was in. */
    public String queue() {
        return delivery.queue();
    }

    /** Which run of the job it is, from 1; an operator's requeue begins a new one. */
    public int run() {
        return delivery.run();
    }

    /** The how-manieth delivery of its run it is, from 1: attempts, snoozes, and what was taken over or given back count. The first has no checkpoint. */
    public int delivery() {
        return delivery.no();
    }

    /** What was asked for, as the store's codec wrote it, decrypted if it was encrypted: JSON, unless the store was given another codec. */
    public String payload() {
        return payload;
    }

    /** When it was enqueued, by the store's clock. */
    public Instant enqueuedAt() {
        return delivery.enqueuedAt();
    }

    /** After this it would not have been started any more; null if it does not expire. */
    public @Nullable Instant expiresAt() {
        return delivery.expiresAt();
    }

    /** Whose job it is; null if nobody's in particular. */
    public @Nullable String tenant() {
        return delivery.headers().get(JobOptions.TENANT);
    }

    /** The words to find it by. */
    public List<String> tags() {
        var tags = delivery.headers().get(JobOptions.TAGS);
        return tags == null ? List.of() : Arrays.asList(tags.split(","));
    }

    /** What travels with it, by name; without tenant, tags, and what the engine keeps there for itself. */
    public Map<String, String> headers() {
        var own = new TreeMap<>(delivery.headers());
        own.remove(JobOptions.TENANT);
        own.remove(JobOptions.TAGS);
        own.keySet().removeIf(name -> name.startsWith(":"));
        return Map.copyOf(own);
    }

    /** For people: the kind and the id. */
    @Override
    public String toString() {
        return kind() + " " + id();
    }
}
