package dev.millrace.app.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.Node;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.world.World;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.stream.LongStream;
import javax.sql.DataSource;

/** A backlog of no-op jobs: how fast it is taken, and how fast it is run. In a schema of its own, which is dropped at the end. */
final class BurnDown {

    /** As many handlers at once as keep flushes large. */
    static final int SLOTS = 4_000;

    private static final Duration LOOK = Duration.ofMillis(5);
    private static final Duration STALL = Duration.ofSeconds(60);
    private static final Duration STATISTICS = Duration.ofMillis(1_500);
    private static final int[] CONNECTIONS = {1, 2, 4};

    /** A sign of life after so many jobs; a power of two less one. */
    private static final long SIGN = 0xFF;

    @Kind("bench-noop")
    record Noop(long n) implements Job<Void> {}

    private final DataSource dataSource;
    private final World world;
    private final Telling telling;
    private final boolean heldSnapshot;

    /**
     * A burn-down on this database.
     *
     * @param heldSnapshot whether a reader holds a snapshot all the while, as a long report would
     */
    BurnDown(DataSource dataSource, World world, boolean heldSnapshot, Telling telling) {
        this.dataSource = dataSource;
        this.world = world;
        this.heldSnapshot = heldSnapshot;
        this.telling = telling;
    }

    BurnDownReport run(long jobs) throws SQLException, InterruptedException {
        try (var schema = BenchSchema.make(dataSource, world);
                var millrace = Millrace.on(new PostgresStore(dataSource).withSchema(schema.name()), world)) {
            var holder = heldSnapshot ? holdSnapshot(schema.name()) : null;
            try {
                return measure(millrace, schema.name(), jobs);
            } finally {
                if (holder != null) {
                    holder.rollback();
                    holder.close();
                }
            }
        }
    }

    private Connection holdSnapshot(String schema) throws SQLException {
        var holder = dataSource.getConnection();
        holder.setAutoCommit(false);
        holder.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (var statement = holder.createStatement()) {
            statement.execute("SELECT count(*) FROM " + schema + ".meta");
        }
        telling.say("a reader holds its snapshot until the end");
        return holder;
    }

    private BurnDownReport measure(Millrace millrace, String schema, long jobs)
            throws SQLException, InterruptedException {
        world.sleep(STATISTICS);
        var before = Cost.read(dataSource);
        long began = world.nanoTime();
        try (var bar = telling.bar("jobs enqueued", jobs)) {
            millrace.enqueueAll(LongStream.range(0, jobs).mapToObj(n -> {
                if ((n & SIGN) == 0) bar.at(n);
                return new Noop(n);
            }));
        }
        double enqueued = jobs / seconds(began);
        telling.say("%,d jobs enqueued, %,.0f a second".formatted(jobs, enqueued));

        var own = OwnCost.read();
        began = world.nanoTime();
        double ran;
        try (var node = millrace.node()
                        .name("bench")
                        .slots(SLOTS)
                        .handle(Noop.class, job -> {})
                        .start();
                var bar = telling.bar("jobs run", jobs)) {
            awaitAll(node, jobs, bar);
            ran = jobs / seconds(began);
            telling.say("%,d jobs run, %,.0f a second".formatted(jobs, ran));
        }
        var engine = OwnCost.read().less(own);
        world.sleep(STATISTICS);
        var cost = Cost.read(dataSource).less(before);
        long deadTuples = deadTuples(schema);

        var raw = new RawLimit(dataSource, schema, world, jobs, telling);
        double copied = raw.copyIn();
        telling.say("raw: COPY in, %,.0f rows a second".formatted(copied));
        double limit = 0;
        for (int connections : CONNECTIONS) {
            double rate = raw.readAndCopy(connections);
            telling.say("raw: read 500 and COPY 500 outcomes on %d connections, %,.0f a second"
                    .formatted(connections, rate));
            limit = Math.max(limit, rate);
        }
        return new BurnDownReport(
                jobs,
                enqueued,
                ran,
                copied,
                limit,
                (double) cost.walBytes() / jobs,
                (double) cost.fullPageImages() / jobs,
                (double) cost.commits() / jobs,
                engine.cpuNanos() / 1_000.0 / jobs,
                (double) engine.allocatedBytes() / jobs,
                deadTuples,
                Runtime.getRuntime().maxMemory(),
                Cost.fsync(dataSource),
                Cost.version(dataSource));
    }

    /**
     * Of the job stream, in which nothing is updated or deleted: there should be none, but for what a roll-back leaves. Idle sessions keep
     * to themselves for a while what they counted, so their connections are ended first.
     */
    private long deadTuples(String schema) throws SQLException, InterruptedException {
        if (dataSource.isWrapperFor(HikariDataSource.class)) {
            dataSource.unwrap(HikariDataSource.class).getHikariPoolMXBean().softEvictConnections();
            world.sleep(STATISTICS);
        }
        return Long.parseLong(Cost.one(
                dataSource,
                "SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables WHERE schemaname = '%s' AND relname ~ '^(job_log|claim|outcome|outcome_batch)_[0-9]+$'"
                        .formatted(schema)));
    }

    private void awaitAll(Node node, long jobs, Telling.Bar bar) throws InterruptedException {
        long last = 0;
        long since = world.nanoTime();
        while (true) {
            long done = node.status().counts().completed();
            bar.at(done);
            if (done >= jobs) return;
            if (done != last) {
                last = done;
                since = world.nanoTime();
            } else if (world.nanoTime() - since > STALL.toNanos()) {
                throw new MillraceException(
                        "The burn-down stands still at %d of %d jobs since %s. Look at the node's log."
                                .formatted(done, jobs, STALL));
            }
            world.sleep(LOOK);
        }
    }

    private double seconds(long began) {
        return (world.nanoTime() - began) / 1e9;
    }

    /** What this process counts of itself. */
    private record OwnCost(long cpuNanos, long allocatedBytes) {

        static OwnCost read() {
            return new OwnCost(
                    ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class)
                            .getProcessCpuTime(),
                    ManagementFactory.getPlatformMXBean(ThreadMXBean.class).getTotalThreadAllocatedBytes());
        }

        OwnCost less(OwnCost before) {
            return new OwnCost(cpuNanos - before.cpuNanos, allocatedBytes - before.allocatedBytes);
        }
    }

    /** What the database counts. */
    private record Cost(long walBytes, long fullPageImages, long commits) {

        static Cost read(DataSource dataSource) throws SQLException {
            return new Cost(
                    Long.parseLong(one(dataSource, "SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint")),
                    Long.parseLong(one(dataSource, "SELECT wal_fpi FROM pg_stat_wal")),
                    Long.parseLong(one(
                            dataSource,
                            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")));
        }

        Cost less(Cost before) {
            return new Cost(
                    walBytes - before.walBytes, fullPageImages - before.fullPageImages, commits - before.commits);
        }

        static boolean fsync(DataSource dataSource) throws SQLException {
            return one(dataSource, "SHOW fsync").equals("on");
        }

        static String version(DataSource dataSource) throws SQLException {
            return "PostgreSQL " + one(dataSource, "SHOW server_version");
        }

        private static String one(DataSource dataSource, String sql) throws SQLException {
            try (var connection = dataSource.getConnection();
                    var statement = connection.createStatement();
                    var rows = statement.executeQuery(sql)) {
                rows.next();
                return rows.getString(1);
            }
        }
    }
}
