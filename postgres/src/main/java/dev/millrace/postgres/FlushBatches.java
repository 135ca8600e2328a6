package dev.millrace.postgres;

import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The successes of a flush that have no result, many in a row: those of one claim and of one bucket of the log, if they are enough for that to pay.
 * {@code migration/V021__outcome_batch.sql}.
 */
final class FlushBatches {

    /** Deliveries side by side, of which each is a bit. */
    private static final int BUCKET = 1024;

    /** A row for fewer would be no smaller than theirs; and a bucket's rows stay few, which each look at one of its deliveries goes through. */
    static final int FEWEST = 16;

    /** Two such rows fill a page. */
    static final int MOST = 470;

    private final int[] claim;
    private final int[] part;
    private final long[] bucket;
    private final String[] bits;
    private final int[] upto;
    private final @Nullable Instant[] base;
    private final int[] started;
    private final int[] took;
    private final int[] entries;
    private final int[] others;

    private record Key(int claim, int part, long bucket) {}

    private FlushBatches(List<Ended> ended, List<Map.Entry<Key, List<Integer>>> groups, int[] others) {
        int n = ended.size() - others.length;
        this.others = others;
        claim = new int[groups.size()];
        part = new int[groups.size()];
        bucket = new long[groups.size()];
        bits = new String[groups.size()];
        upto = new int[groups.size()];
        base = new @Nullable Instant[groups.size()];
        started = new int[n];
        took = new int[n];
        entries = new int[n];
        int at = 0;
        for (int g = 0; g < groups.size(); g++) {
            var key = groups.get(g).getKey();
            var members = groups.get(g).getValue();
            claim[g] = key.claim;
            part[g] = key.part;
            bucket[g] = key.bucket;
            var oldest = oldest(ended, members);
            base[g] = oldest;
            var set = new long[BUCKET / Long.SIZE];
            for (int i : members) {
                var entry = ended.get(i);
                int bit = (int) (entry.delivery().place().seq() % BUCKET);
                set[bit / Long.SIZE] |= Long.MIN_VALUE >>> (bit % Long.SIZE); // from the left
                entries[at] = i;
                started[at] = (int) ChronoUnit.MICROS.between(oldest, startOf(entry));
                took[at] = (int) (entry.took().toNanos() / 1_000);
                at++;
            }
            bits[g] = hex(set);
            upto[g] = at;
        }
    }

    /**
     * Finds them.
     *
     * @param claims of each entry the number of its claim
     */
    static FlushBatches of(List<Ended> ended, int[] claims) {
        var groups = new LinkedHashMap<Key, List<Integer>>();
        for (int i = 0; i < ended.size(); i++) {
            var entry = ended.get(i);
            if (!plain(entry)) continue;
            var place = entry.delivery().place();
            groups.computeIfAbsent(new Key(claims[i], place.part(), place.seq() / BUCKET), key -> new ArrayList<>())
                    .add(i);
        }
        var batches = new ArrayList<Map.Entry<Key, List<Integer>>>();
        var batched = new boolean[ended.size()];
        groups.forEach((key, members) -> {
            members.sort(Comparator.comparingLong(
                    i -> ended.get(i).delivery().place().seq()));
            for (int from = 0; members.size() - from >= FEWEST; from += MOST) {
                var some = members.subList(from, Math.min(members.size(), from + MOST));
                if (!close(ended, some)) continue;
                batches.add(Map.entry(key, some));
                for (int i : some) batched[i] = true;
            }
        });
        var others = new ArrayList<Integer>();
        for (int i = 0; i < batched.length; i++) if (!batched[i]) others.add(i);
        return new FlushBatches(
                ended, batches, others.stream().mapToInt(Integer::intValue).toArray());
    }

    private static boolean plain(Ended entry) {
        return entry.ending() instanceof Ending.Done(var result)
                && result == null
                && entry.startedAt() != null
                && !entry.contested()
                && entry.took().toNanos() / 1_000 <= Integer.MAX_VALUE;
    }

    /** Whether all were started within what a column can hold: 35 minutes. */
    private static boolean close(List<Ended> ended, List<Integer> members) {
        var oldest = oldest(ended, members);
        for (int i : members)
            if (ChronoUnit.MICROS.between(oldest, startOf(ended.get(i))) > Integer.MAX_VALUE) return false;
        return true;
    }

    private static Instant oldest(List<Ended> ended, List<Integer> members) {
        var oldest = Instant.MAX;
        for (int i : members) {
            var start = startOf(ended.get(i));
            if (start.isBefore(oldest)) oldest = start;
        }
        return oldest;
    }

    private static Instant startOf(Ended entry) {
        var start = entry.startedAt();
        if (start == null) throw new IllegalArgumentException("It was never started: " + entry);
        return start;
    }

    private static String hex(long[] set) {
        var text = new StringBuilder(1 + BUCKET / 4).append('X');
        for (long word : set) {
            var digits = Long.toHexString(word);
            text.repeat('0', Long.SIZE / 4 - digits.length()).append(digits);
        }
        return text.toString();
    }

    /** Those that are in no batch, by their index in the flush. */
    int[] others() {
        return others;
    }

    /** The index in the flush of a delivery of a batch, counted through all batches. */
    int entry(int number) {
        return entries[number];
    }

    // ---- columns: of each batch, then of each delivery

    int[] claim() {
        return claim;
    }

    int[] part() {
        return part;
    }

    long[] bucket() {
        return bucket;
    }

    String[] bits() {
        return bits;
    }

    /** How many deliveries are in it and in those before it. */
    int[] upto() {
        return upto;
    }

    @Nullable
    Instant[] base() {
        return base;
    }

    int[] started() {
        return started;
    }

    int[] took() {
        return took;
    }
}
