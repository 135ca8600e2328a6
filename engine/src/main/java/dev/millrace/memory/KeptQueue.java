package dev.millrace.memory;

import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.StreamInfo;
import java.nio.charset.StandardCharsets;
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

    final String name;
    /** By priority: the front, then the shards. */
    private final Map<Priority, List<Stream>> streams = new EnumMap<>(Priority.class);

    /** Each keyed shard and its front, one after the other; made with the first job that has a line. */
    private final List<Stream> keyed = new ArrayList<>();

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
        return java.util.stream.Stream.concat(streams.values().stream().flatMap(List::stream), keyed.stream())
                .toList();
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
