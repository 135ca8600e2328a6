package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.MillraceException;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Control;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.Records.Query;
import dev.millrace.store.StoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.ds.PGSimpleDataSource;

/** The life of partitions. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(RealServer.class)
class KeepingIT {

    private final TestServer server;

    KeepingIT(TestServer server) {
        this.server = server;
    }

    /** A database in which time passes when a test says so. */
    private Workbench bench(String name) {
        return new Workbench(server, name, store -> store);
    }

    /** All that happened to partitions happened so much earlier. */
    private static void age(Workbench bench, Duration by) {
        bench.sql("""
                UPDATE millrace.part SET attached_at = attached_at - i, current_at = current_at - i, closed_at = closed_at - i
                  FROM (SELECT INTERVAL '%d seconds') t (i)
                """.formatted(by.toSeconds()));
        bench.sql("UPDATE millrace.meta SET kept_at = '-infinity'");
    }

    /** Days go by, and each has its housekeeping. */
    private static void keep(Workbench bench, Lease node, int days) {
        for (int day = 0; day < days; day++) {
            age(bench, Duration.ofDays(1));
            bench.storage.keep(node);
        }
    }

    private static void keepUntilDropped(Workbench bench, Lease node, int part) {
        for (int day = 0; day < 20; day++) {
            if (bench.number("SELECT count(*) FROM millrace.part WHERE no = " + part + " AND dropped_at IS NOT NULL")
                    == 1) return;
            keep(bench, node, 1);
        }
        throw new AssertionError("partition " + part + " was not dropped within 20 days");
    }

    @Test
    void what_ended_goes_with_its_partition_and_what_did_not_is_moved_and_runs() {
        try (var bench = bench("keeping")) {
            var node = bench.node();
            var finished = bench.enqueue(50);
            bench.finish(node, bench.claimAll(node));
            var forgotten = bench.enqueue(20);

            keepUntilDropped(bench, node, 1);

            assertThat(bench.number("SELECT count(*) FROM pg_class WHERE relname = 'job_log_1'"))
                    .isZero();
            assertThat(bench.storage.find(finished.get(0))).isEmpty();
            assertThat(bench.storage.find(forgotten.get(0)))
                    .hasValueSatisfying(job -> assertThat(job.state()).isEqualTo(State.AVAILABLE));
            assertThat(bench.claimAll(node)).extracting(d -> d.job()).containsExactlyElementsOf(forgotten);
        }
    }

    @Test
    void a_partition_with_a_job_that_still_runs_is_kept() {
        try (var bench = bench("straggler")) {
            var node = bench.node();
            bench.enqueue(5);
            var running = bench.claimAll(node);
            keep(bench, node, 12);
            assertThat(bench.number("SELECT current_part FROM millrace.meta")).isGreaterThan(4);
            assertThat(bench.number("SELECT live_part FROM millrace.meta")).isEqualTo(1);

            bench.finish(node, running);

            keepUntilDropped(bench, node, 1);
            assertThat(bench.storage.list(new Query(State.RUNNING, null, null, null, 10)))
                    .isEmpty();
        }
    }

    @Test
    void what_was_moved_is_gone_from_where_it_was_and_not_cancelled() {
        try (var bench = bench("gone")) {
            var node = bench.node();
            bench.enqueue(1);
            var straggler = bench.claimAll(node); // keeps the partition, and so claims go through it
            var forgotten = bench.enqueue(20);
            keep(bench, node, 12);

            var claimed = bench.claimAll(node);

            assertThat(claimed).extracting(Delivery::cancelled).containsOnly(false);
            assertThat(claimed)
                    .filteredOn(Delivery::gone)
                    .extracting(Delivery::job)
                    .containsExactlyElementsOf(forgotten);
            assertThat(claimed)
                    .filteredOn(one -> !one.gone())
                    .extracting(Delivery::job)
                    .containsExactlyElementsOf(forgotten);
            bench.finish(node, straggler);
        }
    }

    @Test
    void a_large_partition_is_walked_once_and_some_at_a_time() {
        try (var bench = bench("walk")) {
            var node = bench.node();
            bench.enqueue(95);
            var claimed = bench.claimAll(node);
            var straggler = claimed.get(70);
            bench.finish(
                    node, claimed.stream().filter(one -> !one.equals(straggler)).toList());
            bench.enqueue(1);
            bench.sql("SELECT millrace.switch_part(1)");
            assertThat(walk(bench, 10)).as("not sealed yet").isEqualTo("open");
            bench.sql("SELECT millrace.seal_part(1)");

            for (int step = 1; step <= 7; step++) {
                assertThat(walk(bench, 10)).isEqualTo(step < 8 ? "more" : "open");
                assertThat(walked(bench)).isEqualTo(Math.min(70, step * 10));
            }
            assertThat(walk(bench, 10)).isEqualTo("open");
            assertThat(walk(bench, 10)).isEqualTo("open");
            assertThat(walked(bench)).isEqualTo(70);
            assertThat(bench.number("SELECT millrace.raise_live()::int")).isZero();

            bench.finish(node, List.of(straggler));
            assertThat(walk(bench, 1_000)).as("one waits behind it").isEqualTo("open");
            assertThat(walked(bench)).isEqualTo(95);
            bench.finish(node, bench.claimAll(node));
            for (var stream : bench.streams()) bench.sql("SELECT millrace.re_anchor(" + stream.id() + ")");
            assertThat(walk(bench, 1_000)).isEqualTo("done");
            assertThat(bench.number("SELECT millrace.raise_live()::int")).isEqualTo(1);
        }
    }

    private static String walk(Workbench bench, int limit) {
        return bench.text("SELECT millrace.settle_part(1, " + limit + ")");
    }

    private static long walked(Workbench bench) {
        return bench.number("""
                SELECT count(*) FROM millrace.job_log j JOIN millrace.settling s ON (s.part, s.stream) = (j.part, j.stream)
                 WHERE (j.xid, j.seq) <= (s.xid, s.seq)
                """);
    }

    @Test
    void looking_whether_a_partition_is_settled_holds_up_nobody() throws SQLException {
        try (var bench = bench("short_locks")) {
            var node = bench.node();
            bench.enqueue(3);
            var running = bench.claimAll(node);
            bench.sql("SELECT millrace.switch_part(1)");
            bench.sql("SELECT millrace.seal_part(1)");
            for (var stream : bench.streams()) bench.sql("SELECT millrace.re_anchor(" + stream.id() + ")");
            try (var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                    var statement = tx.createStatement()) {
                statement.execute("SELECT millrace.settle_part(1, 1000)");
                statement.execute("SELECT millrace.raise_live()"); // in vain, and its transaction stays open

                bench.sql("SET lock_timeout = '1s'; SELECT millrace.add_queue('meanwhile'); RESET lock_timeout");
                tx.rollback();
            }
            bench.finish(node, running);
        }
    }

    @Test
    void a_node_goes_on_with_everything_else_while_its_housekeeping_waits() throws Exception {
        try (var bench = bench("own_session");
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var node = bench.node();
            try (var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                    var statement = tx.createStatement()) {
                statement.execute("UPDATE millrace.meta SET kept_at = kept_at");
                var keeping = threads.submit(() -> bench.storage.keep(node));
                await().until(() -> waiting(bench, Duration.ZERO) == 1);

                bench.storage.control(node, Control.START);
                bench.storage.manifest(node, 1, 1, List.of());
                assertThat(keeping.isDone()).isFalse();

                keeping.get(10, TimeUnit.SECONDS); // it does not wait for ever
                tx.rollback();
            }
        }
    }

    @Test
    void a_copy_is_rebased_although_its_partitions_are_being_vacuumed() throws Exception {
        try (var bench = bench("vacuumed");
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var jobs = bench.enqueue(3);
            bench.sql("UPDATE millrace.meta SET system_identifier = 0"); // as it would be in another cluster
            try (var vacuum = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                    var statement = vacuum.createStatement()) {
                statement.execute("LOCK TABLE millrace.job_log_1 IN SHARE UPDATE EXCLUSIVE MODE");
                var joining = threads.submit(bench::node);
                await().until(() -> waiting(bench, Duration.ofMillis(600)) == 1); // longer than housekeeping would
                vacuum.rollback();

                assertThat(bench.claimAll(joining.get(20, TimeUnit.SECONDS)))
                        .extracting(d -> d.job())
                        .containsExactlyElementsOf(jobs);
            }
        }
    }

    private static long waiting(Workbench bench, Duration since) {
        return bench.number("""
                SELECT count(*) FROM pg_locks
                 WHERE NOT granted AND waitstart <= clock_timestamp() - INTERVAL '%d ms'
                   AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())
                """.formatted(since.toMillis()));
    }

    @Test
    void keys_past_their_time_are_forgotten_however_many_there_are() {
        try (var bench = bench("keys")) {
            var node = bench.node();
            bench.sql("""
                    INSERT INTO millrace.idempotency_key
                    SELECT 'old ' || i, '', gen_random_uuid(), clock_timestamp() - INTERVAL '25 hours' FROM generate_series(1, 25000) i
                    """);
            bench.sql("INSERT INTO millrace.idempotency_key VALUES ('new', '', gen_random_uuid())");

            bench.storage.keep(node);

            assertThat(bench.text("SELECT string_agg(key, ',') FROM millrace.idempotency_key"))
                    .isEqualTo("new");
        }
    }

    @Test
    void keys_stand_as_long_as_the_store_was_told() {
        try (var bench =
                new Workbench(server, "keys_for_longer", store -> store.withIdempotencyKeysFor(Duration.ofDays(2)))) {
            var node = bench.node();
            bench.sql("""
                    INSERT INTO millrace.idempotency_key
                    SELECT hours || ' hours old', '', gen_random_uuid(), clock_timestamp() - hours * INTERVAL '1 hour' FROM unnest('{47, 49}'::INT[]) hours
                    """);

            bench.storage.keep(node);

            assertThat(bench.text("SELECT string_agg(key, ',') FROM millrace.idempotency_key"))
                    .isEqualTo("47 hours old");
        }
    }

    @Test
    void keys_stand_for_a_second_at_least_and_ten_years_at_most() {
        var store = new PostgresStore(new PGSimpleDataSource());

        for (var span : List.of(Duration.ofMillis(999), Duration.ofDays(3651)))
            assertThatThrownBy(() -> store.withIdempotencyKeysFor(span))
                    .isInstanceOf(MillraceException.class)
                    .hasMessage("The span for idempotency keys can't be %s: it lies between PT1S and PT87600H.", span);
    }

    @Test
    void what_jobs_told_is_forgotten_when_they_are_however_many_they_were() {
        try (var bench = bench("told")) {
            var node = bench.node();
            var alive = bench.enqueue(1).getFirst();
            for (var table : List.of("progress", "checkpoint"))
                bench.sql("""
                        INSERT INTO millrace.%s (job_id, run, no, %s at)
                        SELECT id, 1, 1, %s clock_timestamp() - INTERVAL '9 days'
                          FROM (SELECT gen_random_uuid() FROM generate_series(1, 25000) UNION ALL SELECT '%s'::uuid) job (id)
                        """.formatted(
                                table,
                                table.equals("progress") ? "done, total," : "value,",
                                table.equals("progress") ? "1, 2," : "'{}',",
                                alive));

            assertThat(bench.number("SELECT millrace.sweep(INTERVAL '7 days', 10)"))
                    .as("at a call")
                    .isEqualTo(10);
            assertThat(bench.number("SELECT count(*) FROM millrace.progress")).isEqualTo(24_991);
            assertThat(bench.number("SELECT count(*) FROM millrace.checkpoint")).isEqualTo(24_991);

            bench.storage.keep(node);

            assertThat(bench.text("SELECT string_agg(job_id::text, ',') FROM millrace.progress"))
                    .isEqualTo(alive.toString());
            assertThat(bench.text("SELECT string_agg(job_id::text, ',') FROM millrace.checkpoint"))
                    .isEqualTo(alive.toString());
        }
    }

    @Test
    void what_was_deleted_is_known_as_deleted_as_long_as_it_is_kept_and_no_longer() {
        try (var bench = bench("deleted")) {
            var node = bench.node();
            var job = bench.enqueue(1).getFirst();
            assertThat(bench.storage.cancel(job, "not wanted", "a test")).contains(State.CANCELLED);
            var cancelled = new Selection(State.CANCELLED, null, null, null, null, null, null, null, null, null);
            var change = UUID.randomUUID();
            bench.storage.begin(
                    new Change(change, Action.DELETE, null, cancelled, Details.NONE, 1, 0, "test data", "mara"));
            assertThat(bench.storage.goOn(change, 10).orElseThrow().changed()).isEqualTo(1);
            bench.sql(
                    "UPDATE millrace.bulk_change SET at = at - INTERVAL '90 days', ended_at = clock_timestamp() - INTERVAL '90 days'");

            bench.sql("UPDATE millrace.deleted_job SET sweep_at = '-infinity'");
            keep(bench, node, 1);
            assertThat(bench.storage.deletion(job))
                    .as("however long ago that was")
                    .hasValueSatisfying(deletion -> assertThat(deletion.by()).isEqualTo("mara"));
            assertThat(bench.storage.find(job)).isEmpty();

            keepUntilDropped(bench, node, 1);
            bench.sql("UPDATE millrace.deleted_job SET sweep_at = '-infinity'");
            keep(bench, node, 1);
            assertThat(bench.number("SELECT count(*) FROM millrace.deleted_job"))
                    .isZero();
            assertThat(bench.storage.deletion(job)).isEmpty();
            assertThat(bench.storage.change(change)).isEmpty();
        }
    }

    /** A change of no jobs that was begun long ago. */
    private static UUID begun(Workbench bench, @Nullable UUID undoes, String ended) {
        var id = UUID.randomUUID();
        var nothing = new Selection(State.SCHEDULED, null, null, null, null, null, null, null, null, null);
        bench.storage.begin(new Change(
                id, Action.CANCEL, undoes, undoes == null ? nothing : null, Details.NONE, 1, 0, "a test", "mara"));
        bench.sql("""
                UPDATE millrace.bulk_change SET at = at - INTERVAL '90 days', ended_at = %s WHERE id = '%s';
                INSERT INTO millrace.bulk_change_job (change, job_id, run) VALUES ('%s', gen_random_uuid(), 1);
                """.formatted(ended, id, id));
        return id;
    }

    @Test
    void an_operation_is_forgotten_when_retention_is_over_since_it_ended_and_never_before_it_has() {
        try (var bench = bench("operations")) {
            var node = bench.node();
            var longAgo = "clock_timestamp() - INTERVAL '8 days'";
            var over = begun(bench, null, longAgo);
            var justEnded = begun(bench, null, "clock_timestamp() - INTERVAL '1 hour'");
            var interrupted = begun(bench, null, "NULL");
            var takenBack = begun(bench, null, longAgo);
            var undo = begun(bench, takenBack, "NULL");

            bench.storage.keep(node);

            assertThat(bench.storage.change(over)).isEmpty();
            assertThat(List.of(justEnded, interrupted, takenBack, undo))
                    .allSatisfy(
                            change -> assertThat(bench.storage.change(change)).isPresent());
            assertThat(bench.number("SELECT count(*) FROM millrace.bulk_change_job"))
                    .as("and with them what they changed")
                    .isEqualTo(4);

            bench.sql("UPDATE millrace.bulk_change SET ended_at = " + longAgo + " WHERE ended_at IS NULL");
            bench.sql("UPDATE millrace.meta SET kept_at = '-infinity'");
            bench.storage.keep(node);

            assertThat(bench.text("SELECT string_agg(id::text, ',') FROM millrace.bulk_change"))
                    .isEqualTo(justEnded.toString());
        }
    }

    /** As builds say it that know of no end. */
    private static final String OLDER_PAUSE = """
            INSERT INTO millrace.pause AS p (scope, name, reason, by)
            SELECT a.scope, a.name, a.reason, a.by FROM (VALUES ('queue', 'mail', 'it is down', 'noor', 10000)) a (scope, name, reason, by, most)
             WHERE (SELECT count(*) FROM millrace.pause) < a.most
                OR EXISTS (SELECT FROM millrace.pause o WHERE o.scope = a.scope AND o.name = a.name)
            ON CONFLICT (scope, name) DO UPDATE SET reason = excluded.reason, by = excluded.by, at = clock_timestamp()
            """;

    @Test
    void a_pause_that_has_ended_by_itself_goes_with_the_housekeeping_and_older_builds_pause_as_ever() {
        try (var bench = bench("ends")) {
            var node = bench.node();
            var mail = Scope.queue("mail");
            bench.storage.pause(mail, "it moves", "mara", Instant.parse("2099-01-01T00:00:00Z"));
            bench.sql("UPDATE millrace.pause_said SET until = clock_timestamp() - INTERVAL '1 s'");
            assertThat(bench.storage.pauses()).isEmpty();

            bench.sql(OLDER_PAUSE);
            assertThat(bench.storage.pauses()).singleElement().satisfies(pause -> {
                assertThat(pause.by()).isEqualTo("noor");
                assertThat(pause.until()).isNull();
            });
            bench.sql("DELETE FROM millrace.pause WHERE scope = 'queue' AND name = 'mail'");
            assertThat(bench.storage.pauses()).isEmpty();
            bench.sql(OLDER_PAUSE);
            assertThat(bench.storage.pauses()).hasSize(1);

            bench.storage.pause(Scope.kind("k"), "it moves", "mara", Instant.parse("2099-01-01T00:00:00Z"));
            bench.sql("UPDATE millrace.pause_said SET until = clock_timestamp() - INTERVAL '1 s' WHERE scope = 'kind'");
            bench.storage.keep(node);
            assertThat(bench.text("SELECT string_agg(name, ',') FROM millrace.pause_said"))
                    .isEqualTo("mail");
        }
    }

    @Test
    void in_a_copy_of_its_database_a_living_node_is_fenced_and_who_joins_rebases_it() {
        try (var bench = bench("moved")) {
            var node = bench.node();
            var jobs = bench.enqueue(3);
            bench.claimAll(node);
            bench.storage.beat(node);
            bench.sql("UPDATE millrace.meta SET system_identifier = 0"); // as if its connections now led elsewhere

            assertThatThrownBy(() -> bench.storage.beat(node))
                    .isInstanceOf(StoreException.Fenced.class)
                    .hasMessageContaining("another database");

            assertThat(bench.claimAll(bench.node())).extracting(d -> d.job()).containsExactlyInAnyOrderElementsOf(jobs);
        }
    }

    @Test
    void a_table_that_somebody_has_locked_is_waited_for() throws Exception {
        try (var bench = bench("altered");
                var threads = Executors.newVirtualThreadPerTaskExecutor();
                var migration = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                var statement = migration.createStatement()) {
            statement.execute("LOCK TABLE millrace.beat IN ACCESS EXCLUSIVE MODE");
            var writing = threads.submit(() -> bench.sql("UPDATE millrace.beat SET n = n"));
            await().until(() -> waiting(bench, Duration.ZERO) == 1);
            long waiter =
                    bench.number("SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'millrace.beat'::regclass");

            assertThat(bench.number("SELECT millrace.end_holders(" + waiter + ")"))
                    .isZero();

            migration.rollback();
            writing.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void a_sealed_partition_refuses_a_transaction_that_is_too_late() throws SQLException {
        try (var bench = bench("sealed")) {
            bench.sql("SELECT millrace.seal_part(2)");
            try (var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                    var statement = tx.createStatement()) {
                org.assertj.core.api.Assertions.assertThatThrownBy(
                                () -> statement.execute(
                                        "INSERT INTO millrace.job_log (part, stream, job_id, kind, payload) VALUES (2, 1, gen_random_uuid(), 'k', '{}')"))
                        .hasMessageContaining("sealed: repeat the transaction");
                tx.rollback();
            }
        }
    }

    @Test
    void claims_go_on_over_a_change_of_partition_with_producers_on_both_sides() throws SQLException {
        try (var bench = bench("change")) {
            var node = bench.node();
            try (var old = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
                var before = bench.storage.enqueue(old, Workbench.job()).job();
                bench.sql("SELECT millrace.switch_part(1)");
                var after = bench.enqueue(1).get(0);
                for (var stream : bench.streams()) bench.sql("SELECT millrace.re_anchor(" + stream.id() + ")");
                assertThat(bench.claimAll(node)).extracting(d -> d.job()).containsExactly(after);
                old.commit();

                assertThat(bench.claimAll(node)).extracting(d -> d.job()).containsExactly(before);
            }
        }
    }

    @Test
    void a_reader_that_holds_its_snapshot_costs_no_dead_row_in_the_stream() throws SQLException {
        try (var bench = new Workbench(server, "horizon", store -> store);
                var reader = bench.transaction(Connection.TRANSACTION_REPEATABLE_READ);
                var statement = reader.createStatement()) {
            statement.execute("SELECT count(*) FROM millrace.job_log");
            var node = bench.node();
            for (int round = 0; round < 20; round++) {
                bench.enqueue(50);
                var claimed = bench.claimAll(node);
                bench.storage.flush(
                        node,
                        claimed.stream()
                                .map(d -> Workbench.ended(
                                        d, d.place().seq() % 7 == 0 ? new Ending.HandedBack() : new Ending.Done(null)))
                                .toList());
            }
            bench.finish(node, bench.claimAll(node));

            bench.storage.close();
            bench.pool.getHikariPoolMXBean().softEvictConnections(); // whoever goes says what he has done
            for (var table : List.of("job_log_1", "claim_1", "outcome_1")) {
                await().atMost(Duration.ofSeconds(30)).until(() -> bench.number(rows(table, "n_tup_ins")) > 0);
                assertThat(bench.number(rows(table, "n_dead_tup + n_tup_upd + n_tup_del")))
                        .as(table)
                        .isZero();
            }
            reader.rollback();
        }
    }

    private static String rows(String table, String column) {
        return "SELECT %s FROM pg_stat_user_tables WHERE schemaname = 'millrace' AND relname = '%s'"
                .formatted(column, table);
    }
}
