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
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A requeue of many discarded jobs, whose process is killed in the midst of it, gone on with, and taken back: the counts add up at each point. More jobs:
 * {@code -Dmillrace.bulk.jobs=100000}.
 */
@ExtendWith(RealServer.class)
class BulkUnderKillIT {

    private static final int JOBS = Integer.getInteger("millrace.bulk.jobs", 4_000);

    @Kind("fails")
    record Fails(long n) implements Job<Void> {}

    private final String url;
    private final HikariDataSource pool;
    private final Millrace millrace;

    BulkUnderKillIT(TestServer server) {
        url = server.migratedDatabase("bulk_kill");
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
                millrace.operations("the child")
                        .jobs(f -> f.kind(Fails.class).state(State.DISCARDED))
                        .requeue()
                        .run("to be killed", Integer.parseInt(args[1]));
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

        var killed = killedInTheMidst();
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

    private long stepsUnderWay() throws SQLException {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(
                        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%go_on_with%'")) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private Operation killedInTheMidst() throws IOException, InterruptedException {
        var child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path") + File.pathSeparator,
                        Child.class.getName(),
                        url,
                        Integer.toString(JOBS / 2))
                .inheritIO()
                .start();
        try {
            Awaitility.await()
                    .atMost(ofMinutes(2))
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> ops().operations(1).stream().anyMatch(view -> view.changed() > JOBS / 4));
        } finally {
            child.destroyForcibly().waitFor();
        }
        // its statement may still be under way on the server, and is committed there
        Awaitility.await().atMost(ofMinutes(1)).until(() -> stepsUnderWay() == 0);
        return ops().operation(ops().operations(1).getFirst().id()).orElseThrow();
    }
}
