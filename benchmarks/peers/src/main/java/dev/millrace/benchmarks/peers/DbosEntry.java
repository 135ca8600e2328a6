package dev.millrace.benchmarks.peers;

import com.zaxxer.hikari.HikariDataSource;
import dev.dbos.transact.DBOS;
import dev.dbos.transact.DBOSClient;
import dev.dbos.transact.config.DBOSConfig;
import dev.dbos.transact.migrations.MigrationManager;
import dev.dbos.transact.workflow.Queue;
import dev.dbos.transact.workflow.Workflow;
import dev.dbos.transact.workflow.WorkflowClassName;
import dev.millrace.benchmarks.contender.Card;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.benchmarks.contender.Ground;
import dev.millrace.benchmarks.contender.Load;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

final class DbosEntry implements Entry {

    /** One thread takes from a queue, whatever waits there; queues are served side by side. */
    private static final List<String> QUEUES = List.of("noop-0", "noop-1", "noop-2", "noop-3");

    private static final Duration POLL = Duration.ofMillis(10);
    private static final int AT_ONCE = 50;
    private static final int CONNECTIONS = 32;

    /** It has no call that takes many: each of the threads enqueues one at a time. */
    private static final Crew CREW = new Crew(16, 1);

    /** What DBOS makes durable. */
    interface Noop {
        void run(String payload);
    }

    /** What runs. */
    @WorkflowClassName("Noop")
    final class NoopWorkflow implements Noop {
        @Override
        @Workflow(name = "noop")
        public void run(String payload) {
            handler.accept(Load.number(payload));
        }
    }

    private final HikariDataSource pool;
    private final DBOS dbos;
    private final DBOSClient client;
    private volatile LongConsumer handler = n -> {};

    private DbosEntry(HikariDataSource pool, String schema) {
        this.pool = pool;
        var config = DBOSConfig.defaults("millrace-peers")
                .withDataSource(pool)
                .withDatabaseSchema(schema)
                .withAppVersion("1")
                .withMigrate(false);
        MigrationManager.runMigrations(config);
        client = new DBOSClient(pool, schema);
        dbos = new DBOS(config);
        for (var queue : QUEUES) {
            dbos.registerQueue(new Queue(queue).withWorkerConcurrency(AT_ONCE).withPollingInterval(POLL));
        }
        dbos.registerProxy(Noop.class, new NoopWorkflow());
    }

    static Entry open(Ground ground) {
        var pool = Pool.open(ground, "dbos", CONNECTIONS);
        try {
            return new DbosEntry(pool, ground.schema());
        } catch (RuntimeException e) {
            pool.close();
            throw e;
        }
    }

    @Override
    public Card card() {
        return new Card(
                Version.of("dbos"),
                new Settings()
                        .with("queues", QUEUES.size())
                        .with("worker concurrency of each", AT_ONCE)
                        .with("polling interval", POLL)
                        .with("connections", CONNECTIONS)
                        .with("enqueue", "DBOSClient on %d threads, one at a time".formatted(CREW.threads()))
                        .asMap());
    }

    @Override
    public long enqueueMany(long from, long count, BooleanSupplier stop) throws Exception {
        return CREW.take(from, count, stop, (n, one) -> enqueueOne(n));
    }

    @Override
    public void enqueueOne(long n) {
        client.enqueueWorkflow(
                new DBOSClient.EnqueueOptions("noop", "Noop", QUEUES.get((int) (n % QUEUES.size()))),
                new Object[] {Load.payload(n)});
    }

    @Override
    public void start(LongConsumer handler) throws SQLException {
        Pool.analyze(pool);
        this.handler = handler;
        dbos.launch();
    }

    @Override
    public long unfinished() throws SQLException {
        return Pool.count(
                pool, "SELECT count(*) FROM workflow_status WHERE status IN ('ENQUEUED', 'DELAYED', 'PENDING')");
    }

    @Override
    public void close() {
        Quiet.entirelyOfDbos();
        dbos.close();
        client.close();
        pool.close();
    }
}
