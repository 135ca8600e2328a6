package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.simulation.cases.Cases;
import dev.millrace.simulation.cases.Choices;
import dev.millrace.store.Ending;
import dev.millrace.world.World;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Whatever a policy says: no rest is negative, too long or forgotten. Here since it needs what draws cases, which builds on the engine. */
class RetryPropertyTest {

    private static final Duration SHORTEST = Duration.ofMillis(1);

    /** A policy and what it was made of. */
    record Policy(boolean doubling, Duration base, @Nullable Duration atMost, int attempts, long seed) {

        Retry retry() {
            var retry = (doubling ? Retry.exponential(base) : Retry.fixed(base)).attempts(attempts);
            return atMost == null ? retry : retry.atMost(atMost);
        }

        RandomGenerator random() {
            return new SplittableRandom(seed);
        }
    }

    @Test
    void a_doubling_rest_lies_between_a_millisecond_and_its_ceiling() {
        Cases.forAll(1_000, RetryPropertyTest::policy, policy -> {
            if (!policy.doubling()) return;
            var random = policy.random();
            var last = policy.atMost() != null ? policy.atMost() : longer(policy.base(), Duration.ofHours(1));
            for (int attempt : attempts(policy)) {
                var doubled = BigInteger.valueOf(2).pow(attempt - 1).multiply(nanos(policy.base()));
                var ceiling = doubled.min(nanos(last)).max(nanos(SHORTEST));

                var rest = policy.retry().backOff(attempt, random);

                assertThat(rest).isGreaterThanOrEqualTo(SHORTEST);
                assertThat(nanos(rest)).isLessThanOrEqualTo(ceiling);
            }
        });
    }

    @Test
    void a_fixed_rest_is_never_shorter_at_most_a_tenth_longer_and_never_longer_than_the_longest() {
        Cases.forAll(1_000, RetryPropertyTest::policy, policy -> {
            if (policy.doubling()) return;
            var random = policy.random();
            var base = policy.base();
            var longest = base.plus(base.dividedBy(10));
            var shortest = base;
            if (policy.atMost() != null && policy.atMost().compareTo(longest) < 0) {
                longest = policy.atMost();
                shortest = longer(SHORTEST, longest.multipliedBy(10).dividedBy(11));
            }
            for (int attempt : attempts(policy))
                assertThat(policy.retry().backOff(attempt, random)).isBetween(shortest, longest);
        });
    }

    @Test
    void an_attempt_follows_another_until_they_are_used_up() {
        Cases.forAll(200, RetryPropertyTest::policy, policy -> {
            var judge = judge(policy);
            for (int attempt : attempts(policy)) {
                boolean another = attempt < policy.attempts();

                assertThat(policy.retry().next(attempt, policy.random())).matches(next -> next.isPresent() == another);
                for (var ending : List.of(
                        judge.failed(new IOException(), attempt),
                        judge.timedOut(attempt, Duration.ofSeconds(1)),
                        judge.decided(Outcome.retry(policy.base()), attempt))) {
                    if (!another) assertThat(ending).isInstanceOf(Ending.Discarded.class);
                    else assertThat(delay(ending)).isBetween(SHORTEST, Bounds.DELAY.plus(Bounds.DELAY.dividedBy(10)));
                }
            }
        });
    }

    @Test
    void every_span_and_number_is_taken_or_refused_with_its_range() {
        Cases.forAll(
                1_000,
                c -> List.of(span(c), c.of(1, 0, -1, 1_000, 1_001, Integer.MIN_VALUE, Integer.MAX_VALUE)),
                said -> {
                    var span = (Duration) said.get(0);
                    for (var call : List.<Runnable>of(
                            () -> Retry.exponential(span),
                            () -> Retry.fixed(span),
                            () -> Retry.DEFAULT.atMost(span),
                            () -> Retry.DEFAULT.attempts((int) said.get(1)),
                            () -> Outcome.retry(span),
                            () -> Outcome.snooze(span),
                            () -> JobOptions.DEFAULT.in(span),
                            () -> JobOptions.DEFAULT.expiresAfter(span))) {
                        try {
                            call.run();
                        } catch (MillraceException refused) {
                            assertThat(refused.getMessage())
                                    .hasSizeGreaterThan(20)
                                    .endsWith(".");
                        }
                    }
                });
    }

    /** Rules by class, and an exception with its causes. */
    record Thrown(List<Class<? extends Throwable>> rules, List<Throwable> chain) {

        /** The class whose rule decides, by the letter of {@link Retry}; null: no rule fits. */
        @Nullable
        Class<?> closest() {
            Class<?> closest = null;
            int fewest = Integer.MAX_VALUE;
            for (var thrown : chain)
                for (var rule : rules) {
                    int steps = 0;
                    Class<?> at = thrown.getClass();
                    for (; at != null && at != rule; at = at.getSuperclass()) steps++;
                    if (at == null || steps >= fewest) continue;
                    closest = rule;
                    fewest = steps;
                }
            return closest;
        }
    }

