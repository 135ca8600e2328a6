package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/**
 * Of a queue or a kind that has a number for the whole fleet no more run at once than that. One runs from its start until it has an outcome, whatever has become of
 * its node meanwhile: of a dead one the rescue writes it.
 */
public final class InFleet implements Checker {

    /** What a delivery is of. */
    public record Sight(String queue, String kind) {}

    private final Function<Place, Optional<Sight>> sight;
    private final Predicate<Place> open;
    private final ToIntFunction<String> ofQueue;
    private final ToIntFunction<String> ofKind;
    private final List<Running> running = new ArrayList<>();

    private record Running(Place place, JobId job, Sight sight) {}

    /**
     * @param sight what a delivery is of; empty if it is not known
     * @param open whether a delivery has no outcome
     * @param ofQueue the largest number that a queue had so far; as large as can be if it had none
     * @param ofKind the same of a kind
     */
    public InFleet(
            Function<Place, Optional<Sight>> sight,
            Predicate<Place> open,
            ToIntFunction<String> ofQueue,
            ToIntFunction<String> ofKind) {
        this.sight = sight;
        this.open = open;
        this.ofQueue = ofQueue;
        this.ofKind = ofKind;
    }

    @Override
    public String invariant() {
        return "no more run at once than the fleet's numbers let";
    }

    @Override
    public void see(TraceEvent event) {
        if (!(event instanceof TraceEvent.Started(var at, var token, var held))) return;
        var now = sight.apply(held.place()).orElse(null);
        if (now == null || !open.test(held.place())) return;
        int queue = ofQueue.applyAsInt(now.queue);
        int kind = ofKind.applyAsInt(now.kind);
        if (queue == Integer.MAX_VALUE && kind == Integer.MAX_VALUE) return;
        running.removeIf(one -> !open.test(one.place) || one.place.equals(held.place()));
        long inQueue = running.stream()
                .filter(one -> one.sight.queue.equals(now.queue))
                .count();
        long ofItsKind =
                running.stream().filter(one -> one.sight.kind.equals(now.kind)).count();
        require(
                inQueue < queue,
                "job %s starts, and %d of queue %s run, of which %d may over the whole fleet",
                held.job(),
                inQueue,
                now.queue,
                queue);
        require(
                ofItsKind < kind,
                "job %s starts, and %d of kind %s run, of which %d may over the whole fleet",
                held.job(),
                ofItsKind,
                now.kind,
                kind);
        running.add(new Running(held.place(), held.job(), now));
    }

    @Override
    public void forget() {
        running.clear();
    }
}
