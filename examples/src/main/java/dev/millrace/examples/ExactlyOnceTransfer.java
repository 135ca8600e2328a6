package dev.millrace.examples;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Retry;
import dev.millrace.postgres.PostgresStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;

/** Shows a handler whose writes and whose outcome are one commit: however often it is tried, the money moves once. */
final class ExactlyOnceTransfer {

    @Kind("transfer")
    record Transfer(String from, String to, long cents) implements Job<Void> {}

    private ExactlyOnceTransfer() {}

    public static void main(String[] args) throws SQLException {
        var dataSource = ExampleDatabase.from(args);
        ExampleDatabase.execute(dataSource, """
                CREATE TABLE IF NOT EXISTS example_account (owner text PRIMARY KEY, cents bigint NOT NULL);
                INSERT INTO example_account VALUES ('Ada', 100), ('Bob', 0)
                ON CONFLICT (owner) DO UPDATE SET cents = excluded.cents""");
        var tries = new AtomicInteger();
        try (var millrace = Millrace.on(new PostgresStore(dataSource));
                var connection = dataSource.getConnection()) {
            millrace.node()
                    .transact(Transfer.class, (transfer, tx) -> {
                        add(tx, transfer.from(), -transfer.cents());
                        add(tx, transfer.to(), transfer.cents());
                        if (tries.incrementAndGet() < 3) throw new IllegalStateException("failed after the writes");
                    })
                    .retry(Retry.fixed(ofMillis(100)))
                    .start();
            millrace.enqueue(new Transfer("Ada", "Bob", 25)).get(ofSeconds(30));

            System.out.println("Tried " + tries + " times");
            System.out.println("Ada has " + cents(connection, "Ada") + ", Bob has " + cents(connection, "Bob"));
        }
    }

    private static void add(Connection tx, String owner, long cents) throws SQLException {
        try (var update = tx.prepareStatement("UPDATE example_account SET cents = cents + ? WHERE owner = ?")) {
            update.setLong(1, cents);
            update.setString(2, owner);
            update.executeUpdate();
        }
    }

    private static long cents(Connection connection, String owner) throws SQLException {
        try (var query = connection.prepareStatement("SELECT cents FROM example_account WHERE owner = ?")) {
            query.setString(1, owner);
            try (var row = query.executeQuery()) {
                row.next();
                return row.getLong("cents");
            }
        }
    }
}
