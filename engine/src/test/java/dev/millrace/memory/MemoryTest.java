package dev.millrace.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Codec;
import dev.millrace.JobId;
import dev.millrace.LogLevel;
import dev.millrace.MemoryStore;
import dev.millrace.MillraceException;
import dev.millrace.NodeView;
import dev.millrace.Priority;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Idempotency;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Note;
import dev.millrace.store.Payload;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage;
import dev.millrace.store.Storage.Wakeup;
import dev.millrace.world.World;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is true of jobs in memory only; the rest is the stores' contract. */
class MemoryTest {

    private final StillWorld time = new StillWorld();
    private final MemoryStore memory = new MemoryStore();
    private final Storage store = memory.open(time);

    @Test
    void all_that_open_it_share_one_store() {
        var other = memory.open(time);
        var job = job("a value", null);

        store.enqueue(job);

        assertThat(other.find(job.id())).isEqualTo(store.find(job.id())).isPresent();
        assertThat(claimAll(other, join(other))).hasSize(1);
        assertThat(claimAll(store, join(store))).isEmpty();
    }

    @Test
    void a_store_of_ones_own_is_empty() {
        var job = job("a value", null);
        store.enqueue(job);

        assertThat(new MemoryStore().open(time).find(job.id())).isEmpty();
    }

    @Test
    void closing_one_opening_ends_its_hearings_and_leaves_the_others() {
        var heard = new ArrayList<Wakeup>();
        var heardHere = new ArrayList<Wakeup>();
        var other = memory.open(time);
        other.listen(heard::add);
        store.listen(heardHere::add);

        store.close();
        other.enqueue(job("a value", null));

        assertThat(heard).containsExactly(new Wakeup.Streams("mail"), new Wakeup.Work("mail"));
        assertThat(heardHere).isEmpty();
    }

    @Test
    void a_listener_that_throws_harms_no_sender() {
        Logger.getLogger(Memory.class.getName()).setLevel(Level.OFF); // it says so, which is of no use here
        store.listen(hint -> {
            throw new IllegalStateException("a bug in a listener, on purpose");
        });
        var job = job("a value", null);

        store.enqueue(job);

        assertThat(store.find(job.id())).isPresent();
    }

    @Test
    void values_are_kept_as_they_are() {
        var value = new Object();
        var result = new Object();
        var job = job(value, null);
        store.enqueue(job);
        var lease = join(store);

        var delivery = claimAll(store, lease).getFirst();
        store.flush(lease, List.of(ended(delivery, new Ending.Done(new Payload.Kept(result)))));

        assertThat(delivery.payload()).isEqualTo(new Payload.Kept(value));
        assertThat(Objects.requireNonNull(store.conclusions(List.of(job.id())).get(job.id()))
                        .result())
                .isEqualTo(new Payload.Kept(result));
        assertThat(store.find(job.id()).orElseThrow().payload()).isNull();
        assertThat(store.find(job.id()).orElseThrow().result()).isNull();
        assertThat(store.codec()).isNull();
    }

    @Test
    void a_codec_is_for_those_who_ask_for_text() {
        var codec = new Codec() {
            @Override
            public String encode(@Nullable Object value) {
                return "text";
            }

            @Override
            public @Nullable Object decode(String text, Type type) {
                return null;
            }
        };

        assertThat(new MemoryStore(codec).open(time).codec()).isSameAs(codec);
    }

    @Test
    void it_can_not_join_a_transaction_and_says_so() {
        var tx = (Connection) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> null);
        var job = job("a value", null);
        store.enqueue(job);
        var lease = join(store);
        var held = claimAll(store, lease).getFirst();

