package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.State;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Records.Met;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is read to know what a build would have to read, and which jobs are available, where much waits and much has been run. */
@ExtendWith(RealServer.class)
class BeforeADeployIT {

    private static final int JOBS = 30_000;

    private final TestServer server;

    BeforeADeployIT(TestServer server) {
        this.server = server;
    }

    /** Rows of the log and of what waits for a time that a look reads, in a session that has planned it before. */
    private static long read(Workbench bench, String look) throws SQLException {
        try (var session = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                var statement = session.createStatement()) {
            statement.executeQuery(look).close();
            long before = read(session);
            statement.executeQuery(look).close();
            long read = read(session) - before;
            session.rollback();
            return read;
        }
    }

    private static long read(Connection session) throws SQLException {
        try (var statement = session.createStatement();
                var rows = statement.executeQuery("""
                        SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read) FROM pg_stat_xact_user_tables
                         WHERE relname LIKE 'job\\_log\\_%' OR relname IN ('timer', 'parked')
                        """)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /** So many deliveries behind that of a job, in its stream. */
    private static void many(Workbench bench) {
        bench.enqueue(1);
        bench.sql("""
                INSERT INTO millrace.job_log (part, stream, job_id, kind, payload)
                SELECT m.current_part, l.stream, gen_random_uuid(), 'kind', '{}'
                  FROM millrace.meta m, generate_series(1, %d), (SELECT stream FROM millrace.job_log LIMIT 1) l
                """.formatted(JOBS));
    }

    @Test
    void what_a_start_looks_at_is_bounded_and_what_is_asked_before_a_deploy_is_counted() throws SQLException {
        try (var bench = new Workbench(server, "before_a_deploy", store -> store)) {
            many(bench);
            bench.sql("""
                    INSERT INTO millrace.timer (run_at, retry, stream, job_id, kind, kind_version, payload)
                    SELECT clock_timestamp() + INTERVAL '1 day', false, l.stream, gen_random_uuid(), 'kind', 2, '{}'
                      FROM generate_series(1, %d), (SELECT stream FROM millrace.job_log LIMIT 1) l
                    """.formatted(JOBS));

            var near = bench.storage.sample(List.of("default"), 50, 1_000);
            var far = bench.storage.sample(List.of("default"), 200, 400_000);

            assertThat(near.complete()).isFalse();
            assertThat(near.met()).containsExactly(new Met("kind", 1, 100), new Met("kind", 2, 2_000));
            assertThat(near.jobs()).hasSize(100);
            assertThat(far.complete()).isTrue();
            assertThat(far.met()).containsExactly(new Met("kind", 1, JOBS + 1), new Met("kind", 2, JOBS));
            assertThat(far.jobs()).hasSize(400);
            assertThat(read(bench, "SELECT * FROM millrace.waiting_jobs(ARRAY['default'], 50, 1000, 100, 1000000)"))
                    .isLessThan(3_000);
        }
    }

    @Test
    void a_schema_of_before_the_counting_will_do() {
        try (var bench = new Workbench(server, "of_before", store -> store)) {
            bench.enqueue(5);
            bench.sql("DROP FUNCTION millrace.waiting_jobs");

            var all = bench.storage.sample(List.of("default"), 10, 1_000);
            var some = bench.storage.sample(List.of("default"), 3, 1_000);

            assertThat(all.met()).containsExactly(new Met("kind", 1, 5));
            assertThat(all.complete()).isTrue();
            assertThat(some.jobs()).hasSize(3);
            assertThat(some.complete()).isFalse();
        }
    }

    @Test
    void available_jobs_are_found_without_a_walk_through_all_that_has_been_run() throws SQLException {
        try (var bench = new Workbench(server, "available", store -> store)) {
            many(bench);
            bench.sql("""
                    INSERT INTO millrace.claim (part, stream, no, token, prev, snap, exhausted, n)
                    SELECT c.part, c.stream, c.no + 1, gen_random_uuid(), c.snap, pg_current_snapshot(), true, 0
                      FROM (SELECT * FROM millrace.claim WHERE stream = (SELECT stream FROM millrace.job_log LIMIT 1) ORDER BY no DESC LIMIT 1) c
                    """);
            var waiting = bench.enqueue(7);

            var found = bench.storage.select(
                    new Selection(State.AVAILABLE, null, null, null, null, null, null, null, null, null), null, 5_000);

            assertThat(found.jobs()).containsExactlyInAnyOrderElementsOf(waiting);
            assertThat(read(bench, "SELECT * FROM millrace.select_jobs('{\"state\":\"available\"}', NULL, 5000)"))
                    .isLessThan(500);
        }
    }
}
