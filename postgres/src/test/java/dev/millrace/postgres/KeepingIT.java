package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.State;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.Records.Query;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** The life of partitions, with days shortened to a second. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(RealServer.class)
class KeepingIT {

    private final TestServer server;

    KeepingIT(TestServer server) {
        this.server = server;
    }

    private Workbench quick(String name) {
        return new Workbench(
                server,
                name,
                store -> store.withPartitions(Duration.ofSeconds(1), Duration.ofSeconds(1))
                        .withRetention(Duration.ofSeconds(1)));
    }

    private static void keepUntilDropped(Workbench bench, Lease node, int part) {
        await().atMost(Duration.ofSeconds(40))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> {
                    bench.storage.keep(node);
                    return bench.number("SELECT count(*) FROM millrace.part WHERE no = " + part
                                    + " AND dropped_at IS NOT NULL")
                            == 1;
                });
    }

    @Test
    void what_ended_goes_with_its_partition_and_what_did_not_is_moved_and_runs() {
        try (var bench = quick("keeping")) {
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
            assertThat(bench.claimAll(node)).extracting(d -> d.job()).containsExactlyInAnyOrderElementsOf(forgotten);
        }
    }

    @Test
    void a_partition_with_a_job_that_still_runs_is_kept() {
        try (var bench = quick("straggler")) {
            var node = bench.node();
            bench.enqueue(5);
            var running = bench.claimAll(node);
            await().atMost(Duration.ofSeconds(30))
                    .pollInterval(Duration.ofMillis(200))
                    .until(() -> {
                        bench.storage.keep(node);
                        return bench.number("SELECT current_part FROM millrace.meta") >= 4;
                    });
            assertThat(bench.number("SELECT live_part FROM millrace.meta")).isEqualTo(1);

            bench.finish(node, running);

            keepUntilDropped(bench, node, 1);
            assertThat(bench.storage.list(new Query(State.RUNNING, null, null, null, 10)))
                    .isEmpty();
        }
    }

    @Test
    void a_sealed_partition_refuses_a_transaction_that_is_too_late() throws SQLException {
        try (var bench = quick("sealed")) {
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
        try (var bench = quick("change")) {
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

            bench.sql("SELECT pg_stat_force_next_flush()");
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
