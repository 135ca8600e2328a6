package dev.millrace.crawler;

import java.io.PrintWriter;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Connections that break at every n-th step, a step being a statement or a commit: before it was sent, or, for every other commit,
 * after it was done, so that nobody knows.
 */
final class FlakyConnections implements DataSource {

    private final DataSource real;
    private final int every;
    private final AtomicInteger steps = new AtomicInteger();
    private final AtomicInteger broken = new AtomicInteger();
    private volatile boolean on;

    FlakyConnections(DataSource real, int every) {
        this.real = real;
        this.every = every;
    }

    void breakFromNowOn() {
        on = true;
    }

    void heal() {
        on = false;
    }

    int broken() {
        return broken.get();
    }

    private boolean breaks() {
        return on && steps.incrementAndGet() % every == 0;
    }

    private static SQLException torn() {
        return new SQLException("An I/O error occurred while sending to the backend (by the test).", "08006");
    }

    @Override
    public Connection getConnection() throws SQLException {
        var connection = real.getConnection();
        return proxy(Connection.class, (self, method, arguments) -> {
            if (method.getName().equals("commit") && breaks()) {
                boolean done = broken.incrementAndGet() % 2 == 0;
                if (done) connection.commit();
                else connection.rollback();
                throw torn();
            }
            var answer = call(connection, method, arguments);
            return answer instanceof PreparedStatement statement ? flaky(connection, statement) : answer;
        });
    }

    private PreparedStatement flaky(Connection connection, PreparedStatement statement) {
        return proxy(PreparedStatement.class, (self, method, arguments) -> {
            if (method.getName().startsWith("execute") && breaks()) {
                broken.incrementAndGet();
                connection.rollback();
                throw torn();
            }
            return call(statement, method, arguments);
        });
    }

    private static @Nullable Object call(Object target, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        return getConnection();
    }

    @Override
    public @Nullable PrintWriter getLogWriter() throws SQLException {
        return real.getLogWriter();
    }

    @Override
    public void setLogWriter(PrintWriter out) throws SQLException {
        real.setLogWriter(out);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        real.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return real.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getLogger("test");
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return real.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return real.isWrapperFor(type);
    }
}
