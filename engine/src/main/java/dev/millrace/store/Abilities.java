package dev.millrace.store;

import java.util.Collection;
import java.util.List;
import java.util.function.Function;

/**
 * Which nodes can run most of what a queue's keyed shards have been found to hold. Of what kinds a queue's jobs are nobody says beforehand; but a job that its
 * shard's owner has to park, since it does not know its kind, is learnt of, and from then on shards are for those who know more. Only for stores that keep it
 * in Java.
 */
public final class Abilities {

    private Abilities() {}

    /** A kind that an owner did not know, in the version that it met. */
    public record Learnt(String kind, int version) {

        /** Whether one of these kinds, each told as {@code name:version} with the newest version that is read, can run it. */
        boolean isKnown(List<String> kinds) {
            return kinds.stream().anyMatch(told -> {
                int colon = told.lastIndexOf(':');
                return colon > 0
                        && told.substring(0, colon).equals(kind)
                        && Integer.parseInt(told, colon + 1, told.length(), 10) >= version;
            });
        }
    }

    /** Those of these nodes that know most of what was learnt, in their order. */
    public static <N> List<N> most(Collection<N> nodes, Function<N, List<String>> kinds, Collection<Learnt> learnt) {
        int least = Integer.MAX_VALUE;
        for (var node : nodes) least = Math.min(least, lacks(kinds.apply(node), learnt));
        int fewest = least;
        return nodes.stream()
                .filter(node -> lacks(kinds.apply(node), learnt) == fewest)
                .toList();
    }

    private static int lacks(List<String> kinds, Collection<Learnt> learnt) {
        return (int) learnt.stream().filter(one -> !one.isKnown(kinds)).count();
    }
}
