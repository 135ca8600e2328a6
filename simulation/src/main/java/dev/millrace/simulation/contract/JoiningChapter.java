package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.discarded;
import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Given.LATER;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.BatchView;
import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.State;
import dev.millrace.UnknownBlocker;
import dev.millrace.store.Accepted;
import dev.millrace.store.Delivery;
import dev.millrace.store.NewJob;
import dev.millrace.store.PartOf;
import dev.millrace.store.Payload;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage.Wakeup;
import dev.millrace.store.StoreException.Blocked;
import dev.millrace.store.StoreException.Fenced;
import dev.millrace.store.UniqueKey;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps in the transaction of a caller: its commit decides. Only for stores that can join one. */
abstract class JoiningChapter extends Chapter {

    private Connection tx;

    @SuppressWarnings("NullAway.Init") // the store's connection comes before each test
    JoiningChapter(StoreContract contract) {
        super(contract);
    }

    @BeforeEach
    void begin() throws SQLException {
        var connection = given.contract.transaction();
        assumeTrue(connection.isPresent(), "this store can't join a transaction");
        tx = connection.orElseThrow();
        assertThat(tx.getAutoCommit()).isFalse();
    }

    @AfterEach
    void end() throws SQLException {
        if (tx == null) return;
        if (!tx.getAutoCommit()) tx.rollback();
        tx.close();
    }

    // ---- enqueue

    @Test
    void a_job_is_taken_when_its_transaction_commits() throws SQLException {
        var job = given.newJob(as -> as);

        assertThat(given.store.enqueue(tx, job)).isEqualTo(new Accepted(job.id(), false));
        assertThat(given.store.find(job.id())).isEmpty();
        assertThat(given.node().claimAll()).isEmpty();

        tx.commit();
        assertThat(job.id()).isAvailable();
        assertThat(given.node().claimOne().job()).isEqualTo(job.id());
    }

    @Test
    void a_job_is_not_taken_when_its_transaction_rolls_back() throws SQLException {
        var job = given.newJob(as -> as);
        var scheduled = given.newJob(as -> as.in(LATER));
        given.store.enqueue(tx, job);
        given.store.enqueue(tx, scheduled);

        tx.rollback();

        assertThat(given.store.find(job.id())).isEmpty();
        assertThat(given.store.find(scheduled.id())).isEmpty();
        assertThat(given.node().claimAll()).isEmpty();
    }

    @Test
    void a_delayed_job_whose_transaction_commits_long_after_its_time_is_promoted_then() throws SQLException {
        var late = given.newJob(as -> as.in(Given.SOON));
        given.store.enqueue(tx, late);
        var node = given.node();
        for (int look = 0; look < 4; look++) {
            given.job(as -> as.in(Given.SOON));
            given.contract.letPass(Duration.ofSeconds(1));
            node.promotes();
            node.claimOne();
        }

        tx.commit();
        node.promotes();

        assertThat(node.claimOne().job()).isEqualTo(late.id());
    }

    @Test
    void a_job_may_run_after_one_of_the_same_transaction() throws SQLException {
        var first = given.newJob(as -> as);
        var after = given.newJob(as -> as.after(first.id()));
        given.store.enqueue(tx, first);
        given.store.enqueue(tx, after);
        var node = given.node();
        node.promotes();
        assertThat(given.store.find(after.id())).isEmpty();

        tx.commit();
        assertThat(after.id()).waitsForOthers();
        node.runs(first.id(), done());
        for (int look = 0; look < 100 && given.view(after.id()).state() == State.SCHEDULED; look++) {
            node.promotes();
            given.contract.letPass(Duration.ofMillis(5));
        }

        assertThat(after.id()).isAvailable();
    }

    @Test
    void a_transaction_whose_job_would_run_after_one_that_is_not_known_can_only_be_rolled_back() throws SQLException {
        var elsewhere = given.newJob(as -> as);
        var after = given.newJob(as -> as.after(elsewhere.id()));

        assertThatExceptionOfType(UnknownBlocker.class).isThrownBy(() -> given.store.enqueue(tx, after));
        tx.rollback();

        assertThat(given.store.find(after.id())).isEmpty();
    }

