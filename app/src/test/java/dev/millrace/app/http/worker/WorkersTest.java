package dev.millrace.app.http.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Codec;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Outcome;
import dev.millrace.Retry;
import dev.millrace.State;
import dev.millrace.app.TextCodec;
import dev.millrace.app.http.worker.WorkerProblem.Why;
import dev.millrace.app.http.worker.WorkerSpec.OfKind;
import dev.millrace.world.SystemWorld;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a session does that takes long over HTTP. */
class WorkersTest {

    private static final Duration SOON = Duration.ofSeconds(30);

    private final Millrace millrace = Millrace.on(new MemoryStore(new TextCodec()));
    private final SystemWorld world = new SystemWorld();
    private final Workers workers = new Workers(millrace, world, 2);

    @AfterEach
    void close() {
        workers.close();
        millrace.close();
    }

    private WorkerSession session(@Nullable Duration deadline) {
        var kind = new OfKind("mail", Set.of(1), deadline, null, Retry.none());
        return workers.open(new WorkerSpec("mailer", List.of("default"), List.of(kind), 2, SOON));
    }

    private JobId enqueue() {
        return millrace.operations("test").enqueue("mail", 1, "{}", o -> o).id();
    }

    private JobView job(JobId id) {
        return millrace.operations("test").find(id).orElseThrow();
    }

    private static HandOut next(WorkerSession session) throws InterruptedException {
        var claimed = session.claim(1, Duration.ofSeconds(10), Set.of());
        assertThat(claimed.handOuts()).hasSize(1);
        return claimed.handOuts().getFirst();
    }

    private static Decision done(String result) {
        return Decision.ends(Outcome.done(result), "done " + result);
    }

    private static Why whyNot(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        var thrown = org.assertj.core.api.Assertions.catchThrowableOfType(WorkerProblem.class, call);
        assertThat(thrown).isNotNull();
        return thrown.why();
    }

    @Test
    void an_attempt_that_ran_into_its_deadline_is_not_the_workers_any_more() throws Exception {
        var session = session(Duration.ofMillis(300));
        var id = enqueue();
        var given = next(session);

        Awaitility.await().atMost(SOON).until(() -> job(id).state() == State.DISCARDED);

        assertThat(session.heartbeat(Set.of(given.id())).stop())
                .containsExactly(new WorkerSession.Stop(given.id(), "timed-out"));
        assertThatThrownBy(() -> session.complete(given.id(), given.token(), done("1")))
                .isInstanceOf(WorkerProblem.class)
                .hasMessageContaining("discarded")
                .hasMessageContaining("drop it");
        assertThat(whyNot(() -> session.complete(given.id(), given.token(), done("1"))))
                .isEqualTo(Why.TAKEN_AWAY);
    }

    @Test
    void an_attempts_deadline_starts_when_it_is_handed_out_and_anew_with_each_heartbeat_of_it() throws Exception {
        var session = session(Duration.ofMillis(1_500));
        enqueue();
        var given = next(session);

        for (int i = 0; i < 6; i++) {
            world.sleep(Duration.ofMillis(500));
            session.report(given.id(), given.token(), new WorkerSession.Report(null, null, List.of(), null, true));
        }

        assertThat(session.complete(given.id(), given.token(), done("1"))).isEqualTo(State.COMPLETED);
    }

    @Test
    void a_worker_that_never_asks_is_given_nothing() throws Exception {
        var session = session(null);
        var id = enqueue();

        world.sleep(Duration.ofMillis(700));

        assertThat(job(id).state()).isEqualTo(State.AVAILABLE);
        assertThat(session.held()).isZero();
    }

    @Test
    void there_are_no_more_sessions_than_there_may_be() {
        var first = session(null);
        session(null);

        assertThat(whyNot(() -> session(null))).isEqualTo(Why.TOO_MANY);
        workers.close(first.id());
        assertThat(session(null).id()).isNotEqualTo(first.id());
    }

    @Test
    void a_node_that_can_not_be_started_takes_no_place() {
        for (int i = 0; i < 5; i++)
            assertThatThrownBy(() -> workers.open(new WorkerSpec("mailer", List.of("No Name"), List.of(), 1, SOON)))
                    .hasMessageContaining("can't be called");

        assertThat(workers.count()).isZero();
        session(null);
    }

