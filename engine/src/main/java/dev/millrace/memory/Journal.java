package dev.millrace.memory;

import dev.millrace.JobHistory.LogLine;
import dev.millrace.JobView.Progress;
import dev.millrace.memory.KeptJob.Checkpoint;
import dev.millrace.store.Delivery;
import dev.millrace.store.Note;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What running handlers leave behind: log lines, progress, checkpoints. Guarded by the lock of {@link Memory}. */
final class Journal {

    private final Claims claims;

    Journal(Claims claims) {
        this.claims = claims;
    }

    /**
     * A line may arrive after the outcome, since it is written later than it was said; progress of a delivery that has ended is of no
     * use. What the node never held is left out.
     */
    void note(Member by, List<Note> notes) {
        for (var note : notes) {
            var row = claims.find(by, note.delivery());
            if (row == null) continue;
            switch (note) {
                case Note.Line(var delivery, var at, var level, var text) ->
                    row.job()
                            .line(new LogLine(
                                    row.turn().attempt(), at, level, text, null)); // its trace is told with the job
                case Note.Progress(var delivery, var at, var done, var total) -> {
                    if (row.outcome == null) row.job().progress = new Progress(done, total, at);
                }
            }
        }
    }

    /** An open delivery is the newest of its job, so it needs no further fence against older ones. */
    void checkpoint(Member by, Delivery delivery, Payload value) {
        var row = by.open.get(delivery.place());
        if (row == null) {
            throw new StoreException.Fenced(
                    "The delivery at %s of job %s has ended: it was cancelled, or its outcome is written. Its checkpoint was not."
                            .formatted(delivery.place(), delivery.job()));
        }
        row.job().checkpoint = new Checkpoint(row.turn().run(), value);
    }

    Optional<Payload> checkpointOf(Member by, Delivery delivery) {
        @Nullable Row row = claims.find(by, delivery);
        if (row == null) return Optional.empty();
        return Optional.ofNullable(row.job().checkpoint)
                .filter(checkpoint -> checkpoint.run() == row.turn().run())
                .map(Checkpoint::value);
    }
}
