package dev.millrace.benchmarks;

import dev.millrace.MillraceException;
import dev.millrace.benchmarks.trial.Findings;
import dev.millrace.benchmarks.trial.Order;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** The processes that are measured: a new one for each turn; or, where all is brief, one for each contender. For one thread. */
final class Children implements AutoCloseable {

    /** Beyond all phases' own limits: for a start, a warm-up, a schema, and a slow end. */
    private static final Duration REST = Duration.ofMinutes(5);

    private static final long PHASES = 5;

    private final World world;
    private final Telling telling;
    private final boolean brief;
    private final Map<String, ChildProcess> kept = new HashMap<>();

    Children(World world, Telling telling, boolean brief) {
        this.world = world;
        this.telling = telling;
        this.brief = brief;
    }

    /** One that its caller ends. */
    ChildProcess start(Heat heat) {
        return ChildProcess.start(heat, brief);
    }

    /** Has an order carried out. */
    Findings carryOut(Heat heat, Order order) throws InterruptedException {
        if (!brief) {
            try (var child = start(heat)) {
                return found(child, heat, order);
            }
        }
        var child = kept.computeIfAbsent(heat.contender(), contender -> start(heat));
        try {
            return found(child, heat, order);
        } catch (MillraceException e) {
            kept.remove(heat.contender());
            child.close();
            throw e;
        }
    }

    private Findings found(ChildProcess child, Heat heat, Order order) throws InterruptedException {
        child.tell(order);
        long began = world.nanoTime();
        var most = REST.plusSeconds(
                PHASES * (heat.sizes().limitSeconds() + heat.sizes().seconds()));
        while (true) {
            var findings = child.listen(telling);
            if (findings.isPresent()) return findings.get();
            if (world.nanoTime() - began > most.toNanos())
                throw new MillraceException("The process of %s has found nothing after %d minutes, and was ended."
                        .formatted(heat.label(), most.toMinutes()));
        }
    }

    @Override
    public void close() {
        kept.values().forEach(ChildProcess::close);
        kept.clear();
    }
}
