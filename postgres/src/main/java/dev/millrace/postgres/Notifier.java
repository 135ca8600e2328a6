package dev.millrace.postgres;

import dev.millrace.MillraceException;
import dev.millrace.world.World;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Tells nodes in other processes that a queue has work. NOTIFY takes a lock of the whole database at commit, so never one per job: the
 * first enqueue in {@link #QUIET} says it in its own transaction; those that follow are said once, at the end of that time, by a
 * thread of its own.
 *
 * <p>In a caller's transaction nothing is said: it would take that lock for the caller, and a transaction that has notified can't be
 * prepared for a two-phase commit. Its hint follows by the thread, after {@link #QUIET} and once more after {@link #ECHO}. All of it is a
 * hint: a transaction that commits later than that is found by polling.
 */
final class Notifier implements AutoCloseable {

    static final Duration QUIET = Duration.ofMillis(10);

    static final Duration ECHO = Duration.ofMillis(100);

    private final Pool pool;
    private final JobSql sql;
    private final String channel;
    private final World world;
    private final Map<String, Said> queues = new ConcurrentHashMap<>();
    private @Nullable Thread trailer;
    private volatile boolean closed;

    /** When a queue was last told of, and whether something came since. */
    private static final class Said {
        private long at;
        private boolean ever;
        private boolean pending;
        private long echoAt;
        private boolean echo;

        private synchronized boolean waiting() {
            return pending || echo;
        }

        /** Whether to say it now. */
        private synchronized boolean due(long now) {
            boolean echoDue = echo && now - echoAt >= 0;
            if (!pending && !echoDue) return false;
            if (echoDue) echo = false;
            pending = false;
            ever = true;
            at = now;
            return true;
        }
    }

    Notifier(Pool pool, JobSql sql, String channel, World world) {
        this.pool = pool;
        this.sql = sql;
        this.channel = channel;
        this.world = world;
    }

    String channel() {
        return channel;
    }

    /** Those of these queues that the caller must tell of now, with what it is about to commit; the others are told of soon. */
    List<String> leading(Collection<String> queues) {
        return queues.stream().filter(this::leads).toList();
    }

    void inTransaction(Connection connection, String queue) throws SQLException {
        if (leads(queue)) send(connection, queue);
    }

    /** Something was put into a caller's transaction, which is going to be committed soon. */
    void afterwards(String queue) {
        var said = queues.computeIfAbsent(queue, name -> new Said());
        synchronized (said) {
            said.pending = true;
            said.echo = true;
            said.echoAt = world.nanoTime() + ECHO.toNanos();
        }
        wakeTrailer();
    }

    private boolean leads(String queue) {
        var said = queues.computeIfAbsent(queue, name -> new Said());
        synchronized (said) {
            long now = world.nanoTime();
            if (said.ever && now - said.at < QUIET.toNanos()) {
                if (!said.pending) {
                    said.pending = true;
                    wakeTrailer();
                }
                return false;
            }
            said.ever = true;
            said.at = now;
            said.pending = false;
            return true;
        }
    }

    private void send(Connection connection, String payload) throws SQLException {
        try (var notify = Session.prepare(connection, sql.notify, channel, payload)) {
            notify.execute();
        }
    }

    private synchronized void wakeTrailer() {
        if (closed) return;
        var running = trailer;
        if (running == null) {
            running = Thread.ofPlatform().daemon().name("millrace-notifier").unstarted(this::trail);
            trailer = running;
            running.start();
        } else {
            LockSupport.unpark(running);
        }
    }

    private void trail() {
        while (!closed) {
            boolean waiting = false;
            try {
                for (var entry : queues.entrySet()) waiting |= entry.getValue().waiting();
                if (!waiting) {
                    LockSupport.park(this);
                    continue;
                }
                world.sleep(QUIET);
                sayPending();
            } catch (InterruptedException e) {
                return;
            } catch (MillraceException unreachable) {
                // the hint is lost; the poll finds the work
            }
        }
    }

    private void sayPending() {
        pool.look("tell of new work", connection -> {
            for (var entry : queues.entrySet()) {
                if (entry.getValue().due(world.nanoTime())) send(connection, entry.getKey());
            }
            return true;
        });
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (trailer != null) trailer.interrupt();
    }
}
