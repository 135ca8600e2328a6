package dev.millrace.postgres;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Batch;
import dev.millrace.BatchView;
import dev.millrace.Job;
import dev.millrace.JobId;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.NodeBuilder;
import dev.millrace.Priority;
import dev.millrace.Reduce;
import dev.millrace.Retry;
import dev.millrace.State;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.NewJob;
import dev.millrace.store.PartOf;
import dev.millrace.store.Payload;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Batches where transactions really wait for each other, and processes are really killed. */
@ExtendWith(RealServer.class)
class BatchIT {

    /** Fewer or more of them: {@code -Dmillrace.batch.trials=1000}. */
    private static final int TRIALS = Integer.getInteger("millrace.batch.trials", 100);

    private static final AtomicInteger DATABASES = new AtomicInteger();

    record Image(int n) {}

    record Album(long images, List<Long> left) {}

    @Kind("thumbnail")
    record Thumbnail(int n) implements Job<Image> {}

    @Kind("transfer")
    record Transfer(int n) implements Job<Image> {}

    @Kind("publish")
    record Publish(String name) implements Reduce<Image, Album> {}

    private final Workbench bench;
    private final Workbench other;
    private final ExecutorService threads = Executors.newFixedThreadPool(4);

    BatchIT(TestServer server) {
        bench = new Workbench(server, "batch" + DATABASES.incrementAndGet(), store -> store);
        other = new Workbench(bench.url, store -> store);
    }

    @AfterEach
    void close() {
        threads.shutdownNow();
        other.close();
        bench.close();
    }

    // ---- through the front door

    private static NodeBuilder publishing(Millrace millrace, AtomicInteger runs) {
        return millrace.node()
                .handle(Thumbnail.class, job -> {
                    if (job.n() % 15 == 3) throw new IllegalStateException("no image " + job.n());
                    return new Image(job.n());
                })
                .retry(Retry.none())
                .transact(Transfer.class, (job, tx) -> new Image(job.n()))
                .reduce(Publish.class, (job, parts, attempt) -> {
                    runs.incrementAndGet();
                    return new Album(
                            parts.values().count(),
                            parts.failed().map(part -> part.number()).toList());
                });
    }

    @Test
    void of_a_hundred_parts_seven_fail_for_good_and_the_follower_sees_all_once() {
        var runs = new AtomicInteger();
        try (var millrace = Millrace.on(new PostgresStore(bench.pool))) {
            publishing(millrace, runs).start();

            var rome = millrace.batch(IntStream.range(0, 100).mapToObj(Thumbnail::new), new Publish("Rome"));

            assertThat(rome.get(ofMinutes(1))).isEqualTo(new Album(93, List.of(3L, 18L, 33L, 48L, 63L, 78L, 93L)));
            assertThat(rome.view()).isEqualTo(new BatchView(rome.id(), 100, 93, 7, 0, true));
            assertThat(runs).hasValue(1);
        }
    }

    @Test
    void parts_that_end_in_a_transaction_of_their_handler_are_followed_too() {
        var runs = new AtomicInteger();
        try (var millrace = Millrace.on(new PostgresStore(bench.pool))) {
            publishing(millrace, runs).start();

            var rome = millrace.batch(IntStream.range(0, 40).mapToObj(Transfer::new), new Publish("Rome"));

            assertThat(rome.get(ofMinutes(1))).isEqualTo(new Album(40, List.of()));
            assertThat(runs).hasValue(1);
        }
    }

    @Test
    void many_parts_and_ids_in_several_rows_are_read_in_their_order() {
        try (var millrace = Millrace.on(new PostgresStore(bench.pool))) {
            var rome = millrace.batch(IntStream.range(0, 23_500).mapToObj(Thumbnail::new), new Publish("Rome"));
            rome.add(IntStream.range(23_500, 24_700).mapToObj(Thumbnail::new));

            var ops = millrace.operations("mara");
            var ids = new ArrayList<JobId>();
            for (var some = ops.parts(rome.id(), 0); !some.isEmpty(); some = ops.parts(rome.id(), ids.size()))
                ids.addAll(some);
            assertThat(ids).hasSize(24_700).doesNotHaveDuplicates();
            assertThat(ops.find(ids.get(24_000)).orElseThrow().payload()).isEqualTo("{\"n\":24000}");
            assertThat(ops.parts(rome.id(), 999)).hasSize(1);
            assertThat(rome.view().parts()).isEqualTo(24_700);
        }
    }

    @Test
    void a_batch_in_a_transaction_that_goes_back_was_never_there() throws SQLException {
        try (var millrace = Millrace.on(new PostgresStore(bench.pool));
                var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            millrace.enqueueAll(Stream.of(new Thumbnail(1))); // the queue is there
            Batch<Album> rome = millrace.batch(tx, Stream.of(new Thumbnail(0)), new Publish("Rome"));
            tx.rollback();

            assertThatThrownBy(rome::view).isInstanceOf(MillraceException.class).hasMessageContaining("not known");
            assertThat(bench.number("SELECT count(*) FROM millrace.batch_part")).isZero();
            assertThat(bench.number("SELECT count(*) FROM millrace.timer")).isZero();
        }
    }