    @Test
    void a_server_that_stops_hands_out_nothing_more_and_lets_workers_complete() throws Exception {
        var session = session(null);
        var id = enqueue();
        var given = next(session);
        var asking = CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return session.claim(1, Duration.ofSeconds(15), Set.of(given.id()));
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                },
                Thread::startVirtualThread);
        Awaitility.await().pollDelay(Duration.ofMillis(300)).until(() -> true);

        workers.stopping();

        assertThat(asking.get(10, TimeUnit.SECONDS)).isEqualTo(new WorkerSession.Claimed(List.of(), true));
        assertThat(session.heartbeat(Set.of(given.id()))).isEqualTo(new WorkerSession.Told(List.of(), true));
        assertThat(whyNot(() -> session(null))).isEqualTo(Why.STOPPING);
        assertThat(session.complete(given.id(), given.token(), done("\"sent\"")))
                .isEqualTo(State.COMPLETED);
        workers.close();
        assertThat(job(id).result()).isEqualTo("\"sent\"");
        assertThat(whyNot(() -> session.heartbeat(Set.of()))).isEqualTo(Why.UNKNOWN_WORKER);
    }

    // ---- what is large, late, or hangs

    @Test
    void an_answer_holds_no_more_than_can_be_carried_and_the_next_one_has_the_rest() throws Exception {
        var kind = new OfKind("mail", Set.of(1), null, null, Retry.none());
        int jobs = 40;
        var session = workers.open(new WorkerSpec("mailer", List.of("default"), List.of(kind), jobs, SOON));
        var payload = "\"" + "x".repeat(250_000) + "\"";
        for (int i = 0; i < jobs; i++) millrace.operations("test").enqueue("mail", 1, payload, o -> o);
        var held = new HashSet<String>();
        while (held.size() < jobs) {
            var given = session.claim(jobs, Duration.ofSeconds(10), held).handOuts();
            assertThat(sizeOf(given)).isPositive().isLessThanOrEqualTo(WorkerSession.ANSWER_SIZE);
            for (var handOut : given) held.add(handOut.id());
        }

        var again = session.claim(jobs, Duration.ZERO, Set.of()).handOuts(); // all of these answers were lost
        var seen = new HashSet<>(ids(again));
        var rest = session.claim(jobs, Duration.ZERO, seen).handOuts();
        seen.addAll(ids(rest));

        assertThat(sizeOf(again)).isLessThanOrEqualTo(WorkerSession.ANSWER_SIZE);
        assertThat(rest).hasSize(jobs - again.size()).isNotEmpty();
        assertThat(seen).isEqualTo(held);
    }

    private static List<String> ids(List<HandOut> handOuts) {
        return handOuts.stream().map(HandOut::id).toList();
    }

    private static long sizeOf(List<HandOut> handOuts) {
        return handOuts.stream().mapToLong(HandOut::size).sum();
    }

    @Test
    void an_attempt_that_was_taken_away_before_the_session_had_it_does_not_stay_in_it() throws Exception {
        var first = session(null);
        var second = session(null);
        enqueue();
        var given = next(first);
        first.complete(given.id(), given.token(), done("1")); // nothing more is said of it from here on

        assertThatThrownBy(() -> second.handler().handle(given.job(), given.attempt()))
                .isInstanceOf(InterruptedException.class)
                .hasMessageContaining("taken away");

        assertThat(second.claim(1, Duration.ZERO, Set.of()).handOuts()).isEmpty();
    }

    @Test
    void a_worker_whose_checkpoint_takes_longer_than_its_timeout_is_not_lost() throws Exception {
        var reached = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var slow = new Codec() {
            private final Codec text = new TextCodec();

            @Override
            public String encode(@Nullable Object value) {
                return text.encode(value);
            }

            @Override
            public @Nullable Object decode(String written, Type type) {
                if (written.equals("\"slow\"")) {
                    reached.countDown();
                    try {
                        goOn.await();
                    } catch (InterruptedException stop) {
                        throw new IllegalStateException(stop);
                    }
                }
                return text.decode(written, type);
            }
        };
        try (var store = Millrace.on(new MemoryStore(slow));
                var here = new Workers(store, world, 1)) {
            var kind = new OfKind("mail", Set.of(1), null, null, Retry.none());
            var session =
                    here.open(new WorkerSpec("mailer", List.of("default"), List.of(kind), 1, Duration.ofSeconds(2)));
            store.operations("test").enqueue("mail", 1, "{}", o -> o);
            var given = next(session);
            var saving = CompletableFuture.runAsync(() -> session.report(
                    given.id(), given.token(), new WorkerSession.Report(null, null, List.of(), "\"slow\"", false)));
            assertThat(reached.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();

            world.sleep(Duration.ofSeconds(4));

            assertThat(here.count()).isEqualTo(1);
            goOn.countDown();
            saving.get(SOON.toSeconds(), TimeUnit.SECONDS);
            assertThat(session.complete(given.id(), given.token(), done("1"))).isEqualTo(State.COMPLETED);
        }
    }
}
