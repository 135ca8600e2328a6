package dev.millrace.benchmarks.peers;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.benchmarks.contender.Card;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.benchmarks.contender.Ground;
import dev.millrace.benchmarks.contender.Load;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import org.jobrunr.jobs.lambdas.JobRequest;
import org.jobrunr.jobs.lambdas.JobRequestHandler;
import org.jobrunr.jobs.mappers.JobMapper;
import org.jobrunr.scheduling.JobRequestScheduler;
import org.jobrunr.server.BackgroundJobServer;
import org.jobrunr.server.BackgroundJobServerConfiguration;
import org.jobrunr.server.JobActivator;
import org.jobrunr.storage.StorageProvider;
import org.jobrunr.storage.sql.postgres.PostgresStorageProvider;
import org.jobrunr.utils.mapper.jackson3.Jackson3JsonMapper;

/** Put together as its fluent configuration does it, but without the one static instance that it keeps. */
final class JobRunrEntry implements Entry {

    /** The least that it accepts on a database. */
    private static final Duration POLL = Duration.ofSeconds(5);

    private static final int WORKERS = 64;
    private static final int CONNECTIONS = 32;

    /** Its scheduler saves a stream in batches of so many. */
    private static final Crew CREW = new Crew(2, 5_000);

    /** A job without an analysis of byte code at each enqueue, which a lambda needs. Public, as what runs: it is called by reflection. */
    public record Noop(String payload) implements JobRequest {
        @Override
        public Class<NoopHandler> getJobRequestHandler() {
            return NoopHandler.class;
        }
    }

    /** What runs. */
    public final class NoopHandler implements JobRequestHandler<Noop> {
        @Override
        public void run(Noop job) {
            handler.accept(Load.number(job.payload()));
        }
    }

    private final HikariDataSource pool;
    private final StorageProvider storage;
    private final JobRequestScheduler scheduler;
    private final BackgroundJobServer server;
    private volatile LongConsumer handler = n -> {};

    private JobRunrEntry(HikariDataSource pool, String schema) {
        this.pool = pool;
        var json = new Jackson3JsonMapper();
        storage = new PostgresStorageProvider(pool, schema + ".");
        storage.setJobMapper(new JobMapper(json));
        scheduler = new JobRequestScheduler(storage, List.of());
        var only = new NoopHandler();
        server = new BackgroundJobServer(
                storage,
                json,
                new JobActivator() {
                    @Override
                    public <T> T activateJob(Class<T> type) {
                        return type.cast(only);
                    }
                },
                BackgroundJobServerConfiguration.usingStandardBackgroundJobServerConfiguration()
                        .andPollInterval(POLL)
                        .andWorkerCount(WORKERS));
    }

    static Entry open(Ground ground) {
        var pool = Pool.open(ground, "jobrunr", CONNECTIONS);
        try {
            return new JobRunrEntry(pool, ground.schema());
        } catch (RuntimeException e) {
            pool.close();
            throw e;
        }
    }

    @Override
    public Card card() {
        return new Card(
                Version.of("jobrunr") + ", free edition",
                new Settings()
                        .with("poll interval", POLL)
                        .with("workers", WORKERS)
                        .with("connections", CONNECTIONS)
                        .with("jobs", "JobRequest, JSON by Jackson 3")
                        .with("enqueue", "stream of %d on %d threads".formatted(CREW.batch(), CREW.threads()))
                        .with("reWriteBatchedInserts", "true")
                        .asMap());
    }

    @Override
    public long enqueueMany(long from, long count, BooleanSupplier stop) throws Exception {
        return CREW.take(
                from,
                count,
                stop,
                (first, size) -> scheduler.enqueue(
                        LongStream.range(first, first + size).mapToObj(n -> new Noop(Load.payload(n)))));
    }

    @Override
    public void enqueueOne(long n) {
        scheduler.enqueue(new Noop(Load.payload(n)));
    }

    @Override
    public void start(LongConsumer handler) throws SQLException {
        Pool.analyze(pool);
        this.handler = handler;
        server.start();
    }

    @Override
    public long unfinished() throws SQLException {
        return Pool.count(pool, """
                SELECT count(*) FROM jobrunr_jobs
                 WHERE state IN ('AWAITING', 'SCHEDULED', 'ENQUEUED', 'PROCESSING', 'FAILED')
                """);
    }

    @Override
    public void close() {
        server.stop();
        storage.close();
        pool.close();
    }
}
