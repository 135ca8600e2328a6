package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.JobId;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.postgres.PostgresStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** Shows jobs that are enqueued by SQL alone, as a program in another language or a trigger would, and run by handlers in Java. */
final class EnqueueBySql {

    @Kind("send-invoice")
    record SendInvoice(long order) implements Job<String> {}

    @Kind("send-reminder")
    record SendReminder(long customer, String template) implements Job<Void> {}

    @Kind("sync-product")
    record SyncProduct(long product) implements Job<Void> {}

    @Kind("send-mail")
    record SendMail(long customer) implements Job<Void> {}

    /** Once, each in a transaction of its own, where no producer in Java does it. */
    private static final List<String> PREPARE =
            List.of("SELECT millrace.add_queue('billing')", "SELECT millrace.add_keyed_shards('default')");

    /** As the guide has them. */
    private static final List<String> ENQUEUE = List.of("""
            SELECT millrace.enqueue('send-invoice', '{"order": 42}')
            """, """
            SELECT millrace.enqueue('send-invoice', '{"order": 42}',
                queue => 'billing', priority => 'high', run_in => '5 minutes', expires_in => '1 day',
                idempotency_key => 'request-7f3a', tenant => 'acme', tags => '{spring,sale}', headers => '{"trace": "4bf92f35"}')
            """, """
            SELECT millrace.enqueue('send-reminder', '{"customer": 7, "template": "due"}', unique_by => '[7, "due"]', unique_within => '1 day')
            """, """
            SELECT millrace.enqueue('sync-product', '{"product": 42}', in_order => '["product", 42]',
                limit_name => 'shop', concurrency => 2, rate => 100, rate_per => '1 minute', burst => 20, limit_by => '["acme"]')
            """, """
            SELECT millrace.enqueue('send-mail', '{"customer": 7}', if_failed => 'run',
                after => ARRAY[millrace.enqueue('send-invoice', '{"order": 43}'), millrace.enqueue('send-invoice', '{"order": 44}')])
            """);

    /** As a driver for another language would send them, which puts values for the question marks. */
    private static final String WITH_VALUES = "SELECT millrace.enqueue(?, ?::json, idempotency_key => ?)";

    private static final String LOOK = "SELECT state, result, failure FROM millrace.look(ARRAY[?::uuid])";

    private EnqueueBySql() {}

    public static void main(String[] args) throws SQLException {
        var dataSource = ExampleDatabase.from(args);
        try (var millrace = Millrace.on(new PostgresStore(dataSource))) {
            millrace.node()
                    .handle(SendInvoice.class, job -> "sent " + job.order())
                    .handle(SendReminder.class, job -> {})
                    .handle(SyncProduct.class, job -> {})
                    .handle(SendMail.class, job -> {})
                    .start();
            for (var statement : PREPARE) ExampleDatabase.execute(dataSource, statement);

            var jobs = enqueue(dataSource);
            System.out.println(millrace.find(SendInvoice.class, jobs.getFirst()).get(ofSeconds(30)));
            millrace.find(SyncProduct.class, jobs.get(3)).get(ofSeconds(30));
            System.out.println("synchronised, in order and as fast as its limit allows");
            millrace.find(SendMail.class, jobs.get(4)).get(ofSeconds(30));
            System.out.println("mailed, after two invoices");

            try (var connection = dataSource.getConnection()) {
                var job = one(connection, WITH_VALUES, "send-invoice", "{\"order\": 45}", "order 45");
                millrace.find(SendInvoice.class, JobId.of(job)).get(ofSeconds(30));
                System.out.println("by SQL it is " + one(connection, LOOK, job));
            }
        }
    }

    /** All in one transaction: all or none. */
    private static List<JobId> enqueue(DataSource dataSource) throws SQLException {
        var jobs = new ArrayList<JobId>();
        try (var tx = dataSource.getConnection()) {
            tx.setAutoCommit(false);
            for (var statement : ENQUEUE) jobs.add(JobId.of(one(tx, statement)));
            tx.commit();
        }
        return jobs;
    }

    private static String one(Connection connection, String sql, String... values) throws SQLException {
        try (var statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) statement.setString(i + 1, values[i]);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }
}
