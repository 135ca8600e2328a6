package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.Checkup;
import dev.millrace.Checkup.Verdict;
import dev.millrace.Finding;
import dev.millrace.Finding.Remedy;
import dev.millrace.Finding.Severity;
import dev.millrace.Job;
import dev.millrace.JobHistory;
import dev.millrace.Kind;
import dev.millrace.LaterDoctor;
import dev.millrace.LogLevel;
import dev.millrace.Millrace;
import dev.millrace.NodeView;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is really wrong with a server is found by its name, and is gone when it is mended. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(RealServer.class)
class DoctorIT {

    private static final Duration LATER = Duration.ofMinutes(20);

    private final TestServer server;

    DoctorIT(TestServer server) {
        this.server = server;
    }

    private Workbench bench(String name) {
        return new Workbench(server, name, store -> store);
    }

    private static Optional<Finding> about(Checkup checkup, Finding.Type type, String object) {
        return checkup.findings().stream()
                .filter(finding -> finding.type() == type && finding.object().equals(object))
                .findFirst();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (var s = connection.createStatement()) {
            s.execute(sql);
        }
    }

    private Connection superuser() throws SQLException {
        return DriverManager.getConnection(server.url());
    }

    // ---- transactions

    @Test
    void an_idle_transaction_is_found_with_its_program_and_its_query() throws SQLException {
        try (var bench = bench("doctor_idle")) {
            var object = "";
            try (var forgotten = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
                execute(forgotten, "SET application_name = 'forgetful report'");
                execute(forgotten, "SELECT 'of the month'");
                object = "pid " + Session.backend(forgotten);
                assertThat(about(
                                LaterDoctor.checkup(bench.storage, Duration.ZERO),
                                Finding.Type.IDLE_TRANSACTION,
                                object))
                        .as("a moment is not long")
                        .isEmpty();

                var found = about(LaterDoctor.checkup(bench.storage, LATER), Finding.Type.IDLE_TRANSACTION, object)
                        .orElseThrow();

                assertThat(found.severity()).isEqualTo(Severity.WARNING);
                assertThat(found.facts())
                        .containsEntry("application", "forgetful report")
                        .containsEntry("user", "migrated")
                        .containsEntry("database", "doctor_idle")
                        .containsEntry("query", "SELECT pg_backend_pid()")
                        .containsKeys("since", "idleMillis");
                execute(forgotten, "SET application_name = ''");
                forgotten.rollback();
            }
            assertThat(about(LaterDoctor.checkup(bench.storage, LATER), Finding.Type.IDLE_TRANSACTION, object))
                    .isEmpty();
        }
    }

    @Test
    void a_producer_that_does_not_commit_is_found_with_the_partition_that_it_has_written_to() throws SQLException {
        try (var bench = bench("doctor_producer")) {
            try (var open = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
                bench.storage.enqueue(open, Workbench.job());
                var object = "pid " + Session.backend(open);

                var found = about(LaterDoctor.checkup(bench.storage, LATER), Finding.Type.IDLE_TRANSACTION, object)
                        .orElseThrow();

                assertThat(found.text()).contains("that has enqueued jobs");
                assertThat(found.why()).contains("partition 1 can't be sealed");
                open.rollback();
                assertThat(about(LaterDoctor.checkup(bench.storage, LATER), Finding.Type.IDLE_TRANSACTION, object))
                        .isEmpty();
            }
        }
    }

    @Test
    void a_table_that_somebody_has_locked_is_not_waited_for() throws SQLException {
        try (var bench = bench("doctor_locked");
                var holder = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            execute(holder, "LOCK TABLE millrace.parked, millrace.node IN ACCESS EXCLUSIVE MODE");

            var unknown = LaterDoctor.checkup(bench.storage, Duration.ZERO).findings().stream()
                    .filter(finding -> finding.severity() == Severity.UNKNOWN)
                    .toList();

            assertThat(unknown)
                    .extracting(Finding::type)
                    .contains(
                            Finding.Type.PARKED,
                            Finding.Type.UNSERVED_QUEUE,
                            Finding.Type.NO_NODE,
                            Finding.Type.HOUSEKEEPING);
            assertThat(unknown).extracting(Finding::text).anyMatch(text -> text.contains("lock timeout"));
            holder.rollback();
        }
    }