    @Test
    void a_slow_transaction_delays_nobody_and_is_not_passed_over() throws SQLException {
        var slow = given.newJob(as -> as);
        given.store.enqueue(tx, slow);
        var node = given.node();

        var others = given.jobs(3);
        assertThat(node.claimAll()).extracting(Delivery::job).containsExactlyElementsOf(others);
        var more = given.jobs(3);
        assertThat(node.claim(2)).extracting(Delivery::job).containsExactlyElementsOf(more.subList(0, 2));

        tx.commit();
        assertThat(node.claimAll()).extracting(Delivery::job).containsExactlyInAnyOrder(slow.id(), more.getLast());
    }

    /** Several transactions at a time, begun, filled, ended and claimed between in an order that only the seed knows. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void transactions_that_overlap_in_any_order_are_claimed_whole_and_once(long seed) throws SQLException {
        var random = new Random(seed);
        var open = new ArrayList<Open>();
        var committed = new ArrayList<JobId>();
        var claimed = new ArrayList<Delivery>();
        var nodes = List.of(given.node(), given.node());
        try {
            for (int step = 0; step < 120; step++) {
                switch (random.nextInt(5)) {
                    case 0 -> {
                        if (open.size() < 4)
                            open.add(new Open(given.contract.transaction().orElseThrow()));
                    }
                    case 1 -> {
                        for (var one : open) if (random.nextBoolean()) one.enqueue(given);
                    }
                    case 2 -> {
                        if (!open.isEmpty()) {
                            var ending = open.remove(random.nextInt(open.size()));
                            committed.addAll(ending.end(random.nextInt(4) > 0));
                        }
                    }
                    case 3 -> committed.add(given.job());
                    default -> claimed.addAll(nodes.get(step % 2).claim(1 + random.nextInt(6)));
                }
            }
        } finally {
            for (var one : open) committed.addAll(one.end(true));
        }

        claimed.addAll(given.node().claimAll());

        assertThat(claimed).extracting(Delivery::job).containsExactlyInAnyOrderElementsOf(committed);
    }

    /** A producer's transaction and what it has enqueued so far. */
    private record Open(Connection connection, List<JobId> jobs) {

        Open(Connection connection) {
            this(connection, new ArrayList<>());
        }

        void enqueue(Given given) {
            var job = given.newJob(as -> as);
            given.store.enqueue(connection, job);
            jobs.add(job.id());
        }

        List<JobId> end(boolean commit) throws SQLException {
            try (connection) {
                if (commit) connection.commit();
                else connection.rollback();
            }
            return commit ? jobs : List.of();
        }
    }

    @Test
    void a_hint_that_comes_before_its_commit_loses_nothing() throws SQLException {
        var heard = new LinkedBlockingQueue<Wakeup>();
        try (var hearing = given.store.listen(heard::add)) {
            assertThat(hearing).isNotNull();
            given.store.enqueue(tx, given.newJob(as -> as));
            given.letSoonPass();
            assertThat(given.node().claimAll()).isEmpty();

            tx.commit();
        }
        assertThat(given.node().claimAll()).hasSize(1);
    }

    @Test
    void the_first_job_of_a_queue_may_come_in_a_slow_transaction() throws SQLException {
        var slow = given.newJob(as -> as);
        given.store.enqueue(tx, slow);
        var node = given.node();
        var other = given.job();
        assertThat(node.claimOne().job()).isEqualTo(other);

        tx.commit();

        assertThat(given.store.poll(
                        given.streams(given.queue).stream().map(one -> one.id()).toList()))
                .as("a slow committer without later traffic")
                .isNotEmpty();
        assertThat(node.claimOne().job()).isEqualTo(slow.id());
    }

    @Test
    void a_bulk_is_taken_whole_with_its_transaction() throws SQLException {
        var jobs = List.of(given.newJob(as -> as), given.newJob(as -> as), given.newJob(as -> as.in(LATER)));

        given.store.enqueueAll(tx, jobs.iterator());
        assertThat(given.node().claimAll()).isEmpty();
        tx.commit();

        assertThat(given.node().claimAll()).hasSize(2);
        assertThat(jobs.get(2).id()).isScheduled();
    }

    @Test
    void a_key_is_free_again_when_its_transaction_rolls_back() throws SQLException {
        given.store.enqueue(tx, given.newJob(as -> as.idempotent(given.queue, "invoice 42")));
        tx.rollback();

        assertThat(given.accepted(as -> as.idempotent(given.queue, "invoice 42"))
                        .existed())
                .isFalse();
    }