    @Test
    void a_withdrawal_of_many_that_is_taken_back_goes_on_where_it_was() {
        var runs = new AtomicInteger();
        try (var millrace = Millrace.on(new PostgresStore(bench.pool))) {
            var rome = millrace.batch(Stream.of(new Thumbnail(0)), new Publish("Rome"));
            var ops = millrace.operations("mara");
            var cancelled = ops.jobs(f -> f.kind(Publish.class).state(State.SCHEDULED))
                    .cancel()
                    .run("a mistake");
            publishing(millrace, runs).start();
            Awaitility.await().atMost(ofSeconds(30)).until(() -> rome.view().followed());
            assertThat(runs).hasValue(0);

            cancelled.undo("it was one");

            assertThat(rome.get(ofSeconds(30)).images()).isOne();
            assertThat(runs).hasValue(1);
        }
    }

    // ---- at the same moment

    private static NewJob job(JobId id, Map<String, String> headers) {
        return new NewJob(
                id,
                "default",
                Priority.NORMAL,
                "one shard",
                "kind",
                1,
                new Payload.Text("{}"),
                headers,
                null,
                null,
                null);
    }

    private static NewJob part(JobId batch) {
        return job(new JobId(UUID.randomUUID()), Map.of(PartOf.HEADER, batch.toString()));
    }

    private JobId batchOf(int parts) {
        var id = new JobId(UUID.randomUUID());
        bench.storage.enqueueBatch(
                job(id, Map.of()), Stream.generate(() -> part(id)).limit(parts).iterator());
        return id;
    }

    private long followed(JobId batch) {
        return bench.number("SELECT count(*) FROM millrace.job_log WHERE job_id = '%s'".formatted(batch));
    }

    private <T> List<T> atOnce(List<Callable<T>> steps) throws Exception {
        var start = new CyclicBarrier(steps.size());
        var all = steps.stream()
                .<Callable<T>>map(step -> () -> {
                    start.await();
                    return step.call();
                })
                .toList();
        var answers = new ArrayList<T>();
        for (var answer : threads.invokeAll(all)) answers.add(answer.get());
        return answers;
    }

    private static Callable<Boolean> ends(Workbench bench, Lease node, int stream) {
        return () -> {
            bench.finish(node, bench.read(bench.take(node, stream, 1)));
            return true;
        };
    }

    /** Where all its parts are. */
    private int stream(JobId batch) {
        return (int) bench.number("""
                SELECT DISTINCT stream FROM millrace.job_log WHERE headers->>':batch' = '%s'""".formatted(batch));
    }

    @Test
    void the_last_two_that_end_at_the_same_moment_are_followed_once() throws Exception {
        var one = bench.node();
        var two = other.node();
        for (int trial = 0; trial < TRIALS; trial++) {
            var batch = batchOf(2);
            int stream = stream(batch);
            var mine = bench.read(bench.take(one, stream, 1));
            var theirs = other.read(other.take(two, stream, 1));
            assertThat(mine).hasSize(1);
            assertThat(theirs).hasSize(1);

            atOnce(List.of(
                    () -> {
                        bench.finish(one, mine);
                        return true;
                    },
                    () -> {
                        other.finish(two, theirs);
                        return true;
                    }));

            assertThat(followed(batch)).as("trial %d", trial).isOne();
            bench.finish(one, bench.claimAll(one));
        }
    }

    @Test
    void a_batch_that_grows_while_its_last_part_ends_takes_the_new_one_or_refuses_it() throws Exception {
        var node = other.node();
        for (int trial = 0; trial < TRIALS; trial++) {
            var batch = batchOf(1);
            int stream = stream(batch);

            var answers = atOnce(List.of(
                    () -> bench.storage.enqueueParts(batch, List.of(part(batch)).iterator()),
                    ends(other, node, stream)));

            boolean grown = answers.getFirst();
            assertThat(bench.storage.batch(batch).orElseThrow().parts()).isEqualTo(grown ? 2 : 1);
            while (grown && followed(batch) == 0) ends(other, node, stream).call();
            assertThat(followed(batch)).as("trial %d", trial).isOne();
            var view = bench.storage.batch(batch).orElseThrow();
            assertThat(view.completed()).isEqualTo(view.parts());
            other.finish(node, other.claimAll(node));
        }
    }

    @Test
    void a_part_that_is_withdrawn_while_another_ends_is_followed_once() throws Exception {
        var node = other.node();
        for (int trial = 0; trial < TRIALS; trial++) {
            var batch = batchOf(2);
            int stream = stream(batch);
            var first = bench.storage.parts(batch, 0).getFirst();

            atOnce(List.of(
                    () -> bench.storage.cancel(first, "not needed", "mara").isPresent(), ends(other, node, stream)));
            while (bench.storage.batch(batch).orElseThrow().open() > 0)
                other.finish(
                        node,
                        other.read(other.take(node, stream, 10)).stream()
                                .filter(delivery -> !delivery.cancelled())
                                .toList());
            other.storage.promote(node, 100);

            assertThat(followed(batch)).as("trial %d", trial).isOne();
            other.finish(node, other.claimAll(node));
        }
    }