    @Test
    void without_migration_a_schema_that_is_not_there_is_named_and_none_is_made() throws SQLException {
        try (var bench = bench("doctor_no_schema")) {
            var elsewhere =
                    new PostgresStore(bench.pool).withSchema("elsewhere").withoutMigration();

            assertThatThrownBy(() -> Millrace.on(elsewhere))
                    .hasMessageStartingWith("The schema \"elsewhere\" of ")
                    .hasMessageContaining("It was not made yet");

            assertThat(bench.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'elsewhere'"))
                    .isZero();
        }
    }

    @Test
    void a_prepared_transaction_is_found_and_gone_when_it_is_decided() throws SQLException {
        try (var bench = bench("doctor_prepared")) {
            try (var half = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
                bench.storage.enqueue(half, Workbench.job());
                execute(half, "PREPARE TRANSACTION 'half of it'");
                half.commit();
            }
            var found = about(
                            LaterDoctor.checkup(bench.storage, LATER),
                            Finding.Type.PREPARED_TRANSACTION,
                            "transaction half of it")
                    .orElseThrow();
            assertThat(found.facts()).containsEntry("database", "doctor_prepared");

            bench.sql(found.remedies().get(1).command());

            assertThat(about(
                            LaterDoctor.checkup(bench.storage, LATER),
                            Finding.Type.PREPARED_TRANSACTION,
                            "transaction half of it"))
                    .isEmpty();
        }
    }

    @Test
    void what_another_role_does_is_not_known_until_the_right_is_granted() throws SQLException {
        try (var bench = bench("doctor_hidden");
                var other = superuser()) {
            other.setAutoCommit(false);
            execute(other, "SET application_name = 'another role'");
            var object = "pid " + Session.backend(other);

            var unknown = LaterDoctor.checkup(bench.storage, LATER).findings().stream()
                    .filter(finding -> finding.severity() == Severity.UNKNOWN)
                    .toList();

            assertThat(unknown)
                    .extracting(Finding::type)
                    .contains(Finding.Type.IDLE_TRANSACTION, Finding.Type.WRITE_AHEAD_LOG);
            assertThat(unknown)
                    .flatExtracting(Finding::remedies)
                    .extracting(Remedy::command)
                    .containsOnly("GRANT pg_monitor TO migrated;");
            assertThat(about(LaterDoctor.checkup(bench.storage, LATER), Finding.Type.IDLE_TRANSACTION, object))
                    .isEmpty();

            try (var grants = superuser()) {
                execute(grants, unknown.getFirst().remedies().getFirst().command());
                try {
                    var checkup = LaterDoctor.checkup(bench.storage, LATER);
                    assertThat(checkup.findings()).extracting(Finding::severity).doesNotContain(Severity.UNKNOWN);
                    assertThat(checkup.figures()).containsKey("walBytes");
                    assertThat(about(checkup, Finding.Type.IDLE_TRANSACTION, object)
                                    .orElseThrow()
                                    .severity())
                            .as("it is in another database")
                            .isEqualTo(Severity.NOTICE);
                } finally {
                    execute(grants, "REVOKE pg_monitor FROM migrated");
                }
            }
            other.rollback();
        }
    }

    // ---- replication

    @Test
    void a_slot_that_nobody_reads_is_found_and_gone_when_it_is_dropped() throws SQLException {
        try (var bench = bench("doctor_slot");
                var admin = superuser()) {
            execute(admin, "SELECT pg_create_physical_replication_slot('nobody_reads_it', true)");
            try {
                var now = about(
                                LaterDoctor.checkup(bench.storage, Duration.ZERO),
                                Finding.Type.REPLICATION_SLOT,
                                "slot nobody_reads_it")
                        .orElseThrow();
                assertThat(now.severity()).isEqualTo(Severity.NOTICE);
                assertThat(now.facts()).containsEntry("active", false).containsKeys("retainedBytes", "inactiveSince");

                var later = about(
                                LaterDoctor.checkup(bench.storage, Duration.ofHours(2)),
                                Finding.Type.REPLICATION_SLOT,
                                "slot nobody_reads_it")
                        .orElseThrow();
                assertThat(later.severity()).isEqualTo(Severity.WARNING);
                assertThat(later.remedies())
                        .extracting(Remedy::command)
                        .contains("SELECT pg_drop_replication_slot('nobody_reads_it');");
            } finally {
                execute(admin, "SELECT pg_drop_replication_slot('nobody_reads_it')");
            }
            assertThat(about(
                            LaterDoctor.checkup(bench.storage, LATER),
                            Finding.Type.REPLICATION_SLOT,
                            "slot nobody_reads_it"))
                    .isEmpty();
        }
    }

    // ---- partitions

    /** All that happened to partitions happened so much earlier, and the housekeeping is due. */
    private static void age(Workbench bench, Duration by) {
        bench.sql("""
                UPDATE millrace.part SET attached_at = attached_at - i, current_at = current_at - i, closed_at = closed_at - i
                  FROM (SELECT INTERVAL '%d seconds') t (i)
                """.formatted(by.toSeconds()));
        bench.sql("UPDATE millrace.meta SET kept_at = '-infinity'");
    }

    @Test
    void a_partition_that_can_not_be_sealed_names_the_session_that_has_written_to_it() throws SQLException {
        try (var bench = bench("doctor_unsealed")) {
            var node = bench.node();
            try (var open = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
                bench.storage.enqueue(open, Workbench.job());
                age(bench, Duration.ofDays(1).plusMinutes(1));
                bench.storage.keep(node); // closes it
                age(bench, Duration.ofHours(2));
                bench.storage.keep(node); // would seal it
                bench.storage.beat(node);

                var found = about(
                                LaterDoctor.checkup(bench.storage, Duration.ZERO),
                                Finding.Type.PARTITION,
                                "partition 1")
                        .orElseThrow();

                assertThat(found.text()).contains("is not sealed").contains("Session " + Session.backend(open));
                open.rollback();
            }
            age(bench, Duration.ZERO);
            bench.storage.keep(node);
            bench.storage.beat(node);
            assertThat(about(LaterDoctor.checkup(bench.storage, Duration.ZERO), Finding.Type.PARTITION, "partition 1"))
                    .isEmpty();
        }
    }

    @Test
    void a_partition_past_retention_names_the_job_that_keeps_it() {
        try (var bench = bench("doctor_kept")) {
            var node = bench.node();
            bench.enqueue(1);
            var running = bench.claimAll(node);
            for (int day = 0; day < 12; day++) {
                age(bench, Duration.ofDays(1));
                bench.storage.keep(node);
            }
            bench.storage.beat(node);

            var found = about(LaterDoctor.checkup(bench.storage, Duration.ZERO), Finding.Type.PARTITION, "partition 1")
                    .orElseThrow();

            assertThat(found.text())
                    .contains("past retention, and is not settled")
                    .contains("job " + running.getFirst().job()
                            + " (kind kind, queue default), which is running on node");
            bench.finish(node, running);
            for (int turn = 0; turn < 2; turn++) {
                age(bench, Duration.ZERO);
                bench.storage.keep(node);
            }
            bench.storage.beat(node);
            assertThat(about(LaterDoctor.checkup(bench.storage, Duration.ZERO), Finding.Type.PARTITION, "partition 1"))
                    .isEmpty();
        }
    }

    // ---- nodes

    @Test
    void a_hung_handler_of_another_process_is_found_by_one_that_runs_no_node() {
        try (var bench = bench("doctor_stuck")) {
            var node = bench.node();
            var job = bench.enqueue(1).getFirst();
            bench.storage.beat(node, new NodeView.Stuck(1, job, Duration.ofMinutes(3)));

            var found = about(
                            LaterDoctor.checkup(bench.storage, Duration.ZERO), Finding.Type.STUCK_HANDLER, "node node")
                    .orElseThrow();

            assertThat(found.text())
                    .contains("A handler of node node (process 1 on here) was told to end 3 min ago")
                    .contains("job " + job);
            bench.storage.beat(node);
            assertThat(about(
                            LaterDoctor.checkup(bench.storage, Duration.ZERO), Finding.Type.STUCK_HANDLER, "node node"))
                    .isEmpty();
        }
    }

    @Test
    void nodes_of_builds_that_tell_less_of_themselves_are_taken_as_before() {
        try (var bench = bench("doctor_older")) {
            var older = UUID.randomUUID();
            bench.number(
                    "SELECT millrace.join_node('%s', 'old', 'here', 1, 'old', 10, ARRAY['default'], ARRAY['kind:3'], true)"
                            .formatted(older));
            bench.sql("SELECT millrace.raise_beat('%s', 1)".formatted(older));
            var job = bench.enqueue(1).getFirst();
            bench.sql("""
                    SELECT millrace.write_notes('%s', 1, ARRAY[p.no], ARRAY['%s'::UUID], ARRAY[1], ARRAY[1], ARRAY[1], ARRAY[now()],
                                                ARRAY['a line'], ARRAY[NULL::BIGINT], ARRAY[NULL::BIGINT]) FROM millrace.part p LIMIT 1
                    """.formatted(older, job));

            var view = bench.storage.nodes().getFirst();

            assertThat(view.reads()).isNull();
            assertThat(view.stuck()).isNull();
            assertThat(view.canRead("kind", 1)).isTrue();
            assertThat(bench.storage.history(job).orElseThrow().log())
                    .extracting(JobHistory.LogLine::level)
                    .containsExactly(LogLevel.INFO);
        }
    }

    @Test
    void a_node_whose_clock_is_ahead_shows_by_its_outcomes_of_either_sort() {
        for (var ending : List.of(new Ending.Done(null), new Ending.Snoozed(Duration.ofHours(1), "later"))) {
            try (var bench = bench("doctor_clock_" + (ending instanceof Ending.Done ? "done" : "snoozed"))) {
                var node = bench.node();
                bench.enqueue(3);
                var ended = bench.claimAll(node).stream()
                        .map(delivery -> new Ended(
                                delivery, ending, Instant.now().plus(Duration.ofMinutes(10)), Duration.ofMillis(1)))
                        .toList();
                assertThat(about(LaterDoctor.checkup(bench.storage, Duration.ZERO), Finding.Type.CLOCK, "node node"))
                        .isEmpty();

                bench.storage.flush(node, ended);

                var found = about(LaterDoctor.checkup(bench.storage, Duration.ZERO), Finding.Type.CLOCK, "node node")
                        .orElseThrow();
                assertThat((Long) found.facts().get("aheadMillis")).isBetween(590_000L, 600_000L);
            }
        }
    }

    @Test
    void a_job_that_a_node_has_held_for_long_is_found() {
        try (var bench = bench("doctor_held")) {
            var node = bench.node();
            bench.enqueue(1);
            var held = bench.claimAll(node);

            var found = about(
                            LaterDoctor.checkup(bench.storage, Duration.ofHours(2)),
                            Finding.Type.LONG_RUN,
                            "job " + held.getFirst().job())
                    .orElseThrow();

            assertThat(found.text()).contains("Node node has held job").contains("for 2 h");
            bench.finish(node, held);
            assertThat(LaterDoctor.checkup(bench.storage, Duration.ofHours(2)).findings())
                    .extracting(Finding::type)
                    .doesNotContain(Finding.Type.LONG_RUN);
        }
    }

    // ---- queues, by the front door

    @Kind("known")
    record Known(String text) implements Job<Void> {}

    @Test
    void a_queue_that_nobody_serves_and_a_kind_that_nobody_knows_are_found_and_gone_when_mended() {
        try (var pool = PostgresContract.pool(server.migratedDatabase("doctor_queues"));
                var millrace = Millrace.on(new PostgresStore(pool))) {
            var operations = millrace.operations("a test");
            var orphan = operations.enqueue("known", 1, "{\"text\":\"x\"}", o -> o.queue("nobody"));
            assertThat(about(operations.doctor(), Finding.Type.NO_NODE, "all nodes")
                            .orElseThrow()
                            .severity())
                    .isEqualTo(Severity.CRITICAL);

            try (var node =
                    millrace.node().name("here").handle(Known.class, job -> {}).start()) {
                var strange = operations.enqueue("strange", 1, "{}", o -> o);
                await().atMost(Duration.ofSeconds(30))
                        .until(() -> about(operations.doctor(), Finding.Type.PARKED, "kind strange in queue default")
                                .isPresent());
                var checkup = operations.doctor();
                assertThat(about(checkup, Finding.Type.NO_NODE, "all nodes")).isEmpty();
                assertThat(about(checkup, Finding.Type.UNSERVED_QUEUE, "queue nobody")
                                .orElseThrow()
                                .facts())
                        .containsEntry("available", 1L);
                assertThat(about(checkup, Finding.Type.PARKED, "kind strange in queue default")
                                .orElseThrow()
                                .facts())
                        .containsEntry("jobs", 1L)
                        .containsEntry("example", strange.id().toString())
                        .containsEntry("parking", "unknown-kind");
                assertThat(checkup.verdict()).isEqualTo(Verdict.UNHEALTHY);
                assertThat(node.name()).isEqualTo("here");

                operations.cancel(strange.id(), "nobody wants it");
                operations.cancel(orphan.id(), "nobody wants it");

                var mended = operations.doctor();
                assertThat(about(mended, Finding.Type.UNSERVED_QUEUE, "queue nobody"))
                        .isEmpty();
                assertThat(about(mended, Finding.Type.PARKED, "kind strange in queue default"))
                        .isEmpty();
            }
        }
    }

    @Test
    void a_schema_that_a_newer_build_has_changed_is_told_and_one_that_lacks_a_step_too() {
        try (var bench = bench("doctor_schema")) {
            assertThat(LaterDoctor.checkup(bench.storage, Duration.ZERO).findings())
                    .extracting(Finding::type)
                    .doesNotContain(Finding.Type.SCHEMA);
            var newest = "%03d".formatted(bench.number("SELECT max(version)::INT FROM millrace.schema_history"));
            bench.sql("UPDATE millrace.schema_history SET version = '9999' WHERE version = '%s'".formatted(newest));

            var found = about(LaterDoctor.checkup(bench.storage, Duration.ZERO), Finding.Type.SCHEMA, "schema millrace")
                    .orElseThrow();

            assertThat(found.severity()).isEqualTo(Severity.CRITICAL);
            assertThat(found.facts()).containsEntry("installed", "9999").containsEntry("missing", newest);
        }
    }
}
