package dev.millrace.simulation.store;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.simulation.database.Database;
import dev.millrace.simulation.database.Transaction;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * A transaction of a handler's own. Between two calls its client does whatever it likes, for as long as it likes: then nobody works for
 * it on the server, and it can be ended from outside. Its {@link #connection} can commit, roll back and be closed, and be given to the
 * store's steps that join a caller's transaction; statements of SQL it does not know.
 */
public final class HandlerTransaction {

    private final Transaction transaction;
    private final Database database;
    private final Connection connection;
    private final Tables tables;

    /** What marks a connection of this kind. */
    interface Handle {
        HandlerTransaction handlerTransaction();
    }

    HandlerTransaction(Transaction transaction, Database database, Tables tables) {
        this.tables = tables;
        this.transaction = transaction;
        this.database = database;
        this.connection = (Connection) Proxy.newProxyInstance(
                HandlerTransaction.class.getClassLoader(),
                new Class<?>[] {Connection.class, Handle.class},
                new Calls());
        database.idle(transaction, true);
    }

    static HandlerTransaction of(Connection connection) {
        return ((Handle) connection).handlerTransaction();
    }

    public Connection connection() {
        return connection;
    }

    /** For a step that works in it: it is busy until the next call of {@link #rest}. */
    Transaction transaction() {
        database.idle(transaction, false);
        return transaction;
    }

    /** The client does something else. */
    public void rest() {
        if (!transaction.over()) database.idle(transaction, true);
    }

    /** The handler writes something of its own. */
    public void effect(JobId job) {
        var own = transaction();
        own.statement();
        tables.effects.insert(own, tables.nextNumber(), job);
        rest();
    }

    /** Its connection is gone, and the server has noticed. */
    public void abandon() {
        transaction.abandon();
    }

    public void commit() {
        transaction().commit();
    }

    public void rollback() {
        transaction.rollback();
    }

    public boolean over() {
        return transaction.over();
    }

    private final class Calls implements InvocationHandler {
        @Override
        public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] arguments)
                throws SQLException {
            return switch (method.getName()) {
                case "handlerTransaction" -> HandlerTransaction.this;
                case "getAutoCommit" -> false;
                case "setAutoCommit" -> null;
                case "isClosed" -> transaction.over();
                case "commit" -> {
                    commit();
                    yield null;
                }
                case "rollback", "close" -> {
                    transaction.rollback();
                    yield null;
                }
                case "toString" -> "a connection of " + transaction;
                case "hashCode" -> System.identityHashCode(proxy);
                case "equals" ->
                    arguments != null && System.identityHashCode(proxy) == System.identityHashCode(arguments[0]);
                default ->
                    throw new MillraceException(
                            "The simulated database has no %s: it knows the protocol's steps, not SQL."
                                    .formatted(method.getName()));
            };
        }
    }
}
