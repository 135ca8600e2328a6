package dev.millrace.postgres;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Attempt;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.NodeBuilder;
import dev.millrace.Operations.NamedJob;
import dev.millrace.Operations.Scheduling;
import dev.millrace.Priority;
import dev.millrace.Schedule;
import dev.millrace.Schedule.Missed;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Schedules that are set at run time, on a real server, over a restart of all nodes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(RealServer.class)
class SetScheduleIT {

    private static final Schedule EACH_SECOND = Schedule.every(ofSeconds(1)).ifMissed(Missed.ALL);

    @Kind("close-day")
    record CloseDay(String shop) implements Job<Void> {}

    private record Ran(String shop, Instant slot) {}

    private final HikariDataSource pool;
    private final Queue<Ran> ran = new ConcurrentLinkedQueue<>();

    SetScheduleIT(TestServer server) {
        pool = PostgresContract.pool(server.freshDatabase("setschedule"));
    }

    @AfterEach
    void remove() {
        ran.clear();
        try (var millrace = open()) {
            for (var schedule : millrace.operations("test").schedules())
                millrace.operations("test").unschedule(schedule.name(), "the test is over");
        }
    }

    @AfterAll
    void stop() {
        pool.close();
    }

    private Millrace open() {
        return Millrace.on(new PostgresStore(pool));
    }

    private NodeBuilder node(Millrace millrace) {
        return millrace.node()
                .queues("default", "books")
                .handle(
                        CloseDay.class,
                        (CloseDay job, Attempt attempt) -> ran.add(
                                new Ran(job.shop(), attempt.slot().orElseThrow().toInstant())));
    }

    private void awaitRuns(int count) {
        Awaitility.await().atMost(ofSeconds(60)).pollInterval(ofMillis(50)).until(() -> ran.size() >= count);
    }

    private List<Instant> slots() {
        return ran.stream().map(Ran::slot).sorted().toList();
    }

    @Test
    void it_survives_a_restart_of_all_nodes_and_no_slot_runs_twice_or_is_left_out() {
        try (var millrace = open()) {
            assertThat(millrace.operations("mara")
                            .schedule("close-acme", EACH_SECOND, new CloseDay("acme"), "a customer asks for it"))
                    .isEqualTo(Scheduling.CREATED);
            node(millrace).start();
            awaitRuns(2);
        }
        int before = ran.size();
        try (var millrace = open()) {
            node(millrace).start();
            node(millrace).start();
            awaitRuns(before + 3);

            var view = millrace.operations("mara").schedules().getFirst();
            assertThat(view.schedule()).isEqualTo(EACH_SECOND);
            assertThat(view.nodeAlive()).isTrue();
            assertThat(view.set()).satisfies(set -> {
                assertThat(set.by()).isEqualTo("mara");
                assertThat(set.payload()).isEqualTo("{\"shop\":\"acme\"}");
            });
        }
        var slots = slots();
        assertThat(slots).doesNotHaveDuplicates();
        for (int i = 1; i < slots.size(); i++)
            assertThat(slots.get(i)).isEqualTo(slots.get(i - 1).plusSeconds(1));
    }

