package dev.millrace.postgres;

import static java.time.Duration.ofMinutes;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Operation;
import dev.millrace.OperationView;
import dev.millrace.Operations;
import dev.millrace.Retry;
import dev.millrace.State;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A change of many jobs, whose process is killed in the midst of it, gone on with, and taken back: the counts add up at each point. More jobs:
 * {@code -Dmillrace.bulk.jobs=100000}.
 */
@ExtendWith(RealServer.class)
class BulkUnderKillIT {

    private static final int JOBS = Integer.getInteger("millrace.bulk.jobs", 4_000);

    /** Of the verbs that came later: enough for a few steps. */
    private static final int FEW = Integer.getInteger("millrace.bulk.jobs", 300);

    /** One for each test. */
    private static final AtomicInteger DATABASES = new AtomicInteger();

    private static final Duration SHIFT = Duration.ofHours(7);

    @Kind("fails")
    record Fails(long n) implements Job<Void> {}

    private final String url;
    private final HikariDataSource pool;
    private final Millrace millrace;

    BulkUnderKillIT(TestServer server) {
        url = server.migratedDatabase("bulk_kill_" + DATABASES.incrementAndGet());
        pool = PostgresContract.pool(url);
        millrace = Millrace.on(new PostgresStore(pool));
    }

    @AfterEach
    void close() {
        millrace.close();
        pool.close();
    }

