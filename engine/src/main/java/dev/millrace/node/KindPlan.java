package dev.millrace.node;

import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How this node runs one kind of job.
 *
 * @param kind its wire name
 * @param version the newest version that this node can decode; older ones are the body's affair, newer ones are parked
 * @param versions all that the body can decode, the newest among them; told to others, never used to decide here
 * @param deadline running time of one attempt, restarted by a heartbeat
 * @param concurrency how many of this kind may run on this node at once
 * @param fleet how many of it may run at once on all nodes together, as this node's code says; null if it says nothing of that
 */
public record KindPlan(
        String kind,
        int version,
        Set<Integer> versions,
        Duration deadline,
        int concurrency,
        @Nullable Integer fleet,
        Body body) {

    /** One whose body can decode each version up to the newest, and of which code says nothing for the whole fleet. */
    public KindPlan(String kind, int version, Duration deadline, int concurrency, Body body) {
        this(kind, version, deadline, concurrency, null, body);
    }

    /** One whose body can decode each version up to the newest. */
    public KindPlan(String kind, int version, Duration deadline, int concurrency, @Nullable Integer fleet, Body body) {
        this(
                kind,
                version,
                IntStream.rangeClosed(1, version).boxed().collect(Collectors.toUnmodifiableSet()),
                deadline,
                concurrency,
                fleet,
                body);
    }

    /** As a node tells it: with the newest version. */
    String told() {
        return kind + ":" + version;
    }

    /** As a node tells what it reads: with each version. */
    Stream<String> reads() {
        return versions.stream().sorted().map(one -> kind + ":" + one);
    }
}
