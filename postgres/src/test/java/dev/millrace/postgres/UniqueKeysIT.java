package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.store.Accepted;
import dev.millrace.store.Ending;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException.Blocked;
import dev.millrace.store.Timetable.Run;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.UniqueKey;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Unique keys where transactions really wait for each other. */
@ExtendWith(RealServer.class)
class UniqueKeysIT {

    /** More of both for a longer run: {@code -Dmillrace.unique.producers=64 -Dmillrace.unique.keys=10000}. */
    private static final int PRODUCERS = Integer.getInteger("millrace.unique.producers", 8);

    private static final int KEYS = Integer.getInteger("millrace.unique.keys", 300);

    private static final AtomicInteger DATABASES = new AtomicInteger();

    private final Workbench bench;

    UniqueKeysIT(TestServer server) {
        this.bench = new Workbench(server, "unique" + DATABASES.incrementAndGet(), store -> store);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private static NewJob job(String key, UniqueKey.Policy policy) {
        return new NewJob(
                new JobId(UUID.randomUUID()),
                "default",
                Priority.NORMAL,
                null,
                "kind",
                1,
                new Payload.Text("{}"),
                Map.of(),
                null,
                null,
                null,
                new UniqueKey(key, policy));
    }

    private static NewJob job(String key) {
        return job(key, new UniqueKey.UntilEnded());
    }

    @Test
    void many_producers_of_the_same_keys_get_one_job_of_each() throws InterruptedException, ExecutionException {
        var producers = new ArrayList<Callable<Integer>>();
        for (int i = 0; i < PRODUCERS; i++) {
            var random = new Random(i);
            producers.add(() -> {
                var keys = new ArrayList<>(IntStream.range(0, KEYS).boxed().toList());
                Collections.shuffle(keys, random);
                int taken = 0;
                for (int key : keys)
                    if (!bench.storage.enqueue(job("key " + key)).existed()) taken++;
                return taken;
            });
        }

        int taken = 0;
        try (var threads = Executors.newFixedThreadPool(PRODUCERS)) {
            for (var producer : threads.invokeAll(producers)) taken += producer.get();
        }

        assertThat(taken).isEqualTo(KEYS);
        assertThat(bench.number("SELECT count(*) FROM millrace.job_log")).isEqualTo(KEYS);
        assertThat(bench.claimAll(bench.node())).hasSize(KEYS);
    }

    @Test
    void bulks_that_bring_the_same_keys_in_another_order_do_not_wait_for_each_other_for_ever()
            throws InterruptedException, ExecutionException {
        var bulks = new ArrayList<Callable<Integer>>();
        for (int i = 0; i < 8; i++) {
            var random = new Random(i);
            bulks.add(() -> {
                var jobs = new ArrayList<>(
                        IntStream.range(0, 1_200).mapToObj(n -> job("key " + n)).toList());
                Collections.shuffle(jobs, random);
                return jobs.size() - bench.storage.enqueueAll(jobs.iterator()).size();
            });
        }

        int taken = 0;
        try (var threads = Executors.newFixedThreadPool(8)) {
            for (var bulk : threads.invokeAll(bulks)) taken += bulk.get();
        }

        assertThat(taken).isEqualTo(1_200);
    }

    @Test
    void who_meets_a_key_in_a_transaction_that_stays_open_is_told_so_and_has_written_nothing() throws SQLException {
        try (var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            bench.storage.enqueue(tx, job("a key"));

            assertThatThrownBy(() -> bench.storage.enqueue(job("a key")))
                    .isInstanceOf(Blocked.class)
                    .hasMessageContaining("unique key a key can't be enqueued: most likely another transaction");
            tx.rollback();
        }
        assertThat(bench.storage.enqueue(job("a key")).existed()).isFalse();
    }

    @Test
    void those_who_wait_for_a_key_leave_connections_to_others() throws SQLException, InterruptedException {
        try (var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                var threads = Executors.newFixedThreadPool(40)) {
            bench.storage.enqueue(tx, job("a key"));
            for (int i = 0; i < 40; i++) threads.execute(() -> bench.storage.enqueue(job("a key")));

            for (int i = 0; i < 20; i++) bench.storage.enqueue(job("another key " + i));

            tx.rollback();
        }
        assertThat(bench.number("SELECT count(*) FROM millrace.job_log")).isEqualTo(21);
    }

    @Test
    void a_slot_whose_key_stays_open_elsewhere_is_given_up_soon() throws SQLException {
        var lease = bench.node();
        var card = new ScheduleCard("nightly", "every=PT1M", "missed=all");
        var standing = bench.storage.own(lease, List.of(card)).schedules().getFirst();
        var run = new Run(standing.upto().plusSeconds(1), false, job("a key"));
        try (var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            bench.storage.enqueue(tx, job("a key"));

            long began = System.nanoTime();
            assertThatThrownBy(() -> bench.storage.fire(lease, card.name(), standing.term(), List.of(run)))
                    .isInstanceOf(Blocked.class);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
            tx.rollback();
        }
        assertThat(bench.storage.fire(lease, card.name(), standing.term(), List.of(run)))
                .hasValue(1);
    }

    @Test
    void a_callers_own_patience_is_left_as_it_was() throws SQLException {
        try (var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            bench.storage.enqueue(tx, job("a key"));

            try (var statement = tx.createStatement();
                    var rows = statement.executeQuery("SHOW lock_timeout")) {
                rows.next();
                assertThat(rows.getString(1)).isEqualTo("0");
            }
            tx.rollback();
        }
    }

    @Test
    void a_stricter_transaction_that_can_not_see_the_holder_is_refused_to_be_repeated() throws SQLException {
        try (var tx = bench.transaction(Connection.TRANSACTION_REPEATABLE_READ)) {
            try (var statement = tx.createStatement()) {
                statement.execute("SELECT count(*) FROM millrace.meta");
            }
            bench.storage.enqueue(job("a key"));

            assertThatThrownBy(() -> bench.storage.enqueue(tx, job("a key"))).hasMessageContaining("40001");
            tx.rollback();
        }
    }

    @Test
    void a_pool_that_is_stricter_by_itself_enqueues_as_well() throws InterruptedException, ExecutionException {
        try (var strict = new Workbench(
                bench.url + "&options=-c%20default_transaction_isolation=repeatable\\%20read", store -> store)) {
            var senders = Collections.nCopies(8, (Callable<Accepted>) () -> strict.storage.enqueue(job("a key")));
            var answers = new ArrayList<Accepted>();
            try (var threads = Executors.newFixedThreadPool(8)) {
                for (var answer : threads.invokeAll(senders)) answers.add(answer.get());
            }

            assertThat(answers).filteredOn(answer -> !answer.existed()).hasSize(1);
            assertThat(strict.storage
                            .enqueue(job("a key", new UniqueKey.Replace()))
                            .existed())
                    .as("what is available is left alone, or withdrawn: the newest is taken")
                    .isFalse();
        }
    }

    @Test
    void what_nobody_holds_is_swept_and_what_somebody_holds_stays() {
        var ended = bench.storage.enqueue(job("ended")).job();
        var lease = bench.node();
        var delivery = bench.claimAll(lease);
        assertThat(delivery).extracting(one -> one.job()).containsExactly(ended);
        bench.storage.flush(lease, List.of(Workbench.ended(delivery.getFirst(), new Ending.Done(null))));
        var waits = bench.storage.enqueue(job("waits")).job();
        var window = new UniqueKey.Within(Duration.ofDays(3));
        bench.storage.enqueue(job("window", window));
        bench.finish(
                lease,
                bench.claimAll(lease).stream()
                        .filter(one -> !one.job().equals(waits))
                        .toList());
        bench.sql("UPDATE millrace.unique_key SET sweep_at = clock_timestamp() - INTERVAL '1 s'");

        assertThat(bench.number("SELECT millrace.sweep_unique_keys(100)")).isEqualTo(3);

        var left = new HashSet<String>();
        for (var key : List.of("ended", "waits", "window"))
            if (bench.number("SELECT count(*) FROM millrace.unique_key WHERE key = '" + key + "'") == 1) left.add(key);
        assertThat(left).containsExactlyInAnyOrder("waits", "window");
        assertThat(bench.number("SELECT millrace.sweep_unique_keys(100)"))
                .as("what is held is looked at again later")
                .isZero();
        assertThat(bench.storage.enqueue(job("waits"))).isEqualTo(new Accepted(waits, true));
        assertThat(bench.number("SELECT count(*) FROM millrace.unique_key WHERE key = 'window' AND sweep_at >= until"))
                .isEqualTo(1);
    }

    @Test
    void jobs_without_a_key_leave_no_trace_in_the_table_of_keys() {
        bench.enqueue(10);
        bench.storage.enqueue(Workbench.job());

        assertThat(bench.number("SELECT count(*) FROM millrace.unique_key")).isZero();
    }
}
