package dev.millrace.memory;

import dev.millrace.Priority;
import dev.millrace.QueueView;
import dev.millrace.State;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.StreamInfo;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
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

    /** Its tenant is shown as set aside for so long after it was used. */
    private static final Duration SHOWN_ASIDE = Duration.ofSeconds(30);

    final String name;
    /** By priority: the front, then the shards. */
    private final Map<Priority, List<Stream>> streams = new EnumMap<>(Priority.class);

    /** Each keyed shard and its front, one after the other; made with the first job that has a line. */
    private final List<Stream> keyed = new ArrayList<>();

    /** Side shards of one tenant each, by priority; each made when all others have been given away. */
    private final Map<Priority, List<Side>> sides = new EnumMap<>(Priority.class);

    private final Map<Priority, List<Stream>> sharedSides = new EnumMap<>(Priority.class);

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

        /** What waits in it, in its order: what was cancelled meanwhile is left out. */
        java.util.stream.Stream<Row> waiting() {
            return pending.stream().filter(row -> row.outcome == null && !row.job().forgotten);
        }
    }

    /** A side shard, and the tenant that had it last. */
    private static final class Side {
        final Stream stream;
        String tenant;
        Instant since;
        Instant usedAt;

        Side(Stream stream, String tenant, Instant since) {
            this.stream = stream;
            this.tenant = tenant;
            this.since = since;
            this.usedAt = since;
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
        for (var own : sharedSides.values()) all.addAll(own);
        return all;
    }

    /** Makes the side shards that are shared, if they are not there yet; answers what was made. */
    List<Stream> makeSharedSides(Priority priority, int firstStream) {
        if (sharedSides.containsKey(priority)) return List.of();
        var made = new ArrayList<Stream>();
        for (int number = 0; number < StreamInfo.SHARED_SIDE_SHARDS; number++)
            made.add(new Stream(
                    new StreamInfo(firstStream + number, name, priority, StreamInfo.sharedAside(number)), this));
        sharedSides.put(priority, made);
        return made;
    }

    /**
     * Gives a tenant a side shard alone: the one it has, one that is empty and that nobody has used for a minute, a new one, or none.
     *
     * @return what was made
     */
    List<Stream> setAside(Priority priority, String tenant, int nextStream, Instant now) {
        var own = sides.computeIfAbsent(priority, none -> new ArrayList<>());
        for (var side : own) {
            if (!side.tenant.equals(tenant)) continue;
            side.usedAt = now;
            return List.of();
        }
        for (var side : own) {
            if (!side.stream.pending.isEmpty() || side.usedAt.plus(KEPT_ASIDE).isAfter(now)) continue;
            side.tenant = tenant;
            side.since = now;
            side.usedAt = now;
            return List.of();
        }
        if (own.size() == StreamInfo.SIDE_SHARDS) return List.of();
        var made = new Stream(new StreamInfo(nextStream, name, priority, StreamInfo.ASIDE + own.size()), this);
        own.add(new Side(made, tenant, now));
        return List.of(made);
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
        if (line == null) return shard(job.priority(), job.spread());
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

    /** Who has been set aside lately, who came first first. */
    List<QueueView.SetAside> asides(Instant now) {
        var all = new ArrayList<QueueView.SetAside>();
        sides.forEach((priority, own) -> {
            for (var side : own)
                if (side.usedAt.plus(SHOWN_ASIDE).isAfter(now))
                    all.add(new QueueView.SetAside(side.tenant, priority, side.since));
        });
        all.sort(Comparator.comparing(QueueView.SetAside::since).thenComparing(QueueView.SetAside::tenant));
        return all;
    }

    /** The side shard that this tenant has alone; null if it has none. */
    @Nullable
    Stream sideOf(Priority priority, String tenant, Instant now) {
        for (var side : sides.getOrDefault(priority, List.of()))
            if (side.tenant.equals(tenant) && side.usedAt.plus(SHOWN_ASIDE).isAfter(now)) return side.stream;
        return null;
    }

    /** The shared side shard of a tenant; they have been made. */
    Stream sharedSide(Priority priority, String tenant) {
        return Objects.requireNonNull(sharedSides.get(priority))
                .get((int) (hash(tenant) % StreamInfo.SHARED_SIDE_SHARDS));
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
