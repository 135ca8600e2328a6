package dev.millrace.node;

import java.time.Duration;

/**
 * Ends what runs too long. It looks at everything that runs, as often as the nearest deadline asks for; no deadline can fall between
 * two looks, since none is shorter than the shortest of the plan.
 */
final class Deadlines implements Loop {

    private static final Duration LONGEST = Duration.ofSeconds(1);
    private static final Duration SHORTEST = Duration.ofMillis(5);

    private final Incarnation node;
    private final long rest;

    Deadlines(Incarnation node) {
        this.node = node;
        long rest = LONGEST.toNanos();
        for (var kind : node.kinds())
            rest = Math.min(rest, kind.plan().deadline().toNanos());
        this.rest = rest;
    }

    @Override
    public Duration turn() {
        long now = node.world().nanoTime();
        long next = rest;
        for (var held : node.seated()) next = Math.min(next, held.look(now));
        return Duration.ofNanos(Math.max(next, SHORTEST.toNanos()));
    }
}
