package dev.millrace.postgres;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Ends a connection that its user does not come back from, from another thread. The driver's own limit is one of waiting for the server;
 * but of an answer that was torn in its midst PgJDBC goes on skipping what does not come any more, and waits for nothing, unless its sockets
 * are of {@link EofAwareSocketFactory}: only a closed socket ends that. To its user it looks like any connection that broke.
 */
final class Overtime {

    private static final Logger LOG = System.getLogger(Overtime.class.getName());

    /** One thread for all; it ends when nobody works. */
    private static final ScheduledThreadPoolExecutor WATCH = watch();

    private Overtime() {}

    /**
     * Does work on a connection, which has a quarter more than the patience in which the driver, and the server, should have given up.
     *
     * @param patience longer than zero
     */
    static <T> T limited(Duration patience, String what, Connection connection, Session.Work<T> work)
            throws SQLException {
        long most = patience.plus(patience.dividedBy(4)).toNanos();
        var end = WATCH.schedule(() -> end(what, connection), most, TimeUnit.NANOSECONDS);
        try {
            return work.run(connection);
        } finally {
            end.cancel(false);
        }
    }

    private static void end(String what, Connection connection) {
        LOG.log(
                Level.WARNING,
                "\"{0}\" did not come back from its connection, which is ended now. What it did is looked up or done again; nothing is lost.",
                what);
        try {
            connection.abort(Runnable::run);
        } catch (SQLException gone) {
            LOG.log(Level.WARNING, "The connection could not be ended: {0}", gone.getMessage());
        }
    }

    private static ScheduledThreadPoolExecutor watch() {
        var watch = new ScheduledThreadPoolExecutor(1, work -> {
            var thread = new Thread(work, "millrace-overtime");
            thread.setDaemon(true);
            return thread;
        });
        watch.setRemoveOnCancelPolicy(true);
        watch.setKeepAliveTime(10, TimeUnit.SECONDS);
        watch.allowCoreThreadTimeOut(true);
        return watch;
    }
}
