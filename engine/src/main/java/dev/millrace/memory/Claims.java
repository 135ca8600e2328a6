package dev.millrace.memory;

import dev.millrace.MillraceException;
import dev.millrace.State;
import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Place;
import dev.millrace.store.StoreException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Handing deliveries to nodes. Guarded by the lock of {@link Memory}. */
final class Claims {

    private final Ledger ledger;
    private final Owners owners;

    Claims(Ledger ledger, Owners owners) {
        this.ledger = ledger;
        this.owners = owners;
    }

    Set<Integer> poll(Collection<Integer> streams) {
        var some = new HashSet<Integer>();
        for (var id : streams) if (!ledger.stream(id).pending.isEmpty()) some.add(id);
        return some;
    }

    Claim take(Member by, int stream, int want, long ordinal, ClaimToken token, Instant now) {
        var pending = ledger.stream(stream).pending;
        owners.prove(by, ledger.stream(stream));
        if (ledger.claims.containsKey(token)) {
            throw new MillraceException(
                    "The claim token %s is used, or void since its claim was resolved. Nothing was claimed. Draw a new one for each claim."
                            .formatted(token.value()));
        }
        var claimed = new Claimed(token, by.lease(), stream, now);
        while (claimed.rows.size() < want && !pending.isEmpty()) {
            var row = pending.removeFirst();
            if (row.job().forgotten) continue;
            row.claim = claimed;
            claimed.rows.put(row.place, row);
            if (row.outcome != null) continue; // cancelled meanwhile: handed out as such
            by.open.put(row.place, row);
            row.job().move(State.RUNNING, row);
        }
        if (!claimed.rows.isEmpty()) ledger.claims.put(token, claimed);
        return claimed.answer(ordinal);
    }

    /** Here no answer gets lost between the lock and the caller; but a caller may ask before its claim arrives. */
    Claim resolve(Member by, int stream, long ordinal, ClaimToken token, Instant now) {
        return ledger.claims
                .computeIfAbsent(
                        token,
                        unknown -> new Claimed(
                                token, by.lease(), ledger.stream(stream).info.id(), now))
                .answer(ordinal);
    }

    List<Delivery> read(ClaimToken token, List<Place> places, long maxBytes, Instant now) {
        var claim = ledger.claims.get(token);
        var read = new ArrayList<Delivery>();
        long bytes = 0;
        for (var place : places) {
            var row = claim == null ? null : claim.rows.get(place);
            if (claim == null || row == null) {
                throw new MillraceException(
                        "The delivery at %s does not belong to the claim %s, or has ended so long ago that it is forgotten. Read the places that the claim answered."
                                .formatted(place, token.value()));
            }
            bytes += row.job().payload.bytes();
            if (bytes > maxBytes && !read.isEmpty()) break;
            read.add(row.delivery(claim, now));
        }
        return read;
    }

    void mark(Member by, List<Place> places) {
        for (var place : places) {
            var row = by.open.get(place);
            if (row != null) row.marked = true;
        }
    }

    void outlived(Member by, List<Place> places) {
        for (var place : places) {
            var row = by.open.get(place);
            if (row != null) row.outlived = true;
        }
    }

    /** A delivery that the node claimed, ended or not; null if there is no such claim, or it is another node's. */
    @Nullable
    Row find(Member by, Delivery delivery) {
        var claim = ledger.claims.get(delivery.token());
        return claim == null || !claim.lease.equals(by.lease()) ? null : claim.rows.get(delivery.place());
    }

    Row row(Member by, Delivery delivery) {
        var row = find(by, delivery);
        if (row != null) return row;
        throw new StoreException.Fenced(
                """
                Node %s ends the delivery at %s with the claim %s, which this store does not have. Nothing was written. \
                The store was set back to an older state, or another one took its place; the node must join anew.""".formatted(by.card.id(), delivery.place(), delivery.token().value()));
    }

    /** Of nodes that are no more, nobody will ask for void tokens or for what was cancelled and forgotten. */
    void forgetDead(Members members) {
        ledger.claims.values().removeIf(claim -> {
            if (members.alive(claim.lease)) return false;
            claim.rows.values().removeIf(row -> row.job().forgotten);
            return claim.rows.isEmpty();
        });
    }
}
