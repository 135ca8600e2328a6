package dev.millrace.simulation.trace;

import dev.millrace.JobId;
import dev.millrace.simulation.trace.TraceEvent.Held;
import dev.millrace.simulation.trace.TraceEvent.Stamp;
import dev.millrace.store.ClaimToken;
import dev.millrace.world.World;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Tells the starts of handlers, which a storage does not see: it stands between a {@link TracingStorage} and its sink, remembers what was
 * read, and is asked by a handler that begins. Of several deliveries of one job the last one read is meant: an earlier one was handed
 * back, or belonged to what this process was before it was deposed, and starts no more.
 */
public final class Starts implements Consumer<TraceEvent> {

    private final World world;
    private final Consumer<? super TraceEvent> sink;
    private final Map<JobId, Known> known = new ConcurrentHashMap<>();

    /** A delivery that may start. */
    private record Known(Stamp read, ClaimToken token, Held held) {}

    public Starts(World world, Consumer<? super TraceEvent> sink) {
        this.world = world;
        this.sink = sink;
    }

    @Override
    public void accept(TraceEvent event) {
        switch (event) {
            case TraceEvent.Read(var at, var token, var held) -> {
                for (var one : held) known.put(one.job(), new Known(at, token, one));
            }
            case TraceEvent.Flushed(var at, var ends) -> {
                for (var end : ends) forget(end.job(), end.place().seq());
            }
            default -> {} // nothing of it can start, or ends it
        }
        sink.accept(event);
    }

    /**
     * A handler of this job begins.
     *
     * @return its delivery; empty if nothing of the job was read here
     */
    public Optional<Held> started(JobId job) {
        var delivery = known.get(job);
        if (delivery == null) return Optional.empty();
        long now = world.nanoTime();
        sink.accept(new TraceEvent.Started(
                new Stamp(delivery.read.node(), delivery.read.epoch(), now, now, world.now()),
                delivery.token,
                delivery.held));
        return Optional.of(delivery.held);
    }

    /** It has ended where no flush tells it: in a transaction of its own. */
    public void ended(JobId job, Held held) {
        forget(job, held.place().seq());
    }

    private void forget(JobId job, long seq) {
        known.computeIfPresent(job, (id, now) -> now.held.place().seq() == seq ? null : now);
    }
}
