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
    private final Desk desk;
    private final Bottlenecks bottlenecks;
    private final ArrayDeque<Piece> line = new ArrayDeque<>();
    private final AtomicInteger unread = new AtomicInteger();
    private final Stubborn stubborn;
    private final ArrayDeque<Unreadable> aside = new ArrayDeque<>();

    /** Where what was read goes. */
    interface Desk {
        /** How much more payload it has room for. */
        long room();

        /** Whether what waits too long for that is read nevertheless, and handed back unless there is a slot for it. */
        boolean handsBack();

        /** Takes one that may run. */
        void add(HeldDelivery held, int stream);

        /** One has been read that is about to be discarded. */
        void expired(HeldDelivery held, int stream);

        /** One has been read that has ended. */
        void over(HeldDelivery held, int stream);

        /** One could not be read, and is tried again now and then; or, at last, it could. */
        void unreadable(int stream, boolean still);
    }

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

    Reading(Incarnation node, Bottlenecks bottlenecks, Desk desk) {
        this.node = node;
        this.bottlenecks = bottlenecks;
        this.desk = desk;
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
        boolean late = desk.handsBack()
                && node.world().nanoTime() - first.since
                        >= node.limits().handBackAfter().toNanos();
        long room = desk.room();
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
        if (piece.again) desk.unreadable(piece.stream, false);
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
        if (!piece.again) desk.unreadable(piece.stream, true);
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
                    piece.stream,
                    handBack);
        }
        if (desk.handsBack()) bottlenecks.seen(piece.stream, kinds, node.world().nanoTime());
    }

    private void admit(Delivery delivery, @Nullable KindLine kind, HeldDelivery held, int stream, boolean handBack) {
        if (delivery.cancelled()) {
            held.end();
            node.drop(held);
            desk.over(held, stream);
        } else if (delivery.gone()) {
            held.end();
            node.letGo(held);
            desk.over(held, stream);
        } else if (delivery.expired()) {
            desk.expired(held, stream);
            finish(held, new Ending.Discarded(Failures.expired(delivery)));
        } else if (!desk.handsBack()) {
            if (handBack) finish(held, new Ending.HandedBack());
            else desk.add(held, stream);
        } else if (kind == null)
            finish(held, new Ending.Parked(Ending.Parking.UNKNOWN_KIND, node.unknownKind(delivery)));
        else {
            var paused = node.pausedBecause(delivery);
            if (paused != null) finish(held, new Ending.Parked(Ending.Parking.PAUSED, paused));
            else if (handBack && (node.closing() || !spare())) finish(held, new Ending.HandedBack());
            else desk.add(held, stream);
        }
    }

    private void finish(HeldDelivery held, Ending ending) {
        held.end();
        node.finish(held, ending);
    }
}
