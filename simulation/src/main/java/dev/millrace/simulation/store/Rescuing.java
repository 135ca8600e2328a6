package dev.millrace.simulation.store;

import dev.millrace.Failure;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Logged;
import dev.millrace.simulation.store.Rows.ManifestKey;
import dev.millrace.simulation.store.Rows.Node.Life;
import dev.millrace.simulation.store.Rows.Outcome;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeId;
import dev.millrace.store.Protocol;
import dev.millrace.store.Rescued;
import dev.millrace.store.Storage.Wakeup;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Taking back what a deposed node held. {@code V005__deaths.sql}, {@code V030__batches.sql}, {@code V031__keyed_shards.sql}. */
final class Rescuing {

    private final Tables tables;
    private final Fences fences;
    private final Claiming claiming;
    private final Membership membership;
    private final Batches batches;
    private final BiConsumer<Transaction, Wakeup> hints;

    Rescuing(
            Tables tables,
            Fences fences,
            Claiming claiming,
            Membership membership,
            Batches batches,
            BiConsumer<Transaction, Wakeup> hints) {
        this.tables = tables;
        this.fences = fences;
        this.claiming = claiming;
        this.membership = membership;
        this.batches = batches;
        this.hints = hints;
    }

    List<Rescued> rescue(Transaction tx, Lease by, NodeId dead, int limit) {
        if (!tables.planted(Bug.RESCUER_NOT_FENCED)) fences.fence(tx, by);
        while (true) {
            tx.statement();
            var node = tables.nodes.get(tx, dead);
            if (node == null || node.life() != Life.DEPOSED) return List.of();
            var open = claiming.openPlaces(tx, dead, limit);
            if (open.isEmpty()) {
                membership.setGone(tx, dead);
                tx.statement();
                for (var old : tables.manifests.range(
                        tx, new ManifestKey(dead, 0), new ManifestKey(dead, Long.MAX_VALUE), any -> true, 1_000))
                    tables.manifests.delete(tx, old.key(), any -> true);
                return List.of();
            }
            tx.statement();
            int part = tables.meta(tx).currentPart();
            tx.statement();
            var rescued = new ArrayList<Rescued>();
            for (var place : open) {
                var row = tables.log.get(tx, place);
                if (row == null) continue;
                tx.meanwhile();
                var taken = takeBack(tx, row, by.node(), dead, part);
                if (taken != null) rescued.add(taken);
            }
            if (!rescued.isEmpty()) return rescued; // else all of them ended meanwhile: there may be more
        }
    }

    private @Nullable Rescued takeBack(Transaction tx, Logged row, NodeId by, NodeId dead, int part) {
        var key = DeliveryKey.of(row.place());
        boolean marked = tables.startMarks.get(tx, key) != null;
        boolean old = tables.outlived.get(tx, key) != null;
        int charge = !marked ? row.turn().charged() : old ? 0 : row.turn().charged() + 1;
        int deaths = marked ? markedDeaths(tx, row, old) + 1 : 0;
        int young = tables.planted(Bug.FIRST_DEATH_DISCARDS) ? 1 : Protocol.YOUNG_DEATHS;
        var verdict = charge >= young
                ? "its worker died %d times soon after a marked start".formatted(charge)
                : deaths >= Protocol.MARKED_DEATHS ? "its worker died %d times while it ran".formatted(deaths) : null;
        var failure = verdict == null
                ? null
                : new Failure("worker died", verdict, "worker-died", row.turn().attempt(), "");
        var outcome = new Outcome(
                key,
                row.asked().job(),
                verdict == null ? "rescued" : "discarded",
                tables.now(),
                null,
                by,
                null,
                null,
                verdict == null ? "node " + dead + " died" : null,
                failure,
                null);
        if (!tables.outcomes.insertIfAbsent(tx, key, outcome)) return null;
        if (verdict == null) {
            var asked = tables.comesBack(tx, row);
            int front = tables.planted(Bug.RESCUED_TO_THE_TAIL) ? asked.stream() : tables.frontOf(tx, asked);
            tables.append(tx, part, front, asked, row.turn().rescued(charge));
            hints.accept(tx, new Wakeup.Work(row.asked().queue()));
        } else {
            batches.ended(tx, row.turn().run(), row.asked().headers(), outcome.state());
        }
        return new Rescued(
                row.asked().job(),
                row.asked().queue(),
                row.asked().kind(),
                row.turn().rescues() + 1,
                charge,
                verdict != null);
    }

    private int markedDeaths(Transaction tx, Logged row, boolean old) {
        boolean lateOnly = tables.planted(Bug.YOUNG_DEATHS_FORGOTTEN);
        if (lateOnly && !old) return 0;
        return (int) tables.log.by(tx, tables.logByJob, row.asked().job()).stream()
                .filter(other -> other.turn().run() == row.turn().run())
                .map(other -> DeliveryKey.of(other.place()))
                .filter(key ->
                        tables.startMarks.get(tx, key) != null && (!lateOnly || tables.outlived.get(tx, key) != null))
                .map(key -> tables.ending(tx, key))
                .filter(Objects::nonNull)
                .filter(outcome -> outcome.word().equals("rescued"))
                .count();
    }
}
