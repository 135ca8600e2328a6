package dev.millrace.simulation.cases;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Tries a property on many cases: {@code Cases.forAll(500, Hostile::text, text -> …)}.
 *
 * <p>The number of a case is its seed, and they go from 1 up, so every build tries the same ones. {@code -Dmillrace.cases=100000} tries
 * as many of every property, whatever it asks for; {@code -Dmillrace.cases.from=501} begins there. A failure names its case, the
 * simplest one that fails in the same way (see {@link Choices}), and the two settings that repeat it.
 *
 * <p>A case that does not end is a failure too. It can't be made simpler, and its thread is left behind, interrupted.
 */
public final class Cases {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final long from;
    private final int count;
    private final Duration patience;

    /** So many cases from this one on, none of which takes longer than the patience. */
    Cases(long from, int count, Duration patience) {
        this.from = from;
        this.count = count;
        this.patience = patience;
    }

    /**
     * Tries so many cases.
     *
     * @throws AssertionError for the first one that breaks the property, or does not end in twenty seconds
     */
    public static <T> void forAll(int count, Draw<T> draw, Property<? super T> property) {
        new Cases(Long.getLong("millrace.cases.from", 1), Integer.getInteger("millrace.cases", count), PATIENCE)
                .hold(draw, property);
    }

    <T> void hold(Draw<T> draw, Property<? super T> property) {
        var trial = new Trial<>(draw, property);
        var over = new CompletableFuture<@Nullable Void>();
        var thread = Thread.ofPlatform().daemon().name("cases").start(() -> {
            try {
                trial.run();
                over.complete(null);
            } catch (Throwable broken) {
                over.completeExceptionally(broken);
            }
        });
        try {
            await(over, trial, thread);
        } finally {
            thread.interrupt();
        }
    }

    private void await(CompletableFuture<?> over, Trial<?> trial, Thread thread) {
        while (true) {
            long before = trial.steps.get();
            try {
                over.get(patience.toMillis(), TimeUnit.MILLISECONDS);
                return;
            } catch (ExecutionException broken) {
                throw broken.getCause() instanceof AssertionError error ? error : new AssertionError(broken.getCause());
            } catch (TimeoutException late) {
                if (trial.steps.get() == before) throw trial.stuck(thread);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw trial.stuck(thread);
            }
        }
    }

    /** All cases, on a thread of their own, so that somebody can look from outside whether they go on. */
    private final class Trial<T> {

        private final Draw<T> draw;
        private final Property<? super T> property;
        private volatile long number = from;
        private final AtomicLong steps = new AtomicLong();
        private volatile @Nullable Object inHand;

        Trial(Draw<T> draw, Property<? super T> property) {
            this.draw = draw;
            this.property = property;
        }

        void run() {
            for (long seed = from; seed < from + count; seed++) {
                number = seed;
                var choices = Choices.drawnFrom(new SplittableRandom(seed));
                var error = errorOf(choices);
                if (error != null) throw broken(choices.made(), error);
            }
        }

        private @Nullable Throwable errorOf(Choices choices) {
            steps.incrementAndGet();
            inHand = null;
            try {
                var drawn = draw.from(choices);
                inHand = drawn;
                property.check(drawn);
                return null;
            } catch (Throwable thrown) {
                return thrown;
            }
        }

        private AssertionError broken(long[] found, Throwable first) {
            var simpler = new Simpler(found, choices -> {
                var error = errorOf(choices);
                return error != null && error.getClass() == first.getClass();
            });
            var simplest = simpler.simplest();
            var error = errorOf(Choices.of(simplest));
            var shown = Shown.of(inHand);
            return new AssertionError(
                    "Case %d breaks the property. The simplest like it, after %d tries, is%n    %s%nand it gives%n    %s%n%s"
                            .formatted(
                                    number,
                                    simpler.tries(),
                                    shown,
                                    error == null ? "nothing when tried again" : error,
                                    again()),
                    error == null ? first : error);
        }

        AssertionError stuck(Thread thread) {
            var place = new Throwable("where it was");
            place.setStackTrace(thread.getStackTrace());
            return new AssertionError(
                    "Case %d has not ended after %d s. It is%n    %s%n%s"
                            .formatted(number, patience.toSeconds(), Shown.of(inHand), again()),
                    place);
        }

        private String again() {
            return "Again: -Dmillrace.cases=1 -Dmillrace.cases.from=" + number;
        }
    }
}
