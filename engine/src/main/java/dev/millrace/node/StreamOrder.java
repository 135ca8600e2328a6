package dev.millrace.node;

import dev.millrace.Priority;
import dev.millrace.store.StreamInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * In which order streams are claimed. Fronts come first. Then the bands: urgent before high before normal before bulk, within a band
 * the queues as the plan names them, within a queue the shards from a random one on, so that none is favoured. Every tenth order
 * begins with another band than the highest that has something, each of them in its turn, the lowest first: a lasting flood of urgent jobs
 * starves none.
 */
final class StreamOrder {

    private static final int OTHER_FIRST_EVERY = 10;

    private final Map<String, Integer> preference = new HashMap<>();
    private final RandomGenerator random;
    private int count;
    private int turns;

    StreamOrder(List<String> queues, RandomGenerator random) {
        for (var queue : queues) preference.putIfAbsent(queue, preference.size());
        this.random = random;
    }

    List<StreamInfo> of(Collection<StreamInfo> streams) {
        boolean otherFirst = ++count % OTHER_FIRST_EVERY == 0;
        if (streams.size() <= 1) return List.copyOf(streams);
        // Fixed first, so that chance comes from the seed alone; then shuffled; the sort keeps that order among equals.
        var order = new ArrayList<>(streams);
        order.sort((one, other) -> Integer.compare(one.id(), other.id()));
        Collections.shuffle(order, random);
        var leader = otherFirst ? leader(streams) : null;
        order.sort((one, other) -> Integer.compare(rank(one, leader), rank(other, leader)));
        return order;
    }

    /** Of the bands below the highest, the one whose turn it is; null if there is no other. */
    private @Nullable Priority leader(Collection<StreamInfo> streams) {
        var bands = EnumSet.noneOf(Priority.class);
        for (var stream : streams) if (!stream.front()) bands.add(stream.priority());
        if (bands.size() < 2) return null;
        var others = new ArrayList<>(bands);
        others.sort(Comparator.comparingInt(Priority::rank).reversed());
        others.removeLast();
        return others.get(turns++ % others.size());
    }

    private int rank(StreamInfo stream, @Nullable Priority leader) {
        int queues = preference.size() + 1;
        int queue = preference.getOrDefault(stream.queue(), preference.size());
        return band(stream, leader) * queues + queue;
    }

    private static int band(StreamInfo stream, @Nullable Priority leader) {
        int bands = Priority.values().length;
        if (stream.front()) return stream.priority().rank();
        return stream.priority() == leader
                ? bands
                : bands + 1 + stream.priority().rank();
    }
}