    /** What is killed: the same plan, run by another process. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) {
            try (var pool = PostgresContract.pool(args[0]);
                    var millrace = Millrace.on(new PostgresStore(pool).withoutMigration())) {
                var ops = millrace.operations("the child");
                var plan = switch (args[2]) {
                    case "requeue" ->
                        ops.jobs(f -> f.kind(Fails.class).state(State.DISCARDED))
                                .requeue();
                    case "reschedule" ->
                        ops.jobs(f -> f.kind(Fails.class).state(State.AVAILABLE))
                                .delay(SHIFT);
                    case "edit" ->
                        ops.jobs(f -> f.kind(Fails.class).state(State.AVAILABLE))
                                .edit("{\"n\":-1}");
                    case "delete" ->
                        ops.jobs(f -> f.kind(Fails.class).state(State.CANCELLED))
                                .delete();
                    default -> throw new IllegalArgumentException(args[2]);
                };
                plan.run("to be killed", Integer.parseInt(args[1]));
            }
        }
    }

    private long count(State state) {
        return (state.ended()
                        ? ops().jobs(f -> f.kind(Fails.class).state(state)).requeue()
                        : ops().jobs(f -> f.kind(Fails.class).state(state)).cancel())
                .count();
    }

    private Operations ops() {
        return millrace.operations("mara");
    }

    private void discardAll() {
        millrace.enqueueAll(LongStream.range(0, JOBS).mapToObj(Fails::new));
        try (var node = millrace.node()
                .handle(Fails.class, job -> {
                    throw new IllegalStateException("the provider is down");
                })
                .retry(Retry.none())
                .start()) {
            Awaitility.await()
                    .atMost(ofMinutes(5))
                    .until(() -> node.status().counts().failed() >= JOBS);
        }
    }

    @Test
    void the_counts_add_up_before_in_the_midst_after_and_when_it_is_taken_back() throws Exception {
        discardAll();
        assertThat(count(State.DISCARDED)).isEqualTo(JOBS);

        var killed = killedInTheMidst("requeue", JOBS);
        var half = killed.view();
        assertThat(half.endedAt()).isNull();
        assertThat(half.changed()).isPositive().isLessThan(JOBS);
        assertThat(half.matched()).isEqualTo(half.changed());
        assertThat(count(State.AVAILABLE)).as("exactly what is noted was done").isEqualTo(half.changed());
        assertThat(count(State.DISCARDED)).isEqualTo(JOBS - half.changed());

        killed.resume();
        assertThat(killed.view())
                .extracting(OperationView::matched, OperationView::changed)
                .containsExactly((long) JOBS, (long) JOBS);
        assertThat(killed.view().by()).isEqualTo("the child");
        assertThat(count(State.AVAILABLE)).isEqualTo(JOBS);
        assertThat(count(State.DISCARDED)).isZero();

        var undo = killed.undo("it was only a rehearsal");
        assertThat(undo.view().changed()).isEqualTo(JOBS);
        assertThat(count(State.DISCARDED)).isEqualTo(JOBS);
        assertThat(count(State.AVAILABLE)).isZero();
    }

    /** Each waits in a row of its own, as it stands: by its time, and by its payload. */
    private long sql(String condition) throws SQLException {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(condition)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private OperationView half(Operation killed) {
        var half = killed.view();
        assertThat(half.endedAt()).isNull();
        assertThat(half.by()).isEqualTo("the child");
        assertThat(half.changed()).isPositive().isLessThan(FEW);
        assertThat(half.matched()).isEqualTo(half.changed());
        return half;
    }

    @Test
    void so_do_those_of_another_time() throws Exception {
        millrace.enqueueAll(LongStream.range(0, FEW).mapToObj(Fails::new));

        var killed = killedInTheMidst("reschedule", FEW);
        long done = half(killed).changed();
        assertThat(count(State.SCHEDULED)).as("exactly what is noted was done").isEqualTo(done);
        assertThat(count(State.AVAILABLE)).isEqualTo(FEW - done);

        killed.resume();
        assertThat(killed.view().changed()).isEqualTo(FEW);
        assertThat(count(State.SCHEDULED)).isEqualTo(FEW);
        assertThat(sql("SELECT count(DISTINCT job_id) FROM millrace.timer WHERE run_at > now() + INTERVAL '6 h'"))
                .isEqualTo(FEW);
        assertThat(sql("SELECT count(*) FROM millrace.timer")).isEqualTo(FEW);

        assertThat(killed.undo("it was only a rehearsal").view().changed()).isEqualTo(FEW);
        assertThat(count(State.SCHEDULED)).isZero();
        assertThat(count(State.AVAILABLE)).isEqualTo(FEW);
        assertThat(runs()).as("each once").isEqualTo(FEW);
    }

    @Test
    void so_do_those_of_another_payload() throws Exception {
        millrace.enqueueAll(LongStream.range(0, FEW).mapToObj(Fails::new));
        var edited = "SELECT count(*) FROM millrace.job_log l WHERE payload = '{\"n\":-1}'"
                + " AND NOT EXISTS (SELECT FROM millrace.outcome o WHERE o.part = l.part AND o.seq = l.seq)";

        var killed = killedInTheMidst("edit", FEW);
        long done = half(killed).changed();
        assertThat(sql(edited)).as("exactly what is noted was done").isEqualTo(done);
        assertThat(count(State.AVAILABLE)).isEqualTo(FEW);

        killed.resume();
        assertThat(killed.view().changed()).isEqualTo(FEW);
        assertThat(sql(edited)).isEqualTo(FEW);
        assertThat(count(State.AVAILABLE)).isEqualTo(FEW);

        assertThat(killed.undo("it was only a rehearsal").view().changed()).isEqualTo(FEW);
        assertThat(sql(edited)).isZero();
        assertThat(count(State.AVAILABLE)).isEqualTo(FEW);
        assertThat(runs()).as("each once").isEqualTo(FEW);
    }

    @Test
    void so_do_those_that_are_told_of_no_more() throws Exception {
        millrace.enqueueAll(LongStream.range(0, FEW).mapToObj(Fails::new));
        ops().jobs(f -> f.kind(Fails.class).state(State.AVAILABLE)).cancel().run("a rehearsal");
        var marks = "SELECT count(*) FROM millrace.deleted_job";

        var killed = killedInTheMidst("delete", FEW);
        long done = half(killed).changed();
        assertThat(sql(marks)).as("exactly what is noted was done").isEqualTo(done);
        assertThat(count(State.CANCELLED)).isEqualTo(FEW - done);

        killed.resume();
        assertThat(killed.view().changed()).isEqualTo(FEW);
        assertThat(count(State.CANCELLED)).isZero();
        assertThat(ops().list(f -> f.limit(10))).isEmpty();

        assertThat(killed.undo("it was only a rehearsal").view().changed()).isEqualTo(FEW);
        assertThat(sql(marks)).isZero();
        assertThat(count(State.CANCELLED)).isEqualTo(FEW);
    }

    /** How many jobs run when they are let. */
    private long runs() {
        try (var node = millrace.node().handle(Fails.class, job -> {}).start()) {
            Awaitility.await()
                    .atMost(ofMinutes(2))
                    .until(() -> node.status().counts().completed() >= FEW && count(State.AVAILABLE) == 0);
            return node.status().counts().completed();
        }
    }

    private long stepsUnderWay() throws SQLException {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(
                        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'active' AND (query LIKE '%go_on_with%' OR query LIKE '%edit_jobs%')")) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private Operation killedInTheMidst(String verb, int jobs) throws IOException, InterruptedException {
        var child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path") + File.pathSeparator,
                        Child.class.getName(),
                        url,
                        Integer.toString(jobs * 2 / 3),
                        verb)
                .inheritIO()
                .start();
        try {
            Awaitility.await()
                    .atMost(ofMinutes(2))
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> ops().operations(1).stream()
                            .anyMatch(view -> view.by().equals("the child") && view.changed() > jobs / 4));
        } finally {
            child.destroyForcibly().waitFor();
        }
        // its statement may still be under way on the server, and is committed there
        Awaitility.await().atMost(ofMinutes(1)).until(() -> stepsUnderWay() == 0);
        return ops().operation(ops().operations(1).getFirst().id()).orElseThrow();
    }
}
