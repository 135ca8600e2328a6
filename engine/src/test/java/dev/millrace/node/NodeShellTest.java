package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.JobEvent;
import dev.millrace.JobId;
import dev.millrace.MemoryStore;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException;
import dev.millrace.world.SystemWorld;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The shell with its real threads, over the store in memory. */
class NodeShellTest {

    private static final Logger LOG = Logger.getLogger("dev.millrace.node");

    private final SystemWorld world = new SystemWorld();
    private final Storage store = new MemoryStore().open(world);
    private final Wire wire = new Wire(store);
    private final AtomicLong ids = new AtomicLong();
    private final List<Consumer<JobEvent>> listeners = new ArrayList<>();
    private final List<NodeShell> shells = new ArrayList<>();
    private final CountDownLatch release = new CountDownLatch(1);

    NodeShellTest() {
        LOG.setLevel(Level.OFF);
    }

    @AfterEach
    void close() {
        release.countDown();
        shells.forEach(NodeShell::close);
    }

    /** What a handler does. */
    private interface Code {
        Ending run(Delivery delivery, Held held) throws InterruptedException;
    }

    private NodeShell start(Code code) {
        return start(code, Duration.ofMinutes(5), NodePlan.Limits.DEFAULT);
    }

    private NodeShell start(Code code, Duration deadline, NodePlan.Limits limits) {
        return prepare(code, deadline, limits).start();
    }

    private NodeShell prepare(Code code, Duration deadline, NodePlan.Limits limits) {
        var body = new Body() {
            @Override
            public Verdict run(Delivery delivery, Held held) throws InterruptedException {
                return new Verdict.ToFlush(code.run(delivery, held));
            }

            @Override
            public Ending timedOut(Delivery delivery, Duration after) {
                return new Ending.Discarded(OneNode.failure("timed out"));
            }
        };
        var kinds = Map.of("work", new KindPlan("work", 1, deadline, 1_000, body));
        var name = "test" + ids.incrementAndGet();
        var shell =
                new NodeShell(wire.storage(), world, new NodePlan(name, List.of("default"), kinds, listeners, limits));
        shells.add(shell);
        return shell;
    }

    private static Ending done() {
        return new Ending.Done(null);
    }

    private Ending hold() throws InterruptedException {
        release.await();
        return done();
    }

    private JobId send() {
        return send("{}");
    }

    private JobId send(String payload) {
        var id = new JobId(new UUID(5, ids.incrementAndGet()));
        store.enqueue(new NewJob(
                id,
                "default",
                Priority.NORMAL,
                null,
                "work",
                1,
                new Payload.Text(payload),
                Map.of(),
                null,
                null,
                null));
        return id;
    }

    private State state(JobId job) {
        return store.find(job).orElseThrow().state();
    }

