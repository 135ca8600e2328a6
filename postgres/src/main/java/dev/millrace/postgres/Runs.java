package dev.millrace.postgres;

import dev.millrace.store.Place;
import java.util.Arrays;
import java.util.List;

/**
 * Places of one stream as runs, which is how they stand in its index: those of one transaction, from the first to the last. A bulk is one run, and
 * where each job has a transaction of its own each is one.
 */
final class Runs {

    final int stream;
    int[] part;
    long[] xid;
    long[] from;
    long[] upto;
    private int count;

    Runs(List<Place> places) {
        int most = places.size();
        stream = places.getFirst().stream();
        part = new int[most];
        xid = new long[most];
        from = new long[most];
        upto = new long[most];
        for (var place : places) add(place);
        part = Arrays.copyOf(part, count);
        xid = Arrays.copyOf(xid, count);
        from = Arrays.copyOf(from, count);
        upto = Arrays.copyOf(upto, count);
    }

    private void add(Place place) {
        if (place.stream() != stream)
            throw new IllegalArgumentException(
                    "A claim is of one stream, and this is of %d and %d.".formatted(stream, place.stream()));
        int last = count - 1;
        if (last < 0 || part[last] != place.part() || xid[last] != place.xid() || place.seq() <= upto[last]) {
            last = count++;
            part[last] = place.part();
            xid[last] = place.xid();
            from[last] = place.seq();
        }
        upto[last] = place.seq();
    }
}
