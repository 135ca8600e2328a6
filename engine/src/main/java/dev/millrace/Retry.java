package dev.millrace;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * How exceptions become outcomes: how often a job is tried, how long it rests between, and which exceptions mean something else.
 * Immutable; each method gives a changed copy.
 *
 * <p>Rules go by the closest class, whatever the order in which they were added, and look through causes: of all rules and all
 * exceptions in the chain of causes, the pair wins that has the fewest steps of inheritance between; of equals, the one nearest to what
 * was thrown. A {@code CompletionException} around a {@code TooManyRequests} is thus judged as what it carries.
 */
public final class Retry {

    /**
     * For a kind that says nothing: within 2 s at first, doubling up to an hour, 15 attempts. On average that spans two hours, at most
     * four: a deployment, a failover or an expired certificate of something the job depends on passes, and what never can succeed is on
     * an operator's page the same day.
     */
    public static final Retry DEFAULT =
            exponential(Duration.ofSeconds(2)).atMost(Duration.ofHours(1)).attempts(15);

    private static final int CAUSES_LOOKED_THROUGH = 32;

    private final Duration base;
    private final boolean doubling;
    private final Duration atMost;
    private final int attempts;
    private final List<Rule<?>> rules;

    private Retry(Duration base, boolean doubling, Duration atMost, int attempts, List<Rule<?>> rules) {
        this.base = base;
        this.doubling = doubling;
        this.atMost = atMost;
        this.attempts = attempts;
        this.rules = rules;
    }

    /**
     * Rests for a random time that is at most {@code base} at first, and at most twice as long each time: full jitter, so that jobs
     * which failed together do not come back together. At most an hour and 15 attempts, unless you say otherwise.
     */
    public static Retry exponential(Duration base) {
        Bounds.span("A first back-off", base, Bounds.DELAY);
        var anHour = Duration.ofHours(1);
        return new Retry(base, true, base.compareTo(anHour) > 0 ? base : anHour, 15, List.of());
    }

    /** Rests for this time, and up to a tenth of it longer. 15 attempts, unless you say otherwise. */
    public static Retry fixed(Duration rest) {
        Bounds.span("A back-off", rest, Bounds.DELAY);
        return new Retry(rest, false, withTenth(rest), 15, List.of());
    }

    /** One attempt. A crash of the node still leads to another start: at least once. */
    public static Retry none() {
        return fixed(Duration.ofSeconds(1)).attempts(1);
    }

    /**
     * The longest rest, chance included: a fixed one that could exceed it by its tenth becomes shorter.
     *
     * @param rest not shorter than the first rest
     */
    public Retry atMost(Duration rest) {
        Bounds.span("A longest back-off", rest, Bounds.DELAY);
        if (rest.compareTo(base) < 0)
            throw new MillraceException(
                    "A job can't rest for %s at first and for %s at most: the longest back-off is not shorter than the first. Say atMost(%1$s) or more, or begin with %2$s."
                            .formatted(Words.duration(base), Words.duration(rest)));
        return new Retry(base, doubling, rest, attempts, rules);
    }

    /** How many attempts there are, the first included. After the last one the job is discarded. */
    public Retry attempts(int attempts) {
        Bounds.count("The number of attempts", attempts, Bounds.ATTEMPTS);
        return new Retry(base, doubling, atMost, attempts, rules);
    }

    /**
     * What an exception of this class means. {@code Outcome.retry(delay, …)} rests as long as a server asked for ({@code Retry-After})
     * instead of the back-off, and counts as an attempt. A second rule for the same class replaces the first.
     */
    public <E extends Throwable> Retry on(Class<E> type, Function<? super E, Outcome<?>> decide) {
        return with(new Rule<>(type, decide));
    }

    /** An exception of this class is never worth another attempt: the job is discarded. */
    public Retry never(Class<? extends Throwable> type) {
        return with(new Rule<>(type, null));
    }

    private Retry with(Rule<?> rule) {
        var more = new ArrayList<>(rules);
        more.removeIf(old -> old.type.equals(rule.type));
        more.add(rule);
        return new Retry(base, doubling, atMost, attempts, List.copyOf(more));
    }

    /** What the policy says of an exception. */
    sealed interface Verdict {
        /** Nothing in particular: another attempt after the back-off. */
        record BackOff() implements Verdict {}

        /** Not worth another attempt. */
        record Never() implements Verdict {}

        /** What a rule decided. */
        record Decided(Outcome<?> outcome) implements Verdict {}
    }

    /** Judges an exception. An exception thrown by a rule is the rule's, and is thrown on. */
    Verdict judge(Throwable thrown) {
        Rule<?> closest = null;
        Throwable fitting = thrown;
        int fewest = Integer.MAX_VALUE;
        Throwable at = thrown;
        for (int depth = 0; at != null && depth < CAUSES_LOOKED_THROUGH; depth++, at = at.getCause()) {
            for (var rule : rules) {
                int steps = rule.steps(at.getClass());
                if (steps >= fewest) continue;
                // A rule that fitted further out keeps what it fitted there: it is the same rule.
                if (!rule.equals(closest)) fitting = at;
                closest = rule;
                fewest = steps;
            }
        }
        return closest == null ? new Verdict.BackOff() : closest.judge(fitting);
    }

    /** Whether another attempt follows the one with this number. */
    boolean grantsAnother(int attempt) {
        return attempt < attempts;
    }

    /** The rest after the attempt with this number, from 1. */
    Duration backOff(int attempt, RandomGenerator random) {
        if (!doubling) return spread(withTenth(base).compareTo(atMost) <= 0 ? base : withoutTenth(atMost), random);
        var most = atMost;
        int doublings = attempt - 1;
        if (doublings < 40 && base.compareTo(atMost.dividedBy(1L << doublings)) < 0)
            most = base.multipliedBy(1L << doublings);
        return Duration.ofMillis(random.nextLong(1, Math.max(2, most.toMillis() + 1)));
    }

    private static Duration withTenth(Duration rest) {
        return rest.plus(rest.dividedBy(10));
    }

    /** What has this as its longest when it is spread. */
    private static Duration withoutTenth(Duration longest) {
        var rest = longest.multipliedBy(10).dividedBy(11);
        var shortest = Duration.ofMillis(1);
        return rest.compareTo(shortest) < 0 ? shortest : rest;
    }

    /** This delay, or up to a tenth longer. */
    static Duration spread(Duration delay, RandomGenerator random) {
        return delay.plusMillis(random.nextLong(delay.toMillis() / 10 + 1));
    }

    /** The rest after the attempt with this number, if another one follows. */
    Optional<Duration> next(int attempt, RandomGenerator random) {
        return grantsAnother(attempt) ? Optional.of(backOff(attempt, random)) : Optional.empty();
    }

    @Override
    public String toString() {
        return attempts == 1
                ? "one attempt"
                : "%d attempts, %s %s, at most %s"
                        .formatted(
                                attempts,
                                doubling ? "exponential from" : "fixed",
                                Words.duration(base),
                                Words.duration(atMost));
    }

    private record Rule<E extends Throwable>(
            Class<E> type, @Nullable Function<? super E, Outcome<?>> decide) {

        /** How many steps of inheritance lie between, or more than there can be if it does not fit. */
        int steps(Class<?> thrown) {
            int steps = 0;
            for (Class<?> at = thrown; at != null; at = at.getSuperclass(), steps++) if (at.equals(type)) return steps;
            return Integer.MAX_VALUE;
        }

        Verdict judge(Throwable thrown) {
            return decide == null ? new Verdict.Never() : new Verdict.Decided(decide.apply(type.cast(thrown)));
        }
    }
}
