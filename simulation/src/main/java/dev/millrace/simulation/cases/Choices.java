package dev.millrace.simulation.cases;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Draw} decides by: numbers, drawn from a seed and written down. A case that breaks its property is made simpler by
 * leaving out some of these numbers and lowering others, and drawing again from what is left; so no generator needs to know how to
 * make its values smaller.
 */
public final class Choices {

    private final @Nullable RandomGenerator random;
    private final long[] given;
    private long[] made = new long[16];
    private int count;

    private Choices(@Nullable RandomGenerator random, long[] given) {
        this.random = random;
        this.given = given;
    }

    /** New ones. */
    static Choices drawnFrom(RandomGenerator random) {
        return new Choices(random, new long[0]);
    }

    /** These, and zeroes when there are no more. */
    static Choices of(long[] given) {
        return new Choices(null, given);
    }

    /** What was chosen so far. */
    long[] made() {
        return Arrays.copyOf(made, count);
    }

    /** One of 0 to {@code bound - 1}; 0 is the simplest. */
    public int below(int bound) {
        return (int) chosen(random == null ? 0 : random.nextInt(bound), bound - 1L);
    }

    /** A number of this range, which spans less than 2^63; the first one is the simplest. */
    public long between(long first, long last) {
        long most = last - first;
        return first + chosen(random == null ? 0 : random.nextLong(most + 1), most);
    }

    /** True once in {@code n} times. */
    public boolean oneIn(int n) {
        return below(n) == n - 1;
    }

    /** One of these; the first is the simplest. */
    @SafeVarargs
    public final <T> T of(T... options) {
        return options[below(options.length)];
    }

    /** What one of these draws; the first is the simplest. Name one twice to see it twice as often. */
    @SafeVarargs
    public final <T> T any(Draw<? extends T>... draws) {
        return draws[below(draws.length)].from(this);
    }

    /** None to {@code most} of these. */
    public <T> List<T> list(int most, Draw<? extends T> element) {
        int size = random == null ? most : random.nextInt(most + 1); // not written down: an element can go by itself
        var list = new ArrayList<T>();
        while (list.size() < most && chosen(list.size() < size ? 1 : 0, 1) == 1) list.add(element.from(this));
        return list;
    }

    /** None to {@code most} pieces, one after the other. */
    public String text(int most, Draw<String> piece) {
        return String.join("", list(most, piece));
    }

    private long chosen(long drawn, long last) {
        long wanted = random != null ? drawn : count < given.length ? given[count] : 0;
        long value = Math.min(wanted, last);
        if (count == made.length) made = Arrays.copyOf(made, 2 * count);
        made[count++] = value;
        return value;
    }
}
