package dev.millrace.postgres;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.JobFailed;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.Misfit;
import dev.millrace.Outcome;
import dev.millrace.PayloadRefused;
import dev.millrace.Priority;
import dev.millrace.ResultExpired;
import dev.millrace.Retry;
import dev.millrace.State;
import dev.millrace.store.StoreException;
import dev.millrace.world.SystemWorld;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a user types, on a real server: above all, what commits together. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(RealServer.class)
class FrontDoorIT {

    private static final Duration SOON = ofSeconds(30);

    record Line(String sku, BigDecimal price) {}

    record Receipt(String number, LocalDate day, List<Line> lines) {}

    @Kind(value = "send-invoice", version = 2)
    record SendInvoice(long order, String currency) implements Job<Receipt> {
        @Kind("send-invoice")
        record V1(long order) {}
    }

    @Kind("send-invoice")
    record SendInvoiceAsItWas(long order) implements Job<Receipt> {}

    @Kind("transfer")
    record Transfer(int cents) implements Job<Integer> {}

    /** No node runs it, so that none publishes what it looks like. */
    @Kind("to-check")
    record ToCheck(int cents) implements Job<Integer> {}

    @Kind("odd")
    record Odd(String text) implements Job<Void> {}

    @Kind("note")
    record Note(String text) implements Job<Void> {}

    @Kind("say")
    record Say(String text) implements Job<String> {}

    private final HikariDataSource pool;
    private Millrace millrace;

    @SuppressWarnings("NullAway.Init") // opened before each test
    FrontDoorIT(TestServer server) {
        pool = PostgresContract.pool(server.freshDatabase("front"));
    }

    @BeforeAll
    void ledger() throws SQLException {
        execute("CREATE TABLE ledger (cents int NOT NULL)");
    }

    @BeforeEach
    void open() throws SQLException {
        execute("TRUNCATE ledger");
        millrace = Millrace.on(new PostgresStore(pool));
    }

    @AfterEach
    void close() {
        millrace.close();
    }

    @AfterAll
    void stop() {
        pool.close();
    }

    @Test
    void a_result_of_records_lists_and_dates_comes_back_as_it_was() {
        var receipt =
                new Receipt("R-42", LocalDate.of(2026, 11, 23), List.of(new Line("chair", new BigDecimal("9.90"))));
        millrace.node().handle(SendInvoice.class, job -> receipt).start();

        assertThat(millrace.enqueue(new SendInvoice(42, "EUR")).get(SOON)).isEqualTo(receipt);
    }

    @Test
    void any_text_comes_back_as_it_was() {
        millrace.node().handle(Say.class, Say::text).start();

        for (var text : List.of("", "\0", "\uD83D", "\uDE00\uD83D", "😀", "\uFFFF", "e\u0301", "\u001b[31m", "\\u0000"))
            assertThat(millrace.enqueue(new Say(text)).get(SOON)).isEqualTo(text);
    }

    @Test
    void a_payload_that_can_not_even_be_quoted_is_put_aside_and_its_neighbours_run() {
        var strange = millrace.operations("a test").enqueue("odd", 1, "{\"text\":\"a\",\"\\u0000\\ud83d\":1}", o -> o);
        var plain = millrace.enqueue(new Note("a neighbour"));
        millrace.node()
                .handle(Note.class, note -> {})
                .handle(Odd.class, odd -> {})
                .start();

        plain.get(SOON);

        Awaitility.await()
                .atMost(SOON)
                .untilAsserted(() -> assertThat(millrace.operations("a test")
                                .find(strange.id())
                                .orElseThrow()
                                .reason())
                        .contains("does not fit"));
    }

    @Test
    void a_reason_may_say_what_no_database_can_hold() {
        var cancelled = millrace.enqueue(new Note("unwanted"));
        var refused = millrace.enqueue(new Say("refused"));
        millrace.node()
                .decide(Say.class, (say, attempt) -> Outcome.cancel("half a \uD83D and a \0"))
                .start();

        assertThat(cancelled.cancel("a \0")).isEqualTo(State.CANCELLED);
        assertThatThrownBy(() -> refused.get(SOON)).hasMessageContaining("half a \uFFFD and a \uFFFD");
    }

