package dev.millrace;

import java.lang.reflect.Type;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.RandomAccess;
import java.util.UUID;

/** Handles of many jobs: 16 bytes each, and a note wherever the type of the result changes. Made by one thread, then read by any. */
final class JobHandles<R> extends AbstractList<Handle<R>> implements RandomAccess {

    private final Engine engine;
    private final List<Run> runs = new ArrayList<>();
    private long[] ids = new long[32];
    private int size;
    private Map<JobId, JobId> held = Map.of();

    /** Jobs in a row whose results have one type, up to the next run. */
    private record Run(int from, Type result) {}

    JobHandles(Engine engine) {
        this.engine = engine;
    }

    void append(JobId id, Type result) {
        if (size == Integer.MAX_VALUE / 2 - 8)
            throw new MillraceException("One call can't enqueue more than %,d jobs. Split the stream.".formatted(size));
        if (runs.isEmpty() || !runs.getLast().result().equals(result)) runs.add(new Run(size, result));
        if (2 * size == ids.length)
            ids = Arrays.copyOf(ids, (int) Math.min(Integer.MAX_VALUE - 17L, ids.length * 3L / 2 / 2 * 2));
        ids[2 * size] = id.value().getMostSignificantBits();
        ids[2 * size + 1] = id.value().getLeastSignificantBits();
        size++;
    }

    /** Of jobs whose unique key is held: which job holds it. */
    void held(Map<JobId, JobId> held) {
        this.held = held;
    }

    /** Nothing more will come: gives back the room that was made for more. */
    JobHandles<R> complete() {
        ids = Arrays.copyOf(ids, 2 * size);
        return this;
    }

    @Override
    public Handle<R> get(int index) {
        Objects.checkIndex(index, size);
        var id = new JobId(new UUID(ids[2 * index], ids[2 * index + 1]));
        var holder = held.get(id);
        return new JobHandle<>(engine, holder == null ? id : holder, holder != null, resultAt(index));
    }

    private Type resultAt(int index) {
        int low = 0;
        int high = runs.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (runs.get(middle).from() <= index) low = middle;
            else high = middle - 1;
        }
        return runs.get(low).result();
    }

    @Override
    public int size() {
        return size;
    }
}
