package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.node.Body.Verdict;
import dev.millrace.node.Held;
import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Epoch;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeId;
import dev.millrace.store.Payload;
import dev.millrace.store.Place;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Handlers whose writes and outcome are one commit: what is committed when, and what is not. */
class TransactTest {

    @Kind("transfer")
    record Transfer(long cents) implements Job<String> {}

    private final ScriptedConnection connection = new ScriptedConnection();
    private final HeldByNobody held = new HeldByNobody();

    @Test
    void the_outcome_goes_into_the_transaction_last_and_is_committed_with_it() throws Exception {
        var verdict = run((transfer, tx) -> {
            connection.calls.add("the handler writes");
            return "moved " + transfer.cents();
        });

        assertThat(verdict).isEqualTo(new Verdict.Committed(new Ending.Done(new Payload.Kept("moved 5"))));
        assertThat(connection.calls)
                .containsExactly("setAutoCommit false", "the handler writes", "complete", "commit", "close");
    }

    @Test
    void a_handler_that_throws_has_written_nothing() throws Exception {
        var verdict = run((transfer, tx) -> {
            throw new IllegalStateException("no cover");
        });

        assertThat(ending(verdict)).isInstanceOf(Ending.Retry.class);
        assertThat(connection.calls).containsExactly("setAutoCommit false", "rollback", "close");
    }

    @Test
    void a_result_that_cannot_be_stored_has_written_nothing() throws Exception {
        var judge =
                new Judge(new KindName("transfer", 1), Retry.DEFAULT, new Payloads(new NoCodec()), new StillWorld());

        var verdict = body(judge, (transfer, tx) -> "a result").run(DELIVERY, held);

        assertThat(ending(verdict)).isInstanceOf(Ending.Discarded.class);
        assertThat(connection.calls).containsExactly("setAutoCommit false", "rollback", "close");
    }

    @Test
    void a_job_that_was_taken_away_meanwhile_has_written_nothing() {
        assertThatThrownBy(() -> run((transfer, tx) -> {
                    held.cancelled = true;
                    return "too late";
                }))
                .isInstanceOf(InterruptedException.class);

        assertThat(connection.calls).containsExactly("setAutoCommit false", "rollback", "close");
    }

    @Test
    void that_no_connection_is_free_costs_no_attempt() throws Exception {
        for (var none : List.of(
                new StoreException.Unavailable("Connection is not available, request timed out after 30000ms"),
                new MillraceException("The database refused the login."))) {
            connection.onOpen = none;

            var verdict = run((transfer, tx) -> "moved");

            assertThat(ending(verdict))
                    .isInstanceOfSatisfying(
                            Ending.Snoozed.class,
                            later -> assertThat(later.reason())
                                    .startsWith("No connection was free")
                                    .contains(String.valueOf(none.getMessage())));
        }
        assertThat(connection.calls).isEmpty();
    }

    @Test
    void a_connection_that_is_broken_when_it_is_handed_out_costs_none_either() throws Exception {
        connection.onBegin = new SQLException("This connection has been closed.", "08003");

        var verdict = run((transfer, tx) -> "moved");

        assertThat(ending(verdict)).isInstanceOf(Ending.Snoozed.class);
        assertThat(connection.calls).containsExactly("close");
    }

    @Test
    void a_refused_outcome_rolls_back_and_is_not_the_job_s_fault() {
        held.refusal = new StoreException.Fenced("deposed");

        assertThatThrownBy(() -> run((transfer, tx) -> "moved")).isInstanceOf(InterruptedException.class);

        assertThat(connection.calls).containsExactly("setAutoCommit false", "complete", "rollback", "close");
    }

    @Test
    void a_commit_that_was_refused_is_a_failure_like_others() throws Exception {
        connection.onCommit = new SQLException("deferred constraint", "23503");

        var verdict = run((transfer, tx) -> "moved");

        assertThat(ending(verdict))
                .isInstanceOfSatisfying(
                        Ending.Retry.class,
                        retry -> assertThat(retry.failure().message()).isEqualTo("deferred constraint"));
    }

    @Test
    void after_a_commit_that_nobody_answered_another_attempt_is_flushed_which_counts_only_if_nothing_was_committed()
            throws Exception {
        connection.onCommit = new SQLException("connection reset", "08006");

        var verdict = run((transfer, tx) -> "moved");

        assertThat(ending(verdict))
                .isInstanceOfSatisfying(
                        Ending.Retry.class,
                        retry -> assertThat(retry.failure().message())
                                .isEqualTo("the connection was lost during the commit: connection reset"));
    }