    @Test
    void a_moment_before_all_times_that_a_database_knows_is_now() {
        millrace.node().handle(Note.class, note -> {}).start();

        millrace.enqueue(new Note("late"), o -> o.at(Instant.MIN)).get(SOON);
    }

    @Test
    void a_payload_of_an_older_build_is_brought_up() {
        millrace.node()
                .handle(SendInvoice.class, job -> new Receipt(job.order() + job.currency(), LocalDate.EPOCH, List.of()))
                .upcast(SendInvoice.V1.class, SendInvoice.class, v1 -> new SendInvoice(v1.order(), "EUR"))
                .start();

        assertThat(millrace.enqueue(new SendInvoiceAsItWas(7)).get(SOON).number())
                .isEqualTo("7EUR");
    }

    @Test
    void a_job_and_a_row_are_enqueued_both_or_neither() throws SQLException {
        Handle<Void> lost;
        Handle<Void> kept;
        List<Handle<Void>> many;
        try (var tx = transaction()) {
            insert(tx, 1);
            lost = millrace.enqueue(tx, new Note("lost"));
            tx.rollback();
            insert(tx, 2);
            kept = millrace.enqueue(tx, new Note("kept"));
            many = millrace.enqueueAll(
                    tx, IntStream.range(0, 100).mapToObj(i -> new Note("n" + i)), o -> o.priority(Priority.BULK));
            tx.commit();
        }
        millrace.node().handle(Note.class, note -> {}).start();

        kept.get(SOON);
        many.get(99).get(SOON);
        assertThat(written()).containsExactly(2);
        assertThatThrownBy(lost::state).isInstanceOf(MillraceException.class).hasMessageContaining("is not known");
    }

    @Test
    void a_connection_that_commits_by_itself_is_refused() throws SQLException {
        try (var connection = pool.getConnection()) {
            assertThatThrownBy(() -> millrace.enqueue(connection, new Note("x")))
                    .hasMessageStartingWith("The job would be enqueued even if your next statement failed.");
        }
    }

    @Test
    void what_a_transact_handler_writes_is_there_once_however_often_it_ran() throws SQLException {
        var runs = new AtomicInteger();
        millrace.node()
                .transact(Transfer.class, (transfer, tx) -> {
                    insert(tx, transfer.cents());
                    if (runs.incrementAndGet() < 3) throw new IllegalStateException("crashed after the write");
                    return runs.get();
                })
                .retry(Retry.fixed(ofMillis(1)))
                .start();

        assertThat(millrace.enqueue(new Transfer(5)).get(SOON)).isEqualTo(3);
        assertThat(written()).containsExactly(5);
    }

