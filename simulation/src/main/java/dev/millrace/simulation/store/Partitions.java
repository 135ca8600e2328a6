package dev.millrace.simulation.store;

import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Claiming.StreamLock;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Meta;
import dev.millrace.simulation.store.Rows.Outcome;
import dev.millrace.simulation.store.Rows.Part;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Place;
import dev.millrace.store.StreamInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The life of partitions: attached ahead, current, closed, sealed, settled, dropped; in virtual time they live for seconds instead of
 * days. {@code V003__keeping.sql}. Each step is a transaction of its own, and safe if two do it at once.
 */
final class Partitions {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int MOVE = 1_000;

    private final Tables tables;
    private final Claiming claiming;
    private final Lengths lengths;

    /**
     * How long each part of the life of a partition is.
     *
     * @param current how long new deliveries go to it
     * @param open from its closing to its sealing: long enough for a user's transaction
     * @param kept from its closing until what nobody claimed is moved on, and it is dropped
     */
    record Lengths(Duration current, Duration open, Duration kept) {}

    /** One step, in a transaction of its own. */
    interface Steps {
        void step(String name, Consumer<Transaction> body);
    }

    Partitions(Tables tables, Claiming claiming, Lengths lengths) {
        this.tables = tables;
        this.claiming = claiming;
        this.lengths = lengths;
    }

    void create(Transaction tx) {
        tx.statement();
        var now = tables.now();
        tables.meta.insert(tx, Tables.ONE, new Meta(1, 1));
        tables.parts.insert(tx, 1, new Part(1, now, now, null, null, false));
        tables.parts.insert(tx, 2, new Part(2, now, null, null, null, false));
    }

    void turn(Steps steps) {
        steps.step("switch partition", this::switchWhenOld);
        steps.step("attach partition", this::attachAhead);
        for (int stream : streamsToAnchor(steps)) steps.step("anchor anew", tx -> anchor(tx, stream));
        steps.step("seal", this::seal);
        steps.step("raise live", this::raiseLive);
        for (var move : toMove(steps))
            steps.step("move what nobody claimed", tx -> move(tx, move.part(), move.stream()));
        steps.step("drop", this::drop);
    }

    private void attachAhead(Transaction tx) {
        tx.statement();
        int next = tables.meta(tx).currentPart() + 1;
        if (tables.parts.get(tx, next) == null)
            tables.parts.insertIfAbsent(tx, next, new Part(next, tables.now(), null, null, null, false));
    }

    private void switchWhenOld(Transaction tx) {
        tx.statement();
        int current = tables.meta(tx).currentPart();
        var part = tables.parts.get(tx, current);
        var next = tables.parts.get(tx, current + 1);
        if (part == null || next == null || !past(part.currentAt(), lengths.current)) return;
        var now = tables.now();
        if (tables.meta.update(
                        tx,
                        Tables.ONE,
                        meta -> meta.currentPart() == current,
                        meta -> new Meta(current + 1, meta.livePart()))
                == null) return;
        tables.parts.update(
                tx,
                current,
                any -> true,
                old -> new Part(old.no(), old.attachedAt(), old.currentAt(), now, old.sealedAt(), old.settled()));
        tables.parts.update(
                tx, current + 1, any -> true, old -> new Part(old.no(), old.attachedAt(), now, null, null, false));
    }

    private boolean past(@Nullable Instant moment, Duration time) {
        return moment != null && moment.plus(time).isBefore(tables.now());
    }

    private List<Integer> streamsToAnchor(Steps steps) {
        var found = new ArrayList<Integer>();
        if (tables.planted(Bug.NO_NEW_ANCHORS)) return found;
        steps.step("streams to anchor", tx -> {
            tx.statement();
            int current = tables.meta(tx).currentPart();
            for (var stream : tables.streams.all(tx)) {
                if (stream.shard() < StreamInfo.FRONT) continue;
                var c = claiming.newest(tx, stream.id(), 0);
                if (c != null && c.key().part() < current) found.add(stream.id());
            }
        });
        return found;
    }

    private void anchor(Transaction tx, int stream) {
        tx.lockTimeout(PATIENCE);
        tx.statement();
        tx.lock(new StreamLock(stream));
        tx.statement();
        int current = tables.meta(tx).currentPart();
        var c = claiming.newest(tx, stream, 0);
        if (c == null || c.key().part() >= current) return;
        claiming.copyAnchor(tx, stream, current, new ClaimToken(new UUID(11, tables.nextNumber())));
    }

    /** Taking the lock waits for whoever writes into the partition; who comes later sees the seal. */
    private void seal(Transaction tx) {
        tx.lockTimeout(PATIENCE);
        tx.statement();
        for (var part : tables.parts.all(tx)) {
            if (part.sealedAt() != null || !past(part.closedAt(), lengths.open)) continue;
            tx.lock(new Tables.PartLock(part.no()));
            tx.statement();
            var now = tables.now();
            tables.parts.update(
                    tx,
                    part.no(),
                    old -> old.sealedAt() == null,
                    old -> new Part(old.no(), old.attachedAt(), old.currentAt(), old.closedAt(), now, old.settled()));
            return;
        }
    }

