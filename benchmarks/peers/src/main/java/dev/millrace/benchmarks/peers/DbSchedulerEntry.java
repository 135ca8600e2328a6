package dev.millrace.benchmarks.peers;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.benchmarks.contender.Card;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.benchmarks.contender.Ground;
import dev.millrace.benchmarks.contender.Load;
import dev.millrace.world.SystemWorld;
import dev.millrace.world.World;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

final class DbSchedulerEntry implements Entry {

    /** The columns and indexes that its README asks for, without those for priorities, which are for who wants them. */
    private static final String TABLES = """
            CREATE TABLE scheduled_tasks (
                task_name            text        NOT NULL,
                task_instance        text        NOT NULL,
                task_data            bytea,
                execution_time       timestamptz NOT NULL,
                picked               boolean     NOT NULL,
                picked_by            text,
                last_success         timestamptz,
                last_failure         timestamptz,
                consecutive_failures int,
                last_heartbeat       timestamptz,
                version              bigint      NOT NULL,
                PRIMARY KEY (task_name, task_instance)
            );
            CREATE INDEX execution_time_idx ON scheduled_tasks (execution_time);
            CREATE INDEX last_heartbeat_idx ON scheduled_tasks (last_heartbeat);
            """;

    private static final int THREADS = 20;
    private static final double LOWER = 4.0;
    private static final double UPPER = 20.0;

    /** One for each thread, and for as many who enqueue meanwhile. */
    private static final int CONNECTIONS = THREADS + 32;

    private static final Duration POLL = Duration.ofMillis(50);
    private static final Crew CREW = new Crew(4, 1_000);

    private final World world = new SystemWorld();
    private final HikariDataSource pool;
    private final OneTimeTask<String> task;
    private final Scheduler scheduler;
    private volatile LongConsumer handler = n -> {};

    private DbSchedulerEntry(HikariDataSource pool) {
        this.pool = pool;
        this.task = Tasks.oneTime("noop", String.class)
                .execute((instance, context) -> handler.accept(Load.number(instance.getData())));
        this.scheduler = Scheduler.create(pool, task)
                .threads(THREADS)
                .pollUsingLockAndFetch(LOWER, UPPER)
                .pollingInterval(POLL)
                .enableImmediateExecution()
                .build();
    }

    static Entry open(Ground ground) throws SQLException {
        var pool = Pool.open(ground, "db-scheduler", CONNECTIONS);
        try {
            Pool.execute(pool, TABLES);
            return new DbSchedulerEntry(pool);
        } catch (Exception e) {
            pool.close();
            throw e;
        }
    }

    @Override
    public Card card() {
        return new Card(
                Version.of("db-scheduler"),
                new Settings()
                        .with("polling", "lock-and-fetch, lower %s, upper %s".formatted(LOWER, UPPER))
                        .with("polling interval", POLL)
                        .with("immediate execution", "on")
                        .with("threads", THREADS)
                        .with("connections", CONNECTIONS)
                        .with("enqueue", "scheduleBatch of %d on %d threads".formatted(CREW.batch(), CREW.threads()))
                        .with("reWriteBatchedInserts", "true")
                        .asMap());
    }

    @Override
    public long enqueueMany(long from, long count, BooleanSupplier stop) throws Exception {
        return CREW.take(from, count, stop, (first, size) -> {
            List<TaskInstance<?>> batch = new ArrayList<>((int) size);
            for (long n = first; n < first + size; n++) batch.add(instance(n));
            scheduler.scheduleBatch(batch, world.now());
        });
    }

    @Override
    public void enqueueOne(long n) {
        scheduler.schedule(instance(n), world.now());
    }

    private TaskInstance<String> instance(long n) {
        return task.instance(Long.toString(n), Load.payload(n));
    }

    @Override
    public void start(LongConsumer handler) throws SQLException {
        Pool.analyze(pool);
        this.handler = handler;
        scheduler.start();
    }

    @Override
    public long unfinished() throws SQLException {
        return Pool.count(pool, "SELECT count(*) FROM scheduled_tasks");
    }

    @Override
    public void close() {
        scheduler.stop();
        pool.close();
    }
}