    @Test
    void a_refused_commit_fails_the_attempt_and_writes_nothing() throws SQLException {
        execute("CREATE TABLE deferred (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
        millrace.node()
                .transact(Transfer.class, (transfer, tx) -> {
                    try (var statement = tx.createStatement()) {
                        statement.execute("INSERT INTO deferred VALUES (1), (1)");
                    }
                    return 1;
                })
                .retry(Retry.none())
                .start();

        var handle = millrace.enqueue(new Transfer(5));

        assertThatThrownBy(() -> handle.get(SOON)).isInstanceOf(JobFailed.class).hasMessageContaining("duplicate key");
    }

    @Test
    void complete_counts_when_its_transaction_commits_and_only_then() throws SQLException {
        var runs = new AtomicInteger();
        millrace.node()
                .decide(Transfer.class, (transfer, attempt) -> {
                    try (var tx = transaction()) {
                        insert(tx, transfer.cents());
                        attempt.checkpoint(tx, attempt.number());
                        var outcome = attempt.complete(tx, attempt.number());
                        if (runs.incrementAndGet() < 2) {
                            tx.rollback();
                        } else {
                            tx.commit();
                        }
                        return outcome;
                    }
                })
                .retry(Retry.fixed(ofMillis(1)))
                .start();

        assertThat(millrace.enqueue(new Transfer(5)).get(SOON)).isEqualTo(2);
        assertThat(written()).containsExactly(5);
    }

    @Test
    void an_ending_in_another_process_is_seen_here() {
        try (var elsewhere = Millrace.on(new PostgresStore(pool))) {
            elsewhere.node().handle(Transfer.class, Transfer::cents).start();

            var handle = millrace.enqueue(new Transfer(5));

            assertThat(handle.get(SOON)).isEqualTo(5);
            assertThat(millrace.find(Transfer.class, handle.id()).await(Duration.ZERO))
                    .isEqualTo(handle.await(SOON));
        }
    }

    @Test
    void a_checkpoint_a_child_and_a_key_survive_as_text() {
        millrace.node()
                .decide(Transfer.class, (transfer, attempt) -> {
                    if (attempt.checkpoint(Line.class).isEmpty()) {
                        attempt.checkpoint(new Line("chair", BigDecimal.ONE));
                        attempt.enqueue(new Note("child"), o -> o.idempotencyKey("child-of-" + attempt.job()));
                        return Outcome.snooze(ofMillis(1), "later");
                    }
                    var child = attempt.enqueue(new Note("child"), o -> o.idempotencyKey("child-of-" + attempt.job()));
                    return Outcome.done(child.existed() ? 1 : 0);
                })
                .handle(Note.class, note -> {})
                .start();

        assertThat(millrace.enqueue(new Transfer(5)).get(SOON)).isEqualTo(1);
    }

    @Test
    void a_payload_that_does_not_fit_is_refused_here_and_parked_there() {
        millrace.node().handle(Transfer.class, Transfer::cents).start();
        var ops = millrace.operations("cli");

        assertThatThrownBy(() -> ops.enqueue("transfer", 1, "{\"cents\": \"many\"}", o -> o))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("does not fit");
        assertThatThrownBy(() -> ops.enqueue("note", 1, "{\"text\": ", o -> o)).isInstanceOf(MillraceException.class);
        assertThat(ops.enqueue("transfer", 1, "{\"cents\": 7}", o -> o).get(SOON))
                .isEqualTo(7);
    }

    @Test
    void who_has_no_node_is_told_which_field_does_not_fit_the_version_that_is_meant() {
        var node = millrace.node()
                .handle(SendInvoice.class, job -> new Receipt("R", LocalDate.EPOCH, List.of()))
                .upcast(SendInvoice.V1.class, SendInvoice.class, v1 -> new SendInvoice(v1.order(), "EUR"))
                .start();
        Awaitility.await()
                .atMost(SOON)
                .until(() -> millrace.operations("a test").kinds().stream()
                                .filter(one -> one.kind().equals("send-invoice"))
                                .count()
                        == 2);
        node.close();
        try (var elsewhere = Millrace.on(new PostgresStore(pool))) {
            var ops = elsewhere.operations("cli");

            assertThatThrownBy(() -> ops.enqueue("send-invoice", 2, "{\"ordr\":1,\"currency\":\"EUR\"}", o -> o))
                    .isInstanceOfSatisfying(
                            PayloadRefused.class,
                            refused -> assertThat(refused.misfits())
                                    .extracting(Misfit::pointer)
                                    .containsExactly("/ordr", "/order"))
                    .hasMessageContaining("does not fit send-invoice v2")
                    .hasMessageContaining("\"ordr\" is no field of send-invoice v2; did you mean \"order\"?");
            assertThat(ops.enqueue("send-invoice", 1, "{\"order\":1}", o -> o.queue("elsewhere"))
                            .existed())
                    .isFalse();
            assertThat(ops.enqueue("send-invoice", 3, "[]", o -> o.queue("elsewhere"))
                            .existed())
                    .as("of a version that nobody has published nothing is known")
                    .isFalse();
            assertThat(ops.kind("send-invoice", 3)).isEmpty();
        }
    }

    @Test
    void a_result_that_was_kept_for_a_time_is_given_and_then_gone() {
        millrace.node()
                .handle(Say.class, Say::text)
                .keepResult(Duration.ofDays(1))
                .start();
        var kept = millrace.enqueue(new Say("a secret"));
        assertThat(kept.get(SOON)).isEqualTo("a secret");
        assertThat(millrace.find(Say.class, kept.id()).get(SOON)).isEqualTo("a secret");

        millrace.close();
        millrace = Millrace.on(new PostgresStore(pool));
        millrace.node().handle(Say.class, Say::text).keepResult(ofMillis(1)).start();
        var gone = millrace.enqueue(new Say("a secret"));

        Awaitility.await().atMost(SOON).until(() -> gone.state() == State.COMPLETED);
        Awaitility.await()
                .atMost(SOON)
                .untilAsserted(() -> assertThatThrownBy(() -> gone.get(SOON)).isInstanceOf(ResultExpired.class));
        assertThat(millrace.operations("a test").find(gone.id()).orElseThrow().result())
                .contains("the result was kept for 1 ms, until ")
                .doesNotContain("a secret");
    }

    @Test
    void one_that_waits_says_why() {
        var ops = millrace.operations("mara");
        var lonely = millrace.enqueue(new Note("x"), o -> o.queue("elsewhere"));

        assertThat(ops.why(lonely.id()).reasons().get(0).text()).contains("elsewhere");
        assertThat(lonely.cancel("a test")).isEqualTo(State.CANCELLED);
        assertThat(ops.why(lonely.id()).reasons().get(0).text()).startsWith("It was cancelled");
    }

    @Test
    void a_check_finds_what_would_not_fit_before_it_is_deployed() {
        var ops = millrace.operations("cli");
        ops.enqueue("to-check", 1, "{\"cents\": 7}", o -> o.queue("checked"));
        var bad = ops.enqueue(
                "to-check", 1, "{\"cents\": \"many\"}", o -> o.queue("checked").in(Duration.ofHours(1)));

        var check = millrace.node()
                .queue("checked")
                .handle(ToCheck.class, ToCheck::cents)
                .check();

        assertThat(check.complete()).isTrue();
        assertThat(check.kinds()).singleElement().satisfies(kind -> {
            assertThat(kind.looked()).isEqualTo(2);
            assertThat(kind.refused()).isEqualTo(1);
            assertThat(kind.example()).isEqualTo(bad.id());
            assertThat(kind.why()).contains("does not fit");
        });
    }

    @Test
    void who_requeued_a_job_and_why_is_kept() throws SQLException {
        var job = millrace.enqueue(new Note("x"), o -> o.queue("elsewhere"));
        job.cancel("a test");

        assertThat(millrace.operations("mara").requeue(job.id(), "it is wanted after all"))
                .contains(State.CANCELLED);

        try (var connection = pool.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(
                        "SELECT by || ': ' || reason FROM millrace.audit WHERE action = 'requeue' AND target = '%s'"
                                .formatted(job.id()))) {
            assertThat(rows.next()).isTrue();
            assertThat(rows.getString(1)).isEqualTo("mara: it is wanted after all");
        }
    }

    @Test
    void a_pool_that_is_one_connection_too_small_is_told_so_and_keeps_what_it_has() throws SQLException {
        try (var small = PostgresContract.pool(pool.getJdbcUrl())) {
            small.setMaximumPoolSize(PostgresStore.NODE_CONNECTIONS);
            small.setConnectionTimeout(500);
            try (var cramped = Millrace.on(new PostgresStore(small))) {
                var node = cramped.node().handle(Note.class, note -> {});

                assertThatThrownBy(node::start)
                        .isInstanceOf(MillraceException.class)
                        .hasMessageContaining("needs 7 connections of its own")
                        .hasMessageContaining("Raise its maximum pool size to 8 or more");

                assertThat(small.getHikariPoolMXBean().getActiveConnections()).isZero();
            }
        }
    }

    @Test
    void a_database_that_goes_away_while_a_node_begins_is_not_taken_for_a_small_pool() {
        var given = new AtomicInteger();
        var breaking = (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    if (given.incrementAndGet() > 4) throw new SQLException("the connection was reset", "08006");
                    return pool.getConnection();
                });
        try (var storage = new PostgresStore(breaking).withoutMigration().open(new SystemWorld())) {
            assertThatThrownBy(storage::reserveNode)
                    .isInstanceOf(StoreException.Unavailable.class)
                    .hasMessageContaining("can't be reached")
                    .hasMessageNotContaining("pool");
        }
    }

    private Connection transaction() throws SQLException {
        var connection = pool.getConnection();
        connection.setAutoCommit(false);
        return connection;
    }

    private static void insert(Connection tx, int cents) throws SQLException {
        try (var statement = tx.prepareStatement("INSERT INTO ledger VALUES (?)")) {
            statement.setInt(1, cents);
            statement.execute();
        }
    }

    private void execute(String sql) throws SQLException {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private List<Integer> written() throws SQLException {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT cents FROM ledger ORDER BY cents")) {
            var found = new java.util.ArrayList<Integer>();
            while (rows.next()) found.add(rows.getInt(1));
            return found;
        }
    }
}
