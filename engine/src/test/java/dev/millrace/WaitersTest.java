package dev.millrace;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.store.Adjustment;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Payload;
import dev.millrace.store.PlaceInLine;
import dev.millrace.store.PlaceInQueue;
import dev.millrace.store.Records;
import dev.millrace.store.StoreException;
import dev.millrace.world.SystemWorld;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WaitersTest {

    private final Board board = new Board();
    private final SystemWorld world = new SystemWorld();
    private final Ids ids = new Ids(world);
    private final Waiters waiters = new Waiters(board, world);

    @AfterEach
    void close() {
        waiters.close();
    }

    @Test
    void a_job_that_has_ended_is_answered_at_once() {
        var job = ids.next();
        board.ended.put(job, completed("x"));

        assertThat(waiters.await(job, ofSeconds(10))).isEqualTo(completed("x"));
        assertThat(board.questions).hasValue(1);
    }

    @Test
    void a_wait_of_zero_looks_once() {
        var job = ids.next();

        assertThat(waiters.await(job, Duration.ZERO)).isNull();
        assertThat(board.questions).hasValue(1);
    }

    @Test
    void a_wait_that_runs_out_gives_nothing() {
        assertThat(waiters.await(ids.next(), ofMillis(30))).isNull();
    }

    @Test
    void a_job_that_ends_meanwhile_is_found_by_looking() throws Exception {
        var job = ids.next();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var waiting = threads.submit(() -> waiters.await(job, ofSeconds(10)));
            await().until(() -> board.questions.get() > 2);

            board.ended.put(job, completed("x"));

            assertThat(waiting.get()).isEqualTo(completed("x"));
        }
    }

    @Test
    void a_node_of_this_process_spares_the_look() throws Exception {
        var job = ids.next();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var waiting = threads.submit(() -> waiters.await(job, ofSeconds(10)));
            await().until(() -> board.questions.get() > 0);

            waiters.ended(job, completed("told"));

            assertThat(waiting.get()).isEqualTo(completed("told"));
        }
    }

    @Test
    void ten_thousand_waits_are_one_poll_a_thousand_jobs_a_question() throws Exception {
        var jobs = IntStream.range(0, 10_000).mapToObj(i -> ids.next()).toList();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var waits = new ArrayList<Future<Records.Conclusion>>();
            for (var job : jobs)
                waits.add(threads.submit(() -> Objects.requireNonNull(waiters.await(job, ofSeconds(30)))));
            await().until(() -> board.asked.size() == jobs.size());
            int before = board.questions.get();
            long began = world.nanoTime();

            await().pollDelay(ofMillis(500)).until(() -> true);

            double seconds = (world.nanoTime() - began) / 1e9;
            assertThat((board.questions.get() - before) / seconds)
                    .isLessThan(200); // 10,000 jobs 4 times a second, and the start
            assertThat(board.largest).hasValueLessThanOrEqualTo(Waiters.BATCH);
            assertThat(board.threads).hasSize(1);
            jobs.forEach(job -> board.ended.put(job, completed("x")));
            for (var wait : waits) assertThat(wait.get()).isEqualTo(completed("x"));
        }
    }

    @Test
    void two_waits_for_one_job_are_one_question_and_both_are_answered() throws Exception {
        var job = ids.next();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var one = threads.submit(() -> waiters.await(job, ofSeconds(10)));
            var other = threads.submit(() -> waiters.await(job, ofSeconds(10)));
            await().until(() -> board.questions.get() > 2);

            board.ended.put(job, completed("x"));

            assertThat(List.of(Objects.requireNonNull(one.get()), Objects.requireNonNull(other.get())))
                    .containsExactly(completed("x"), completed("x"));
            assertThat(board.largest).hasValue(1);
        }
    }

    @Test
    void a_database_that_is_away_for_a_while_only_delays_the_answer() throws Exception {
        var job = ids.next();
        board.away = true;
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var waiting = threads.submit(() -> waiters.await(job, ofSeconds(10)));
            await().until(() -> board.questions.get() > 1);
            board.ended.put(job, completed("x"));

            board.away = false;

            assertThat(waiting.get()).isEqualTo(completed("x"));
        }
    }

    @Test
    void an_interrupt_ends_the_wait_and_keeps_its_flag() throws Exception {
        var job = ids.next();
        var flag = new CountDownLatch(1);
        var thread = Thread.ofVirtual().start(() -> {
            try {
                waiters.await(job, ofSeconds(10));
            } catch (MillraceException interrupted) {
                if (Thread.currentThread().isInterrupted()) flag.countDown();
            }
        });
        await().until(() -> board.questions.get() > 0);

        thread.interrupt();

        flag.await();
    }

    @Test
    void closing_ends_all_waits_with_a_sentence() throws Exception {
        var job = ids.next();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var waiting = threads.submit(() -> waiters.await(job, ofSeconds(10)));
            await().until(() -> board.questions.get() > 0);

            waiters.close();

            assertThatThrownBy(waiting::get).hasMessageContaining("because its Millrace was closed");
            assertThatThrownBy(() -> waiters.await(job, ofSeconds(1))).hasMessageContaining("was closed");
        }
    }

    private static Records.Conclusion completed(String result) {
        return new Records.Conclusion(State.COMPLETED, new Payload.Text(result), null, null);
    }

    /** Answers only this one question, and counts how often it is asked. */
    private static final class Board implements Records {
        final Map<JobId, Conclusion> ended = new ConcurrentHashMap<>();
        final Map<JobId, Boolean> asked = new ConcurrentHashMap<>();
        final Map<Thread, Boolean> threads = new ConcurrentHashMap<>();
        final AtomicInteger questions = new AtomicInteger();
        final AtomicInteger largest = new AtomicInteger();
        volatile boolean away;

        @Override
        public Map<JobId, Conclusion> conclusions(Collection<JobId> jobs) {
            questions.incrementAndGet();
            largest.accumulateAndGet(jobs.size(), Math::max);
            threads.put(Thread.currentThread(), true);
            jobs.forEach(job -> asked.put(job, true));
            if (away) throw new StoreException.Unavailable("away");
            var found = new ConcurrentHashMap<JobId, Conclusion>();
            for (var job : jobs) {
                var conclusion = ended.get(job);
                if (conclusion != null) found.put(job, conclusion);
            }
            return found;
        }

        @Override
        public Optional<JobView> find(JobId job) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<JobHistory> history(JobId job) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<JobView> list(Query query) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Sample sample(Collection<String> queues, int most, int reach) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<QueueView> queues() {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Pause> pauses() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<PlaceInLine> inLine(JobId job) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<PlaceInQueue> inQueue(JobId job) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Adjustment.Kept> adjustments() {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<NodeView> nodes() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<BatchView> batch(JobId then) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Blockers blockers(JobId job) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<JobId> parts(JobId batch, long from) {
            throw new UnsupportedOperationException();
        }
    }
}