    @Test
    void once_a_change_or_a_removal_was_answered_no_slot_is_fired_by_what_it_said_before() throws SQLException {
        try (var millrace = open()) {
            var operations = millrace.operations("mara");
            operations.schedule("close-acme", EACH_SECOND, new CloseDay("acme"), "a customer asks for it");
            node(millrace).start();
            awaitRuns(1);

            var job = new NamedJob(
                    "close-day",
                    1,
                    "{\"shop\":\"sons\"}",
                    o -> o.queue("books").priority(Priority.HIGH).tenant("sons").expiresAfter(ofMinutes(10)));
            assertThat(operations.schedule("close-acme", EACH_SECOND, job, "they have a new name"))
                    .isEqualTo(Scheduling.CHANGED);
            long old = fired("acme");
            assertThat(operations.schedule("close-acme", EACH_SECOND, job, "again"))
                    .isEqualTo(Scheduling.UNCHANGED);
            Awaitility.await().atMost(ofSeconds(60)).until(() -> fired("sons") >= 3);
            assertThat(fired("acme")).isEqualTo(old);

            assertThat(operations.unschedule("close-acme", "the customer has left"))
                    .isTrue();
            long all = fired("sons");
            operations.schedule("close-acme", EACH_SECOND, new CloseDay("anew"), "they are back");
            Awaitility.await().atMost(ofSeconds(60)).until(() -> fired("anew") >= 2);
            assertThat(fired("sons")).isEqualTo(all);

            assertThat(audited())
                    .containsSubsequence(
                            "mara set schedule close-acme: a customer asks for it",
                            "mara set schedule close-acme: they have a new name",
                            "mara remove schedule close-acme: the customer has left",
                            "mara set schedule close-acme: they are back");
        }
    }

    private long fired(String shop) throws SQLException {
        try (var c = pool.getConnection();
                var s = c.prepareStatement(
                        "SELECT count(*) FROM millrace.job_log WHERE kind = 'close-day' AND payload LIKE '%' || ? || '%'")) {
            s.setString(1, shop);
            try (var rows = s.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    private List<String> audited() throws SQLException {
        try (var c = pool.getConnection();
                var s = c.prepareStatement(
                        "SELECT by || ' ' || action || ' ' || target || ': ' || coalesce(reason, '') FROM millrace.audit ORDER BY id");
                var rows = s.executeQuery()) {
            var lines = new ArrayList<String>();
            while (rows.next()) lines.add(rows.getString(1));
            return lines;
        }
    }

    @Test
    void ten_thousand_are_fired_by_one_node_and_no_more_can_be_set() throws SQLException {
        try (var millrace = open();
                var c = pool.getConnection();
                var s = c.createStatement()) {
            var operations = millrace.operations("mara");
            operations.schedule("close-1", Schedule.every(ofSeconds(20)), new CloseDay("many"), "why not");
            s.execute("""
                    INSERT INTO millrace.schedule (name, times, policy, set_at_run_time)
                    SELECT 'close-' || n, times, policy, true FROM millrace.schedule, generate_series(2, 10000) n
                    """);
            s.execute("""
                    INSERT INTO millrace.schedule_set (schedule, queue, priority, kind, kind_version, payload, by, reason)
                    SELECT 'close-' || n, queue, priority, kind, kind_version, payload, by, reason FROM millrace.schedule_set, generate_series(2, 10000) n
                    """);

            assertThatThrownBy(() -> operations.schedule("one-more", EACH_SECOND, new CloseDay("more"), "why not"))
                    .hasMessageContaining("there are 10,000 that were set at run time");

            node(millrace).start();
            awaitRuns(10_000);
            assertThat(ran).extracting(Ran::shop).containsOnly("many");
            s.execute("TRUNCATE millrace.schedule, millrace.schedule_set");
        }
    }

    @Test
    void a_node_of_an_older_build_leaves_it_alone() throws SQLException {
        try (var millrace = open();
                var c = pool.getConnection();
                var s = c.createStatement()) {
            millrace.operations("mara").schedule("close-acme", EACH_SECOND, new CloseDay("acme"), "why not");
            s.execute("SELECT millrace.sweep_schedules(INTERVAL '1 day', 100)");
            s.execute("UPDATE millrace.schedule SET orphaned_at = clock_timestamp() - INTERVAL '90 days'");
            s.execute("SELECT millrace.sweep_schedules(INTERVAL '1 day', 100)");

            try (var rows = s.executeQuery(
                    "SELECT millrace.may_own(s, s.times, s.policy, gen_random_uuid(), clock_timestamp(), INTERVAL '0') FROM millrace.schedule s")) {
                rows.next();
                assertThat(rows.getBoolean(1)).isFalse();
            }
            assertThat(millrace.operations("mara").schedules()).hasSize(1);
        }
    }
}