    @Test
    void a_key_stands_for_its_job_when_its_transaction_commits() throws SQLException {
        var first = given.newJob(as -> as.idempotent(given.queue, "invoice 42"));
        given.store.enqueue(tx, first);
        tx.commit();

        assertThat(given.accepted(as -> as.idempotent(given.queue, "invoice 42")))
                .isEqualTo(new Accepted(first.id(), true));
    }

    @Test
    void a_unique_key_is_free_again_when_its_transaction_rolls_back() throws SQLException {
        given.store.enqueue(tx, given.newJob(this::unique));
        tx.rollback();

        assertThat(given.accepted(this::unique).existed()).isFalse();
    }

    @Test
    void a_unique_key_is_held_when_its_transaction_commits() throws SQLException {
        var first = given.newJob(this::unique);
        assertThat(given.store.enqueue(tx, first)).isEqualTo(new Accepted(first.id(), false));
        var second = given.newJob(this::unique);
        assertThat(given.store.enqueue(tx, second)).as("and within it").isEqualTo(new Accepted(first.id(), true));
        tx.commit();

        assertThat(given.accepted(this::unique)).isEqualTo(new Accepted(first.id(), true));
    }

    @Test
    void in_a_transaction_what_is_available_is_not_withdrawn_for_what_replaces_it() throws SQLException {
        var first = given.job(this::replacing);

        var second = given.newJob(this::replacing);
        assertThat(given.store.enqueue(tx, second)).isEqualTo(new Accepted(second.id(), false));
        assertThat(given.node().claimAll())
                .as("nothing of the queue is held up until the commit")
                .hasSize(1);
        tx.commit();

        assertThat(given.view(first).state()).isNotEqualTo(State.CANCELLED);
        assertThat(given.accepted(this::replacing).existed()).isFalse();
        assertThat(second.id()).isCancelled();
    }

    @Test
    void what_waits_for_its_time_becomes_another_when_the_transaction_commits() throws SQLException {
        var first = given.job(draft -> replacing(draft).in(LATER).payload("1"));

        given.store.enqueue(tx, given.newJob(draft -> replacing(draft).in(LATER).payload("2")));
        assertThat(given.view(first).payload()).isEqualTo("1");
        tx.commit();

        assertThat(given.view(first).payload()).isEqualTo("2");
    }

    private Draft unique(Draft draft) {
        return draft.unique(given.queue, new UniqueKey.UntilEnded());
    }

    private Draft replacing(Draft draft) {
        return draft.unique(given.queue, new UniqueKey.Replace());
    }

    @Test
    void a_connection_that_commits_by_itself_is_refused() throws SQLException {
        tx.setAutoCommit(true);
        var job = given.newJob(as -> as);

        assertThatThrownBy(() -> given.store.enqueue(tx, job))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("setAutoCommit(false)");
        assertThatThrownBy(() -> given.store.enqueueAll(tx, List.of(job).iterator()))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("setAutoCommit(false)");
        assertThatThrownBy(() ->
                        given.store.enqueueBatch(tx, job, List.of(partOf(job)).iterator()))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("setAutoCommit(false)");

        assertThat(given.store.find(job.id())).isEmpty();
    }

    // ---- batches

    private NewJob partOf(NewJob then) {
        return given.newJob(as -> as.headers(Map.of(PartOf.HEADER, then.id().toString())));
    }

    @Test
    void a_batch_is_taken_when_its_transaction_commits() throws SQLException {
        var then = given.newJob(as -> as);
        var parts = List.of(partOf(then), partOf(then));

        given.store.enqueueBatch(tx, then, parts.iterator());
        assertThat(given.store.batch(then.id())).isEmpty();
        assertThat(given.store.find(then.id())).isEmpty();
        assertThat(given.node().claimAll()).isEmpty();
        tx.commit();

        assertThat(given.store.batch(then.id())).contains(new BatchView(then.id(), 2, 0, 0, 0, false));
        assertThat(given.store.parts(then.id(), 0))
                .containsExactly(parts.getFirst().id(), parts.getLast().id());
        assertThat(then.id()).waitsForItsBatch();
        var node = given.node();
        node.endsAll(node.claimAll(), done());
        node.runs(then.id(), done());
    }

    @Test
    void a_batch_is_not_taken_when_its_transaction_rolls_back() throws SQLException {
        var then = given.newJob(as -> as);
        var part = partOf(then);
        given.store.enqueueBatch(tx, then, List.of(part).iterator());

        tx.rollback();

        assertThat(given.store.batch(then.id())).isEmpty();
        assertThat(given.store.parts(then.id(), 0)).isEmpty();
        assertThat(given.store.find(then.id())).isEmpty();
        assertThat(given.store.find(part.id())).isEmpty();
        assertThat(given.node().claimAll()).isEmpty();
    }

