package dev.millrace.node;

import dev.millrace.Priority;
import dev.millrace.store.StreamInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * In which order streams are claimed. Fronts come first. Then the bands: urgent before high before normal before bulk, within a band
 * the queues as the plan names them, within a queue the shards from a random one on, so that none is favoured. Every tenth order
 * begins with the lowest band, so that it is not starved.
 */
final class StreamOrder {

    private static final int LOWEST_FIRST_EVERY = 10;

    private final Map<String, Integer> preference = new HashMap<>();
    private final RandomGenerator random;
    private int count;

    StreamOrder(List<String> queues, RandomGenerator random) {
        for (var queue : queues) preference.putIfAbsent(queue, preference.size());
        this.random = random;
    }

    List<StreamInfo> of(Collection<StreamInfo> streams) {
        boolean lowestFirst = ++count % LOWEST_FIRST_EVERY == 0;
        if (streams.size() <= 1) return List.copyOf(streams);
        // Fixed first, so that chance comes from the seed alone; then shuffled; the sort keeps that order among equals.
        var order = new ArrayList<>(streams);
        order.sort((one, other) -> Integer.compare(one.id(), other.id()));
        Collections.shuffle(order, random);
        order.sort((one, other) -> Integer.compare(rank(one, lowestFirst), rank(other, lowestFirst)));
        return order;
    }

    private int rank(StreamInfo stream, boolean lowestFirst) {
        int queues = preference.size() + 1;
        int queue = preference.getOrDefault(stream.queue(), preference.size());
        return band(stream, lowestFirst) * queues + queue;
    }

    private static int band(StreamInfo stream, boolean lowestFirst) {
        int priority = switch (stream.priority()) {
            case URGENT -> 0;
            case HIGH -> 1;
            case NORMAL -> 2;
            case BULK -> 3;
        };
        if (stream.front()) return priority;
        if (lowestFirst && stream.priority() == Priority.BULK) return 4;
        return 5 + priority;
    }
}
