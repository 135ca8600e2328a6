package dev.millrace;

import dev.millrace.store.Adjustment;
import dev.millrace.store.Line;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How many jobs of one queue may run at once for one key, in the whole fleet, and how many may start in a time:
 * {@code Limit.named("shop").concurrency(2).rate(100, ofMinutes(1))}. A constant; which jobs it holds for, and whose they count against, each job says:
 * {@code o -> o.limit(PER_SHOP, shop)}. Immutable. An operator may {@linkplain Operations#limit set other numbers} while everything runs.
 *
 * <p>It is kept by the node that owns the key's shard, in its memory; of a rate that lets less than one start each five seconds, also in the store. Jobs that
 * wait are not polled. Of the jobs of a key that its node has read, the one that was enqueued last says the numbers.
 *
 * <p>A rate is kept by the generic cell rate algorithm (ITU-T I.371), as a network's switch keeps it. What counts is each start: also one of a job that is tried
 * again, or was taken back from a dead node. It errs on the slow side: a node that takes a key over begins with nothing saved up.
 */
public final class Limit {

    private final String name;
    private final @Nullable Integer atOnce;
    private final @Nullable Integer count;
    private final @Nullable Duration period;
    private final @Nullable Integer burst;
    private final int weight;

    private Limit(
            String name,
            @Nullable Integer atOnce,
            @Nullable Integer count,
            @Nullable Duration period,
            @Nullable Integer burst,
            int weight) {
        this.name = name;
        this.atOnce = atOnce;
        this.count = count;
        this.period = period;
        this.burst = burst;
        this.weight = weight;
    }

    /**
     * A limit that limits nothing yet.
     *
     * @param name 1 to 63 lower-case letters, digits, dots, dashes or underscores. Limits with one name are one limit, in each queue
     */
    public static Limit named(String name) {
        return new Limit(Bounds.name("A limit", name), null, null, null, null, 1);
    }

    /**
     * How many jobs of one key may run at once.
     *
     * @param atOnce 1 to 100,000
     */
    public Limit concurrency(int atOnce) {
        return new Limit(
                name, Bounds.count("The concurrency of a limit", atOnce, Bounds.SLOTS), count, period, burst, weight);
    }

    /**
     * How many jobs of one key may start in a time, evenly spread: {@code rate(100, ofMinutes(1))} lets one start each 600 ms, and so no more than 100 in a
     * minute, wherever the minute begins. Starts that are late, since nothing is ever to the moment, are made up for as far as 50 ms: so many more may come in one period.
     *
     * @param count 1 to 100,000
     * @param period 1 ms to 31 days
     * @see #burst for some at once
     */
    public Limit rate(int count, Duration period) {
        return new Limit(
                name,
                atOnce,
                Bounds.count("The count of a rate", count, Bounds.SLOTS),
                Bounds.span("The period of a rate", period, Bounds.PERIOD),
                burst,
                weight);
    }

    /**
     * How many may start at once after a pause; the rate makes up for them one by one. In one period there are no more than the rate's count and the burst
     * together, less one, but for what is late.
     *
     * @param starts 1, if nothing else is said, to 100,000; what it takes the rate to make up for all of them is at most 31 days
     */
    public Limit burst(int starts) {
        return new Limit(
                name, atOnce, count, period, Bounds.count("The burst of a limit", starts, Bounds.SLOTS), weight);
    }

    /**
     * The same limit for a job that takes more of its rate than one: {@code o.limit(PER_SHOP.weight(5), shop)} for a call that costs five. It is not counted
     * otherwise by {@link #concurrency}.
     *
     * @param weight 1, if nothing else is said, to the {@link #burst}
     */
    public Limit weight(int weight) {
        return new Limit(name, atOnce, count, period, burst, Bounds.count("The weight of a job", weight, Bounds.SLOTS));
    }

    /** As it travels with a job. */
    Line.Limited of(String key) {
        if (atOnce == null && count == null)
            throw new MillraceException(
                    "The limit %s limits nothing. Say how many may run at once, Limit.named(\"%s\").concurrency(2), or start in a time, .rate(100, ofMinutes(1))."
                            .formatted(name, name));
        return new Line.Limited(name, atOnce == null ? Bounds.SLOTS : atOnce, key, rated());
    }

    /** As an operator sets it over what jobs say. */
    Adjustment adjustment() {
        if (atOnce == null && count == null)
            throw new MillraceException(
                    "Nothing is said of the limit %s. Say how many may run at once, limit -> limit.concurrency(5), or start in a time, .rate(200, ofMinutes(1)). To have the numbers of your code again there is resetLimit(\"%s\", …); to let nothing run, pause(Scope.limit(\"%s\"), …)."
                            .formatted(name, name, name));
        if (weight > 1)
            throw new MillraceException(
                    "The weight of a job is its own: it can't be set for the limit %s. Leave it out; set another rate or another burst."
                            .formatted(name));
        var rated = rated();
        return new Adjustment(Adjustment.Of.LIMIT, name, atOnce, rated == null ? null : rated.rate());
    }

    private Line.@Nullable Rated rated() {
        if (count == null || period == null) {
            if (burst != null || weight > 1)
                throw new MillraceException(
                        "The limit %s has %s and no rate to take it from. Say the rate too: .rate(100, ofMinutes(1))."
                                .formatted(name, burst != null ? "a burst" : "a weight"));
            return null;
        }
        var rate = new Line.Rate(count, Duration.ofMillis(period.toMillis()), burst == null ? 1 : burst);
        if (rate.intervalNanos() > Bounds.PERIOD.toNanos() / rate.burst())
            throw new MillraceException(
                    "The limit %s can't let %,d start at once: it would take the rate of %s longer than %s to make up for them. Choose a smaller burst."
                            .formatted(name, rate.burst(), rateText(), Words.duration(Bounds.PERIOD)));
        if (weight > rate.burst())
            throw new MillraceException(
                    "A job of weight %,d can never start under the limit %s, which lets %,d start at once. Give it a burst of that size: .burst(%d)."
                            .formatted(weight, name, rate.burst(), weight));
        return new Line.Rated(rate, weight);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Limit limit
                && name.equals(limit.name)
                && Objects.equals(atOnce, limit.atOnce)
                && Objects.equals(count, limit.count)
                && Objects.equals(period, limit.period)
                && Objects.equals(burst, limit.burst)
                && weight == limit.weight;
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, atOnce, count, period, burst, weight);
    }

    /** For people. */
    @Override
    public String toString() {
        var said = new ArrayList<String>();
        said.add(name);
        if (atOnce != null) said.add(atOnce + " at once");
        if (count != null) said.add(rateText());
        if (burst != null) said.add("a burst of " + burst);
        if (weight > 1) said.add("weight " + weight);
        return String.join(", ", said);
    }

    private String rateText() {
        return period == null ? "" : count + " in " + Words.duration(period);
    }
}
