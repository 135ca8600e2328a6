package dev.millrace.postgres;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.IfFailed;
import dev.millrace.Job;
import dev.millrace.JobId;
import dev.millrace.JobOptions;
import dev.millrace.JobView;
import dev.millrace.Kind;
import dev.millrace.Limit;
import dev.millrace.Millrace;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.StreamInfo;
import dev.millrace.world.SystemWorld;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.json.JsonMapper;

/** What SQL can say of a job besides its payload and its time: the same as Java, to the letter. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(RealServer.class)
class OptionsBySqlIT {

    private static final Duration SOON = ofSeconds(20);
    private static final JsonMapper JSON = new JsonMapper();

    @Kind("step")
    record Step(int n) implements Job<Integer> {}

    private final TestServer server;
    private final HikariDataSource pool;
    private final Millrace millrace;

    OptionsBySqlIT(TestServer server) {
        this.server = server;
        var database = server.migratedDatabase("options_by_sql");
        pool = PostgresContract.pool(database);
        millrace = Millrace.on(new PostgresStore(pool));
    }

    @AfterAll
    void close() {
        millrace.close();
        pool.close();
    }

    // ---- calls

    private static String text(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return String.valueOf(rows.getString(1));
        }
    }

    private String text(String sql) throws SQLException {
        try (var connection = pool.getConnection()) {
            return text(connection, sql);
        }
    }

    private static JobId enqueued(Connection connection, String arguments) throws SQLException {
        return JobId.of(text(connection, "SELECT millrace.enqueue('step', '{\"n\": 1}', " + arguments + ")"));
    }

    private JobId enqueued(String arguments) throws SQLException {
        try (var connection = pool.getConnection()) {
            return enqueued(connection, arguments);
        }
    }

    private void make(String... statements) throws SQLException {
        try (var connection = pool.getConnection()) {
            for (var statement : statements) text(connection, "SELECT millrace." + statement);
        }
    }

    private JobView view(JobId job) {
        return millrace.operations("a test").find(job).orElseThrow();
    }

    private static String ids(JobId... jobs) {
        return List.of(jobs).stream()
                .map(job -> "'" + job + "'")
                .collect(Collectors.joining(",", "ARRAY[", "]::uuid[]"));
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    private int shard(JobId job) throws SQLException {
        return Integer.parseInt(text("""
                SELECT s.shard FROM (SELECT stream, job_id FROM millrace.job_log UNION ALL SELECT stream, job_id FROM millrace.timer) j
                  JOIN millrace.stream s ON s.id = j.stream WHERE j.job_id = '%s'""".formatted(job)));
    }

    // ---- order and limits

    private static List<Object> keys() {
        var keys = new ArrayList<Object>(List.of(
                "42",
                42,
                42L,
                -7,
                0,
                Long.MAX_VALUE,
                Long.MIN_VALUE,
                new BigInteger("123456789012345678901234567890"),
                new BigDecimal("42.0"),
                new BigDecimal("1.50"),
                new BigDecimal("0.00"),
                new BigDecimal("-0.5"),
                new BigDecimal("1E+30"),
                new BigDecimal("1E-20"),
                new BigDecimal("123456789.987654321000"),
                true,
                false));
        keys.addAll(List.of(
                "true",
                "a b",
                " a ",
                "it's \"quoted\" \\ and \\\" more",
                "comma, (bracket)",
                "a\nb\tc\u0001\u007f",
                "é",
                "e\u0301",
                "漢字",
                "مرحبا",
                "😀 👩‍👩‍👧‍👦",
                "\uFFFD\u00A0x\u2028",
                "null",
                "x".repeat(196),
                "x".repeat(197),
                "é".repeat(196),
                "é".repeat(197),
                "漢".repeat(150),
                "😀".repeat(98),
                "😀".repeat(99),
                "\"".repeat(98),
                "\"".repeat(99),
                "y".repeat(5_000)));
        var random = new SplittableRandom(42);
        for (int i = 0; i < 60; i++) {
            var text = new StringBuilder("k");
            for (int n = random.nextInt(120); n > 0; n--)
                text.appendCodePoint(
                        switch (random.nextInt(4)) {
                            case 0 -> random.nextInt(0x20, 0x7F);
                            case 1 -> random.nextInt(0xA0, 0x800);
                            case 2 -> random.nextInt(0x4E00, 0x9FFF);
                            default -> random.nextInt(0x1F300, 0x1F600);
                        });
            keys.add(text.toString());
        }
        return keys;
    }

    private record Said(UnaryOperator<JobOptions> java, String sql) {}

    private static Said said(int n, List<Object> values) {
        var array = values.toArray();
        var json = literal(JSON.writeValueAsString(values));
        var shop = Limit.named("shop");
        return switch (n % 5) {
            case 0 -> new Said(o -> o.inOrder(array), "in_order => " + json);
            case 1 ->
                new Said(
                        o -> o.limit(shop.concurrency(2), array),
                        "limit_name => 'shop', concurrency => 2, limit_by => " + json);
            case 2 ->
                new Said(
                        o -> o.inOrder("account", 7).limit(shop.concurrency(100_000), array),
                        "in_order => '[\"account\", 7]', limit_name => 'shop', concurrency => 100000, limit_by => "
                                + json);
            case 3 ->
                new Said(
                        o -> o.limit(shop.rate(100, ofMinutes(1)).burst(20).weight(5), array)
                                .tenant("acme")
                                .share(3)
                                .tag("a"),
                        "limit_name => 'shop', rate => 100, rate_per => '1 minute', burst => 20, weight => 5, tenant => 'acme', share => 3, tags => '{a}', limit_by => "
                                + json);
            default ->
                new Said(
                        o -> o.inOrder(array).limit(shop.concurrency(3).rate(7, ofMillis(1_500))),
                        "limit_name => 'shop', concurrency => 3, rate => 7, rate_per => '1.5 s', weight => 1, in_order => "
                                + json);
        };
    }

    /** Both enqueue it, and what stands in the database is compared there. */
    @Test
    void orders_and_limits_are_the_same_lines_from_both_sides() throws SQLException {
        make("add_keyed_shards('lines')");
        var differ = new ArrayList<String>();
        int shards = 0;
        try (var tx = pool.getConnection()) {
            tx.setAutoCommit(false);
            var keys = keys();
            for (int i = 0; i < keys.size(); i++) {
                for (int n = 0; n < 5; n++) {
                    var said = said(
                            n,
                            n == 4
                                    ? List.of("account", keys.get(i), keys.get((i + 1) % keys.size()))
                                    : List.of(keys.get(i)));
                    var java = millrace.enqueue(
                                    tx, new Step(1), o -> said.java().apply(o.queue("lines")))
                            .id();
                    var sql = enqueued(tx, "queue => 'lines', " + said.sql());
                    var same = text(tx, """
                            SELECT (count(DISTINCT (stream, headers)) = 1 AND count(*) = 2) || ' ' || string_agg(stream || ' ' || headers, ' and ')
                              FROM millrace.job_log WHERE job_id IN ('%s', '%s') AND stream >= 1000000000""".formatted(java, sql));
                    if (!same.startsWith("true ")) differ.add(said.sql() + ": " + same);
                }
            }
            shards = Integer.parseInt(
                    text(
                            tx,
                            "SELECT count(DISTINCT l.stream) FROM millrace.job_log l JOIN millrace.stream s ON s.id = l.stream WHERE s.queue = 'lines'"));
            tx.rollback();
            tx.setAutoCommit(true);
        }
        assertThat(differ).isEmpty();
        assertThat(shards).isEqualTo(16);
    }

    @Test
    void jobs_of_one_key_run_in_their_order_whoever_enqueued_them() throws SQLException {
        make("add_keyed_shards('turns')");
        var order = Collections.synchronizedList(new ArrayList<Integer>());
        for (int n = 0; n < 10; n++) {
            int turn = n;
            if (n % 2 == 0)
                millrace.enqueue(new Step(turn), o -> o.queue("turns").inOrder("account", 7));
            else
                text("SELECT millrace.enqueue('step', '{\"n\": %d}', queue => 'turns', in_order => '[\"account\", 7]')"
                        .formatted(n));
        }
        var last = enqueued("queue => 'turns', in_order => '[\"account\", 7]'");

        millrace.node()
                .queue("turns")
                .handle(Step.class, job -> {
                    order.add(job.n());
                    return job.n();
                })
                .start();

        assertThat(millrace.find(Step.class, last).get(SOON)).isEqualTo(1);
        assertThat(order).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1);
    }

    @Test
    void keyed_shards_are_not_made_in_a_callers_transaction_and_nobody_waits_for_it() throws SQLException {
        make("add_queue('no-shards')");
        try (var tx = pool.getConnection()) {
            tx.setAutoCommit(false);
            text(tx, "SELECT pg_current_xact_id()");
            assertThatThrownBy(() -> enqueued(tx, "queue => 'no-shards', in_order => '[7]'"))
                    .hasMessageContaining(
                            "The queue \"no-shards\" has no keyed shards yet, in which jobs with an order or a limit wait")
                    .hasMessageContaining("in a transaction of its own: SELECT millrace.add_keyed_shards('no-shards')");
            make("add_keyed_shards('no-shards')"); // while that one is open
            tx.rollback();
            tx.setAutoCommit(true);
        }
        assertThat(shard(enqueued("queue => 'no-shards', in_order => '[7]'"))).isGreaterThanOrEqualTo(StreamInfo.KEYED);
        assertThatThrownBy(() -> enqueued("queue => 'nowhere', in_order => '[7]'"))
                .hasMessageContaining("SELECT millrace.add_keyed_shards('nowhere')");
    }

    // ---- after others

    @Test
    void a_job_runs_after_others_by_sql_as_by_java() throws SQLException {
        make("add_queue('after')");
        JobId first;
        JobId second;
        JobId third;
        try (var tx = pool.getConnection()) {
            tx.setAutoCommit(false);
            first = enqueued(tx, "queue => 'after'");
            second = enqueued(tx, "queue => 'after'");
            third = enqueued(
                    tx, "queue => 'after', after => %s, run_in => '1 ms'".formatted(ids(first, second, first)));
            tx.commit();
            tx.setAutoCommit(true);
        }
        var java = millrace.enqueue(
                new Step(2), o -> o.queue("after").after(first, second).in(ofMillis(1)));
        var fourth = enqueued("queue => 'after', after => %s".formatted(ids(third)));

        assertThat(view(third).state()).isEqualTo(State.SCHEDULED);
        assertThat(view(third).reason())
                .isEqualTo("runs after job " + first + " and one other")
                .isEqualTo(view(java.id()).reason());
        assertThat(view(fourth).reason()).isEqualTo("runs after job " + third);
        assertThat(text("""
                SELECT count(DISTINCT (d.runs, d.not_before IS NULL, d.text, d.why, d.state)) FROM millrace.dependent d WHERE d.job IN ('%s', '%s')""".formatted(third, java.id()))).isEqualTo("1");

        millrace.node().queue("after").handle(Step.class, job -> job.n()).start();

        assertThat(millrace.find(Step.class, fourth).get(SOON)).isEqualTo(1);
        assertThat(java.get(SOON)).isEqualTo(2);
        var late = enqueued("queue => 'after', after => %s".formatted(ids(first)));
        assertThat(view(late).state()).as("all have ended").isEqualTo(State.AVAILABLE);
    }

    @Test
    void if_one_of_the_others_has_failed_it_is_cancelled_or_runs_as_it_says() throws SQLException {
        make("add_queue('failed')");
        var blocker = millrace.enqueue(new Step(1), o -> o.queue("failed"));
        blocker.cancel("not wanted");

        var cancelled = enqueued("queue => 'failed', after => %s".formatted(ids(blocker.id())));
        var runs = enqueued("queue => 'failed', if_failed => 'run', after => %s".formatted(ids(blocker.id())));

        assertThat(view(cancelled).state()).isEqualTo(State.CANCELLED);
        assertThat(view(cancelled).reason()).isEqualTo("it runs after job " + blocker.id() + ", which was cancelled");
        assertThat(view(runs).state()).isEqualTo(State.AVAILABLE);
        assertThat(millrace.enqueue(
                                new Step(1),
                                o -> o.queue("failed").after(blocker.id()).ifFailed(IfFailed.RUN))
                        .state())
                .isEqualTo(State.AVAILABLE);
    }

    @Test
    void who_holds_the_unique_key_waits_for_what_it_has_said_itself() throws SQLException {
        make("add_queue('held')");
        var blocker = enqueued("queue => 'held'");
        var holder = enqueued("queue => 'held', unique_by => '[1]', after => %s".formatted(ids(blocker)));

        assertThat(enqueued("queue => 'held', unique_by => '[1]', after => %s".formatted(ids(holder))))
                .isEqualTo(holder);
        assertThat(text("SELECT string_agg(blocker::TEXT, ' ') FROM millrace.dependency WHERE job = '%s'"
                        .formatted(holder)))
                .isEqualTo(blocker.toString());
    }

    @Test
    void what_is_not_known_is_refused_and_nothing_is_enqueued() throws SQLException {
        make("add_queue('unknown')");
        var nobody = UUID.randomUUID();

        assertThatThrownBy(() -> enqueued("queue => 'unknown', after => ARRAY['%s']::uuid[]".formatted(nobody)))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("MR012"))
                .hasMessageContaining("there is no job " + nobody + " to run after")
                .hasMessageContaining("Enqueue it before");
        assertThat(millrace.operations("a test").list(f -> f.queue("unknown"))).isEmpty();
        assertThat(view(enqueued("queue => 'unknown', after => '{}'")).state()).isEqualTo(State.AVAILABLE);
    }

    @Test
    void an_idempotency_key_stands_for_what_it_runs_after_and_for_its_line_too() throws SQLException {
        make("add_keyed_shards('request')");
        var blocker = enqueued("queue => 'request'");
        var call = "queue => 'request', idempotency_key => '%s', in_order => '[%d]', after => %s";
        var first = enqueued(call.formatted("r-1", 7, ids(blocker)));

        assertThat(enqueued(call.formatted("r-1", 7, ids(blocker, blocker)))).isEqualTo(first);
        assertThatThrownBy(() -> enqueued(call.formatted("r-1", 8, ids(blocker))))
                .hasMessageContaining("stands for another request, job " + first);
        assertThatThrownBy(() -> enqueued(call.formatted("r-1", 7, ids(first))))
                .hasMessageContaining("stands for another request, job " + first);

        enqueued("queue => 'request', idempotency_key => 'of before', tenant => 'acme', run_in => '5 s'");
        assertThat(text("SELECT request FROM millrace.idempotency_key WHERE key = 'of before'"))
                .as("what a call of before stands for is written as before: its key is kept for a day")
                .startsWith(
                        "step version 1 in queue request at normal run in 5.000000, at , expires in , tenant acme, unique  within , with payload sha256:");
    }

    // ---- tenants

    @Test
    void a_tenant_that_is_set_aside_now_is_so_for_sql_too() throws SQLException {
        make(
                "add_queue('aside')",
                "set_tenant_aside('aside', 2, 'acme', 32)",
                "set_tenant_aside('aside', 2, 'past', 32)");
        try (var connection = pool.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(
                    "UPDATE millrace.side_tenant SET used_at = clock_timestamp() - INTERVAL '31 s' WHERE tenant = 'past'");
        }

        assertThat(shard(enqueued("queue => 'aside', tenant => 'acme'"))).isEqualTo(500);
        assertThat(shard(enqueued("queue => 'aside', tenant => 'acme', run_in => '1 h'")))
                .isEqualTo(500);
        assertThat(shard(enqueued("queue => 'aside', tenant => 'acme', priority => 'high'")))
                .isLessThan(500);
        assertThat(shard(enqueued("queue => 'aside', tenant => 'past'"))).isLessThan(500);
        assertThat(shard(enqueued("queue => 'aside', tenant => 'zenith'"))).isLessThan(500);
        make("add_keyed_shards('aside')");
        assertThat(shard(enqueued("queue => 'aside', tenant => 'acme', in_order => '[1]'")))
                .isGreaterThanOrEqualTo(StreamInfo.KEYED);
    }

    private static List<Integer> flood(Connection session, String queue, String tenant, int jobs, String more)
            throws SQLException {
        var shards = new ArrayList<Integer>();
        try (var statement = session.createStatement();
                var rows = statement.executeQuery("""
                        WITH jobs AS MATERIALIZED (
                            SELECT n, millrace.enqueue('step', '{"n": 1}', queue => '%s', tenant => '%s' %s) AS id FROM generate_series(1, %d) n)
                        SELECT id FROM jobs ORDER BY n""".formatted(queue, tenant, more, jobs))) {
            var found = new ArrayList<String>();
            while (rows.next()) found.add(rows.getString(1));
            for (var id : found) shards.add(Integer.parseInt(text(session, """
                        SELECT s.shard FROM millrace.job_log j JOIN millrace.stream s ON s.id = j.stream WHERE j.job_id = '%s'""".formatted(id))));
        }
        return shards;
    }

    @Test
    void a_flood_by_sql_goes_to_the_side_shard_where_java_would_send_it_and_a_few_jobs_do_not() throws SQLException {
        make("add_queue('flood')");
        int aside = StreamInfo.SHARED_ASIDE + ShardChoice.highest("acme", StreamInfo.SHARED_SIDE_SHARDS);
        try (var session = pool.getConnection()) {
            assertThat(flood(session, "flood", "early", 40, ""))
                    .as("nothing is made in a caller's transaction")
                    .allMatch(shard -> shard < StreamInfo.ASIDE);
            make("add_shared_side_shards('flood')");

            var shards = flood(session, "flood", "acme", 40, "");
            assertThat(shards.subList(0, 15)).allMatch(shard -> shard < StreamInfo.ASIDE);
            assertThat(shards.subList(20, 40)).containsOnly(aside);
            assertThat(flood(session, "flood", "gold", 40, ", share => 3")).allMatch(shard -> shard < StreamInfo.ASIDE);
            assertThat(flood(session, "flood", "zenith", 10, "")).allMatch(shard -> shard < StreamInfo.ASIDE);
            assertThat(flood(session, "flood", "acme", 1, "")).containsExactly(aside);
            assertThat(flood(session, "flood", "acme", 1, ", priority => 'bulk'"))
                    .allMatch(shard -> shard < StreamInfo.ASIDE);
        }
    }

    @Test
    void what_a_session_has_counted_may_be_changed_by_hand_and_harms_nobody() throws SQLException {
        make("add_queue('by-hand')");
        try (var session = pool.getConnection()) {
            for (var value :
                    List.of("x", "", "1 -7 ", "1 " + "9".repeat(400) + " ", "7 99999999999 ", "7 99999999999 547")) {
                text(session, """
                        SELECT count(set_config('millrace.crowd_' || n, '%s', false)) FROM generate_series(0, 63) n""".formatted(value));
                assertThat(flood(session, "by-hand", "acme", 2, "")).allMatch(shard -> shard < StreamInfo.ASIDE);
            }
            text(session, "SELECT count(set_config('millrace.crowd_' || n, '', false)) FROM generate_series(0, 63) n");
        }
    }

    // ---- what is wrong

    private static final List<String> WRONG = List.of(
            "in_order => '[]' | in_order has no values, and needs to know whose order it is",
            "in_order => '7' | in_order is a list of texts, numbers and booleans, and not 7",
            "in_order => '[null]' | in_order is a list of texts, numbers and booleans, and not [null]",
            "in_order => '[\" \"]' | in_order has an empty text: all jobs that have no such value would share it",
            "in_order => '[1]', priority => 'high' | The job has priority high, and an order or a limit",
            "limit_name => 'Shop', concurrency => 2 | A limit can't be called \"Shop\"",
            "limit_name => 'shop' | The limit shop limits nothing",
            "limit_name => 'shop', concurrency => 0 | concurrency can't be 0",
            "limit_name => 'shop', concurrency => 100001 | It is 1 to 100,000.",
            "limit_name => 'shop', concurrency => 2, burst => 3 | The limit shop has a burst and no rate to take it from",
            "limit_name => 'shop', concurrency => 2, weight => 3 | The limit shop has a weight and no rate to take it from",
            "limit_name => 'shop', rate => 5 | The limit shop has rate and no rate_per",
            "limit_name => 'shop', rate_per => '1 s' | The limit shop has rate_per and no rate",
            "limit_name => 'shop', rate => 0, rate_per => '1 s' | rate can't be 0",
            "limit_name => 'shop', rate => 1, rate_per => '-1 s' | rate_per can't be -00:00:01",
            "limit_name => 'shop', rate => 1, rate_per => '32 days' | rate_per can't be 32 days",
            "limit_name => 'shop', rate => 1, rate_per => '1 day', burst => 32 | can't let 32 start at once",
            "limit_name => 'shop', rate => 1, rate_per => '1 s', weight => 2 | A job of weight 2 can never start under the limit shop",
            "limit_name => 'shop', rate => 1, rate_per => '1 s', burst => 0 | burst can't be 0",
            "limit_name => 'shop', concurrency => 1, limit_by => '{}' | limit_by is a list of texts, numbers and booleans",
            "limit_by => '[7]' | limit_by says [7] of a limit, and there is none",
            "rate => 7 | rate says 7 of a limit, and there is none",
            "share => 0, tenant => 'acme' | share can't be 0",
            "share => 101, tenant => 'acme' | It is 1 to 100",
            "share => 3 | share is 3, which is a tenant's, and there is no tenant",
            "if_failed => 'run' | there is none that the job runs after",
            "if_failed => 'stop', after => '{}' | if_failed can't be \"stop\"",
            "after => ARRAY[NULL]::uuid[] | after holds a NULL, which is no job",
            "after => ARRAY(SELECT gen_random_uuid() FROM generate_series(1, 1001)) | after names 1001 jobs, and a job can run after 1,000 others at most",
            "headers => '{\":order\": \"x\"}' | A header can't be called \":order\"");

    @Test
    void what_is_wrong_is_refused_by_the_name_of_its_parameter_with_value_and_range() throws SQLException {
        make("add_keyed_shards('wrong')");
        for (var wrong : WRONG) {
            var call = wrong.split(" \\| ", 2);
            assertThatThrownBy(() -> enqueued("queue => 'wrong', " + call[0]))
                    .as(call[0])
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22023"))
                    .hasMessageContaining(call[1])
                    .hasMessageContaining("Hint: ");
        }
        assertThat(millrace.operations("a test").list(f -> f.queue("wrong"))).isEmpty();
        var all = IntStream.range(0, 33)
                .mapToObj(i -> "\"h" + i + "\": \"x\"")
                .collect(Collectors.joining(",", "'{", "}'"));
        assertThatThrownBy(() -> enqueued("queue => 'wrong', headers => " + all))
                .hasMessageContaining("at most 32 headers");
    }

    // ---- who may, and who could before

    @Test
    void a_role_needs_what_the_guide_says_and_no_more() throws SQLException {
        make("add_keyed_shards('rights')");
        try (var connection = DriverManager.getConnection(server.url().replace("/postgres?", "/options_by_sql?"));
                var statement = connection.createStatement()) {
            statement.execute("""
                    CREATE ROLE shop_by_sql;
                    GRANT USAGE ON SCHEMA millrace TO shop_by_sql;
                    GRANT USAGE ON ALL SEQUENCES IN SCHEMA millrace TO shop_by_sql;
                    GRANT INSERT, SELECT ON millrace.job_log, millrace.timer, millrace.idempotency_key, millrace.unique_key TO shop_by_sql;
                    GRANT SELECT ON millrace.stream, millrace.meta, millrace.parked, millrace.outcome, millrace.outcome_batch TO shop_by_sql;
                    GRANT UPDATE ON millrace.unique_key, millrace.idempotency_key, millrace.timer TO shop_by_sql;
                    SET ROLE shop_by_sql""");
            var blocker = enqueued(
                    connection,
                    "queue => 'rights', tenant => 'acme', share => 2, tags => '{a}', unique_by => '[1]', idempotency_key => 'rights', expires_in => '1 day'");
            enqueued(connection, "queue => 'rights', in_order => '[1]', limit_name => 'shop', concurrency => 1");
            var ended = millrace.enqueue(new Step(1), o -> o.queue("rights"));
            ended.cancel("not wanted");
            statement.execute("""
                    RESET ROLE;
                    GRANT SELECT, INSERT, UPDATE, DELETE ON millrace.dependent, millrace.dependency TO shop_by_sql;
                    GRANT DELETE ON millrace.timer TO shop_by_sql;
                    GRANT INSERT ON millrace.outcome TO shop_by_sql;
                    SET ROLE shop_by_sql""");
            enqueued(connection, "queue => 'rights', after => " + ids(blocker));
            assertThat(view(enqueued(connection, "queue => 'rights', after => " + ids(ended.id())))
                            .state())
                    .isEqualTo(State.CANCELLED);
            statement.execute("RESET ROLE; DROP OWNED BY shop_by_sql; DROP ROLE shop_by_sql");
        }
    }

    @Test
    void calls_grants_defaults_and_views_of_before_go_on_working_behind_the_migration() throws SQLException {
        var older = server.freshDatabase("sql_of_before");
        try (var before = PostgresContract.pool(older)) {
            Flyway.configure(Migration.class.getClassLoader())
                    .dataSource(before)
                    .schemas("millrace")
                    .defaultSchema("millrace")
                    .table("schema_history")
                    .locations("classpath:dev/millrace/postgres/migration")
                    .placeholders(Map.of("schema", "millrace"))
                    .target("41?") // or what is the last before
                    .load()
                    .migrate();
            try (var connection = before.getConnection();
                    var statement = connection.createStatement()) {
                statement.execute("""
                        SELECT millrace.add_queue('default');
                        REVOKE ALL ON FUNCTION millrace.enqueue FROM PUBLIC;
                        GRANT EXECUTE ON FUNCTION millrace.enqueue TO pg_monitor WITH GRANT OPTION;
                        CREATE TABLE orders (id INT, job UUID DEFAULT millrace.enqueue('step', queue => 'default', tenant => 'acme'))""");
            }
            new PostgresStore(before).open(new SystemWorld()).close();
            try (var connection = before.getConnection();
                    var statement = connection.createStatement()) {
                statement.execute("INSERT INTO orders VALUES (1)");
                assertThat(text(
                                connection,
                                "SELECT count(*) FROM orders o JOIN millrace.job_log l ON l.job_id = o.job"))
                        .isEqualTo("1");
                assertThat(text(connection, "SELECT count(*) FROM pg_proc WHERE proname = 'enqueue'"))
                        .isEqualTo("1");
                assertThat(
                                text(
                                        connection,
                                        "SELECT proacl::TEXT FROM pg_proc WHERE proname = 'enqueue' AND pronamespace = 'millrace'::REGNAMESPACE"))
                        .isEqualTo("{sql_of_before=X/sql_of_before,pg_monitor=X*/sql_of_before}");
                text(
                        connection,
                        "SELECT millrace.enqueue('step', '{}', 'default', 'normal', 1, NULL, NULL, '1 day', 'key', '[7]', '1 day', 'acme', '{a}', '{\"b\": \"c\"}', true)");
                text(
                        connection,
                        "SELECT millrace.enqueue('step', payload => '{}', queue => 'default', priority => 'high', version => 2, run_at => now(), notify => false)");
            }
        }
    }

    @Test
    void a_job_without_any_of_it_is_where_it_was() throws SQLException {
        make("add_queue('plain')");
        var plain = enqueued("queue => 'plain', priority => 'bulk'");

        assertThat(view(plain).priority()).isEqualTo(Priority.BULK);
        assertThat(view(plain).headers()).isEmpty();
        assertThat(shard(plain)).isBetween(0, 3);
    }
}