    @Test
    void complete_gives_the_outcome_to_return_and_the_flush_finds_it_there() throws Exception {
        var verdict = decide((transfer, attempt) -> {
            var tx = connection.open();
            tx.setAutoCommit(false);
            var outcome = attempt.complete(tx, "moved");
            tx.commit();
            return outcome;
        });

        assertThat(held.completed).containsExactly(new Ending.Done(new Payload.Kept("moved")));
        assertThat(ending(verdict))
                .isInstanceOfSatisfying(
                        Ending.Retry.class,
                        retry -> assertThat(retry.failure().message()).contains("that transaction was not committed"));
    }

    @Test
    void complete_refuses_a_connection_that_commits_by_itself() throws Exception {
        var verdict = decide((transfer, attempt) -> attempt.complete(connection.open(), "moved"));

        assertThat(held.completed).isEmpty();
        assertThat(ending(verdict))
                .isInstanceOfSatisfying(
                        Ending.Retry.class,
                        retry -> assertThat(retry.failure().message())
                                .isEqualTo(
                                        "The job would be done even if your next statement failed. Call setAutoCommit(false) first, or return Outcome.done(…)."));
    }

    @Test
    void an_attempt_that_is_over_can_do_nothing_more() throws Exception {
        var kept = new ArrayList<Attempt>();
        decide((transfer, attempt) -> {
            kept.add(attempt);
            return Outcome.done("moved");
        });

        assertThat(kept.get(0).cancelled()).isTrue();
        assertThatThrownBy(() -> kept.get(0).checkpoint(1L)).hasMessageContaining("is over");
    }

    private Verdict run(Handler.Transact<Transfer, String> code) throws Exception {
        return body(judge(), code).run(DELIVERY, held);
    }

    private Verdict decide(Handler.Decide<Transfer, String> code) throws Exception {
        return new KindBody(engine(), decoder(), judge(), Works.outcome(Transfer.class, code), Duration.ofMinutes(5))
                .run(DELIVERY, held);
    }

    private KindBody body(Judge judge, Handler.Transact<Transfer, String> code) {
        var work = Works.transaction(Transfer.class, code, storage());
        return new KindBody(engine(), decoder(), judge, work, Duration.ofMinutes(5));
    }

    private Engine engine() {
        return Engine.open(world -> storage(), new StillWorld());
    }

    private static Judge judge() {
        return new Judge(new KindName("transfer", 1), Retry.DEFAULT, new Payloads(null), new StillWorld());
    }

    private static Decoder decoder() {
        var kind = KindType.of(Transfer.class);
        return new Decoder(new Payloads(null), kind, Map.of(1, new Decoder.Step(Transfer.class, 1, null)));
    }

    private static Ending ending(Verdict verdict) {
        return ((Verdict.ToFlush) verdict).ending();
    }

    /** Has a connection, and nothing else. */
    private Storage storage() {
        return (Storage) Proxy.newProxyInstance(
                Storage.class.getClassLoader(),
                new Class<?>[] {Storage.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "connection" -> connection.open();
                    case "codec" -> null;
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    private static final Place PLACE = new Place(1, 1, 1, 1);

    private static final Delivery DELIVERY = new Delivery(
            PLACE,
            new Claim(new ClaimToken(new UUID(0, 1)), 1, 1, List.of(PLACE)).token(),
            new JobId(new UUID(0, 2)),
            1,
            1,
            1,
            0,
            0,
            "default",
            Priority.NORMAL,
            "transfer",
            1,
            new Payload.Kept(new Transfer(5)),
            Map.of(),
            Instant.EPOCH,
            null,
            false,
            false);

    private final class HeldByNobody implements Held {
        final List<Ending> completed = new ArrayList<>();
        volatile boolean cancelled;

        @Nullable
        RuntimeException refusal;

        @Override
        public boolean cancelled() {
            return cancelled;
        }

        @Override
        public void heartbeat() {}

        @Override
        public void progress(long done, long total) {}

        @Override
        public boolean keeps(LogLevel level) {
            return true;
        }

        @Override
        public void log(LogLevel level, String line) {}

        @Override
        public void checkpoint(Payload value) {}

        @Override
        public void checkpoint(Connection tx, Payload value) {}

        @Override
        public Optional<Payload> checkpoint() {
            return Optional.empty();
        }

        @Override
        public void complete(Connection tx, Ending ending) {
            connection.calls.add("complete");
            if (refusal != null) throw refusal;
            completed.add(ending);
        }

        @Override
        public Lease lease() {
            return new Lease(new NodeId(new UUID(0, 3)), new Epoch(1));
        }

        @Override
        public Ended ended(Ending ending) {
            return new Ended(DELIVERY, ending, null, Duration.ZERO);
        }
    }

    private static final class NoCodec implements Codec {
        @Override
        public String encode(@Nullable Object value) {
            throw new MillraceException("can't be written");
        }

        @Override
        public Object decode(String text, java.lang.reflect.Type type) {
            return text;
        }
    }
}
