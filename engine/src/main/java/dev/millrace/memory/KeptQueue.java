package dev.millrace.memory;

import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Crowds;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.StreamInfo;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** A queue: its streams, and how many of its jobs are in which state. */
final class KeptQueue {

    /** Streams per priority, the front not counted. */
    static final int SHARDS = 4;

    /** Keyed shards. */
    static final int KEYED_SHARDS = 4;

    /** A side shard is its tenant's for so long after it was used. */
    private static final Duration KEPT_ASIDE = Duration.ofMinutes(1);

    final String name;
    /** By priority: the front, then the shards. */
    private final Map<Priority, List<Stream>> streams = new EnumMap<>(Priority.class);

    /** Each keyed shard and its front, one after the other; made with the first job that has a line. */
    private final List<Stream> keyed = new ArrayList<>();

    /** Side shards, by priority; each made when all others have been given away. */
    private final Map<Priority, List<Side>> sides = new EnumMap<>(Priority.class);

    private final Map<State, Long> counts = new EnumMap<>(State.class);
    private long parked;
    private int next;

    /** One stream and its deliveries that nobody has claimed yet. */
    static final class Stream {
        final StreamInfo info;
        final KeptQueue queue;
        final Deque<Row> pending = new ArrayDeque<>();

        Stream(StreamInfo info, KeptQueue queue) {
            this.info = info;
            this.queue = queue;
        }
    }

    /** A side shard, and the tenant that had it last. */
    private static final class Side {
        final Stream stream;
        String tenant;
        Instant usedAt;

        Side(Stream stream, String tenant, Instant usedAt) {
            this.stream = stream;
            this.tenant = tenant;
            this.usedAt = usedAt;
        }
    }

    KeptQueue(String name, int firstStream) {
        this.name = name;
        int id = firstStream;
        for (var priority : Priority.values()) {
            var own = new ArrayList<Stream>();
            for (int shard = StreamInfo.FRONT; shard < SHARDS; shard++) {
                own.add(new Stream(new StreamInfo(id++, name, priority, shard), this));
            }
            streams.put(priority, own);
        }
    }

    List<Stream> streams() {
        var all = new ArrayList<Stream>();
        for (var own : streams.values()) all.addAll(own);
        all.addAll(keyed);
        for (var own : sides.values()) for (var side : own) all.add(side.stream);
        return all;
    }

    /**
     * Sets a tenant aside: in the side shard it has, in one that is empty and that nobody has used for a minute, in a new one, or with others.
     *
     * @return what was made; null if nothing was
     */
    @Nullable
    Stream setAside(Priority priority, String tenant, int nextStream, Instant now) {
        var own = sides.computeIfAbsent(priority, none -> new ArrayList<>());
        for (var side : own) {
            if (!side.tenant.equals(tenant)) continue;
            side.usedAt = now;
            return null;
        }
        for (var side : own) {
            if (!side.stream.pending.isEmpty() || side.usedAt.plus(KEPT_ASIDE).isAfter(now)) continue;
            side.tenant = tenant;
            side.usedAt = now;
            return null;
        }
        if (own.size() == StreamInfo.SIDE_SHARDS) return null;
        var made = new Stream(new StreamInfo(nextStream, name, priority, StreamInfo.ASIDE + own.size()), this);
        own.add(new Side(made, tenant, now));
        return made;
    }

    /** Makes the keyed shards, if they are not there yet; answers what was made. */
    List<Stream> makeKeyed(int firstStream) {
        if (!keyed.isEmpty()) return List.of();
        int id = firstStream;
        for (int number = 0; number < KEYED_SHARDS; number++) {
            keyed.add(new Stream(new StreamInfo(id++, name, Priority.NORMAL, StreamInfo.keyed(number)), this));
            keyed.add(new Stream(new StreamInfo(id++, name, Priority.NORMAL, StreamInfo.keyedFront(number)), this));
        }
        return List.copyOf(keyed);
    }

    /** The keyed shards, without their fronts. */
    List<Stream> keyedShards() {
        return keyed.stream().filter(stream -> !stream.info.front()).toList();
    }

    /** The front of a keyed shard. */
    Stream keyedFront(Stream shard) {
        return keyed.get(keyed.indexOf(shard) + 1);
    }

    /** Where a job waits for its first attempt. */
    Stream home(NewJob job) {
        var line = Line.of(job.headers());
        if (line == null) {
            var tenant = Crowds.tenant(job);
            var aside = tenant == null ? null : aside(job.priority(), tenant);
            return aside == null ? shard(job.priority(), job.spread()) : aside;
        }
        return keyed.get(2 * (int) (hash(line.home()) % KEYED_SHARDS));
    }

    Stream front(Priority priority) {
        return stream(priority, StreamInfo.FRONT);
    }

    /** The shard for this text, always the same one; without a text, one after the other. */
    private Stream shard(Priority priority, @Nullable String spread) {
        return stream(priority, spread == null ? next++ & (SHARDS - 1) : (int) (hash(spread) % SHARDS));
    }

    private static long hash(String text) {
        var crc = new CRC32();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return crc.getValue();
    }

    private @Nullable Stream aside(Priority priority, String tenant) {
        for (var side : sides.getOrDefault(priority, List.of())) if (side.tenant.equals(tenant)) return side.stream;
        return null;
    }

    /** Where a new run waits at this priority, of a job that was in this stream. */
    Stream tail(Stream from, Priority priority, @Nullable String tenant) {
        if (from.info.keyed() || from.info.priority() == priority) return from;
        return from.info.aside() ? shard(priority, tenant) : stream(priority, from.info.shard());
    }

    Stream stream(Priority priority, int shard) {
        return Objects.requireNonNull(streams.get(priority)).get(shard - StreamInfo.FRONT);
    }

    void count(State state, Standing standing, int change) {
        if (standing instanceof Standing.Parked) parked += change;
        else counts.merge(state, (long) change, Long::sum);
    }

    /** How many jobs are in this state; parked ones are not available ones. */
    long count(State state) {
        return counts.getOrDefault(state, 0L);
    }

    long parked() {
        return parked;
    }
}
