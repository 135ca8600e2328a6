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
 *
 * <p>Side shards come behind the other shards of their queue and band, so that tenants with little to do are served first; every fourth order begins with them. Among them it goes by their
 * tenants' shares, and by {@linkplain FairClock what was claimed} from each.
 */
final class StreamOrder {

    private static final int OTHER_FIRST_EVERY = 10;
    private static final int ASIDE_FIRST_EVERY = 4;

    private final Map<String, Integer> preference = new HashMap<>();
    private final RandomGenerator random;
    private int count;
    private int turns;

    /** Shares of the tenants that have a side shard alone, by what was read of them last; 1 if it is not here. */
    private final Map<Integer, Integer> shares = new HashMap<>();

    private final FairClock clock = new FairClock();

    private int asides;

    StreamOrder(List<String> queues, RandomGenerator random) {
        for (var queue : queues) preference.putIfAbsent(queue, preference.size());
        this.random = random;
    }

    /** The tenant of this side shard has this share. */
    void share(int stream, int share) {
        if (share == 1) shares.remove(stream);
        else shares.put(stream, share);
    }

    /** So many were claimed from this side shard. */
    void claimed(int stream, int count) {
        clock.serves(clock.add(stream, (double) count / shares.getOrDefault(stream, 1)));
    }

    List<StreamInfo> of(Collection<StreamInfo> streams) {
        boolean otherFirst = ++count % OTHER_FIRST_EVERY == 0;
        if (streams.size() <= 1) return List.copyOf(streams);
        // Fixed first, so that chance comes from the seed alone; then shuffled; the sort keeps that order among equals.
        var order = new ArrayList<>(streams);
        order.sort((one, other) -> Integer.compare(one.id(), other.id()));
        Collections.shuffle(order, random);
        var leader = otherFirst ? leader(streams) : null;
        boolean asideFirst = sortAsides(order) && ++asides % ASIDE_FIRST_EVERY == 0;
        order.sort((one, other) -> Integer.compare(rank(one, leader, asideFirst), rank(other, leader, asideFirst)));
        return order;
    }

    /** Puts side shards in the order of their turns; whether there are any. */
    private boolean sortAsides(List<StreamInfo> order) {
        var turns = new HashMap<StreamInfo, Double>();
        for (var stream : order) if (stream.aside()) turns.put(stream, clock.start(stream.id()));
        if (turns.isEmpty()) return false;
        order.sort(Comparator.comparingDouble(stream -> turns.getOrDefault(stream, 0.0)));
        return true;
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

    private int rank(StreamInfo stream, @Nullable Priority leader, boolean asideFirst) {
        int queues = preference.size() + 1;
        int queue = preference.getOrDefault(stream.queue(), preference.size());
        return 2 * (band(stream, leader) * queues + queue) + (stream.aside() == asideFirst ? 0 : 1);
    }

    private static int band(StreamInfo stream, @Nullable Priority leader) {
        int bands = Priority.values().length;
        if (stream.front()) return stream.priority().rank();
        return stream.priority() == leader
                ? bands
                : bands + 1 + stream.priority().rank();
    }
}