    @Test
    void the_closest_class_decides_whatever_the_order_of_rules_and_gets_what_it_asked_for() {
        Cases.forAll(2_000, RetryPropertyTest::thrown, thrown -> {
            var closest = thrown.closest();
            for (var order : List.of(thrown.rules(), thrown.rules().reversed())) {
                var given = new HashMap<Class<?>, Throwable>();
                var policy = Retry.none();
                for (var rule : order) policy = withRule(policy, rule, given);

                var verdict = policy.judge(thrown.chain().getFirst());

                if (closest == null) assertThat(verdict).isEqualTo(new Retry.Verdict.BackOff());
                else {
                    assertThat(given).containsOnlyKeys(closest);
                    assertThat(given.get(closest)).isInstanceOf(closest).isIn(thrown.chain());
                    assertThat(((Retry.Verdict.Decided) verdict).outcome())
                            .isEqualTo(Outcome.cancel(closest.getName()));
                }
            }
        });
    }

    private static <E extends Throwable> Retry withRule(Retry policy, Class<E> type, Map<Class<?>, Throwable> given) {
        return policy.on(type, e -> {
            given.put(type, e);
            return Outcome.cancel(type.getName());
        });
    }

    /** A world in which nothing happens but chance. */
    private record Chance(RandomGenerator random) implements World {
        @Override
        public Instant now() {
            return Instant.EPOCH;
        }

        @Override
        public long nanoTime() {
            return 0;
        }

        @Override
        public void sleep(Duration duration) {
            throw new UnsupportedOperationException();
        }
    }

    private static Policy policy(Choices choices) {
        boolean doubling = choices.oneIn(2);
        var base = allowed(choices);
        return new Policy(
                doubling,
                base,
                choices.oneIn(2) ? longer(base, allowed(choices)) : null,
                choices.of(1, 2, 3, 15, 64, 65, 1_000),
                choices.below(1_000));
    }

    private static Duration allowed(Choices choices) {
        return choices.any(
                c -> c.of(
                        SHORTEST,
                        Duration.ofSeconds(2),
                        Bounds.DELAY,
                        SHORTEST.plusNanos(1),
                        Bounds.DELAY.minusNanos(1)),
                c -> Duration.ofNanos(c.between(1_000_000, 10_000_000_000L)),
                c -> Duration.ofMillis(c.between(1, Bounds.DELAY.toMillis())));
    }

    private static Duration span(Choices choices) {
        return choices.any(
                RetryPropertyTest::allowed,
                c -> c.of(
                        Duration.ZERO,
                        Duration.ofNanos(1),
                        Duration.ofNanos(-1),
                        Duration.ofSeconds(Long.MAX_VALUE, 999_999_999),
                        Duration.ofSeconds(Long.MIN_VALUE),
                        Duration.ofSeconds(Long.MIN_VALUE, 1),
                        Bounds.DELAY.plusNanos(1),
                        Duration.ofMillis(Long.MAX_VALUE),
                        Duration.ofMillis(Long.MIN_VALUE)));
    }

    private static List<Integer> attempts(Policy policy) {
        return List.of(1, 2, 3, 40, 41, 42, 63, 64, 65, policy.attempts(), policy.attempts() + 1, 1_000);
    }

    private static Judge judge(Policy policy) {
        return new Judge(new KindName("a-kind", 1), policy.retry(), new Payloads(null), new Chance(policy.random()));
    }

    private static Duration delay(Ending ending) {
        return switch (ending) {
            case Ending.Retry again -> again.delay();
            case Ending.TimedOut again -> again.delay();
            default -> throw new AssertionError(ending + " is no further attempt");
        };
    }

    private static Thrown thrown(Choices choices) {
        var rules = new LinkedHashMap<Class<? extends Throwable>, Boolean>();
        for (var rule : choices.list(
                5,
                c -> c.<Class<? extends Throwable>>of(
                        Throwable.class,
                        Exception.class,
                        RuntimeException.class,
                        IOException.class,
                        FileNotFoundException.class,
                        IllegalStateException.class,
                        Error.class))) rules.put(rule, true);
        var chain = new ArrayList<Throwable>();
        chain.add(exception(choices));
        chain.addAll(choices.list(4, RetryPropertyTest::exception));
        for (int i = 1; i < chain.size(); i++) chain.get(i - 1).initCause(chain.get(i));
        return new Thrown(List.copyOf(rules.keySet()), chain);
    }

    private static Throwable exception(Choices choices) {
        return switch (choices.below(7)) {
            case 0 -> new Exception("an exception");
            case 1 -> new IOException("an I/O exception");
            case 2 -> new FileNotFoundException("a file");
            case 3 -> new RuntimeException("a runtime exception");
            case 4 -> new IllegalStateException("a state");
            case 5 -> new AssertionError("an assertion");
            default -> new ArithmeticException("a number");
        };
    }

    private static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) > 0 ? a : b;
    }

    private static BigInteger nanos(Duration span) {
        return BigInteger.valueOf(span.getSeconds())
                .multiply(BigInteger.valueOf(1_000_000_000))
                .add(BigInteger.valueOf(span.getNano()));
    }
}
