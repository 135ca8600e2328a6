package dev.millrace.memory;

import dev.millrace.store.Delivery;
import dev.millrace.store.Place;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** One delivery: a row of the log, with what was said about it since: its claim, its start, its outcome, each once. */
final class Row implements Standing {

    final Place place;
    final Instant at;
    private final KeptJob job;
    private final Turn turn;

    @Nullable
    Claimed claim;

    boolean marked;
    boolean outlived;

    @Nullable
    Outcome outcome;

    /** Its number among the cancelled ones that some node held; 0 if it is none of them. */
    long withdrawal;

    Row(Place place, KeptJob job, Turn turn, Instant at) {
        this.place = place;
        this.job = job;
        this.turn = turn;
        this.at = at;
    }

    @Override
    public KeptJob job() {
        return job;
    }

    @Override
    public Turn turn() {
        return turn;
    }

    /** The deaths it is charged with if its node has died now. One that had outlived its youth clears it of all before. */
    int charged() {
        if (!marked) return turn.charged();
        return outlived ? 0 : turn.charged() + 1;
    }

    /** As its claimer reads it. */
    Delivery delivery(Claimed claim, Instant now) {
        boolean cancelled = outcome != null && outcome.word().equals("cancelled");
        return new Delivery(
                place,
                claim.token,
                job.id,
                turn.run(),
                turn.no(),
                turn.attempt(),
                turn.rescues(),
                turn.charged(),
                job.queue.name,
                job.priority,
                job.kind,
                job.kindVersion,
                job.payload,
                job.headersOf(turn),
                at,
                job.expiresAt,
                job.expired(now),
                cancelled,
                outcome != null && !cancelled);
    }
}
