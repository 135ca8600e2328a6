package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.postgres.PostgresStore;
import java.sql.Connection;
import java.sql.SQLException;

/** Shows that a job enqueued in your transaction is there if, and only if, your rows are: commit decides about both. */
final class InYourTransaction {

    @Kind("confirm-order")
    record ConfirmOrder(long order, String what) implements Job<String> {}

    private InYourTransaction() {}

    public static void main(String[] args) throws SQLException {
        var dataSource = ExampleDatabase.from(args);
        ExampleDatabase.execute(dataSource, """
                CREATE TABLE IF NOT EXISTS example_order (
                    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    what text NOT NULL)""");
        try (var millrace = Millrace.on(new PostgresStore(dataSource));
                var tx = dataSource.getConnection()) {
            millrace.node()
                    .handle(ConfirmOrder.class, job -> job.what() + " is on its way")
                    .start();
            tx.setAutoCommit(false);

            var kept = millrace.enqueue(tx, new ConfirmOrder(insert(tx, "a chair"), "a chair"));
            tx.commit();
            System.out.println("Committed: " + kept.get(ofSeconds(30)));

            var lost = millrace.enqueue(tx, new ConfirmOrder(insert(tx, "a table"), "a table"));
            tx.rollback();
            var found = millrace.operations("example").find(lost.id());
            System.out.println("Rolled back: " + (found.isEmpty() ? "there never was such a job" : found));
        }
    }

    private static long insert(Connection tx, String what) throws SQLException {
        try (var statement = tx.prepareStatement("INSERT INTO example_order (what) VALUES (?) RETURNING id")) {
            statement.setString(1, what);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getLong("id");
            }
        }
    }
}