        for (var step : List.<ThrowingCallable>of(
                () -> store.enqueue(tx, job("another", null)),
                () -> store.enqueueAll(tx, List.<NewJob>of().iterator()),
                () -> store.complete(tx, lease, ended(held, new Ending.Done(null))),
                () -> store.checkpoint(tx, lease, held, new Payload.Kept(1)),
                store::connection)) {
            assertThatThrownBy(step)
                    .isExactlyInstanceOf(MillraceException.class)
                    .hasMessage(
                            "Jobs in memory can't join a transaction. Use enqueue(job), or run this test on PostgresStore.");
        }
    }

    @Test
    void a_key_stands_for_its_job_for_a_day() {
        var first = job("a value", new Idempotency("key", "invoice 42"));
        store.enqueue(first);

        time.advance(Duration.ofHours(24).minusMillis(1));
        assertThat(store.enqueue(job("a value", new Idempotency("key", "invoice 42")))
                        .job())
                .isEqualTo(first.id());

        time.advance(Duration.ofMillis(1));
        assertThat(store.enqueue(job("a value", new Idempotency("key", "invoice 43")))
                        .existed())
                .isFalse();
    }

    @Test
    void an_idempotency_key_stands_as_long_as_the_store_was_told_and_the_shortest_holds() {
        var longer = memory.withIdempotencyKeysFor(Duration.ofDays(3)).open(time);
        var first = job("a value", new Idempotency("key", "invoice 42"));
        longer.enqueue(first);

        time.advance(Duration.ofDays(3).minusMillis(1));
        assertThat(longer.enqueue(job("a value", new Idempotency("key", "invoice 42")))
                        .job())
                .isEqualTo(first.id());
        assertThat(store.enqueue(job("a value", new Idempotency("key", "invoice 43")))
                        .existed())
                .as("as one that keeps keys for a day sees it")
                .isFalse();
    }

    @Test
    void idempotency_keys_stand_for_a_second_at_least_and_ten_years_at_most() {
        for (var span : List.of(Duration.ofMillis(999), Duration.ofDays(3651)))
            assertThatThrownBy(() -> memory.withIdempotencyKeysFor(span))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageStartingWith("A span for idempotency keys of ")
                    .hasMessageContaining("It is 1 s to 3650 d");
    }

    @Test
    void ended_jobs_are_kept_up_to_a_limit_and_then_the_oldest_are_forgotten() {
        var small = new Memory(2).open(time, null);
        var lease = join(small);
        var jobs = Stream.generate(() -> job("a value", null)).limit(5).toList();
        small.enqueueAll(jobs.iterator());
        var claimed = claimAll(small, lease);

        for (var delivery : claimed.subList(0, 4)) {
            small.flush(lease, List.of(ended(delivery, new Ending.Done(null))));
        }

        assertThat(known(small, jobs)).containsExactly(false, false, true, true, true);
        assertThat(small.conclusions(jobs.stream().map(NewJob::id).toList())).hasSize(2);
        assertThat(small.flush(lease, List.of(ended(claimed.get(3), new Ending.Done(null)))))
                .as("a flush repeated")
                .containsExactly(Settled.REPEATED);
    }

    @Test
    void a_requeued_job_is_not_forgotten_while_it_runs_again() {
        var small = new Memory(1).open(time, null);
        var jobs = Stream.generate(() -> job("a value", null)).limit(3).toList();
        small.enqueueAll(jobs.iterator());

        small.cancel(jobs.get(0).id(), "not wanted", "a test");
        small.requeue(jobs.get(0).id(), "it is to run again", "a test");
        small.cancel(jobs.get(1).id(), "not wanted", "a test");
        small.cancel(jobs.get(2).id(), "not wanted", "a test");

        assertThat(known(small, jobs)).containsExactly(true, false, true);
    }

    @Test
    void a_job_that_was_forgotten_before_its_claim_is_not_handed_out() {
        var small = new Memory(1).open(time, null);
        var jobs = Stream.generate(() -> job("a value", null)).limit(3).toList();
        small.enqueueAll(jobs.iterator());
        small.cancel(jobs.get(0).id(), "not wanted", "a test");
        small.cancel(jobs.get(1).id(), "not wanted", "a test");

        assertThat(claimAll(small, join(small)))
                .extracting(Delivery::job)
                .containsExactly(jobs.get(1).id(), jobs.get(2).id());
    }

    private static List<Boolean> known(Storage store, List<NewJob> jobs) {
        return jobs.stream().map(job -> store.find(job.id()).isPresent()).toList();
    }

    @Test
    void what_was_cancelled_and_forgotten_while_a_node_held_it_can_still_be_ended_by_it() {
        var small = new Memory(1).open(time, null);
        var jobs = Stream.generate(() -> job("a value", null)).limit(2).toList();
        small.enqueueAll(jobs.iterator());
        var lease = join(small);
        var held = claimAll(small, lease).getFirst();
        for (var job : jobs) small.cancel(job.id(), "not wanted", "a test");
        assertThat(known(small, jobs)).containsExactly(false, true);

        assertThat(small.flush(lease, List.of(ended(held, new Ending.Done(null)))))
                .containsExactly(Settled.LOST);

        small.leave(lease);
        small.keep(join(small));
        assertThatThrownBy(() -> small.read(held.token(), List.of(held.place()), 1_000))
                .isInstanceOf(MillraceException.class);
    }

    @Test
    void a_job_keeps_its_newest_deliveries_and_lines() {
        var job = job("a value", null);
        store.enqueue(job);
        var lease = join(store);
        for (int i = 0; i < 1_010; i++) {
            var delivery = claimAll(store, lease).getFirst();
            store.note(lease, List.of(new Note.Line(delivery, time.now(), LogLevel.INFO, "line " + i)));
            store.flush(lease, List.of(ended(delivery, new Ending.HandedBack())));
        }

        var history = store.history(job.id()).orElseThrow();

        assertThat(history.steps()).hasSize(1_000);
        assertThat(history.log()).hasSize(1_000);
        assertThat(history.log().getLast().text()).isEqualTo("line 1009");
        assertThat(claimAll(store, lease)).hasSize(1);
    }

    @Test
    void without_timers_there_is_no_next_one() {
        var promoted = store.promote(join(store), 10);

        assertThat(promoted.count()).isZero();
        assertThat(promoted.next()).isNull();
    }

    @Test
    void a_node_is_shown_for_a_day_after_it_went() {
        var lease = join(store);
        store.leave(lease);

        time.advance(Duration.ofDays(1));
        store.keep(join(store));
        assertThat(store.nodes()).extracting(NodeView::id).contains(lease.node().value());

        time.advance(Duration.ofMillis(1));
        assertThat(store.nodes())
                .extracting(NodeView::id)
                .doesNotContain(lease.node().value());
        store.keep(join(store));
        assertThat(store.nodes())
                .extracting(NodeView::id)
                .doesNotContain(lease.node().value());
    }

    // ---- the least that these need

    private long ids;

    private NewJob job(Object value, @Nullable Idempotency idempotency) {
        return new NewJob(
                new JobId(new UUID(++ids, 0)),
                "mail",
                Priority.NORMAL,
                "one shard",
                "send",
                1,
                new Payload.Kept(value),
                Map.of(),
                null,
                null,
                idempotency);
    }

    private Lease join(Storage by) {
        return by.join(new NodeCard(
                new NodeId(UUID.randomUUID()), "a node", "a host", 1, "1.0", 1, List.of("mail"), List.of("send")));
    }

    private List<Delivery> claimAll(Storage by, Lease lease) {
        var all = new ArrayList<Delivery>();
        for (int stream : by.poll(
                by.streams(List.of("mail")).stream().map(one -> one.id()).toList())) {
            var claim = by.take(lease, stream, Integer.MAX_VALUE, 1, new ClaimToken(UUID.randomUUID()));
            all.addAll(by.read(claim.token(), claim.places(), Long.MAX_VALUE));
        }
        return all;
    }

    private static Ended ended(Delivery delivery, Ending ending) {
        return new Ended(delivery, ending, null, Duration.ZERO);
    }

    /** Time passes only when a test says so. */
    private static final class StillWorld implements World {

        private Instant now = Instant.parse("2026-11-01T12:00:00Z");

        void advance(Duration time) {
            now = now.plus(time);
        }

        @Override
        public Instant now() {
            return now;
        }

        @Override
        public long nanoTime() {
            return now.toEpochMilli() * 1_000_000;
        }

        @Override
        public RandomGenerator random() {
            return new Random(7);
        }

        @Override
        public void sleep(Duration duration) {
            advance(duration);
        }
    }
}
