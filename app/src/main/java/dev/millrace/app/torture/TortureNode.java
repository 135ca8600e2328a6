package dev.millrace.app.torture;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Attempt;
import dev.millrace.JobId;
import dev.millrace.Millrace;
import dev.millrace.Node;
import dev.millrace.Parts;
import dev.millrace.Result;
import dev.millrace.Retry;
import dev.millrace.Schedule;
import dev.millrace.app.Quiet;
import dev.millrace.app.torture.TortureJobs.Effect;
import dev.millrace.app.torture.TortureJobs.Exact;
import dev.millrace.app.torture.TortureJobs.ExactPart;
import dev.millrace.app.torture.TortureJobs.ExactStep;
import dev.millrace.app.torture.TortureJobs.Flaky;
import dev.millrace.app.torture.TortureJobs.Hopeless;
import dev.millrace.app.torture.TortureJobs.Part;
import dev.millrace.app.torture.TortureJobs.Step;
import dev.millrace.app.torture.TortureJobs.Tick;
import dev.millrace.app.torture.TortureJobs.Whole;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.simulation.trace.Starts;
import dev.millrace.simulation.trace.TraceEvent.Held;
import dev.millrace.simulation.trace.TracingStore;
import dev.millrace.store.StoreException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * One node process of a torture run; started by {@link Herd}, ended by a signal or by the end of its standard input, on which it hears
 * {@code clock PT1H}. Prints a line of its counters each second, and writes a trace.
 *
 * <p>Its handlers wait for a connection as long as it takes. An effect whose commit was not answered fails the attempt, so it may happen
 * twice; which is what the run counts.
 */
public final class TortureNode {

    /** What the node needs itself, and two for each exact job, part or step: were there fewer, these could keep from each other what each still needs. */
    private static final int CONNECTIONS = 18;

    private static final int EXACT_AT_ONCE = 3;

    /**
     * Longer than any job, a freeze and an answer that does not come; shorter than a run waits for its last job. The driver may never come
     * back from a connection that was torn in the midst of an answer, where it is encrypted: it goes on skipping what does not come any more.
     */
    private static final Duration DEADLINE = Duration.ofSeconds(45);

    private static final Duration TICK_PERIOD = Duration.ofSeconds(1);
    private static final Duration REPORT = Duration.ofSeconds(1);
    private static final Duration PAUSE = Duration.ofMillis(200);

    /** No fault that lasts for seconds may use up the attempts of a job. */
    private static final Retry PERSISTENT = Retry.exponential(Duration.ofMillis(200))
            .atMost(Duration.ofSeconds(2))
            .attempts(200);

    private final SteppedWorld world;
    private final String name;
    private final HikariDataSource dataSource;
    private final Starts starts;
    private final CountDownLatch over = new CountDownLatch(1);

    private TortureNode(SteppedWorld world, String name, HikariDataSource dataSource, Starts starts) {
        this.world = world;
        this.name = name;
        this.dataSource = dataSource;
        this.starts = starts;
    }

