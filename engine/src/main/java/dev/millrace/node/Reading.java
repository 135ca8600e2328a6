package dev.millrace.node;

import dev.millrace.MillraceException;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Place;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What was claimed and is not read yet. Each step is bounded in bytes, and the next one waits until what the last one brought has been
 * started: however large the payloads are, only so much of them waits in memory.
 *
 * <p>A delivery that can't be read must not hold up the others, nor keep the node from claiming: what fails is asked for in ever smaller
 * parts, and what fails alone is put aside, to be tried again now and then.
 */
final class Reading {

    /** How long a delivery is left alone that could not be read. */
    private static final Duration UNREADABLE = Duration.ofSeconds(5);

    private final Incarnation node;
    private final Bottlenecks bottlenecks;
    private final ArrayDeque<Piece> line = new ArrayDeque<>();
    private final AtomicInteger unread = new AtomicInteger();
    private final Stubborn stubborn;
    private final ArrayDeque<Unreadable> aside = new ArrayDeque<>();

    /**
     * Places of one claim, in order, that are asked for together.
     *
     * @param again whether it is one that could not be read before
     */
    private record Piece(Batch batch, int stream, int index, List<Place> places, long since, boolean again) {

        Piece from(int read) {
            return new Piece(batch, stream, index + read, places.subList(read, places.size()), since, again);
        }

        Piece upto(int end) {
            return new Piece(batch, stream, index, places.subList(0, end), since, again);
        }
    }

    /** A single place that could not be read, and when it is tried again. */
    private record Unreadable(Piece piece, long again) {}

    Reading(Incarnation node, Bottlenecks bottlenecks) {
        this.node = node;
        this.bottlenecks = bottlenecks;
        this.stubborn = new Stubborn(node.beater());
    }

    /** How many are not read yet. */
    int unread() {
        return unread.get();
    }

    void add(Batch batch, int stream, List<Place> places) {
        line.addLast(new Piece(batch, stream, 0, places, node.world().nanoTime(), false));
        unread.addAndGet(places.size());
    }

    /**
     * Reads as much as there is room for, in one step.
     *
     * @return whether more can be read at once
     */
    boolean step() {
        comeBack();
        var first = line.peekFirst();
        if (first == null) return false;
        boolean late = node.world().nanoTime() - first.since
                >= node.limits().handBackAfter().toNanos();
        long room = node.limits().readBytes() - node.starter().bufferedBytes();
        if (late && !(spare() && room > 0)) read(first, node.limits().readBytes(), true);
        else if (room > 0) read(first, room, false);
        else return false; // the starter rings when it has used up what was read
        return !line.isEmpty();
    }

    /** For a closing node: reads only to give back. Returns whether there is more. */
    boolean handBack() {
        comeBack();
        var first = line.peekFirst();
        if (first == null) return false;
        read(first, node.limits().readBytes(), true);
        return !line.isEmpty();
    }

    private void read(Piece piece, long maxBytes, boolean handBack) {
        List<Delivery> read;
        try {
            read = node.storage().read(piece.batch.token(), piece.places, maxBytes);
            if (read.isEmpty() || read.size() > piece.places.size())
                throw new IllegalStateException(
                        "asked for %d deliveries of a claim, and got %d".formatted(piece.places.size(), read.size()));
        } catch (StoreException.Fenced over) {
            throw over;
        } catch (StoreException.Refused unreadable) {
            node.failedInPart();
            isolate(piece, unreadable);
            return;
        } catch (MillraceException away) {
            if (piece.again || stubborn.failed()) isolate(piece, away);
            if (!piece.again) throw away;
            node.failedInPart();
            return;
        } catch (RuntimeException unreadable) {
            node.failedInPart();
            isolate(piece, unreadable); // and on with the others, at once
            return;
        }
        stubborn.succeeded();
        line.removeFirst();
        if (read.size() < piece.places.size()) line.addFirst(piece.from(read.size()));
        unread.addAndGet(-read.size());
        admit(piece, read, handBack);
        node.startBell().ring();
    }

    private void isolate(Piece piece, RuntimeException why) {
        line.removeFirst();
        int size = piece.places.size();
        if (size > 1) {
            line.addFirst(piece.from(size / 2));
            line.addFirst(piece.upto(size / 2));
            return;
        }
        node.troubled("claimer", "read the delivery at " + piece.places.getFirst(), why);
        unread.decrementAndGet();
        var alone = new Piece(piece.batch, piece.stream, piece.index, piece.places, piece.since, true);
        aside.addLast(new Unreadable(alone, node.world().nanoTime() + UNREADABLE.toNanos()));
    }

    private void comeBack() {
        long now = node.world().nanoTime();
        for (Unreadable first; (first = aside.peekFirst()) != null && first.again - now <= 0; ) {
            aside.removeFirst();
            line.addLast(first.piece);
            unread.incrementAndGet();
        }
    }

    private boolean spare() {
        return node.freeSlots() > node.starter().buffered();
    }

    private void admit(Piece piece, List<Delivery> read, boolean handBack) {
        var kinds = new ArrayList<@Nullable KindLine>(read.size());
        int index = piece.index;
        for (var delivery : read) {
            var kind = node.kindOf(delivery);
            kinds.add(kind);
            admit(
                    delivery,
                    kind,
                    new HeldDelivery(
                            node,
                            delivery,
                            piece.batch,
                            index++,
                            kind,
                            node.world().nanoTime()),
                    handBack);
        }
        bottlenecks.seen(piece.stream, kinds, node.world().nanoTime());
    }

    private void admit(Delivery delivery, @Nullable KindLine kind, HeldDelivery held, boolean handBack) {
        if (delivery.cancelled()) {
            held.end();
            node.drop(held);
        } else if (delivery.gone()) {
            held.end();
            node.letGo(held);
        } else if (delivery.expired()) finish(held, new Ending.Discarded(Failures.expired(delivery)));
        else if (kind == null) finish(held, new Ending.Parked(Ending.Parking.UNKNOWN_KIND, unknownKind(delivery)));
        else {
            var paused = node.pausedBecause(delivery);
            if (paused != null) finish(held, new Ending.Parked(Ending.Parking.PAUSED, paused));
            else if (handBack && (node.closing() || !spare())) finish(held, new Ending.HandedBack());
            else node.starter().add(held);
        }
    }

    private void finish(HeldDelivery held, Ending ending) {
        held.end();
        node.finish(held, ending);
    }

    private String unknownKind(Delivery delivery) {
        var known = node.plan().kinds().get(delivery.kind());
        return known == null
                ? "node %s has no handler for kind %s".formatted(node.plan().name(), delivery.kind())
                : "node %s knows kind %s up to version %d, and this is version %d"
                        .formatted(node.plan().name(), delivery.kind(), known.version(), delivery.kindVersion());
    }
}