    private void raiseLive(Transaction tx) {
        tx.statement();
        var meta = tables.meta.lock(tx, Tables.ONE, any -> true);
        if (meta == null) return;
        tx.statement();
        int live = meta.livePart();
        var part = tables.parts.get(tx, live);
        if (live >= meta.currentPart() || part == null || part.sealedAt() == null) return;
        for (var stream : tables.streams.all(tx)) {
            if (stream.shard() < StreamInfo.FRONT) continue;
            var c = claiming.newest(tx, stream.id(), 0);
            if (c != null && c.key().part() <= live && !tables.planted(Bug.NO_NEW_ANCHORS)) return;
        }
        if (!tables.planted(Bug.LIVE_RAISED_TOO_EARLY) && !open(tx, live).isEmpty()) return;
        tables.parts.update(
                tx,
                live,
                any -> true,
                old -> new Part(old.no(), old.attachedAt(), old.currentAt(), old.closedAt(), old.sealedAt(), true));
        tables.meta.update(tx, Tables.ONE, any -> true, old -> new Meta(old.currentPart(), live + 1));
    }

    private List<Place> open(Transaction tx, int part) {
        return tables.log.all(tx).stream()
                .map(Rows.Logged::place)
                .filter(place -> place.part() == part)
                .filter(place -> tables.ending(tx, DeliveryKey.of(place)) == null)
                .toList();
    }

    private record Move(int part, int stream) {}

    private List<Move> toMove(Steps steps) {
        var found = new ArrayList<Move>();
        steps.step("what to move", tx -> {
            tx.statement();
            for (var part : tables.parts.all(tx)) {
                if (part.sealedAt() == null || part.settled() || !past(part.closedAt(), lengths.kept)) continue;
                open(tx, part.no()).stream()
                        .map(Place::stream)
                        .distinct()
                        .forEach(stream -> found.add(new Move(part.no(), stream)));
            }
        });
        return found;
    }

    /** Under the stream's lock nothing is claimed meanwhile; a claim that meets a moved row later finds its outcome. */
    private void move(Transaction tx, int part, int stream) {
        tx.lockTimeout(PATIENCE);
        tx.statement();
        var own = tables.stream(tx, stream);
        if (own.shard() == Tables.ENDED || own.keyed()) return; // it would come behind its followers
        tx.lock(new StreamLock(stream));
        tx.statement();
        int current = tables.meta(tx).currentPart();
        tx.statement();
        var unclaimed = open(tx, part).stream()
                .filter(place -> place.stream() == stream && !passed(tx, place))
                .limit(MOVE)
                .toList();
        for (var place : unclaimed) {
            var row = Objects.requireNonNull(tables.log.get(tx, place));
            var key = DeliveryKey.of(place);
            var outcome = new Outcome(
                    key,
                    row.asked().job(),
                    "moved",
                    tables.now(),
                    null,
                    null,
                    null,
                    null,
                    "its partition has outlived retention",
                    null,
                    null);
            if (tables.outcomes.insertIfAbsent(tx, key, outcome))
                tables.append(tx, current, stream, row.asked(), row.turn().again());
        }
    }

    private boolean passed(Transaction tx, Place place) {
        return !tables.planted(Bug.CLAIMED_ROWS_MOVED) && claiming.claimedBy(tx, place, 0);
    }

    /** Settled, past retention, and no claim in it reaches into a live one. */
    private void drop(Transaction tx) {
        tx.statement();
        int live = tables.meta(tx).livePart();
        for (var part : tables.parts.all(tx)) {
            if (!part.settled() || !past(part.closedAt(), lengths.kept)) continue;
            boolean needed = !tables.planted(Bug.CLAIMS_DROPPED_BY_THEIR_OWN_NUMBER)
                    && tables.claims.all(tx).stream()
                            .anyMatch(claim -> claim.key().part() == part.no() && claim.highPart() >= live);
            if (needed) return;
            int no = part.no();
            tables.parts.delete(tx, no, any -> true);
            tx.afterCommit(() -> forget(no));
            return;
        }
    }

    private void forget(int no) {
        tables.claims.drop(claim -> claim.key().part() == no);
        tables.log.drop(row -> row.place().part() == no);
        tables.outcomes.drop(outcome -> outcome.key().part() == no);
        tables.batched.drop(outcome -> outcome.key().part() == no);
        tables.startMarks.dropKeys(key -> key.part() == no);
        tables.outlived.dropKeys(key -> key.part() == no);
        tables.cancelMarks.dropKeys(key -> key.part() == no);
    }
}
