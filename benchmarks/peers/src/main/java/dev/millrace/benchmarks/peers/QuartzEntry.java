package dev.millrace.benchmarks.peers;

import static org.quartz.SimpleScheduleBuilder.simpleSchedule;
import static org.quartz.TriggerBuilder.newTrigger;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.benchmarks.contender.Card;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.benchmarks.contender.Ground;
import dev.millrace.benchmarks.contender.Load;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.Trigger;
import org.quartz.impl.StdSchedulerFactory;
import org.quartz.impl.jdbcjobstore.JobStoreTX;
import org.quartz.impl.jdbcjobstore.PostgreSQLDelegate;
import org.quartz.simpl.SimpleThreadPool;

/** One durable job, and a trigger with data of its own for each piece of work: what its tutorial says they are for. */
final class QuartzEntry implements Entry {

    private static final String TABLES = "/org/quartz/impl/jdbcjobstore/tables_postgres.sql";
    private static final String PAYLOAD = "payload";

    private static final int THREADS = 50;
    private static final int AT_ONCE = 50;

    /** One for each thread, and for as many who enqueue meanwhile. */
    private static final int CONNECTIONS = THREADS + 32;

    private static final Crew CREW = new Crew(4, 1_000);

    /** For what is asked of the database beside Quartz, whose connections are its own. */
    private final HikariDataSource pool;

    private final Scheduler scheduler;
    private final JobDetail job = job("noop");

    private QuartzEntry(HikariDataSource pool, Ground ground) throws SchedulerException {
        this.pool = pool;
        scheduler = new StdSchedulerFactory(properties(ground)).getScheduler();
        scheduler.addJob(job, false);
    }

    static Entry open(Ground ground) throws Exception {
        var pool = Pool.open(ground, "quartz", 1);
        try {
            Pool.execute(pool, tables());
            return new QuartzEntry(pool, ground);
        } catch (Exception e) {
            pool.close();
            throw e;
        }
    }

    /** As the jar brings them; made in the schema that the pool's connections work in. */
    private static String tables() throws IOException {
        try (var in = Objects.requireNonNull(Scheduler.class.getResourceAsStream(TABLES), TABLES)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Properties properties(Ground ground) {
        var properties = new Properties();
        properties.putAll(Map.of(
                "org.quartz.scheduler.instanceName", ground.schema(),
                "org.quartz.scheduler.batchTriggerAcquisitionMaxCount", Integer.toString(AT_ONCE),
                "org.quartz.threadPool.class", SimpleThreadPool.class.getName(),
                "org.quartz.threadPool.threadCount", Integer.toString(THREADS)));
        properties.putAll(Map.of(
                "org.quartz.jobStore.class", JobStoreTX.class.getName(),
                "org.quartz.jobStore.driverDelegateClass", PostgreSQLDelegate.class.getName(),
                "org.quartz.jobStore.acquireTriggersWithinLock", "true",
                "org.quartz.jobStore.isClustered", "false",
                "org.quartz.jobStore.lockOnInsert", "false",
                "org.quartz.jobStore.useProperties", "true",
                "org.quartz.jobStore.tablePrefix", ground.schema() + ".qrtz_",
                "org.quartz.jobStore.dataSource", "ground"));
        properties.putAll(Map.of(
                "org.quartz.dataSource.ground.provider", "hikaricp",
                "org.quartz.dataSource.ground.driver", "org.postgresql.Driver",
                "org.quartz.dataSource.ground.URL", ground.url(),
                "org.quartz.dataSource.ground.user", ground.user(),
                "org.quartz.dataSource.ground.password", ground.password(),
                "org.quartz.dataSource.ground.maxConnections", Integer.toString(CONNECTIONS)));
        return properties;
    }

    @Override
    public Card card() {
        return new Card(
                Version.of("quartz"),
                new Settings()
                        .with("job store", "JobStoreTX, PostgreSQLDelegate, not clustered")
                        .with("batchTriggerAcquisitionMaxCount", AT_ONCE)
                        .with("acquireTriggersWithinLock", "true")
                        .with("lockOnInsert", "false")
                        .with("useProperties", "true")
                        .with("threads", THREADS)
                        .with("connections", CONNECTIONS)
                        .with("enqueue", "scheduleJobs of %d on %d threads".formatted(CREW.batch(), CREW.threads()))
                        .asMap());
    }

    /**
     * Each batch hangs on a job of its own: to add triggers to a job that exists takes the lock of the whole store. The planner
     * is told what the first one brought, as it would be of tables in use.
     */
    @Override
    public long enqueueMany(long from, long count, BooleanSupplier stop) throws Exception {
        return CREW.take(from, count, stop, (first, size) -> {
            var job = job("noop from " + first);
            Set<Trigger> triggers = HashSet.newHashSet((int) size);
            for (long n = first; n < first + size; n++) triggers.add(trigger(job, n));
            scheduler.scheduleJobs(Map.of(job, triggers), false);
            if (first == from) Pool.analyze(pool);
        });
    }

    @Override
    public void enqueueOne(long n) throws SchedulerException {
        scheduler.scheduleJob(trigger(job, n));
    }

    private static JobDetail job(String name) {
        return JobBuilder.newJob(Noop.class)
                .withIdentity(name)
                .storeDurably()
                .requestRecovery()
                .build();
    }

    private static Trigger trigger(JobDetail job, long n) {
        return newTrigger()
                .withIdentity(Long.toString(n))
                .forJob(job)
                .usingJobData(PAYLOAD, Load.payload(n))
                .startNow()
                .withSchedule(simpleSchedule().withMisfireHandlingInstructionIgnoreMisfires())
                .build();
    }

    /** Names the work in the store; the factory that is set at the start makes what runs. */
    static final class Noop implements Job {

        private final LongConsumer handler;

        Noop(LongConsumer handler) {
            this.handler = handler;
        }

        @Override
        public void execute(JobExecutionContext context) {
            handler.accept(Load.number(context.getTrigger().getJobDataMap().getString(PAYLOAD)));
        }
    }

    @Override
    public void start(LongConsumer handler) throws SQLException, SchedulerException {
        Pool.analyze(pool);
        scheduler.setJobFactory((bundle, scheduler) -> new Noop(handler));
        scheduler.start();
    }

    @Override
    public long unfinished() throws SQLException {
        return Pool.count(pool, "SELECT count(*) FROM qrtz_triggers");
    }

    @Override
    public void close() throws SchedulerException {
        scheduler.shutdown(true);
        pool.close();
    }
}
