package dev.millrace.simulation.trace;

import dev.millrace.JobId;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import java.util.Collection;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A number for what an event says: who, which deliveries and jobs, and with which answer. It is made of ids, numbers and names alone, never of
 * identities, so that it is the same on any machine.
 */
public final class Fingerprint {

    private long sum;

    private Fingerprint() {}

    public static long of(TraceEvent event) {
        var print = new Fingerprint();
        print.node(event.at().node());
        switch (event) {
            case TraceEvent.Deposed deposed -> print.node(deposed.dead()).add(deposed.won() ? 1 : 0);
            case TraceEvent.TookBack tookBack -> {
                for (var one : tookBack.cases())
                    print.job(one.job()).add(one.charged()).add(one.discarded() ? 1 : 0);
            }
            case TraceEvent.Claimed claimed -> print.token(claimed.token()).places(claimed.places());
            case TraceEvent.Read read -> {
                for (var held : read.held()) print.place(held.place()).add(held.attempt());
            }
            case TraceEvent.Started started -> print.place(started.held().place());
            case TraceEvent.Marked marked -> print.places(marked.places());
            case TraceEvent.Manifested manifested ->
                print.add(manifested.upto()).places(manifested.open());
            case TraceEvent.Flushed flushed -> {
                for (var end : flushed.ends())
                    print.place(end.place())
                            .add(end.ending().hashCode())
                            .add(end.verdict().name().hashCode());
            }
            case TraceEvent.Completing completing -> print.place(completing.place());
            case TraceEvent.Promoted promoted -> print.add(promoted.count());
            case TraceEvent.Released released -> print.add(released.count());
            case TraceEvent.Enqueued enqueued -> print.job(enqueued.job()).add(enqueued.existed() ? 1 : 0);
            case TraceEvent.Refused refused -> print.add(refused.step().hashCode());
            case TraceEvent.Unanswered unanswered -> print.add(unanswered.step().hashCode());
            case TraceEvent.Failed failed -> print.add(failed.why().hashCode());
            default -> {} // its kind, its time and its node say all
        }
        return print.sum;
    }

    private Fingerprint add(long number) {
        sum = sum * 31 + number;
        return this;
    }

    private Fingerprint id(@Nullable UUID id) {
        return id == null ? add(0) : add(id.getMostSignificantBits() ^ id.getLeastSignificantBits());
    }

    private Fingerprint node(@Nullable NodeId node) {
        return id(node == null ? null : node.value());
    }

    private Fingerprint job(JobId job) {
        return id(job.value());
    }

    private Fingerprint token(ClaimToken token) {
        return id(token.value());
    }

    private Fingerprint place(Place place) {
        return add(place.part()).add(place.stream()).add(place.xid()).add(place.seq());
    }

    private Fingerprint places(Collection<Place> places) {
        places.forEach(this::place);
        return this;
    }
}