    @Test
    void a_batch_without_parts_is_due_when_its_transaction_commits() throws SQLException {
        var then = given.newJob(as -> as);

        given.store.enqueueBatch(tx, then, List.<NewJob>of().iterator());
        assertThat(given.node().claimAll()).isEmpty();
        tx.commit();

        assertThat(given.store.batch(then.id())).contains(new BatchView(then.id(), 0, 0, 0, 0, true));
        given.node().runs(then.id(), done());
    }

    @Test
    void a_part_that_ends_in_a_transaction_counts_when_that_commits() throws SQLException {
        var then = given.newJob(as -> as);
        assertThat(given.store.enqueueBatch(then, List.of(partOf(then)).iterator()))
                .isTrue();
        var node = given.node();
        var part = node.claimOne();
        given.store.complete(tx, node.lease, TestNode.ended(part, done()));
        node.promotes();
        assertThat(then.id()).waitsForItsBatch();

        tx.commit();
        node.promotes();

        assertThat(then.id()).isAvailable();
        assertThat(node.ends(part, done())).isEqualTo(Settled.REPEATED);
        assertThat(given.store.batch(then.id())).contains(new BatchView(then.id(), 1, 1, 0, 0, true));
        assertThat(node.claimAll()).extracting(Delivery::job).containsExactly(then.id());
    }

    @Test
    void a_part_that_ends_in_a_transaction_does_not_count_when_that_rolls_back() throws SQLException {
        var then = given.newJob(as -> as);
        assertThat(given.store.enqueueBatch(then, List.of(partOf(then)).iterator()))
                .isTrue();
        var node = given.node();
        var part = node.claimOne();
        given.store.complete(tx, node.lease, TestNode.ended(part, done()));

        tx.rollback();
        node.promotes();

        assertThat(given.store.batch(then.id())).contains(new BatchView(then.id(), 1, 0, 0, 0, false));
        assertThat(node.ends(part, discarded())).isEqualTo(Settled.WON);
        assertThat(given.store.batch(then.id())).contains(new BatchView(then.id(), 1, 0, 1, 0, true));
    }

    // ---- complete

    @Test
    void an_outcome_counts_when_its_transaction_commits() throws SQLException {
        var job = given.job();
        var node = given.node();
        var delivery = node.claimOne();

        given.store.complete(tx, node.lease, TestNode.ended(delivery, done("7")));
        assertThat(job).isRunningOn(node);
        tx.commit();

        assertThat(job).isCompleted();
        assertThat(given.view(job).result()).isEqualTo("7");
        assertThat(node.ends(delivery, done("8"))).isEqualTo(Settled.REPEATED);
    }

    @Test
    void an_outcome_is_none_when_its_transaction_rolls_back() throws SQLException {
        var job = given.job();
        var node = given.node();
        var delivery = node.claimOne();
        given.store.complete(tx, node.lease, TestNode.ended(delivery, done()));

        tx.rollback();

        assertThat(job).isRunningOn(node);
        assertThat(node.ends(delivery, retry(LATER))).isEqualTo(Settled.WON);
        assertThat(job).isRetryable();
    }

    @Test
    void all_that_hangs_on_an_outcome_commits_with_it() throws SQLException {
        var job = given.job();
        var node = given.node();

        given.store.complete(tx, node.lease, TestNode.ended(node.claimOne(), retry(Duration.ZERO)));
        node.promotes();
        assertThat(job).isRunningOn(node);
        tx.commit();

        assertThat(job).isRetryable().isAtAttempt(2);
        node.promotes();
        assertThat(node.claimOne().attempt()).isEqualTo(2);
    }

    @Test
    void a_cancel_waits_for_an_outcome_that_is_not_committed_yet() {
        var job = given.job();
        var node = given.node();
        given.store.complete(tx, node.lease, TestNode.ended(node.claimOne(), done()));

        var answers = Races.run(List.<Callable<Optional<State>>>of(
                () -> given.store.cancel(job, "not wanted any more", "a test"), () -> {
                    given.contract.letPass(Given.SOON);
                    tx.commit();
                    return Optional.empty();
                }));

        assertThat(answers.getFirst()).contains(State.COMPLETED);
        assertThat(job).isCompleted();
    }

