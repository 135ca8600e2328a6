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
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Shows jobs in transactions of Spring, and handlers that write with its JdbcClient in the commit of their outcome. */
final class SpringTransaction {

    @Kind("send-parcel")
    record SendParcel(long parcel) implements Job<String> {}

    @Kind("bill-parcel")
    record BillParcel(long parcel) implements Job<String> {}

    private SpringTransaction() {}

    public static void main(String[] args) throws SQLException {
        var dataSource = ExampleDatabase.withParcels(args);
        var jdbc = JdbcClient.create(dataSource);
        var transactions = new TransactionTemplate(new DataSourceTransactionManager(dataSource));
        var store = new PostgresStore(dataSource).joining(() -> current(dataSource));
        var tries = new AtomicInteger();
        try (var millrace = Millrace.on(store)) {
            millrace.node()
                    .transact(SendParcel.class, (job, tx) -> {
                        var onTheirs = JdbcClient.create(new SingleConnectionDataSource(tx, true));
                        step(onTheirs, job.parcel(), "sent");
                        if (tries.incrementAndGet() == 1) throw new IllegalStateException("failed after the write");
                        return "sent";
                    })
                    .retry(Retry.fixed(ofMillis(100)))
                    .decide(
                            BillParcel.class,
                            (job, attempt) -> transactions.execute(status -> {
                                step(jdbc, job.parcel(), "billed");
                                return attempt.complete(DataSourceUtils.getConnection(dataSource), "billed");
                            }))
                    .start();

            var kept = transactions.execute(status -> {
                long parcel = insert(jdbc, "a chair");
                return List.of(millrace.enqueue(new SendParcel(parcel)), millrace.enqueue(new BillParcel(parcel)));
            });
            for (var job : kept) System.out.println("Committed: a chair was " + job.get(ofSeconds(30)));

            var lost = transactions.execute(status -> {
                status.setRollbackOnly();
                return millrace.enqueue(new SendParcel(insert(jdbc, "a table")));
            });
            var found = millrace.operations("example").find(lost.id());
            System.out.println("Rolled back: " + (found.isEmpty() ? "there never was such a job" : found));
            System.out.println(
                    "Tried " + tries + " times, and written once: " + ExampleDatabase.lastParcel(dataSource));
        }
    }

    /** The connection of the transaction that this thread is in; null if it is in none. */
    private static @Nullable Connection current(DataSource dataSource) {
        if (!TransactionSynchronizationManager.isActualTransactionActive()) return null;
        return DataSourceUtils.getConnection(dataSource); // Spring has it back when the transaction ends
    }

    private static long insert(JdbcClient jdbc, String what) {
        return jdbc.sql("INSERT INTO example_parcel (what) VALUES (?) RETURNING id")
                .param(what)
                .query(Long.class)
                .single();
    }

    private static void step(JdbcClient jdbc, long parcel, String what) {
        jdbc.sql("INSERT INTO example_step (parcel, what) VALUES (?, ?)")
                .params(parcel, what)
                .update();
    }
}
