package dev.millrace.examples;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Retry;
import dev.millrace.postgres.PostgresStore;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.hibernate.cfg.JdbcSettings;
import org.hibernate.jpa.HibernatePersistenceConfiguration;

/** Shows jobs in transactions of Hibernate, and handlers that write with it in the commit of their outcome. */
final class HibernateTransaction {

    @Kind("send-parcel")
    record SendParcel(long parcel) implements Job<String> {}

    @Kind("bill-parcel")
    record BillParcel(long parcel) implements Job<String> {}

    @Entity
    @Table(name = "example_parcel")
    static class Parcel {
        @Id
        @GeneratedValue(strategy = GenerationType.IDENTITY)
        long id;

        String what = "";

        Parcel() {}

        Parcel(String what) {
            this.what = what;
        }
    }

    @Entity
    @Table(name = "example_step")
    static class Step {
        @Id
        @GeneratedValue(strategy = GenerationType.IDENTITY)
        long id;

        long parcel;
        String what = "";

        Step() {}

        Step(long parcel, String what) {
            this.parcel = parcel;
            this.what = what;
        }
    }

    private HibernateTransaction() {}

    public static void main(String[] args) throws SQLException {
        var dataSource = ExampleDatabase.withParcels(args);
        var tries = new AtomicInteger();
        try (var sessions = new HibernatePersistenceConfiguration("parcels")
                        .managedClasses(Parcel.class, Step.class)
                        .property(JdbcSettings.JAKARTA_NON_JTA_DATASOURCE, dataSource)
                        .createEntityManagerFactory();
                var millrace = Millrace.on(new PostgresStore(dataSource))) {
            millrace.node()
                    .transact(SendParcel.class, (job, tx) -> {
                        try (var session = sessions.openStatelessSession(tx)) {
                            session.insert(new Step(job.parcel(), "sent"));
                        }
                        if (tries.incrementAndGet() == 1) throw new IllegalStateException("failed after the write");
                        return "sent";
                    })
                    .retry(Retry.fixed(ofMillis(100)))
                    .decide(
                            BillParcel.class,
                            (job, attempt) -> sessions.fromTransaction(session -> {
                                session.persist(new Step(job.parcel(), "billed"));
                                session.flush();
                                return session.doReturningWork(tx -> attempt.complete(tx, "billed"));
                            }))
                    .start();

            var kept = sessions.fromTransaction(session -> {
                var parcel = new Parcel("a chair");
                session.persist(parcel);
                return session.doReturningWork(tx -> List.of(
                        millrace.enqueue(tx, new SendParcel(parcel.id)),
                        millrace.enqueue(tx, new BillParcel(parcel.id))));
            });
            for (var job : kept) System.out.println("Committed: a chair was " + job.get(ofSeconds(30)));

            try (var session = sessions.openSession()) {
                var transaction = session.beginTransaction();
                var parcel = new Parcel("a table");
                session.persist(parcel);
                var lost = session.doReturningWork(tx -> millrace.enqueue(tx, new SendParcel(parcel.id)));
                transaction.rollback();
                var found = millrace.operations("example").find(lost.id());
                System.out.println("Rolled back: " + (found.isEmpty() ? "there never was such a job" : found));
            }
            System.out.println(
                    "Tried " + tries + " times, and written once: " + ExampleDatabase.lastParcel(dataSource));
        }
    }
}
