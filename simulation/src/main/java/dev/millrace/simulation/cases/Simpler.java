package dev.millrace.simulation.cases;

import java.util.Arrays;
import java.util.function.Predicate;

/**
 * Makes the choices behind a broken case fewer and smaller for as long as the property stays broken, by bounded work: stretches are
 * left out, from long to short, then single numbers are lowered.
 */
final class Simpler {

    private static final int MOST_TRIES = 1_000;

    private final Predicate<Choices> breaks;
    private long[] best;
    private int tries;

    /**
     * From these choices.
     *
     * @param breaks draws a case of the choices, and tells whether it breaks the property in the same way
     */
    Simpler(long[] found, Predicate<Choices> breaks) {
        this.best = found;
        this.breaks = breaks;
    }

    /** The simplest choices that were found. */
    long[] simplest() {
        for (boolean better = true; better && tries < MOST_TRIES; ) better = leaveOut() || lower();
        return best;
    }

    int tries() {
        return tries;
    }

    private boolean leaveOut() {
        boolean better = false;
        for (int size = Math.max(1, best.length / 2); size > 0; size /= 2)
            for (int at = best.length - size; at >= 0; at -= size)
                while (at + size <= best.length && accepts(without(at, size))) better = true;
        return better;
    }

    private boolean lower() {
        boolean better = false;
        for (int at = 0; at < best.length; at++) {
            long breaksNoMore = -1;
            while (at < best.length && best[at] > breaksNoMore + 1) {
                long before = best[at];
                long middle = breaksNoMore < 0 ? 0 : breaksNoMore + (before - breaksNoMore) / 2;
                if (accepts(with(at, middle))) better = true;
                else breaksNoMore = middle;
            }
        }
        return better;
    }

    private boolean accepts(long[] candidate) {
        if (tries == MOST_TRIES) return false;
        tries++;
        var choices = Choices.of(candidate);
        if (!breaks.test(choices)) return false;
        var made = choices.made();
        boolean smaller = made.length < best.length || (made.length == best.length && Arrays.compare(made, best) < 0);
        if (smaller) best = made;
        return smaller;
    }

    private long[] without(int at, int size) {
        var less = new long[best.length - size];
        System.arraycopy(best, 0, less, 0, at);
        System.arraycopy(best, at + size, less, at, less.length - at);
        return less;
    }

    private long[] with(int at, long value) {
        var other = best.clone();
        other[at] = value;
        return other;
    }
}
