package dev.millrace.postgres;

import dev.millrace.store.Place;
import java.util.Collection;

/** Places as parallel arrays, the form in which a statement takes them. */
final class PlaceArrays {

    final int[] part;
    final int[] stream;
    final long[] xid;
    final long[] seq;

    PlaceArrays(Collection<Place> places) {
        part = new int[places.size()];
        stream = new int[places.size()];
        xid = new long[places.size()];
        seq = new long[places.size()];
        int i = 0;
        for (var place : places) {
            part[i] = place.part();
            stream[i] = place.stream();
            xid[i] = place.xid();
            seq[i++] = place.seq();
        }
    }
}