    /** Arguments: name, schema, slots, file of the trace; the database's address, user and password come by environment. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Quiet.libraries();
        var world = new SteppedWorld();
        var environment = System.getenv();
        var login = new Login(
                Objects.requireNonNull(environment.get("TORTURE_DATABASE"), "TORTURE_DATABASE"),
                environment.get("TORTURE_USER"),
                environment.get("TORTURE_PASSWORD"));
        try (var trace = new TraceFile(Path.of(arguments[3]));
                var dataSource = login.pool(arguments[0], CONNECTIONS)) {
            new TortureNode(world, arguments[0], dataSource, new Starts(world, trace))
                    .run(arguments[1], Integer.parseInt(arguments[2]));
        }
    }

    private void run(String schema, int slots) throws InterruptedException {
        var store = new TracingStore(
                new PostgresStore(dataSource).withSchema(schema).withoutMigration(), starts);
        Thread.ofPlatform().daemon().name("torture-orders").start(this::obey);
        while (!over.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
            try (var millrace = Millrace.on(store, world)) {
                var node = start(millrace, slots);
                Thread.ofPlatform().daemon().name("torture-report").start(() -> report(node));
                over.await();
            } catch (StoreException notYet) {
                System.err.println("waits for its database: " + notYet.getMessage());
            }
        }
    }

    private Node start(Millrace millrace, int slots) {
        return millrace.node()
                .name(name)
                .slots(slots)
                .handle(Effect.class, this::effect)
                .deadline(DEADLINE)
                .retry(PERSISTENT)
                .handle(Flaky.class, this::flaky)
                .deadline(DEADLINE)
                .retry(PERSISTENT)
                .handle(Hopeless.class, this::hopeless)
                .deadline(DEADLINE)
                .retry(Retry.exponential(Duration.ofMillis(200)).attempts(2))
                .transact(Exact.class, this::exact)
                .deadline(DEADLINE)
                .retry(PERSISTENT)
                .concurrency(EXACT_AT_ONCE) // each holds a connection while it runs, and needs another one
                .handle(Part.class, this::part)
                .deadline(DEADLINE)
                .retry(Retry.exponential(Duration.ofMillis(200)).attempts(2))
                .transact(ExactPart.class, (part, tx) -> part.n())
                .deadline(DEADLINE)
                .retry(PERSISTENT)
                .concurrency(1) // as for exact jobs
                .reduce(Whole.class, (whole, parts, attempt) -> whole(parts))
                .deadline(DEADLINE)
                .retry(PERSISTENT)
                .handle(Step.class, (step, attempt) -> {
                    if (step.n() % 3 == 0 && attempt.number() == 1)
                        throw new IllegalStateException("the first attempt always fails");
                })
                .deadline(DEADLINE)
                .retry(PERSISTENT)
                .transact(ExactStep.class, this::exactStep)
                .deadline(DEADLINE)
                .retry(PERSISTENT)
                .concurrency(1) // as for exact jobs
                .handle(Tick.class, tick -> {}) // that there is one job for each slot is looked at in the log
                .deadline(DEADLINE)
                .schedule(
                        TortureJobs.TICK,
                        Schedule.every(TICK_PERIOD).ifMissed(Schedule.Missed.ALL),
                        slot -> new Tick(slot.toInstant()))
                .start();
    }

    private void obey() {
        try (var orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String order; (order = orders.readLine()) != null; )
                if (order.startsWith("clock ")) world.step(Duration.parse(order.substring(6)));
        } catch (IOException parentGone) {
            // as good as its end
        } finally {
            over.countDown();
        }
    }

    private void report(Node node) {
        try {
            while (true) {
                var counts = node.status().counts();
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

    // ---- handlers

    private Integer effect(Effect job, Attempt attempt) throws SQLException, InterruptedException {
        var held = begun(attempt.job());
        write(job.schema(), job.n(), "started", held);
        world.sleep(Duration.ofMillis(job.millis()));
        write(job.schema(), job.n(), "done", held);
        return job.n();
    }

    private Integer flaky(Flaky job, Attempt attempt) throws SQLException, InterruptedException {
        var held = begun(attempt.job());
        write(job.schema(), job.n(), "started", held);
        world.sleep(Duration.ofMillis(job.millis()));
        if (attempt.number() == 1) throw new IllegalStateException("the first attempt always fails");
        write(job.schema(), job.n(), "done", held);
        return job.n();
    }

    private Integer hopeless(Hopeless job, Attempt attempt) throws SQLException, InterruptedException {
        write(job.schema(), job.n(), "started", begun(attempt.job()));
        throw new IllegalStateException("this one always fails");
    }

    private Integer part(Part job, Attempt attempt) throws InterruptedException {
        world.sleep(Duration.ofMillis(10L * job.n()));
        if (job.n() % 6 == 0) throw new IllegalStateException("this one always fails");
        if (job.n() % 6 == 1 && attempt.number() == 1)
            throw new IllegalStateException("the first attempt always fails");
        return job.n();
    }

    private static Integer whole(Parts<Integer> parts) {
        parts.all().forEach(part -> {
            if (part.result() instanceof Result.Pending<Integer>(var state))
                throw new IllegalStateException("Part %s is %s: too early".formatted(part.job(), state));
        });
        return (int) parts.failed().count();
    }

    private Integer exact(Exact job, Connection tx) throws SQLException, InterruptedException {
        var id = jobOfThisThread();
        var held = begun(id);
        try {
            write(job.schema(), job.n(), "started", held);
            world.sleep(Duration.ofMillis(job.millis()));
            insert(tx, job.schema(), job.n(), "done", held);
            return job.n();
        } finally {
            starts.ended(id, held);
        }
    }

    private void exactStep(ExactStep step, Connection tx) throws SQLException {
        try (var insert = tx.prepareStatement(
                "INSERT INTO " + step.schema() + ".torture_line (job_id, key, n) VALUES (?, ?, ?)")) {
            insert.setObject(1, jobOfThisThread().value());
            insert.setInt(2, step.key());
            insert.setInt(3, step.n());
            insert.executeUpdate();
        }
    }

    /** A handler in a transaction is not told its job. Its thread is named after the kind and the job. */
    private static JobId jobOfThisThread() {
        var name = Thread.currentThread().getName();
        return JobId.of(name.substring(name.indexOf(' ') + 1));
    }

    private Held begun(JobId job) {
        return starts.started(job)
                .orElseThrow(() -> new IllegalStateException("Job %s runs here and was not read here.".formatted(job)));
    }

    private void write(String schema, int n, String phase, Held held) throws SQLException, InterruptedException {
        try (var connection = connection()) {
            insert(connection, schema, n, phase, held);
        }
    }

    private Connection connection() throws SQLException, InterruptedException {
        while (true) {
            try {
                return dataSource.getConnection();
            } catch (SQLTransientConnectionException noneNow) {
                world.sleep(PAUSE);
            }
        }
    }

    private void insert(Connection connection, String schema, int n, String phase, Held held) throws SQLException {
        try (var insert = connection.prepareStatement(
                "INSERT INTO " + schema + ".torture_effect (n, phase, process, part, seq) VALUES (?, ?, ?, ?, ?)")) {
            insert.setInt(1, n);
            insert.setString(2, phase);
            insert.setString(3, name);
            insert.setInt(4, held.place().part());
            insert.setLong(5, held.place().seq());
            insert.executeUpdate();
        }
    }
}
