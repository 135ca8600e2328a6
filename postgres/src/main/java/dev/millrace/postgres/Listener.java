package dev.millrace.postgres;

import dev.millrace.store.Storage.Listening;
import dev.millrace.store.Storage.Wakeup;
import dev.millrace.world.World;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Hears notifications on a connection and a thread of its own. When the connection is lost it takes another; the poll covers the gap. A
 * server that has gone without a word looks like one that has nothing to say, so now and then it is asked for an answer.
 */
final class Listener implements Listening {

    /** The payload that stands for an operator's word; no queue can have this name. */
    static final String COMMAND = "!";

    /** What a payload begins with that tells of new streams of the queue behind it; no queue's name begins so. */
    static final String STREAMS = "+";

    private static final Logger LOG = System.getLogger(Listener.class.getName());
    private static final Duration RECONNECT = Duration.ofSeconds(1);
    private static final Duration FIRST = Duration.ofSeconds(5);

    /** Notifications come at once; this is how often it looks whether it was closed. */
    private static final int WAIT_MILLIS = 500;

    /** How often the server must show that it is there, and within what time. */
    private static final Duration ASK_EVERY = Duration.ofSeconds(30);

    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);

    private static final Duration LAST_LOOK = Duration.ofSeconds(2);

    private final DataSource dataSource;
    private final String channel;
    private final World world;
    private final Consumer<Wakeup> consumer;
    private final Thread thread;
    private final CountDownLatch hearing = new CountDownLatch(1);
    private volatile boolean closed;
    private @Nullable Connection connection; // guarded by this

    Listener(DataSource dataSource, String channel, World world, Consumer<Wakeup> consumer) {
        this.dataSource = dataSource;
        this.channel = channel;
        this.world = world;
        this.consumer = consumer;
        this.thread = Thread.ofPlatform().daemon().name("millrace-listen").unstarted(this::listen);
    }

    /** Returns when it hears; or after a moment if the database does not answer, and then hears later. */
    Listener start() {
        thread.start();
        try {
            if (!hearing.await(FIRST.toMillis(), TimeUnit.MILLISECONDS))
                LOG.log(Level.WARNING, "Does not hear of new work yet; polling goes on.");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return this;
    }

    private void listen() {
        boolean told = false;
        while (!closed) {
            try (var open = dataSource.getConnection()) {
                keep(open);
                try {
                    begin(open);
                    told = false;
                    hear(open);
                } finally {
                    keep(null);
                }
            } catch (SQLException lost) {
                if (closed) return;
                if (!told)
                    LOG.log(
                            Level.WARNING,
                            "Lost the connection that hears of new work: {0}. Polling goes on.",
                            lost.getMessage());
                told = true;
                try {
                    world.sleep(RECONNECT);
                } catch (InterruptedException e) {
                    return;
                }
            }
        }
    }

    private synchronized void keep(@Nullable Connection open) {
        connection = open;
    }

    private void begin(Connection open) throws SQLException {
        open.setAutoCommit(true);
        open.setNetworkTimeout(Runnable::run, (int) ANSWER_WITHIN.toMillis());
        say(open, "LISTEN " + channel);
        hearing.countDown();
        consumer.accept(new Wakeup.Command()); // something may have been said before we heard
    }

    private void hear(Connection open) throws SQLException {
        var postgres = open.unwrap(PGConnection.class);
        long answered = world.nanoTime();
        while (!closed) {
            if (world.nanoTime() - answered >= ASK_EVERY.toNanos()) {
                say(open, "SELECT 1");
                answered = world.nanoTime();
            }
            var heard = postgres.getNotifications(WAIT_MILLIS);
            if (heard == null) continue;
            for (var notification : heard) consumer.accept(wakeup(notification.getParameter()));
        }
        say(open, "UNLISTEN " + channel);
        open.setNetworkTimeout(Runnable::run, 0);
    }

    private static Wakeup wakeup(String payload) {
        if (payload.equals(COMMAND)) return new Wakeup.Command();
        return payload.startsWith(STREAMS)
                ? new Wakeup.Streams(payload.substring(STREAMS.length()))
                : new Wakeup.Work(payload);
    }

    private static void say(Connection open, String sql) throws SQLException {
        try (var statement = open.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() {
        closed = true;
        if (thread.equals(Thread.currentThread())) return;
        thread.interrupt();
        try {
            if (thread.join(LAST_LOOK)) return;
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
        abort();
    }

    /** The database does not answer. A connection on its way back to the pool is left alone: it may be another's by then. */
    private synchronized void abort() {
        var open = connection;
        if (open == null) return;
        try {
            open.abort(Runnable::run); // the driver waits in a socket read, which only this ends
        } catch (SQLException alreadyGone) {
            // it listens no more, which is what was wanted
        }
    }
}
