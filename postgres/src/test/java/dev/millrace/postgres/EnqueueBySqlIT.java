package dev.millrace.postgres;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Job;
import dev.millrace.JobId;
import dev.millrace.JobOptions;
import dev.millrace.JobView;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Priority;
import dev.millrace.State;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Jobs that other programs enqueue, by the function of the schema. */
@ExtendWith(RealServer.class)
class EnqueueBySqlIT {

    private static final AtomicInteger DATABASES = new AtomicInteger();

    @Kind("send-invoice")
    record SendInvoice(long order) implements Job<String> {}

    @Kind("send-reminder")
    record SendReminder(long customer, String template) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.unique(customer, template);
        }
    }

    private final HikariDataSource pool;
    private final Millrace millrace;

    EnqueueBySqlIT(TestServer server) {
        pool = PostgresContract.pool(server.migratedDatabase("by_sql" + DATABASES.incrementAndGet()));
        millrace = Millrace.on(new PostgresStore(pool));
    }

    @AfterEach
    void close() {
        millrace.close();
        pool.close();
    }

    private static JobId enqueued(Connection tx, String arguments) throws SQLException {
        try (var statement = tx.createStatement();
                var rows = statement.executeQuery("SELECT millrace.enqueue(" + arguments + ")")) {
            rows.next();
            return new JobId(rows.getObject(1, UUID.class));
        }
    }

    private JobId enqueued(String arguments) throws SQLException {
        try (var connection = pool.getConnection()) {
            return enqueued(connection, arguments);
        }
    }

    private JobView view(JobId job) {
        return millrace.operations("a test").find(job).orElseThrow();
    }

    @Test
    void a_job_that_sql_enqueued_is_run_by_a_node() throws SQLException {
        millrace.node().handle(SendInvoice.class, job -> "sent " + job.order()).start();

        var job = enqueued("'send-invoice', '{\"order\": 42}'");

        assertThat(millrace.find(SendInvoice.class, job).get(ofSeconds(20))).isEqualTo("sent 42");
    }

    @Test
    void a_payload_that_does_not_fit_what_nodes_have_published_is_refused_by_the_name_of_its_field()
            throws SQLException {
        millrace.node().handle(SendInvoice.class, job -> "sent " + job.order()).start();
        Awaitility.await()
                .atMost(ofSeconds(20))
                .until(() -> !millrace.operations("a test").kinds().isEmpty());

        assertThatThrownBy(() -> enqueued("'send-invoice', '{\"ordr\": 42}'"))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining(
                        "The payload does not fit send-invoice v1: \"ordr\" is no field of send-invoice v1; its fields are \"order\"");
        assertThatThrownBy(() -> enqueued("'send-invoice', '{\"order\": \"42\"}'"))
                .hasMessageContaining("/order is \"42\"; it must be a whole number")
                .hasMessageContaining("millrace kinds --schema send-invoice --version 1");
        assertThatThrownBy(() -> enqueued("'send-invoice'")).hasMessageContaining("\"order\" is missing");
        assertThat(view(enqueued("'send-invoice', '[]', version => 7")).payload())
                .isEqualTo("[]");
        assertThat(view(enqueued("'nobody', '{\"a\": 1}'")).kind()).isEqualTo("nobody");
    }

    @Test
    void all_that_can_be_said_arrives() throws SQLException {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("SELECT millrace.add_queue('billing')");
        }
        var job = enqueued("""
                'send-invoice', '{"order": 42}', queue => 'billing', priority => 'high', version => 2, run_in => '5 minutes', expires_in => '1 day',
                tenant => 'acme', tags => '{spring,sale}', headers => '{"trace": "4bf9"}'
                """);

        var view = view(job);
        assertThat(view.state()).isEqualTo(State.SCHEDULED);
        assertThat(view.queue()).isEqualTo("billing");
        assertThat(view.priority()).isEqualTo(Priority.HIGH);
        assertThat(view.kindVersion()).isEqualTo(2);
        assertThat(view.payload()).isEqualTo("{\"order\": 42}");
        assertThat(view.headers())
                .containsEntry("tenant", "acme")
                .containsEntry("tags", "spring,sale")
                .containsEntry("trace", "4bf9");
        assertThat(view.runAt())
                .isBetween(view.enqueuedAt().plusSeconds(299), view.enqueuedAt().plusSeconds(301));
        assertThat(view.expiresAt()).isEqualTo(view.enqueuedAt().plus(Duration.ofDays(1)));
    }

    @Test
    void ids_are_of_version_seven_and_in_the_order_of_time() throws SQLException {
        var first = enqueued("'send-invoice'");
        var second = enqueued("'send-invoice'");
        while (millis(second) == millis(first)) second = enqueued("'send-invoice'");

        assertThat(first.value().version()).isEqualTo(7);
        assertThat(first.value().variant()).isEqualTo(2);
        assertThat(first.toString()).isLessThan(second.toString());
    }

    /** The first 48 bits of an id. */
    private static long millis(JobId job) {
        return job.value().getMostSignificantBits() >>> 16;
    }

    @Test
    void it_is_part_of_the_callers_transaction() throws SQLException {
        try (var tx = pool.getConnection()) {
            tx.setAutoCommit(false);
            var job = enqueued(tx, "'send-invoice'");
            tx.rollback();
            assertThat(millrace.operations("a test").find(job)).isEmpty();
            tx.setAutoCommit(true);
        }
    }

    @Test
    void an_idempotency_key_stands_for_one_request() throws SQLException {
        var first = enqueued("'send-invoice', '{\"order\":1}', idempotency_key => 'r-1'");

        assertThat(enqueued("'send-invoice', '{\"order\":1}', idempotency_key => 'r-1'"))
                .isEqualTo(first);
        assertThatThrownBy(() -> enqueued("'send-invoice', '{\"order\":2}', idempotency_key => 'r-1'"))
                .hasMessageContaining("stands for another request, job " + first);
    }

    @Test
    void a_unique_key_is_the_same_from_both_sides() throws SQLException {
        var first = millrace.enqueue(new SendReminder(7, "a \"quoted\" \\ one"));

        var again = enqueued("""
                'send-reminder', '{"customer": 7, "template": "x"}', unique_by => '[7, "a \\"quoted\\" \\\\ one"]'
                """);

        assertThat(again).isEqualTo(first.id());
        var other = enqueued("'send-reminder', '{}', unique_by => '[8, \"due\"]', unique_within => '1 day'");
        assertThat(millrace.enqueue(new SendReminder(8, "due")).id()).isEqualTo(other);
        var lengthy = "x".repeat(1_000);
        var hashed = millrace.enqueue(new SendReminder(9, lengthy));
        assertThat(enqueued("'send-reminder', '{}', unique_by => '[9, \"" + lengthy + "\"]'"))
                .isEqualTo(hashed.id());
    }

    @Test
    void both_keys_together_stand_for_the_job_that_is_there() throws SQLException {
        var first = millrace.enqueue(new SendReminder(7, "due"));

        assertThat(enqueued("'send-reminder', '{}', unique_by => '[7, \"due\"]', idempotency_key => 'r-2'"))
                .isEqualTo(first.id());
        first.cancel("not wanted");
        assertThat(enqueued("'send-reminder', '{}', unique_by => '[7, \"due\"]', idempotency_key => 'r-2'"))
                .isEqualTo(first.id());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'Send Invoice' | can't be called \"Send Invoice\"",
                "NULL | A kind can't be called",
                "'k', NULL | The payload is NULL",
                "'k', '{' | invalid input syntax for type json",
                "'k', queue => 'nowhere' | The queue \"nowhere\" is not known here yet",
                "'k', priority => 'soon' | There is no priority \"soon\"",
                "'k', version => 0 | The version of a kind can't be 0",
                "'k', run_in => '1 s', run_at => now() | two things about when the job runs",
                "'k', run_in => '-1 s' | lies in the past",
                "'k', expires_in => '0' | lies in the past",
                "'k', unique_within => '1 day' | there is none",
                "'k', unique_by => '7' | is a list of texts, numbers and booleans",
                "'k', unique_by => '[null]' | is a list of texts, numbers and booleans",
                "'k', tags => ARRAY['a,b'] | holds a comma",
                "'k', headers => '{\"tenant\": \"x\"}' | without the names tenant",
                "'k', headers => '{\"a\": 1}' | is an object of texts",
                "'k', tenant => ' ' | A tenant is empty",
                "'k', to_json(repeat('x', 300000)) | at most 262,144 are stored"
            })
    void what_is_wrong_is_refused_with_what_to_do(String arguments, String why) {
        assertThatThrownBy(() -> enqueued(arguments))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining(why);
        assertThat(millrace.operations("a test").list(f -> f)).isEmpty();
    }
}
