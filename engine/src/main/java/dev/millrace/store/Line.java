package dev.millrace.store;

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

    /** The header that a store gives to what comes back: where the first delivery of its run stands. */
    public static final String FIRST = ":first";

    public Line {
        if (order == null && limit == null) throw new IllegalArgumentException("a line needs an order or a limit");
    }

    /**
     * A limit and whose it counts against.
     *
     * @param name of the limit, without spaces
     * @param atOnce how many of the key may run at once, 1 or more; where jobs say different numbers, the job that was enqueued last is right
     */
    public record Limited(String name, int atOnce, String key) {

        /** As it stands in a header. */
        public String text() {
            return name + " " + atOnce + " " + key;
        }

        /** Tells one key of one limit from all others. */
        public String group() {
            return name + " " + key;
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
        var limit = limited(headers.get(LIMIT));
        return order == null && limit == null ? null : new Line(order, limit);
    }

    private static @Nullable Limited limited(@Nullable String text) {
        if (text == null) return null;
        var words = text.split(" ", 3);
        if (words.length < 3) return null;
        try {
            return new Limited(words[0], Math.max(1, Integer.parseInt(words[1])), words[2]);
        } catch (NumberFormatException unreadable) {
            return null;
        }
    }

    /** These headers and those of the line. */
    public Map<String, String> in(Map<String, String> headers) {
        var all = new TreeMap<>(headers);
        if (order != null) all.put(ORDER, order);
        if (limit != null) all.put(LIMIT, limit.text());
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

    /** Where the first delivery of this run stands: it keeps its place in line, wherever it has waited since. */
    public static Position first(Delivery delivery) {
        var kept = delivery.headers().get(FIRST);
        int dot = kept == null ? -1 : kept.indexOf('.');
        if (kept != null && dot > 0) {
            try {
                return new Position(Long.parseLong(kept, 0, dot, 10), Long.parseLong(kept, dot + 1, kept.length(), 10));
            } catch (NumberFormatException unreadable) {
                // as if it had none
            }
        }
        return new Position(delivery.place().xid(), delivery.place().seq());
    }
}