    @Test
    @Timeout(10)
    void a_flush_does_not_wait_long_for_an_outcome_that_another_transaction_keeps_open() throws SQLException {
        var jobs = given.jobs(3);
        var node = given.node();
        var claimed = node.claimAll();
        var held = claimed.getFirst();
        given.store.complete(tx, node.lease, TestNode.ended(held, done("7")));

        assertThatThrownBy(() -> node.flush(
                        TestNode.ended(held, retry(LATER)),
                        TestNode.ended(claimed.get(1), done()),
                        TestNode.ended(claimed.get(2), done())))
                .isInstanceOf(Blocked.class);
        assertThat(jobs.get(1)).isRunningOn(node);
        assertThatThrownBy(() -> node.ends(held, retry(LATER))).isInstanceOf(Blocked.class);
        assertThat(node.ends(claimed.get(1), done())).isEqualTo(Settled.WON);

        tx.commit();
        assertThat(node.flush(TestNode.ended(held, retry(LATER)), TestNode.ended(claimed.get(2), done())))
                .containsExactly(Settled.REPEATED, Settled.WON);
        assertThat(jobs.getFirst()).isCompleted();
    }

    @Test
    void a_delivery_that_was_cancelled_can_not_complete() {
        var job = given.job();
        var node = given.node();
        var delivery = node.claimOne();
        given.cancel(job);

        assertThatThrownBy(() -> given.store.complete(tx, node.lease, TestNode.ended(delivery, done())))
                .isInstanceOf(Fenced.class);
    }

    @Test
    void a_deposed_node_can_not_complete_or_write_a_checkpoint() {
        var job = given.job();
        var node = given.node();
        var delivery = node.claimOne();
        var other = given.node();
        other.takesOver(node);

        assertThatThrownBy(() -> given.store.complete(tx, node.lease, TestNode.ended(delivery, done())))
                .isInstanceOf(Fenced.class);
        rollBack();
        assertThatThrownBy(() -> given.store.checkpoint(tx, node.lease, delivery, new Payload.Text("1")))
                .isInstanceOf(Fenced.class);
        rollBack();

        assertThat(job).isAvailable().wasRescued(1);
        assertThat(given.store.checkpointOf(other.lease, other.claimOne())).isEmpty();
    }

    private void rollBack() {
        try {
            tx.rollback();
        } catch (SQLException broken) {
            throw new AssertionError("the transaction of the test can't roll back", broken);
        }
    }

    // ---- checkpoint

    @Test
    void a_checkpoint_counts_when_its_transaction_commits() throws SQLException {
        given.job();
        var node = given.node();
        var delivery = node.claimOne();

        given.store.checkpoint(tx, node.lease, delivery, new Payload.Text("1000"));
        tx.rollback();
        assertThat(given.store.checkpointOf(node.lease, delivery)).isEmpty();

        given.store.checkpoint(tx, node.lease, delivery, new Payload.Text("2000"));
        tx.commit();
        assertThat(given.store.checkpointOf(node.lease, delivery)).contains(new Payload.Text("2000"));
    }

    @Test
    @Timeout(10)
    void a_checkpoint_does_not_wait_long_for_one_that_an_earlier_delivery_keeps_open() throws SQLException {
        given.job();
        var node = given.node();
        var earlier = node.claimOne();
        given.store.checkpoint(tx, node.lease, earlier, new Payload.Text("1"));
        node.ends(earlier, retry(Duration.ZERO));
        node.promotes();
        var later = node.claimOne();

        assertThatThrownBy(() -> given.store.checkpointOf(node.lease, later)).isInstanceOf(Blocked.class);
        assertThatThrownBy(() -> given.store.checkpoint(node.lease, later, new Payload.Text("2")))
                .isInstanceOf(Blocked.class);

        tx.rollback();
        assertThat(given.store.checkpointOf(node.lease, later)).isEmpty();
        given.store.checkpoint(node.lease, later, new Payload.Text("2"));
        assertThat(given.store.checkpointOf(node.lease, later)).contains(new Payload.Text("2"));
    }

    @Test
    void a_checkpoint_of_an_ended_delivery_is_refused() {
        given.job();
        var node = given.node();
        var delivery = node.claimOne();
        node.ends(delivery, done());

        assertThatThrownBy(() -> given.store.checkpoint(tx, node.lease, delivery, new Payload.Text("1")))
                .isInstanceOf(Fenced.class);
    }
}
