package dev.millrace.postgres;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.IfFailed;
import dev.millrace.Job;
import dev.millrace.JobId;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Retry;
import dev.millrace.State;
import dev.millrace.store.Lease;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Jobs that run after others where what they wait for is gone, or somebody holds what a look needs. */
@ExtendWith(RealServer.class)
class AfterIT {

    private static final AtomicInteger DATABASES = new AtomicInteger();

    @Kind("step")
    record Step(int n) implements Job<Integer> {}

    private final Workbench bench;

    AfterIT(TestServer server) {
        bench = new Workbench(server, "after" + DATABASES.incrementAndGet(), store -> store);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private static NewJob after(IfFailed ifFailed, JobId... blockers) {
        var plain = Workbench.job();
        return new NewJob(
                plain.id(),
                plain.queue(),
                plain.priority(),
                plain.spread(),
                plain.kind(),
                1,
                plain.payload(),
                plain.headers(),
                new Due.After(List.of(blockers), ifFailed, null),
                null,
                null);
    }

    private JobId enqueued(NewJob job) {
        return bench.storage.enqueue(job).job();
    }

    private State state(JobId job) {
        return bench.storage.find(job).orElseThrow().state();
    }

    private void becomes(Lease node, JobId job, State expected) {
        Awaitility.await().atMost(ofSeconds(20)).until(() -> {
            bench.storage.promote(node, 1_000);
            return state(job) == expected;
        });
    }

    @Test
    void of_one_that_is_past_retention_it_is_not_known_how_it_ended_and_what_waits_for_it_does_not_wait_for_ever() {
        var gone = bench.enqueue(1).getFirst();
        var settled = bench.enqueue(1).getFirst();
        var cancelled = List.of(enqueued(after(IfFailed.CANCEL, gone)), enqueued(after(IfFailed.CANCEL, settled)));
        var runs = enqueued(after(IfFailed.RUN, gone, settled));
        var node = bench.node();
        bench.sql("UPDATE millrace.dependency SET part = NULL WHERE blocker = '%s'".formatted(gone));
        bench.sql("UPDATE millrace.dependency SET part = 0 WHERE blocker = '%s'".formatted(settled)); // it was dropped
        bench.sql("DELETE FROM millrace.job_log WHERE job_id IN ('%s', '%s')".formatted(gone, settled));

        for (var job : cancelled) becomes(node, job, State.CANCELLED);
        becomes(node, runs, State.AVAILABLE);

        assertThat(bench.storage.find(cancelled.getFirst()).orElseThrow().reason())
                .isEqualTo("it runs after job %s, which has ended so long ago that how is no longer known"
                        .formatted(gone));
        assertThat(
                        bench.number(
                                "SELECT (SELECT count(*) FROM millrace.dependency) + (SELECT count(*) FROM millrace.dependent)"))
                .isZero();
    }

    @Test
    void a_look_waits_for_nobody() throws SQLException {
        var first = bench.enqueue(1).getFirst();
        var after = enqueued(after(IfFailed.CANCEL, first));
        var node = bench.node();
        bench.finish(node, bench.claimAll(node));
        try (var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                var statement = tx.createStatement()) {
            statement.execute("SELECT FROM millrace.timer WHERE job_id = '%s' FOR UPDATE".formatted(after));
            for (int look = 0; look < 5; look++) bench.storage.promote(node, 1_000);
            assertThat(state(after)).isEqualTo(State.SCHEDULED);
            tx.rollback();
            statement.execute("SELECT FROM millrace.dependent WHERE job = '%s' FOR UPDATE".formatted(after));
            for (int look = 0; look < 5; look++) bench.storage.promote(node, 1_000);
            assertThat(state(after)).isEqualTo(State.SCHEDULED);
            tx.rollback();
        }

        becomes(node, after, State.AVAILABLE);
    }

    @Test
    void an_enqueue_that_stays_open_holds_up_no_look_and_is_let_go_when_it_has_committed() throws SQLException {
        var first = bench.enqueue(1).getFirst();
        var open = after(IfFailed.CANCEL, first);
        var other = enqueued(after(IfFailed.CANCEL, first));
        var node = bench.node();
        try (var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            bench.storage.enqueue(tx, open);
            bench.finish(node, bench.claimAll(node));
            becomes(node, other, State.AVAILABLE);
            tx.commit();
        }

        becomes(node, open.id(), State.AVAILABLE);
    }

    @Test
    void what_was_withdrawn_and_is_past_retention_leaves_nothing_behind() {
        var first = bench.enqueue(1).getFirst();
        var after = enqueued(after(IfFailed.CANCEL, first));
        var node = bench.node();
        bench.storage.cancel(after, "not wanted", "mara");
        bench.finish(node, bench.claimAll(node));
        Awaitility.await().atMost(ofSeconds(20)).until(() -> {
            bench.storage.promote(node, 1_000);
            return bench.number("SELECT count(*) FROM millrace.dependent WHERE state = 'withdrawn'") == 1;
        });
        bench.sql("UPDATE millrace.dependent SET sweep_at = clock_timestamp()");
        assertThat(bench.number("SELECT millrace.sweep_dependents(10)")).isOne();
        assertThat(bench.number("SELECT count(*) FROM millrace.dependent"))
                .as("it is kept")
                .isOne();

        bench.sql("DELETE FROM millrace.job_log WHERE job_id = '%s'".formatted(after));
        bench.sql("UPDATE millrace.dependent SET sweep_at = clock_timestamp()");
        assertThat(bench.number("SELECT millrace.sweep_dependents(10)")).isOne();

        assertThat(bench.number("SELECT count(*) FROM millrace.dependent")).isZero();
    }

    @Test
    void a_row_of_jobs_runs_and_one_is_cancelled_through_the_front_door() {
        try (var millrace = Millrace.on(new PostgresStore(bench.pool))) {
            millrace.node()
                    .handle(Step.class, job -> {
                        if (job.n() < 0) throw new IllegalStateException("step " + job.n());
                        return job.n();
                    })
                    .retry(Retry.none())
                    .start();
            var last = millrace.enqueue(new Step(0));
            var failed = millrace.enqueue(new Step(-1));
            var doomed = millrace.enqueue(new Step(1), o -> o.after(failed));
            for (int i = 1; i <= 3; i++) {
                var before = last;
                var earlier = doomed;
                last = millrace.enqueue(new Step(i), o -> o.after(before));
                doomed = millrace.enqueue(new Step(i), o -> o.after(earlier));
            }

            assertThat(last.get(ofSeconds(30))).isEqualTo(3);
            var end = doomed;
            Awaitility.await().atMost(ofSeconds(30)).until(() -> end.state() == State.CANCELLED);
        }
    }
}
