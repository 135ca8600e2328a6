package dev.millrace.simulation.store;

import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.Checkpoint;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Line;
import dev.millrace.simulation.store.Rows.Progress;
import dev.millrace.store.Delivery;
import dev.millrace.store.Lease;
import dev.millrace.store.Note;
import dev.millrace.store.Payload;
import java.util.List;
import java.util.Optional;

/** What running handlers leave behind. {@code V002__protocol.sql}, section handlers; {@code V046__log_levels.sql}. */
final class Journal {

    private final Tables tables;
    private final Fences fences;

    Journal(Tables tables, Fences fences) {
        this.tables = tables;
        this.fences = fences;
    }

    private static Turn turn(Delivery delivery) {
        return new Turn(delivery.run(), delivery.no(), delivery.attempt(), delivery.rescues(), delivery.charged());
    }

    void note(Transaction tx, Lease lease, List<Note> notes) {
        fences.fence(tx, lease);
        tx.statement();
        for (var note : notes) {
            var job = note.delivery().job();
            switch (note) {
                case Note.Line(var delivery, var at, var level, var text) ->
                    tables.lines.insert(tx, tables.nextNumber(), new Line(job, delivery.attempt(), at, level, text));
                case Note.Progress(var delivery, var at, long done, long total) -> {
                    var row = new Progress(turn(delivery), done, total, at);
                    if (!tables.progress.insertIfAbsent(tx, job, row))
                        tables.progress.update(tx, job, old -> !row.turn().before(old.turn()), old -> row);
                }
            }
        }
    }

    void checkpoint(Transaction tx, Lease lease, Delivery delivery, Payload value) {
        fences.fence(tx, lease);
        put(tx, delivery, value);
    }

    void checkpointInTheirs(Transaction tx, Lease lease, Delivery delivery, Payload value) {
        fences.fenceRow(tx, lease);
        put(tx, delivery, value);
    }

    private void put(Transaction tx, Delivery delivery, Payload value) {
        tx.statement();
        var row = new Checkpoint(turn(delivery), value);
        boolean written = tables.checkpoints.insertIfAbsent(tx, delivery.job(), row);
        if (!written) {
            tx.statement();
            written = tables.checkpoints.update(
                            tx, delivery.job(), old -> !row.turn().before(old.turn()), old -> row)
                    != null;
        }
        tx.statement();
        if (!written || tables.ending(tx, DeliveryKey.of(delivery.place())) != null) throw Raised.ended(delivery.job());
    }

    /** Reading takes it over: an earlier delivery can write no more. */
    Optional<Payload> read(Transaction tx, Lease lease, Delivery delivery) {
        fences.fence(tx, lease);
        tx.statement();
        var turn = turn(delivery);
        if (tables.checkpoints.insertIfAbsent(tx, delivery.job(), new Checkpoint(turn, null))) return Optional.empty();
        tx.statement();
        var taken = tables.checkpoints.update(
                tx,
                delivery.job(),
                old -> !turn.before(old.turn()),
                old -> new Checkpoint(turn, old.turn().run() == turn.run() ? old.value() : null));
        if (taken == null) throw Raised.ended(delivery.job());
        return Optional.ofNullable(taken.value());
    }
}
