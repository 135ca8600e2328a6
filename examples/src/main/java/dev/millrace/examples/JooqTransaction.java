package dev.millrace.examples;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static java.util.Objects.requireNonNull;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.table;

import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Retry;
import dev.millrace.postgres.PostgresStore;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.SQLDialect;
import org.jooq.Table;
import org.jooq.impl.DSL;

/** Shows jobs in transactions of jOOQ, and handlers that write with it in the commit of their outcome. */
final class JooqTransaction {

    @Kind("send-parcel")
    record SendParcel(long parcel) implements Job<String> {}

    @Kind("bill-parcel")
    record BillParcel(long parcel) implements Job<String> {}

    private static final Table<Record> PARCEL = table(name("example_parcel"));
    private static final Table<Record> STEP = table(name("example_step"));
    private static final Field<Long> ID = field(name("id"), Long.class);
    private static final Field<Long> OF_PARCEL = field(name("parcel"), Long.class);
    private static final Field<String> WHAT = field(name("what"), String.class);

    private JooqTransaction() {}

    public static void main(String[] args) throws SQLException {
        var dataSource = ExampleDatabase.withParcels(args);
        var database = DSL.using(dataSource, SQLDialect.POSTGRES);
        var tries = new AtomicInteger();
        try (var millrace = Millrace.on(new PostgresStore(dataSource))) {
            millrace.node()
                    .transact(SendParcel.class, (job, tx) -> {
                        step(DSL.using(tx, SQLDialect.POSTGRES), job.parcel(), "sent");
                        if (tries.incrementAndGet() == 1) throw new IllegalStateException("failed after the write");
                        return "sent";
                    })
                    .retry(Retry.fixed(ofMillis(100)))
                    .decide(
                            BillParcel.class,
                            (job, attempt) -> database.transactionResult(trx -> {
                                step(trx.dsl(), job.parcel(), "billed");
                                return trx.dsl().connectionResult(tx -> attempt.complete(tx, "billed"));
                            }))
                    .start();

            var kept = database.transactionResult(trx -> {
                long parcel = insert(trx.dsl(), "a chair");
                return trx.dsl()
                        .connectionResult(tx -> List.of(
                                millrace.enqueue(tx, new SendParcel(parcel)),
                                millrace.enqueue(tx, new BillParcel(parcel))));
            });
            for (var job : kept) System.out.println("Committed: a chair was " + job.get(ofSeconds(30)));

            var lost = new ArrayList<Handle<String>>();
            try {
                database.transaction(trx -> {
                    long parcel = insert(trx.dsl(), "a table");
                    trx.dsl().connection(tx -> lost.add(millrace.enqueue(tx, new SendParcel(parcel))));
                    throw new IllegalStateException("nobody wants a table");
                });
            } catch (IllegalStateException unwanted) {
                var found = millrace.operations("example").find(lost.getFirst().id());
                System.out.println("Rolled back: " + (found.isEmpty() ? "there never was such a job" : found));
            }
            System.out.println(
                    "Tried " + tries + " times, and written once: " + ExampleDatabase.lastParcel(dataSource));
        }
    }

    private static long insert(DSLContext database, String what) {
        return requireNonNull(
                database.insertInto(PARCEL, WHAT).values(what).returning(ID).fetchSingle(ID));
    }

    private static void step(DSLContext database, long parcel, String what) {
        database.insertInto(STEP, OF_PARCEL, WHAT).values(parcel, what).execute();
    }
}
