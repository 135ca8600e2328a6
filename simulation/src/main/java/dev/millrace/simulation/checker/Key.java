package dev.millrace.simulation.checker;

import dev.millrace.store.Place;

/** What identifies a delivery. */
record Key(int part, long seq) {

    static Key of(Place place) {
        return new Key(place.part(), place.seq());
    }
}
