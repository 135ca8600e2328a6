package dev.millrace;

import dev.millrace.store.Line;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How many jobs of one queue may run at once for one key, in the whole fleet: {@code Limit.named("shop").concurrency(2)}. A constant; which jobs it holds for, and whose they
 * count against, each job says: {@code o -> o.limit(PER_SHOP, shop)}. Immutable.
 *
 * <p>It is kept by the node that owns the key's shard, in its memory: nothing is written for it, and jobs that wait are not polled. Of the jobs of a
 * key that its node has read, the one that was enqueued last says the number.
 */
public final class Limit {

    private final String name;
    private final @Nullable Integer atOnce;

    private Limit(String name, @Nullable Integer atOnce) {
        this.name = name;
        this.atOnce = atOnce;
    }

    /**
     * A limit that limits nothing yet.
     *
     * @param name 1 to 63 lower-case letters, digits, dots, dashes or underscores. Limits with one name are one limit, in each queue
     */
    public static Limit named(String name) {
        return new Limit(Bounds.name("A limit", name), null);
    }

    /**
     * How many jobs of one key may run at once.
     *
     * @param atOnce 1 to 100,000
     */
    public Limit concurrency(int atOnce) {
        return new Limit(name, Bounds.count("The concurrency of a limit", atOnce, Bounds.SLOTS));
    }

    /** As it travels with a job. */
    Line.Limited of(String key) {
        if (atOnce == null)
            throw new MillraceException(
                    "The limit %s limits nothing. Say how many may run at once: Limit.named(\"%s\").concurrency(2)."
                            .formatted(name, name));
        return new Line.Limited(name, atOnce, key);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Limit limit && name.equals(limit.name) && Objects.equals(atOnce, limit.atOnce);
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, atOnce);
    }

    /** For people. */
    @Override
    public String toString() {
        return atOnce == null ? name : name + ", " + atOnce + " at once";
    }
}