    @Test
    void whoever_stands_still_while_a_batch_grows_is_ended_and_has_added_nothing() throws Exception {
        var node = other.node();
        var batch = batchOf(1);
        int stream = stream(batch);
        var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
        try (var statement = tx.createStatement()) {
            statement.execute("SELECT millrace.grow_batch('%s', 1, '%s')".formatted(batch, UUID.randomUUID()));

            var held = other.read(other.take(node, stream, 1));
            Awaitility.await().atMost(ofSeconds(30)).ignoreExceptions().until(() -> {
                other.finish(node, held);
                return true;
            });
        }
        assertThat(followed(batch)).isOne();
        assertThat(bench.storage.batch(batch).orElseThrow().parts()).isOne();
        assertThatThrownBy(tx::commit).isInstanceOf(SQLException.class);
        tx.abort(Runnable::run);
    }

    @Test
    void an_outcome_that_is_sent_twice_is_counted_once() {
        var node = bench.node();
        var batch = batchOf(2);
        var held = bench.read(bench.take(node, stream(batch), 1));

        bench.finish(node, held);
        bench.finish(node, held);

        assertThat(bench.storage.batch(batch)).contains(new BatchView(batch, 2, 1, 0, 0, false));
    }

    @Test
    void successes_that_share_a_row_are_counted_one_by_one() {
        var node = bench.node();
        var batch = batchOf(300);
        var held = bench.claimAll(node);
        assertThat(held).hasSize(300);

        bench.storage.flush(
                node,
                held.subList(0, 299).stream()
                        .map(delivery -> Workbench.ended(delivery, new Ending.Done(null)))
                        .toList());
        assertThat(bench.storage.batch(batch)).contains(new BatchView(batch, 300, 299, 0, 0, false));
        assertThat(bench.number("SELECT count(*) FROM millrace.outcome_batch")).isPositive();

        bench.finish(node, held);
        assertThat(bench.storage.batch(batch)).contains(new BatchView(batch, 300, 300, 0, 0, true));
        assertThat(followed(batch)).isOne();
    }

    @Test
    void batches_whose_jobs_are_no_longer_kept_are_forgotten() {
        var node = bench.node();
        var batch = batchOf(1);
        bench.finish(node, bench.claimAll(node));
        bench.finish(node, bench.claimAll(node));
        bench.sql("UPDATE millrace.batch SET sweep_at = clock_timestamp() - INTERVAL '1 s'");

        bench.number("SELECT millrace.sweep_batches(100)");
        assertThat(bench.storage.batch(batch)).as("its job is still kept").isPresent();

        bench.sql("DELETE FROM millrace.job_log WHERE job_id = '%s'".formatted(batch));
        bench.sql("UPDATE millrace.batch SET sweep_at = clock_timestamp() - INTERVAL '1 s'");
        bench.number("SELECT millrace.sweep_batches(100)");

        assertThat(bench.storage.batch(batch)).isEmpty();
        assertThat(
                        bench.number(
                                "SELECT (SELECT count(*) FROM millrace.batch_part) + (SELECT count(*) FROM millrace.batch_piece) + (SELECT count(*) FROM millrace.batch_count)"))
                .isZero();
    }

    // ---- killed

    /** What is killed: a node in the midst of a batch. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) throws InterruptedException {
            try (var pool = PostgresContract.pool(args[0]);
                    var millrace = Millrace.on(new PostgresStore(pool).withoutMigration())) {
                millrace.node()
                        .slots(20)
                        .handle(Thumbnail.class, job -> {
                            Thread.sleep(20);
                            return new Image(job.n());
                        })
                        .start();
                Thread.sleep(60_000);
            }
        }
    }

    @Test
    void a_node_that_is_killed_in_the_midst_of_a_batch_leaves_it_to_be_followed_once() throws Exception {
        var runs = new AtomicInteger();
        try (var millrace = Millrace.on(new PostgresStore(bench.pool))) {
            var rome =
                    millrace.batch(IntStream.range(0, 1_000).mapToObj(n -> new Thumbnail(n * 15)), new Publish("Rome"));
            var child = child();
            try {
                Awaitility.await().atMost(ofMinutes(1)).until(() -> rome.view().completed() > 100);
            } finally {
                child.destroyForcibly().waitFor();
            }
            assertThat(rome.view().followed()).isFalse();

            publishing(millrace, runs).start();

            assertThat(rome.get(ofMinutes(1))).isEqualTo(new Album(1_000, List.of()));
            assertThat(rome.view()).isEqualTo(new BatchView(rome.id(), 1_000, 1_000, 0, 0, true));
            assertThat(runs).hasValue(1);
        }
    }

    private Process child() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path") + File.pathSeparator,
                        Child.class.getName(),
                        bench.url)
                .inheritIO()
                .start();
    }
}
