package dev.millrace.simulation.database;

import java.util.Arrays;

/**
 * Which transactions had completed at a moment, as PostgreSQL's {@code pg_snapshot}: all below {@code xmax}, less those that were in
 * progress. The transaction that takes a snapshot is never listed in it.
 *
 * @param xmax one more than the highest transaction that had completed
 * @param inProgress those below it that had not, ascending
 */
public record Snapshot(long xmax, long[] inProgress) {

    /** Sees nothing: {@code 1:1:}. */
    public static final Snapshot NOTHING = new Snapshot(1, new long[0]);

    /** {@code pg_visible_in_snapshot}: whether it had completed, one way or the other. */
    public boolean sees(long xid) {
        return xid < xmax && Arrays.binarySearch(inProgress, xid) < 0;
    }

    /** The lowest transaction that was in progress; everything below had completed. */
    public long xmin() {
        return inProgress.length > 0 ? inProgress[0] : xmax;
    }

    @Override
    public String toString() {
        var list = new StringBuilder();
        for (long xid : inProgress) list.append(list.isEmpty() ? "" : ",").append(xid);
        return xmin() + ":" + xmax + ":" + list;
    }

    /** Reads what {@link #toString} wrote. */
    public static Snapshot parse(String text) {
        var parts = text.split(":", -1);
        long[] list = parts[2].isEmpty()
                ? new long[0]
                : Arrays.stream(parts[2].split(",", -1))
                        .mapToLong(Long::parseLong)
                        .toArray();
        return new Snapshot(Long.parseLong(parts[1]), list);
    }
}
