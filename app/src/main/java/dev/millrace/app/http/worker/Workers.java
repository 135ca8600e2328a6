package dev.millrace.app.http.worker;

import dev.millrace.IfUnreadable;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.app.http.worker.WorkerProblem.Why;
import dev.millrace.world.World;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * The workers that are connected. Each is a node of this process, so that everything which holds for nodes holds for workers: limits, order, pauses,
 * retries, deadlines, cancels, rescue. Safe for use by many threads.
 */
public final class Workers implements AutoCloseable {

    private static final Logger LOG = System.getLogger(Workers.class.getName());

    /** Sessions at once: each has some threads, and a beat of its own in the database. */
    public static final int SESSIONS = 200;

    /** How long a server that stops waits for what workers have. */
    private static final Duration GRACE = Duration.ofSeconds(20);

    /** On top of that, until the nodes have said good-bye. */
    private static final Duration FAREWELL = Duration.ofSeconds(20);

    private static final Duration LOOK = Duration.ofMillis(500);

    private final Millrace millrace;
    private final World world;
    private final Map<String, WorkerSession> sessions = new ConcurrentHashMap<>();
    private final Semaphore places;
    private final List<Thread> endings = new CopyOnWriteArrayList<>();
    private final Thread watch;
    private volatile boolean stopping;

    /** Workers of this store. */
    public Workers(Millrace millrace, World world) {
        this(millrace, world, SESSIONS);
    }

    Workers(Millrace millrace, World world, int sessions) {
        this.millrace = millrace;
        this.world = world;
        this.places = new Semaphore(sessions);
        this.watch = Thread.ofVirtual().name("millrace-workers").start(this::watch);
    }

    /**
     * Begins a session: its node is up when this returns.
     *
     * @throws WorkerProblem if there are too many, or the server stops
     * @throws MillraceException if the node could not be started for what was said of it
     */
    public WorkerSession open(WorkerSpec spec) {
        if (stopping) throw stops();
        if (!places.tryAcquire())
            throw new WorkerProblem(
                    Why.TOO_MANY,
                    "There are %,d workers here, as many as there may be. Give each process more slots instead of starting more of them, or start another server."
                            .formatted(sessions.size()));
        @Nullable WorkerSession session = null;
        try {
            var opened = new WorkerSession(id(), spec, world);
            var builder = millrace.node().name(spec.name()).slots(spec.slots());
            for (var queue : spec.queues()) builder.queue(queue);
            // A worker reads payloads where it is, and nobody here knows what it can read.
            builder.checkStored(IfUnreadable.IGNORE);
            for (var kind : spec.kinds()) {
                var added = builder.handleRaw(kind.kind(), kind.versions(), opened.handler());
                if (kind.deadline() != null) added.deadline(kind.deadline());
                if (kind.concurrency() != null) added.concurrency(kind.concurrency());
                if (kind.retry() != null) added.retry(kind.retry());
            }
            opened.runsOn(builder.start());
            session = opened;
        } finally {
            if (session == null) places.release();
        }
        sessions.put(session.id(), session);
        if (stopping) end(session, it -> it.drain(Duration.ZERO)); // it may have looked before this one was there
        return session;
    }

    private String id() {
        var hex = HexFormat.of();
        return hex.toHexDigits(world.random().nextLong())
                + hex.toHexDigits(world.random().nextLong());
    }

    /**
     * The session of this name.
     *
     * @throws WorkerProblem if there is none
     */
    public WorkerSession session(String id) {
        var session = sessions.get(id);
        if (session == null) throw unknown(id);
        return session;
    }

    static WorkerProblem unknown(String id) {
        return new WorkerProblem(
                Why.UNKNOWN_WORKER,
                "There is no session \"%s\" here: nothing was heard of its worker for its time, or it was closed, or this server has started since. What it had runs elsewhere; open a new session."
                        .formatted(id.length() > 40 ? id.substring(0, 39) + "…" : id));
    }

    private static WorkerProblem stops() {
        return new WorkerProblem(
                Why.STOPPING, "This server is stopping. Open a session again when it is back, or at another one.");
    }

    /**
     * Ends a session in order. What its worker still has runs again elsewhere at once, and costs no attempt.
     *
     * @return how many attempts the worker had
     */
    public int close(String id) {
        var session = session(id);
        if (!sessions.remove(id, session)) throw unknown(id);
        int held = session.held();
        try {
            session.drain(Duration.ZERO);
        } finally {
            places.release();
        }
        return held;
    }

    /** How many there are. */
    public int count() {
        return sessions.size();
    }

    // ---- those that are lost

    private void watch() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                world.sleep(LOOK);
                for (var session : sessions.values()) {
                    var why = session.lostBecause();
                    if (why != null) lost(session, why);
                }
                endings.removeIf(thread -> !thread.isAlive());
            }
        } catch (InterruptedException closed) {
            // nobody is watched any more
        }
    }

    private void lost(WorkerSession session, String why) {
        if (!sessions.remove(session.id(), session)) return;
        LOG.log(
                Level.WARNING,
                "Worker %s is lost: %s. What it had runs elsewhere (jobs: %,d)."
                        .formatted(session.spec().name(), why, session.held()));
        inItsOwnTime(() -> {
            try {
                session.abandon();
            } finally {
                places.release();
            }
        });
    }

    // ---- the end of all

    /** No session begins any more, those that are there get nothing more, and have 20 s to complete what they have. */
    public void stopping() {
        if (stopping) return;
        stopping = true;
        for (var session : sessions.values()) end(session, it -> it.drain(GRACE));
    }

    private interface End {
        boolean of(WorkerSession session);
    }

    private void end(WorkerSession session, End end) {
        inItsOwnTime(() -> {
            try {
                if (!end.of(session))
                    LOG.log(
                            Level.INFO,
                            "Worker %s had not completed everything when the server stopped; the rest runs elsewhere."
                                    .formatted(session.spec().name()));
            } finally {
                if (sessions.remove(session.id(), session)) places.release();
            }
        });
    }

    private void inItsOwnTime(Runnable ending) {
        endings.add(Thread.ofVirtual().name("millrace-worker-end").start(ending));
    }

    /** Waits until all have ended. */
    @Override
    public void close() {
        stopping();
        watch.interrupt();
        long end = world.nanoTime() + GRACE.plus(FAREWELL).toNanos();
        try {
            for (var ending : endings) {
                long left = end - world.nanoTime();
                if (left > 0) ending.join(Duration.ofNanos(left));
            }
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
    }
}