    private static Collection<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("millrace-test"))
                .toList();
    }

    @Test
    void jobs_run_on_virtual_threads_named_after_them() {
        var threads = new ConcurrentLinkedQueue<Thread>();
        start((delivery, held) -> {
            threads.add(Thread.currentThread());
            return done();
        });

        var job = send();

        await().until(() -> state(job) == State.COMPLETED);
        assertThat(threads).singleElement().matches(Thread::isVirtual);
        assertThat(Objects.requireNonNull(threads.peek()).getName()).isEqualTo("work " + job);
    }

    @Test
    void thousands_of_jobs_run_once_each() {
        var runs = new ConcurrentLinkedQueue<JobId>();
        start((delivery, held) -> {
            runs.add(delivery.job());
            return done();
        });

        var jobs = new ArrayList<JobId>();
        for (int i = 0; i < 3_000; i++) jobs.add(send());

        await().until(() -> jobs.stream().allMatch(job -> state(job) == State.COMPLETED));
        assertThat(runs).hasSize(3_000).containsAll(jobs);
    }

    @Test
    void a_deposed_node_interrupts_its_handlers_joins_anew_and_goes_on() {
        var told = new AtomicBoolean();
        var first = new AtomicBoolean(true);
        var shell = start((delivery, held) -> {
            if (!first.getAndSet(false)) return done();
            try {
                return hold();
            } catch (InterruptedException deposed) {
                told.set(held.cancelled());
                throw deposed;
            }
        });
        var job = send();
        await().until(() -> shell.status().running() == 1);
        var before = Objects.requireNonNull(shell.status().id());
        var by = store.join(OneNode.stranger(1));
        assertThat(store.census(by)).anySatisfy(peer -> {
            assertThat(peer.id()).isEqualTo(before);
            assertThat(store.depose(by, peer)).isTrue();
        });

        await().until(() -> state(job) == State.COMPLETED); // it rescued its own former self

        assertThat(told).isTrue();
        assertThat(shell.status().id()).isNotNull().isNotEqualTo(before);
        assertThat(shell.status().counters().refusedWrites()).isPositive();
    }

    @Test
    void a_handler_that_ignores_its_deadline_keeps_its_thread_and_not_its_slot() {
        var shell = start(
                (delivery, held) -> {
                    while (release.getCount() > 0) Thread.onSpinWait();
                    return done();
                },
                Duration.ofMillis(100),
                NodePlan.Limits.DEFAULT.withSlots(1));

        var job = send();

        await().until(() -> state(job) == State.DISCARDED);
        await().until(() -> shell.status().running() == 0);
        assertThat(shell.status().stuckThreads()).isEqualTo(1);
        release.countDown();
        await().until(() -> shell.status().stuckThreads() == 0);
        assertThat(shell.status().counters().completed()).isZero();
    }

    @Test
    void handlers_that_keep_all_processors_busy_do_not_stop_the_signs_of_life() {
        int many = 2 * Runtime.getRuntime().availableProcessors();
        var limits = NodePlan.Limits.DEFAULT.withLease(Duration.ofMillis(500), Duration.ofMillis(50));
        var shell = start(
                (delivery, held) -> {
                    while (release.getCount() > 0) Thread.onSpinWait();
                    return done();
                },
                Duration.ofMinutes(1),
                limits);
        for (int i = 0; i < many; i++) send();
        await().until(() -> shell.status().running() == many);
        long before = wire.asked("beat");

        await().until(() -> wire.asked("beat") >= before + 10);
        assertThat(shell.status().counters().refusedWrites()).isZero();
    }

    @Test
    void a_checkpoint_is_durable_when_it_returns_and_there_in_the_next_attempt() {
        var seen = new ConcurrentLinkedQueue<String>();
        start((delivery, held) -> {
            seen.add(held.checkpoint().map(Payload::toString).orElse("none"));
            if (delivery.attempt() == 2) return done();
            held.checkpoint(new Payload.Text("line 3"));
            return new Ending.Retry(OneNode.failure("failed"), Duration.ZERO);
        });

        var job = send();

        await().until(() -> state(job) == State.COMPLETED);
        assertThat(seen).containsExactly("none", new Payload.Text("line 3").toString());
    }

    @Test
    void a_checkpoint_survives_a_store_that_is_away_for_a_moment() {
        wire.fails("checkpoint", new StoreException.Unavailable("away"));
        start((delivery, held) -> {
            held.checkpoint(new Payload.Text("line 3"));
            return done();
        });

        var job = send();

        await().until(() -> state(job) == State.COMPLETED);
    }

    @Test
    void a_checkpoint_that_another_transaction_blocks_keeps_no_other_waiting_and_is_written_in_the_end() {
        wire.refuses(
                "checkpoint",
                given -> given.contains(new Payload.Text("blocked")),
                new StoreException.Blocked("an earlier attempt has not committed"));
        start((delivery, held) -> {
            held.checkpoint(new Payload.Text(delivery.payload().equals(new Payload.Text("{}")) ? "blocked" : "free"));
            return done();
        });
        var blocked = send();
        await().until(() -> wire.tried("checkpoint") > 0);

        var others = IntStream.range(0, 20).mapToObj(i -> send("[]")).toList();

        await().until(() -> others.stream().allMatch(job -> state(job) == State.COMPLETED));
        assertThat(state(blocked)).isEqualTo(State.RUNNING);
        wire.allows("checkpoint");
        await().until(() -> state(blocked) == State.COMPLETED);
    }

    @Test
    void a_listener_that_throws_harms_neither_jobs_nor_other_listeners() {
        var heard = new ConcurrentLinkedQueue<JobEvent>();
        listeners.add(event -> {
            throw new IllegalStateException("a listener's bug");
        });
        listeners.add(heard::add);
        start((delivery, held) -> done());

        var job = send();

        await().until(() -> heard.stream().anyMatch(event -> event instanceof JobEvent.Ended));
        assertThat(state(job)).isEqualTo(State.COMPLETED);
    }

    @Test
    void closing_ends_all_threads_and_may_be_repeated() {
        var shell = start((delivery, held) -> done());
        assertThat(threads()).isNotEmpty();

        shell.close();
        shell.close();

        await().untilAsserted(() -> assertThat(threads()).isEmpty());
        assertThat(store.nodes()).allMatch(node -> node.life() == dev.millrace.NodeView.Life.GONE);
    }

    @Test
    void draining_lets_handlers_end() {
        var shell = start((delivery, held) -> hold());
        var job = send();
        await().until(() -> shell.status().running() == 1);

        Thread.ofVirtual().start(release::countDown);

        assertThat(shell.drain(Duration.ofSeconds(30))).isTrue();
        assertThat(state(job)).isEqualTo(State.COMPLETED);
    }

    @Test
    void who_does_not_end_in_time_is_interrupted_and_the_job_goes_on_elsewhere() {
        var shell = start((delivery, held) -> hold());
        var job = send();
        await().until(() -> shell.status().running() == 1);

        assertThat(shell.drain(Duration.ofMillis(100))).isFalse();

        assertThat(state(job)).isEqualTo(State.SCHEDULED);
        assertThat(store.find(job).orElseThrow().attempt()).isEqualTo(1);
    }

    @Test
    void a_start_that_can_not_join_leaves_nothing_behind() {
        wire.isDown("join", new StoreException.Unavailable("away"));
        var shell = prepare((delivery, held) -> done(), Duration.ofMinutes(1), NodePlan.Limits.DEFAULT);

        assertThatThrownBy(shell::start).isInstanceOf(StoreException.Unavailable.class);

        assertThat(threads()).isEmpty();
        assertThat(shell.status().id()).isNull();
    }

    @Test
    void a_node_starts_once() {
        var shell = start((delivery, held) -> done());

        assertThatThrownBy(shell::start)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("starts once");
    }

    @Test
    void the_work_of_a_node_that_is_known_to_be_dead_is_taken_over_at_once() {
        var dead = store.join(OneNode.stranger(3));
        var job = send();
        for (var stream : store.streams(List.of("default")))
            store.take(dead, stream.id(), 1, 1, new dev.millrace.store.ClaimToken(new UUID(6, stream.id())));
        var shell = start((delivery, held) -> done());

        shell.deposeAtOnce(dead.node());

        await().until(() -> state(job) == State.COMPLETED);
    }
}
