package dev.millrace.postgres;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Codec;
import dev.millrace.EncryptionKey;
import dev.millrace.Job;
import dev.millrace.JobId;
import dev.millrace.KeyRing;
import dev.millrace.KeyTaken;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Node;
import dev.millrace.Retry;
import dev.millrace.State;
import dev.millrace.Unique;
import dev.millrace.UnknownEncryptionKey;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What stands in the database of payloads that are encrypted, and who can read it. */
@ExtendWith(RealServer.class)
class EncryptedPayloadsIT {

    private static final AtomicInteger DATABASES = new AtomicInteger();

    private static final Duration SOON = ofSeconds(20);
    private static final String CARD = "4111-1111-1111-1111";

    @Kind("pay")
    record Pay(long order, String card) implements Job<Receipt> {}

    record Receipt(String number, String card) {}

    private final EncryptionKey may = key("2025-05", 5);
    private final EncryptionKey november = key("2025-11", 11);
    private final Codec before = PostgresStore.json().encrypted(KeyRing.writing(may));
    private final Codec after = PostgresStore.json()
            .encrypted(KeyRing.writing(november).alsoReading(may))
            .compressed();

    private final HikariDataSource pool;
    private final List<Millrace> open = new ArrayList<>();

    EncryptedPayloadsIT(TestServer server) {
        pool = PostgresContract.pool(server.migratedDatabase("encrypted" + DATABASES.incrementAndGet()));
    }

    private static EncryptionKey key(String id, int fill) {
        var bytes = new byte[32];
        Arrays.fill(bytes, (byte) fill);
        return EncryptionKey.of(id, bytes);
    }

    @AfterEach
    void close() {
        open.forEach(Millrace::close);
        pool.close();
    }

    private Millrace with(Codec codec) {
        var millrace = Millrace.on(new PostgresStore(pool).withCodec(codec));
        open.add(millrace);
        return millrace;
    }

    private static Node payments(Millrace millrace) {
        return millrace.node()
                .handle(Pay.class, (job, attempt) -> {
                    if (attempt.checkpoint(String.class).isEmpty()) {
                        attempt.checkpoint("checked " + job.card());
                        throw new IllegalStateException("once more");
                    }
                    return new Receipt("R-" + job.order(), job.card());
                })
                .retry(Retry.exponential(Duration.ofMillis(1)))
                .start();
    }

