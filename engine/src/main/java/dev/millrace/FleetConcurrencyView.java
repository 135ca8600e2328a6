package dev.millrace;

import dev.millrace.store.Adjustment.Of;
import dev.millrace.store.FleetShares.Shared;
import java.util.List;
import java.util.UUID;

/**
 * How many jobs of a queue or a kind run at once over all nodes together, and how they are divided. Immutable; the store's picture, which each node renews each
 * second.
 *
 * @param scope the {@linkplain Scope.Queue queue} or the {@linkplain Scope.OfKind kind}
 * @param concurrency how many may run at once
 * @param coded whether it is what the code of a living node says; if not, an operator has set it
 * @param shares of the nodes that could run some of it and are not gone, by name. Together they are never more than the number, but for what ran when it was set or
 *     lowered
 */
public record FleetConcurrencyView(Scope scope, int concurrency, boolean coded, List<Share> shares) {

    /**
     * What one node has of it.
     *
     * @param name of the node, for people
     * @param share how many it may run
     * @param running how many it ran when it said so last
     */
    public record Share(UUID node, String name, int share, int running) {}

    /** How many run, as far as the nodes have said. */
    public int running() {
        return shares.stream().mapToInt(Share::running).sum();
    }

    static FleetConcurrencyView of(Shared shared) {
        return new FleetConcurrencyView(
                shared.of() == Of.FLEET_KIND ? Scope.kind(shared.name()) : Scope.queue(shared.name()),
                shared.number(),
                shared.coded(),
                shared.holders().stream()
                        .map(holder ->
                                new Share(holder.node().value(), holder.name(), holder.share(), holder.running()))
                        .toList());
    }
}
