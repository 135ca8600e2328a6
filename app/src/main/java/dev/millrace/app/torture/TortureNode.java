package dev.millrace.app.torture;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Attempt;
import dev.millrace.Millrace;
import dev.millrace.Node;
import dev.millrace.Retry;
import dev.millrace.app.torture.TortureJobs.Effect;
import dev.millrace.app.torture.TortureJobs.Exact;
import dev.millrace.app.torture.TortureJobs.Flaky;
import dev.millrace.app.torture.TortureJobs.Hopeless;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.world.SystemWorld;
import dev.millrace.world.World;
import java.io.IOException;
import java.io.OutputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * One node process of a torture run; started by {@link Torture}, ended by a signal or by the end of its standard input. Prints a line of
 * its counters each second: what a killed process counted is known up to its last line.
 */
public final class TortureNode {

    private static final int EXACT_AT_ONCE = 6;
    private static final Duration REPORT = Duration.ofSeconds(1);

    private final World world;
    private final String name;
    private final HikariDataSource dataSource;

    private TortureNode(World world, String name, HikariDataSource dataSource) {
        this.world = world;
        this.name = name;
        this.dataSource = dataSource;
    }

    /** Arguments: name, schema, slots; the database's address, user and password come by environment. */
    public static void main(String[] arguments) throws InterruptedException {
        var environment = System.getenv();
        try (var dataSource = new HikariDataSource()) {
            dataSource.setJdbcUrl(environment.get("TORTURE_DATABASE"));
            dataSource.setUsername(environment.get("TORTURE_USER"));
            dataSource.setPassword(environment.get("TORTURE_PASSWORD"));
            dataSource.setMaximumPoolSize(14);
            dataSource.setMinimumIdle(0);
            new TortureNode(new SystemWorld(), arguments[0], dataSource)
                    .run(arguments[1], Integer.parseInt(arguments[2]));
        }
    }

    private void run(String schema, int slots) throws InterruptedException {
        var store = new PostgresStore(dataSource).withSchema(schema).withoutMigration();
        try (var millrace = Millrace.on(store)) {
            var node = millrace.node()
                    .name(name)
                    .slots(slots)
                    .handle(Effect.class, this::effect)
                    .handle(Flaky.class, this::flaky)
                    .retry(Retry.exponential(Duration.ofMillis(200)).attempts(5))
                    .handle(Hopeless.class, this::hopeless)
                    .retry(Retry.exponential(Duration.ofMillis(200)).attempts(2))
                    .transact(Exact.class, this::exact)
                    .concurrency(EXACT_AT_ONCE) // each holds a connection while it runs
                    .start();
            Thread.ofPlatform().daemon().name("torture-report").start(() -> report(node));
            awaitEndOfInput();
        }
    }

    private static void awaitEndOfInput() {
        try {
            System.in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException parentGone) {
            // as good as its end
        }
    }

    private void report(Node node) {
        try {
            while (true) {
                var status = node.status();
                var counts = status.counts();
                System.out.println("counts %d %d %d %d %d"
                        .formatted(
                                counts.refusedWrites(),
                                counts.lostOutcomes(),
                                counts.rescued(),
                                counts.started(),
                                counts.deposed()));
                world.sleep(REPORT);
            }
        } catch (InterruptedException end) {
            // the process is about to end
        }
    }

    private Integer effect(Effect job) throws SQLException, InterruptedException {
        write(job.schema(), job.n(), "started");
        world.sleep(Duration.ofMillis(job.millis()));
        write(job.schema(), job.n(), "done");
        return job.n();
    }

    private Integer flaky(Flaky job, Attempt attempt) throws SQLException, InterruptedException {
        write(job.schema(), job.n(), "started");
        world.sleep(Duration.ofMillis(job.millis()));
        if (attempt.number() == 1) throw new IllegalStateException("the first attempt always fails");
        write(job.schema(), job.n(), "done");
        return job.n();
    }

    private Integer hopeless(Hopeless job) throws SQLException {
        write(job.schema(), job.n(), "started");
        throw new IllegalStateException("this one always fails");
    }

    private Integer exact(Exact job, Connection tx) throws SQLException, InterruptedException {
        write(job.schema(), job.n(), "started");
        world.sleep(Duration.ofMillis(job.millis()));
        insert(tx, job.schema(), job.n(), "done");
        return job.n();
    }

    private void write(String schema, int n, String phase) throws SQLException {
        try (var connection = dataSource.getConnection()) {
            insert(connection, schema, n, phase);
        }
    }

    private void insert(Connection connection, String schema, int n, String phase) throws SQLException {
        try (var insert = connection.prepareStatement(
                "INSERT INTO " + schema + ".torture_effect (n, phase, process) VALUES (?, ?, ?)")) {
            insert.setInt(1, n);
            insert.setString(2, phase);
            insert.setLong(3, ProcessHandle.current().pid());
            insert.executeUpdate();
        }
    }
}
