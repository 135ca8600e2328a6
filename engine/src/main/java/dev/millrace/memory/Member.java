package dev.millrace.memory;

import dev.millrace.NodeView;
import dev.millrace.NodeView.Life;
import dev.millrace.store.Epoch;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeCard;
import dev.millrace.store.Place;
import java.time.Duration;
import java.time.Instant;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A node as the store knows it. */
final class Member {

    final NodeCard card;
    final Instant joinedAt;

    /** When it joined, in the order of all that happened. */
    final long joined;

    /** What it holds: claimed, and not ended. Here it is always known; a durable store works it out from manifest and claims. */
    final NavigableMap<Place, Row> open = new TreeMap<>(Place.LOCK_ORDER);

    int epoch = 1;
    Life life = Life.ALIVE;
    long beat;
    Duration witnessed = Duration.ZERO;
    Instant beatAt;

    /** What it said with its last beat. */
    NodeView.@Nullable Stuck stuck;

    @Nullable
    Instant goneAt;

    /** Its newest manifest: kept to be shown. */
    private long manifest = -1;

    int openAtManifest;

    Member(NodeCard card, long joined, Instant now) {
        this.card = card;
        this.joined = joined;
        this.joinedAt = now;
        this.beatAt = now;
    }

    Lease lease() {
        return new Lease(card.id(), new Epoch(epoch));
    }

    void say(long manifestNo, int openNow) {
        if (manifestNo < manifest) return;
        manifest = manifestNo;
        openAtManifest = openNow;
    }

    /** Nothing of the older epoch counts from here on. */
    void depose() {
        epoch++;
        life = Life.DEPOSED;
    }

    void clear(Instant now) {
        life = Life.GONE;
        goneAt = now;
    }
}
