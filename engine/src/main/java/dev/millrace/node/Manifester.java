package dev.millrace.node;

import dev.millrace.store.Place;
import java.time.Duration;
import java.util.ArrayList;

/**
 * Writes down from time to time what this node holds, so that a rescuer need not read all its claims. It may name too much, and never
 * too little: first it reads up to which claim everything is registered, and only then what is open.
 */
final class Manifester implements Loop {

    private final Incarnation node;
    private long no;
    private long written;

    Manifester(Incarnation node) {
        this.node = node;
    }

    @Override
    public Duration turn() {
        var rest = node.limits().manifest();
        long changes = node.openChanges();
        if (changes == written) return rest;
        long upto = node.settledOrdinal(); // before the copy, or a claim in between would be covered and missing
        var open = new ArrayList<Place>();
        node.copyOpen(open);
        node.storage()
                .manifest(node.lease(), ++no, upto, open); // unknown: the next one, under another number, replaces it
        written = changes;
        return rest;
    }
}
