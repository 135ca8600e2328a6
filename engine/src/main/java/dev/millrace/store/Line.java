package dev.millrace.store;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Where a job waits for others of its key: behind those with the same order key, and beside as many as its limit lets run at once. It stands in headers of
 * the engine's own, so that whatever makes a delivery from another one takes it along. A job that has one goes to a <b>keyed shard</b> of its queue, from
 * which one node claims at a time.
 *
 * @param order jobs with the same text run one after the other, in the order of the log; those with the same limit key, if they have one. Null if the order
 *     does not matter
 * @param limit null if as many may run at once as there are slots
 */
public record Line(@Nullable String order, @Nullable Limited limit) {

    /** The header that holds the order key. No sender can say it: what they name begins with a letter or a digit. */
    public static final String ORDER = ":order";

    /** The header that holds the limit. */
    public static final String LIMIT = ":limit";

    /** The header that holds the rate of the limit, and how much of it the job takes. A header of its own: who does not know it keeps at least the rest of the limit. */
    public static final String RATE = ":rate";

    /** The header that a store gives to what comes back: where the first delivery of its run stands. */
    public static final String FIRST = ":first";

    public Line {
        if (order == null && limit == null) throw new IllegalArgumentException("a line needs an order or a limit");
    }

    /**
     * A limit and whose it counts against. Where jobs say different numbers, the job that was enqueued last is right.
     *
     * @param name of the limit, without spaces
     * @param atOnce how many of the key may run at once, 1 or more
     * @param rate how many may start in a time; null if only what runs at once is limited
     */
    public record Limited(
            String name, int atOnce, String key, @Nullable Rated rate) {

        /** Without a rate. */
        public Limited(String name, int atOnce, String key) {
            this(name, atOnce, key, null);
        }

        /** As it stands in a header, without its rate. */
        public String text() {
            return name + " " + atOnce + " " + key;
        }

        /** Tells one key of one limit from all others. */
        public String group() {
            return name + " " + key;
        }
    }

    /**
     * A rate, and how much of it one job takes.
     *
     * @param weight 1 or more; what is more than the rate lets start at once counts as that
     */
    public record Rated(Rate rate, int weight) {

        /** As it stands in a header. */
        public String text() {
            return "%d/%d/%d %d".formatted(rate.count, rate.period.toMillis(), rate.burst, weight);
        }

        static @Nullable Rated of(@Nullable String text) {
            if (text == null) return null;
            var words = text.split("[/ ]", 4);
            if (words.length < 4) return null;
            try {
                return new Rated(
                        new Rate(
                                Math.max(1, Integer.parseInt(words[0])),
                                Duration.ofMillis(Math.clamp(Long.parseLong(words[1]), 1, Rate.LONGEST / 1_000_000)),
                                Math.max(1, Integer.parseInt(words[2]))),
                        Math.max(1, Integer.parseInt(words[3])));
            } catch (NumberFormatException unreadable) {
                return null;
            }
        }
    }

    /**
     * How many may start in a time, by the generic cell rate algorithm (ITU-T I.371): each start takes one <em>interval</em>, a period over its count, of an
     * allowance that is never more than the burst, and that fills up as time goes by. All its state is one moment: when the allowance is full again.
     *
     * @param count starts in a period, 1 or more
     * @param period in whole milliseconds, 1 or more
     * @param burst how many may start at once after a pause, 1 or more
     */
    public record Rate(int count, Duration period, int burst) {

        /** A year: more of an allowance is never counted, whatever was written by hand. */
        private static final long LONGEST = Duration.ofDays(366).toNanos();

        /** So long one start takes to be made up for. */
        public long intervalNanos() {
            return Math.max(1, period.toNanos() / count);
        }

        /** So long until an allowance that is used up is full again. */
        public long fullNanos() {
            return nanos(burst);
        }

        private long nanos(int starts) {
            return Math.max(1, Math.min(starts, LONGEST / intervalNanos())) * intervalNanos();
        }

        /**
         * So long one has to wait that takes so much.
         *
         * @param debtNanos until the allowance is full again; 0 or less if it is
         */
        public long waitNanos(long debtNanos, int weight) {
            return Math.max(0, Math.max(0, debtNanos) + costNanos(weight) - fullNanos());
        }

        /** What one that takes so much adds to the time until the allowance is full again. */
        public long costNanos(int weight) {
            return nanos(Math.min(weight, burst));
        }
    }

    /** Where a delivery stands in the order of the log, whatever stream it is in. */
    public record Position(long xid, long seq) implements Comparable<Position> {

        @Override
        public int compareTo(Position other) {
            int byTransaction = Long.compare(xid, other.xid);
            return byTransaction != 0 ? byTransaction : Long.compare(seq, other.seq);
        }

        /** As it stands in a header. */
        public String text() {
            return xid + "." + seq;
        }
    }

    /** The line of a job with these headers; null if it has none, and if what was written there by hand can't be read. */
    public static @Nullable Line of(Map<String, String> headers) {
        if (headers.isEmpty()) return null;
        var order = headers.get(ORDER);
        var limit = limited(headers.get(LIMIT), headers.get(RATE));
        return order == null && limit == null ? null : new Line(order, limit);
    }

    private static @Nullable Limited limited(@Nullable String text, @Nullable String rate) {
        if (text == null) return null;
        var words = text.split(" ", 3);
        if (words.length < 3) return null;
        try {
            return new Limited(words[0], Math.max(1, Integer.parseInt(words[1])), words[2], Rated.of(rate));
        } catch (NumberFormatException unreadable) {
            return null;
        }
    }

    /** These headers and those of the line. */
    public Map<String, String> in(Map<String, String> headers) {
        var all = new TreeMap<>(headers);
        if (order != null) all.put(ORDER, order);
        if (limit != null) all.put(LIMIT, limit.text());
        if (limit != null && limit.rate() != null) all.put(RATE, limit.rate().text());
        return all;
    }

    /** Jobs with the same text go to the same shard: what counts together has to be in one hand. */
    public String home() {
        return limit != null ? limit.group() : String.valueOf(order);
    }

    /** Which other jobs it is in order with; null if with none. */
    public @Nullable String ordered() {
        if (order == null) return null;
        return limit == null ? order : limit.group() + "\n" + order;
    }

    /** Tells what waits in one row from all others of the queue: the jobs of one order; and those of one key of a limit that have none. */
    public String row() {
        var ordered = ordered();
        return ordered == null ? "limit " + home() : "order " + ordered;
    }

    /** Where the first delivery of this run stands: it keeps its place in line, wherever it has waited since. */
    public static Position first(Delivery delivery) {
        return first(
                delivery.headers(),
                new Position(delivery.place().xid(), delivery.place().seq()));
    }

    /** The same of one with these headers that stands there. */
    public static Position first(Map<String, String> headers, Position own) {
        var kept = headers.get(FIRST);
        int dot = kept == null ? -1 : kept.indexOf('.');
        if (kept != null && dot > 0) {
            try {
                return new Position(Long.parseLong(kept, 0, dot, 10), Long.parseLong(kept, dot + 1, kept.length(), 10));
            } catch (NumberFormatException unreadable) {
                // as if it had none
            }
        }
        return own;
    }
}
