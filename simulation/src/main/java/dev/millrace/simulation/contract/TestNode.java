package dev.millrace.simulation.contract;

import dev.millrace.JobId;
import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Peer;
import dev.millrace.store.Place;
import dev.millrace.store.Rescued;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException;
import dev.millrace.store.StreamInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.assertj.core.api.Assertions;

/** A node that does one protocol step at a time, as its test says. */
final class TestNode {

    /** What a node says about its running time, to be found again. */
    static final Instant STARTED = Instant.parse("2026-11-01T12:00:00.123Z");

    static final Duration TOOK = Duration.ofMillis(250);

    /** A store that never comes to an end fails its test instead of hanging it. */
    private static final int MOST_TURNS = 100;

    final Lease lease;
    final NodeCard card;
    private final Given given;
    private final Storage store;
    private long ordinal;
    private long manifests;

    TestNode(Given given, String queue) {
        this(given, queue, given.kind + ":9");
    }

    /** @param kind that it knows, with the newest version of it */
    TestNode(Given given, String queue, String kind) {
        this.given = given;
        this.store = given.store;
        this.card = new NodeCard(
                new NodeId(UUID.randomUUID()), "a node", "a host", 4711, "1.0", 10, List.of(queue), List.of(kind));
        this.lease = store.join(card);
    }

    NodeId id() {
        return lease.node();
    }

    // ---- claim

    Claim take(StreamInfo stream, int want) {
        return take(stream, want, token());
    }

    Claim take(StreamInfo stream, int want, ClaimToken token) {
        var claim = store.take(lease, stream.id(), want, ++ordinal, token);
        if (!claim.places().isEmpty()) given.recorder.look(); // most streams of most tests are empty
        return claim;
    }

    static ClaimToken token() {
        return new ClaimToken(UUID.randomUUID());
    }

    /** Claims from all streams of the test's queue, fronts before shards and urgent before bulk, until it has so many. From keyed shards it does not. */
    List<Delivery> claim(int want) {
        given.recorder.look(); // before it changes: a test may have asked the store itself
        var all = new ArrayList<Delivery>();
        for (var stream : given.streams(given.queue)) if (!stream.keyed()) all.addAll(claim(stream, want - all.size()));
        return all;
    }

    /** Claims from one stream until it has so many, or nothing comes back. */
    List<Delivery> claim(StreamInfo stream, int want) {
        var all = new ArrayList<Delivery>();
        while (all.size() < want) {
            var some = read(take(stream, want - all.size()));
            if (some.isEmpty()) break;
            all.addAll(some);
        }
        return all;
    }

    List<Delivery> claimAll() {
        return claim(100_000);
    }

    Delivery claimOne() {
        var claimed = claim(1);
        Assertions.assertThat(claimed).as("what node %s could claim", id()).hasSize(1);
        return claimed.getFirst();
    }

    List<Delivery> read(Claim claim) {
        return claim.places().isEmpty() ? List.of() : store.read(claim.token(), claim.places(), Long.MAX_VALUE);
    }

    void marks(Delivery... started) {
        store.mark(lease, places(List.of(started)));
    }

    void outlives(Delivery... started) {
        store.outlived(lease, places(List.of(started)));
    }

    void writesManifest(List<Delivery> open) {
        store.manifest(lease, ++manifests, ordinal, places(open));
    }

    static List<Place> places(List<Delivery> deliveries) {
        return deliveries.stream().map(Delivery::place).toList();
    }

    // ---- end

    static Ended ended(Delivery delivery, Ending ending) {
        return new Ended(delivery, ending, STARTED, TOOK);
    }

    Settled ends(Delivery delivery, Ending ending) {
        return flush(ended(delivery, ending)).getFirst();
    }

    void endsAll(List<Delivery> deliveries, Ending ending) {
        Assertions.assertThat(
                        flush(deliveries.stream().map(one -> ended(one, ending)).toArray(Ended[]::new)))
                .containsOnly(Settled.WON);
    }

    List<Settled> flush(Ended... ended) {
        var settled = store.flush(lease, List.of(ended));
        given.recorder.look();
        return settled;
    }

    /** Claims the next delivery, which must be of this job, and ends it. */
    Delivery runs(JobId job, Ending ending) {
        var delivery = claimOne();
        Assertions.assertThat(delivery.job()).isEqualTo(job);
        Assertions.assertThat(ends(delivery, ending)).isEqualTo(Settled.WON);
        return delivery;
    }

    // ---- waiting

    /** Promotes until nothing is due. */
    void promotes() {
        for (int turn = 0; turn < MOST_TURNS; turn++) {
            var next = store.promote(lease, 1_000).next();
            given.recorder.look();
            if (next == null || next.isPositive()) return;
        }
        throw new AssertionError("After " + MOST_TURNS + " promotions something is still due.");
    }

    int releases(int room) {
        int released = store.release(lease, Map.of(given.kind + ":1", room), 1_000);
        given.recorder.look();
        return released;
    }

    // ---- others

    Peer peer(TestNode other) {
        return store.census(lease).stream()
                .filter(peer -> peer.id().equals(other.id()))
                .findFirst()
                .orElseThrow(() -> new AssertionError("The census does not name node " + other.id() + "."));
    }

    boolean deposes(TestNode other) {
        return store.depose(lease, peer(other));
    }

    /** Rescues until nothing comes back. */
    List<Rescued> rescues(TestNode dead) {
        var all = new ArrayList<Rescued>();
        for (int turn = 0; turn < MOST_TURNS; turn++) {
            var some = store.rescue(lease, dead.id(), 100);
            given.recorder.look();
            if (some.isEmpty()) return all;
            all.addAll(some);
        }
        throw new AssertionError("After " + MOST_TURNS + " rescues there is still something to rescue.");
    }

    List<Rescued> takesOver(TestNode dead) {
        Assertions.assertThat(deposes(dead)).as("deposes node %s", dead.id()).isTrue();
        return rescues(dead);
    }

    void leaveIfAlive() {
        try {
            store.leave(lease);
        } catch (StoreException.Fenced gone) {
            // the test was about this
        }
    }
}
