package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException;
import dev.millrace.world.SystemWorld;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Single enqueues of many callers, on a real server that lets them gather. */
@ExtendWith(RealServer.class)
class SharedCommitIT {

    private static final int CALLERS = 30;
    private static final AtomicInteger DATABASES = new AtomicInteger();

    private final HikariDataSource pool;
    private final Storage store;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    SharedCommitIT(TestServer server) {
        pool = PostgresContract.pool(server.freshDatabase("shared" + DATABASES.incrementAndGet()));
        store = new PostgresStore(pool).open(new SystemWorld());
    }

    @AfterEach
    void stop() {
        threads.shutdownNow();
        store.close();
        pool.close();
    }

    private static NewJob job(String header) {
        return new NewJob(
                new JobId(UUID.randomUUID()),
                "default",
                Priority.NORMAL,
                "one shard",
                "work",
                1,
                new Payload.Text("1"),
                Map.of("note", header),
                null,
                null,
                null);
    }

    /** All call while nothing can be written; then it can. */
    private List<Future<Boolean>> gathered(List<NewJob> jobs) throws SQLException {
        var answers = new ArrayList<Future<Boolean>>();
        try (var holder = pool.getConnection()) {
            holder.setAutoCommit(false);
            try (var lock = holder.createStatement()) {
                lock.execute("LOCK TABLE millrace.meta IN ACCESS EXCLUSIVE MODE");
            }
            for (var job : jobs) {
                Callable<Boolean> call = () -> !store.enqueue(job).existed();
                answers.add(threads.submit(call));
            }
            Awaitility.await().until(() -> one("SELECT count(*) FROM pg_locks WHERE NOT granted") == 2);
            holder.rollback();
        }
        return answers;
    }

    private long one(String sql) throws SQLException {
        try (Connection connection = pool.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    @Test
    void who_listens_in_the_same_process_hears_of_a_job_by_its_commit_though_nobody_listens_to_the_server() {
        try (var deaf = new PostgresStore(pool).withoutListening().open(new SystemWorld())) {
            var heard = new ArrayList<Storage.Wakeup>();
            var listening = deaf.listen(heard::add);

            deaf.enqueue(job("heard"));
            assertThat(heard).containsExactly(new Storage.Wakeup.Work("default"));

            listening.close();
            deaf.enqueue(job("not heard any more"));
            assertThat(heard).hasSize(1);
        }
    }

    @Test
    void callers_who_come_at_once_share_transactions() throws Exception {
        var jobs = new ArrayList<NewJob>();
        for (int i = 0; i < CALLERS; i++) jobs.add(job("fine"));

        for (var answer : gathered(jobs))
            assertThat(answer.get(30, TimeUnit.SECONDS)).isTrue();

        assertThat(one("SELECT count(*) FROM millrace.job_log")).isEqualTo(CALLERS);
        assertThat(one("SELECT count(DISTINCT xid) FROM millrace.job_log")).isLessThan(CALLERS / 2);
        for (var job : jobs) assertThat(store.find(job.id())).isPresent();
    }

    @Test
    void what_the_database_refuses_of_one_caller_spoils_nobody_elses() throws Exception {
        var jobs = new ArrayList<NewJob>();
        for (int i = 0; i < CALLERS; i++) jobs.add(job(i == CALLERS / 2 ? "a \0 that no database holds" : "fine"));

        var answers = gathered(jobs);

        for (int i = 0; i < CALLERS; i++) {
            if (i == CALLERS / 2) {
                var refused = answers.get(i);
                assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> refused.get(30, TimeUnit.SECONDS)))
                        .isInstanceOf(ExecutionException.class)
                        .hasCauseInstanceOf(StoreException.Refused.class);
                assertThat(store.find(jobs.get(i).id())).isEmpty();
            } else {
                assertThat(answers.get(i).get(30, TimeUnit.SECONDS)).isTrue();
                assertThat(store.find(jobs.get(i).id())).isPresent();
            }
        }
        assertThat(one("SELECT count(*) FROM millrace.job_log")).isEqualTo(CALLERS - 1L);
    }

    @Test
    void a_stream_that_is_no_longer_what_it_was_is_looked_up_anew_for_all_of_them() throws Exception {
        store.enqueue(job("so that the stream is known"));
        try (var connection = pool.getConnection();
                var statement = connection.createStatement()) {
            // As after a failover to a standby that lagged: the queue is there, under other numbers.
            statement.execute("UPDATE millrace.stream SET queue = 'elsewhere' WHERE queue = 'default'");
        }
        var jobs = new ArrayList<NewJob>();
        for (int i = 0; i < CALLERS; i++) jobs.add(job("fine"));

        for (var answer : gathered(jobs))
            assertThat(answer.get(30, TimeUnit.SECONDS)).isTrue();

        assertThat(
                        one(
                                "SELECT count(*) FROM millrace.job_log JOIN millrace.stream s ON s.id = stream WHERE s.queue = 'default'"))
                .isEqualTo(CALLERS);
    }
}
