package dev.millrace.benchmarks.peers;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.benchmarks.contender.Card;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.benchmarks.contender.Ground;
import dev.millrace.benchmarks.contender.Load;
import java.io.IOException;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/** Jobs are taken by calling its SQL functions, which is also all that its JavaScript functions do. */
final class GraphileWorkerEntry implements Entry {

    private static final int AT_ONCE = 24;
    private static final int LOCAL_QUEUE = 500;
    private static final int BATCH_DELAY = 0;
    private static final int WORKER_CONNECTIONS = AT_ONCE + 1;
    private static final int CONNECTIONS = 32;
    private static final Crew CREW = new Crew(2, 10_000);

    /** The batch comes as JSON, as in its own performance tests. */
    private static final String ADD_JOBS =
            "SELECT 1 FROM add_jobs(ARRAY(SELECT json_populate_recordset(NULL::job_spec, ?::json)))";

    private static final String ADD_JOB = "SELECT add_job('noop', ?::json)";

    private final HikariDataSource pool;
    private final Ground ground;
    private final NodePackage node;
    private final String version;

    /** Started at once, so that who measures doesn't wait for Node to start, as they don't for their own JVM. */
    private final NodeProcess worker;

    private volatile LongConsumer handler = n -> {};

    private GraphileWorkerEntry(HikariDataSource pool, Ground ground, NodePackage node, String version)
            throws IOException, InterruptedException {
        this.pool = pool;
        this.ground = ground;
        this.node = node;
        this.version = version;
        try (var migration = node("migrate")) {
            migration.awaitDone();
        }
        this.worker = node("work");
    }

    static Entry open(Ground ground, NodePackage node, String version) throws IOException, InterruptedException {
        var pool = Pool.open(ground, "graphile-worker", CONNECTIONS);
        try {
            return new GraphileWorkerEntry(pool, ground, node, version);
        } catch (Exception e) {
            pool.close();
            throw e;
        }
    }

    @Override
    public Card card() {
        return new Card(
                version,
                new Settings()
                        .with("concurrentJobs", AT_ONCE)
                        .with("localQueue.size", LOCAL_QUEUE)
                        .with("completeJobBatchDelay", BATCH_DELAY)
                        .with("failJobBatchDelay", BATCH_DELAY)
                        .with("maxPoolSize", WORKER_CONNECTIONS)
                        .with("processes", 1)
                        .with("enqueue", "add_jobs of %d on %d connections".formatted(CREW.batch(), CREW.threads()))
                        .asMap());
    }

    @Override
    public long enqueueMany(long from, long count, BooleanSupplier stop) throws Exception {
        return CREW.take(from, count, stop, (first, size) -> {
            var specs = new StringBuilder("[");
            for (long n = first; n < first + size; n++) {
                if (n > first) specs.append(',');
                specs.append("{\"identifier\":\"noop\",\"payload\":")
                        .append(payload(n))
                        .append('}');
            }
            call(ADD_JOBS, specs.append(']').toString());
        });
    }

    @Override
    public void enqueueOne(long n) throws SQLException {
        call(ADD_JOB, payload(n));
    }

    private void call(String sql, String json) throws SQLException {
        try (var connection = pool.getConnection();
                var statement = connection.prepareStatement(sql)) {
            statement.setString(1, json);
            statement.execute();
        }
    }

    /** The script reads the number; the load's text needs no escapes. */
    private static String payload(long n) {
        return "{\"n\":%d,\"payload\":\"%s\"}".formatted(n, Load.payload(n));
    }

    @Override
    public void start(LongConsumer handler) throws IOException, InterruptedException, SQLException {
        Pool.analyze(pool);
        this.handler = handler;
        worker.begin();
    }

    private NodeProcess node(String what) throws IOException {
        return new NodeProcess(
                node,
                environment(),
                n -> handler.accept(n),
                "node",
                node.script("graphile-worker.cjs").toString(),
                what);
    }

    /** The variables that every client of PostgreSQL knows, so that no password is seen in a list of processes. */
    private Map<String, String> environment() {
        var parsed = Objects.requireNonNull(Driver.parseURL(ground.url(), new Properties()), ground.url());
        var environment = new HashMap<String, String>();
        environment.put("PGHOST", parsed.getProperty(PGProperty.PG_HOST.getName()));
        environment.put("PGPORT", parsed.getProperty(PGProperty.PG_PORT.getName()));
        environment.put("PGDATABASE", parsed.getProperty(PGProperty.PG_DBNAME.getName()));
        environment.put("PGUSER", ground.user());
        environment.put("PGPASSWORD", ground.password());
        environment.put("PGAPPNAME", "graphile-worker");
        environment.put("NODE_ENV", "production");
        environment.put("MILLRACE_PEER_SETTINGS", """
                {"schema": "%s", "concurrentJobs": %d, "maxPoolSize": %d, "localQueue": {"size": %d},
                 "completeJobBatchDelay": %d, "failJobBatchDelay": %d}""".formatted(
                        ground.schema(), AT_ONCE, WORKER_CONNECTIONS, LOCAL_QUEUE, BATCH_DELAY, BATCH_DELAY));
        return environment;
    }

    @Override
    public long unfinished() throws SQLException {
        return Pool.count(pool, "SELECT count(*) FROM jobs");
    }

    @Override
    public void close() throws IOException {
        try {
            worker.close();
        } finally {
            pool.close();
        }
    }
}