    private List<String> texts(String sql) throws SQLException {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            var found = new ArrayList<String>();
            while (rows.next()) found.add(rows.getString(1));
            return found;
        }
    }

    /** How many rows of the whole schema hold this text, in whatever column, but for some tables. */
    private long rowsWith(String text, String... except) throws SQLException {
        long found = 0;
        for (var table :
                texts("SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'millrace'"))
            if (!List.of(except).contains(table))
                found += Long.parseLong(
                        texts("SELECT count(*) FROM millrace.%s t WHERE t::TEXT LIKE '%%%s%%'".formatted(table, text))
                                .getFirst());
        return found;
    }

    private JobId enqueuedBySql(String arguments) throws SQLException {
        return new JobId(UUID.fromString(
                texts("SELECT millrace.enqueue(" + arguments + ")").getFirst()));
    }

    @Test
    void no_row_of_the_database_holds_what_payload_result_and_checkpoint_say() throws SQLException {
        var millrace = with(before);
        payments(millrace);

        var handle = millrace.enqueue(new Pay(42, CARD), o -> o.idempotencyKey("request-1"));
        millrace.enqueue(new Pay(43, CARD), o -> o.in(ofDays(1)).unique(Unique.by(43)));
        millrace.enqueueAll(IntStream.range(0, 20).mapToObj(i -> new Pay(i, CARD)))
                .forEach(one -> assertThat(one.get(SOON).card()).isEqualTo(CARD));

        assertThat(handle.get(SOON)).isEqualTo(new Receipt("R-42", CARD));
        assertThat(rowsWith(CARD)).isZero();
        assertThat(rowsWith("order", "kind_schema"))
                .as("the names of fields stand in what nodes publish, and nowhere else")
                .isZero();
        assertThat(texts("SELECT payload FROM millrace.job_log WHERE kind = 'pay'"))
                .isNotEmpty()
                .allMatch(text -> text.startsWith("{\"$millrace\":\"encrypted:1:2025-05:plain:"));
        assertThat(millrace.operations("mara").find(handle.id()).orElseThrow().payload())
                .isEqualTo("{\"order\":42,\"card\":\"" + CARD + "\"}");
    }

    @Test
    void sql_goes_on_reading_the_columns_as_json_and_counts_what_was_written_with_which_key() throws SQLException {
        with(before).enqueue(new Pay(1, CARD));
        with(before).enqueue(new Pay(2, CARD));
        with(after).enqueue(new Pay(3, CARD));
        enqueuedBySql("'pay', '{\"order\": 4, \"card\": \"x\"}'");

        var keys = texts("""
                SELECT key || ' ' || count FROM (
                    SELECT substring(text FROM '"encrypted:1:([^:]+):') AS key, count(*)
                      FROM (SELECT payload FROM millrace.job_log UNION ALL SELECT payload FROM millrace.timer
                            UNION ALL SELECT payload FROM millrace.parked UNION ALL SELECT result FROM millrace.outcome
                            UNION ALL SELECT value FROM millrace.checkpoint) stored (text)
                     WHERE text LIKE '{"$millrace":%"encrypted:1:%' GROUP BY 1) keys ORDER BY key""");

        assertThat(keys).containsExactly("2025-05 2", "2025-11 1");
        assertThat(texts("SELECT count(*) FROM millrace.job_log WHERE payload::JSON ->> '$millrace' IS NULL"))
                .containsExactly("1");
    }

    @Test
    void jobs_in_the_clear_of_before_the_switch_and_of_sql_run_as_before() throws SQLException {
        var plain = with(PostgresStore.json()).enqueue(new Pay(1, CARD));
        var bySql = enqueuedBySql("'pay', '{\"order\": 2, \"card\": \"" + CARD + "\"}'");

        var millrace = with(before);
        payments(millrace);

        assertThat(millrace.find(Pay.class, plain.id()).get(SOON)).isEqualTo(new Receipt("R-1", CARD));
        assertThat(millrace.find(Pay.class, bySql).get(SOON)).isEqualTo(new Receipt("R-2", CARD));
    }

    @Test
    void a_key_is_changed_while_both_write_and_each_reads_what_the_other_wrote() {
        var old = with(PostgresStore.json().encrypted(KeyRing.writing(may).alsoReading(november)));
        var young = with(after);
        payments(young);

        var fromOld = old.enqueue(new Pay(1, CARD));
        var fromYoung = young.enqueue(new Pay(2, "card ".repeat(500)));

        assertThat(fromOld.get(SOON)).isEqualTo(new Receipt("R-1", CARD));
        assertThat(old.find(Pay.class, fromYoung.id()).get(SOON)).isEqualTo(new Receipt("R-2", "card ".repeat(500)));
    }

    @Test
    void an_idempotency_key_recognises_the_same_request_also_across_a_change_of_keys() throws SQLException {
        var young = with(after);
        var plain = with(PostgresStore.json()).enqueue(new Pay(1, CARD), o -> o.idempotencyKey("of-before"));
        var first = with(before).enqueue(new Pay(1, CARD), o -> o.idempotencyKey("request-1"));

        assertThat(with(before)
                        .enqueue(new Pay(1, CARD), o -> o.idempotencyKey("request-1"))
                        .id())
                .isEqualTo(first.id());
        assertThat(young.enqueue(new Pay(1, CARD), o -> o.idempotencyKey("request-1"))
                        .id())
                .isEqualTo(first.id());
        assertThat(young.enqueue(new Pay(1, CARD), o -> o.idempotencyKey("of-before"))
                        .id())
                .isEqualTo(plain.id());
        assertThatThrownBy(() -> young.enqueue(new Pay(2, CARD), o -> o.idempotencyKey("request-1")))
                .isInstanceOf(KeyTaken.class)
                .hasMessageNotContaining(CARD);
        assertThat(texts("SELECT request FROM millrace.idempotency_key WHERE key = 'request-1'")
                        .getFirst())
                .contains("with payload hmac-sha256:2025-05:");
    }

    @Test
    void a_job_that_this_process_has_no_key_for_is_parked_with_the_reason_and_runs_where_the_key_is() {
        var handle = with(after).enqueue(new Pay(1, CARD));
        var wrong = with(before);
        var node = payments(wrong);

        await().atMost(SOON)
                .untilAsserted(
                        () -> assertThat(texts("SELECT parking || ': ' || reason FROM millrace.parked"))
                                .containsExactly(
                                        "undecodable: The payload of kind pay version 1 can't be read. It was encrypted with key 2025-11, which this process does not know; it knows 2025-05. Add it to the key ring, alsoReading(…), and start the process again."));
        assertThat(handle.state()).isEqualTo(State.AVAILABLE);
        assertThat(wrong.operations("mara").why(handle.id()).toString()).contains("encrypted with key 2025-11");
        assertThat(wrong.operations("mara").find(handle.id()).orElseThrow().payload())
                .isEqualTo("{\"$millrace\":\"encrypted with key 2025-11, 40 bytes\"}");
        node.close();

        var right = with(after);
        payments(right);
        assertThat(right.find(Pay.class, handle.id()).get(SOON)).isEqualTo(new Receipt("R-1", CARD));
        assertThatThrownBy(() -> wrong.find(Pay.class, handle.id()).get(ZERO)).isInstanceOf(UnknownEncryptionKey.class);
    }

    @Test
    void a_row_that_was_changed_is_parked_and_not_guessed_at() throws SQLException {
        var millrace = with(before);
        var first = millrace.enqueue(new Pay(1, CARD), o -> o.in(ofDays(1)));
        try (var connection = pool.getConnection();
                var statement = connection.createStatement()) {
            statement.executeUpdate(
                    "UPDATE millrace.timer SET payload = overlay(payload PLACING 'AAAA' FROM 60), run_at = clock_timestamp()");
        }
        payments(millrace);

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(
                                texts("SELECT reason FROM millrace.parked").getFirst())
                        .contains("It does not open with key 2025-05: it was changed"));
        assertThat(first.state()).isEqualTo(State.AVAILABLE);
    }
}
