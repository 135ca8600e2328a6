package dev.millrace.examples;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Retry;
import dev.millrace.postgres.PostgresStore;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Shows jobs in transactions of Jdbi, and handlers that write with it in the commit of their outcome. */
final class JdbiTransaction {

    @Kind("send-parcel")
    record SendParcel(long parcel) implements Job<String> {}

    @Kind("bill-parcel")
    record BillParcel(long parcel) implements Job<String> {}

    private JdbiTransaction() {}

    public static void main(String[] args) throws SQLException {
        var dataSource = ExampleDatabase.withParcels(args);
        var jdbi = Jdbi.create(dataSource);
        var tries = new AtomicInteger();
        try (var millrace = Millrace.on(new PostgresStore(dataSource))) {
            millrace.node()
                    .transact(SendParcel.class, (job, tx) -> {
                        step(Jdbi.open(tx), job.parcel(), "sent"); // not closed: that would close the connection
                        if (tries.incrementAndGet() == 1) throw new IllegalStateException("failed after the write");
                        return "sent";
                    })
                    .retry(Retry.fixed(ofMillis(100)))
                    .decide(
                            BillParcel.class,
                            (job, attempt) -> jdbi.inTransaction(handle -> {
                                step(handle, job.parcel(), "billed");
                                return attempt.complete(handle.getConnection(), "billed");
                            }))
                    .start();

            var kept = jdbi.inTransaction(handle -> {
                long parcel = insert(handle, "a chair");
                var tx = handle.getConnection();
                return List.of(
                        millrace.enqueue(tx, new SendParcel(parcel)), millrace.enqueue(tx, new BillParcel(parcel)));
            });
            for (var job : kept) System.out.println("Committed: a chair was " + job.get(ofSeconds(30)));

            try (var handle = jdbi.open()) {
                handle.begin();
                var lost = millrace.enqueue(handle.getConnection(), new SendParcel(insert(handle, "a table")));
                handle.rollback();
                var found = millrace.operations("example").find(lost.id());
                System.out.println("Rolled back: " + (found.isEmpty() ? "there never was such a job" : found));
            }
            System.out.println(
                    "Tried " + tries + " times, and written once: " + ExampleDatabase.lastParcel(dataSource));
        }
    }

    private static long insert(Handle handle, String what) {
        return handle.createQuery("INSERT INTO example_parcel (what) VALUES (?) RETURNING id")
                .bind(0, what)
                .mapTo(Long.class)
                .one();
    }

    private static void step(Handle handle, long parcel, String what) {
        handle.execute("INSERT INTO example_step (parcel, what) VALUES (?, ?)", parcel, what);
    }
}
