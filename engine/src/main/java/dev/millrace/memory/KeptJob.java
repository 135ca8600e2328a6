package dev.millrace.memory;

import dev.millrace.Deletion;
import dev.millrace.Failure;
import dev.millrace.JobHistory.LogLine;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.Transition;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A job: what was asked, where it stands, and what is kept of its way there. */
final class KeptJob {

    /** Log lines of one job; then the oldest go. */
    static final int MAX_LINES = 1_000;

    final JobId id;
    final Instant enqueuedAt;
    KeptQueue queue;
    KeptQueue.Stream stream;
    Priority priority;
    String kind;
    int kindVersion;
    Payload payload;
    Map<String, String> headers;
    final Deque<Row> rows = new ArrayDeque<>();
    final Deque<LogLine> lines = new ArrayDeque<>();

    @Nullable
    Instant expiresAt;

    /** Where the first delivery of its run stands. */
    Line.@Nullable Position first;

    @Nullable
    Failure failure;

    JobView.@Nullable Progress progress;

    @Nullable
    Checkpoint checkpoint;

    /** By which change it was deleted, if in the run that it is in. */
    @Nullable
    Deleted deleted;

    /** Retention has dropped it. */
    boolean forgotten;

    private @Nullable State state;
    private @Nullable Standing standing;

    /** A deletion, and the run that had ended. */
    record Deleted(Deletion deletion, int run) {}

    /** Whether it is not told of. */
    boolean isDeleted() {
        return deleted != null && deleted.run() == standing().turn().run();
    }

    /** The last checkpoint of a run. */
    record Checkpoint(int run, Payload value) {}

    KeptJob(NewJob job, KeptQueue.Stream home, Instant now) {
        this.id = job.id();
        this.queue = home.queue;
        this.stream = home;
        this.priority = job.priority();
        this.kind = job.kind();
        this.kindVersion = job.kindVersion();
        this.payload = job.payload();
        this.headers = Map.copyOf(job.headers());
        this.enqueuedAt = now;
        this.expiresAt = job.expiresAfter() == null ? null : now.plus(job.expiresAfter());
    }

    /** While it waits for its first time to run: everything but its id, and when it came. */
    void become(NewJob other, KeptQueue.Stream home, Instant now) {
        queue.count(state(), standing(), -1);
        queue = home.queue;
        stream = home;
        priority = other.priority();
        kind = other.kind();
        kindVersion = other.kindVersion();
        payload = other.payload();
        headers = Map.copyOf(other.headers());
        expiresAt = other.expiresAfter() == null ? null : now.plus(other.expiresAfter());
        queue.count(state(), standing(), 1);
    }

    /** Its next run has this priority; in the same shard. */
    void moveTo(Priority other) {
        if (stream.info.keyed()) return;
        priority = other;
        stream = queue.tail(stream, other, headers.get("tenant"));
    }

    /** Where this delivery goes when its wait is over: what has been delivered before comes back to the front of a keyed shard. */
    KeptQueue.Stream streamOf(Turn turn) {
        return stream.info.keyed() && turn.no() > 1 ? queue.keyedFront(stream) : stream;
    }

    /** Where goes what was rescued or handed back. */
    KeptQueue.Stream front() {
        return stream.info.keyed() ? queue.keyedFront(stream) : queue.front(priority);
    }

    /** What its next delivery tells of where the first one of its run stood. */
    Map<String, String> headersOf(Turn turn) {
        if (!stream.info.keyed() || turn.no() == 1 || first == null) return headers;
        var all = new TreeMap<>(headers);
        all.put(Line.FIRST, first.text());
        return all;
    }

    boolean expired(Instant now) {
        return expiresAt != null && !expiresAt.isAfter(now);
    }

    State state() {
        if (state == null) throw new IllegalStateException("job " + id + " has not begun");
        return state;
    }

    Standing standing() {
        if (standing == null) throw new IllegalStateException("job " + id + " has not begun");
        return standing;
    }

    /** The only way in which a job changes its state. */
    void move(State to, Standing where) {
        if (state != null && standing != null) {
            if (state != to && !Transition.possible(state, to)) {
                throw new IllegalStateException("job %s can't go from %s to %s".formatted(id, state, to));
            }
            queue.count(state, standing, -1);
        }
        state = to;
        standing = where;
        queue.count(to, where, 1);
    }

    void line(LogLine line) {
        lines.addLast(line);
        if (lines.size() > MAX_LINES) lines.removeFirst();
    }
}
