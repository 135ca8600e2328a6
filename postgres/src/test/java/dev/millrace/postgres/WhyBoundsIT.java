package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.QueueView.Depth;
import dev.millrace.Why.Band;
import dev.millrace.store.Lease;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.Ownership.Shard;
import dev.millrace.store.Payload;
import dev.millrace.store.Place;
import dev.millrace.store.PlaceInQueue;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a look at why a job does not run reads, where much waits and much has been claimed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(RealServer.class)
class WhyBoundsIT {

    private static final int JOBS = 30_000;
    private static final int CLAIMS = 20_000;

    private final Workbench bench;
    private final TestServer server;

    WhyBoundsIT(TestServer server) {
        this.server = server;
        bench = new Workbench(server, "bounds", store -> store);
    }

    @AfterAll
    void close() {
        bench.close();
    }

    private static JobId enqueue(Workbench bench, Priority priority, Map<String, String> headers) {
        var job = new NewJob(
                new JobId(UUID.randomUUID()),
                "default",
                priority,
                "one shard",
                "kind",
                1,
                new Payload.Text("{}"),
                headers,
                null,
                null,
                null);
        bench.storage.enqueue(job);
        return job.id();
    }

    /** Enqueues a job in line, and has the node claim it. */
    private static JobId held(Workbench bench, Lease node, String order) {
        var job = enqueue(bench, Priority.NORMAL, new Line(order, null).in(Map.of()));
        for (var shard : owned(bench, node)) bench.read(bench.take(node, shard.stream(), 100));
        return job;
    }

    /** The same, of which the node's manifest tells. */
    private static JobId noted(Workbench bench, Lease node, String order, List<Place> places) {
        var job = enqueue(bench, Priority.NORMAL, new Line(order, null).in(Map.of()));
        for (var shard : owned(bench, node))
            places.addAll(bench.take(node, shard.stream(), 100).places());
        bench.storage.manifest(node, places.size(), 1_000, places);
        return job;
    }

    private static List<Shard> owned(Workbench bench, Lease node) {
        var all = new ArrayList<Shard>();
        for (var shard : bench.storage.shards(node, List.of("default")).shards()) {
            boolean any =
                    bench.number("SELECT count(*) FROM millrace.job_log WHERE stream = %d".formatted(shard.stream()))
                            > 0;
            if (any && bench.storage.takeOver(node, shard.stream())) all.add(shard);
        }
        return all;
    }

    /** Rows of these tables that a look reads, in a session that has planned it before. */
    private long read(String tables, String look) throws SQLException {
        try (var session = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                var statement = session.createStatement()) {
            statement.executeQuery(look).close();
            long before = read(session, tables);
            statement.executeQuery(look).close();
            long read = read(session, tables) - before;
            session.rollback();
            return read;
        }
    }

    private static long read(Connection session, String tables) throws SQLException {
        try (var statement = session.createStatement();
                var rows = statement.executeQuery("""
                        SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname LIKE '%s'
                        """.formatted(tables))) {
            rows.next();
            return rows.getLong(1);
        }
    }

    @Test
    void a_place_in_a_queue_is_counted_so_far_and_no_further() throws SQLException {
        for (var priority : List.of(Priority.URGENT, Priority.NORMAL)) {
            enqueue(bench, priority, Map.of());
            bench.sql("""
                    INSERT INTO millrace.job_log (part, stream, job_id, kind, payload)
                    SELECT m.current_part, l.stream, gen_random_uuid(), 'kind', '{}'
                      FROM millrace.meta m, generate_series(1, %d),
                           (SELECT stream FROM millrace.job_log JOIN millrace.stream s ON s.id = stream WHERE s.priority = %d LIMIT 1) l
                    """.formatted(JOBS, priority.rank()));
        }
        var job = enqueue(bench, Priority.NORMAL, Map.of());

        var place = bench.storage.inQueue(job).orElseThrow();

        var many = new Depth(PlaceInQueue.LOOK, false);
        assertThat(place.ahead()).isEqualTo(many);
        assertThat(place.higher()).containsExactly(new Band(Priority.URGENT, many));
        assertThat(read("job\\_log\\_%", "SELECT * FROM millrace.in_queue('%s', %d)".formatted(job, PlaceInQueue.LOOK)))
                .isBetween((long) PlaceInQueue.LOOK, 2L * PlaceInQueue.LOOK + 200);
    }

    @Test
    void who_stands_before_a_job_in_line_is_known_however_often_its_shard_was_claimed_from_since() throws SQLException {
        var node = bench.node();
        var first = held(bench, node, "ada");
        var second = held(bench, node, "ada");
        bench.sql("""
                INSERT INTO millrace.claim (part, stream, no, token, prev, snap, upto_xid, upto_seq, exhausted, n)
                SELECT c.part, c.stream, c.no + i, gen_random_uuid(), c.prev, c.snap, c.upto_xid, c.upto_seq, c.exhausted, 0
                  FROM (SELECT * FROM millrace.claim WHERE stream >= 1000000000 AND n > 0 ORDER BY no DESC LIMIT 1) c, generate_series(1, %d) i
                """.formatted(CLAIMS));

        var place = bench.storage.inLine(second).orElseThrow();

        assertThat(place.first()).isEqualTo(first);
        assertThat(place.ahead()).isEqualTo(1);
        assertThat(place.exact()).isTrue();
        assertThat(bench.storage.inLine(first).orElseThrow().exact()).isTrue();
        assertThat(read("claim\\_%", "SELECT * FROM millrace.in_line('%s', 1000)".formatted(second)))
                .isLessThan(200);
    }

    @Test
    void where_a_restore_lies_between_only_what_came_behind_it_is_looked_at() {
        try (var bench = new Workbench(server, "restored", store -> store)) {
            var before = bench.node();
            held(bench, before, "ada");
            bench.burn(50);
            held(bench, before, "ada");
            bench.sql("UPDATE millrace.meta SET system_identifier = 1");
            assertThat(bench.number("SELECT millrace.rebase()")).isEqualTo(2);
            // the new cluster has given away fewer transaction numbers than the old one
            bench.sql(
                    "UPDATE millrace.claim SET prev = '4000000000:4000000000:', snap = '4000000000:4000000000:' WHERE part = 1 AND no > 0");
            var node = bench.node();
            var third = held(bench, node, "ada");
            var fourth = held(bench, node, "ada");

            var place = bench.storage.inLine(fourth).orElseThrow();
            assertThat(place.ahead()).isEqualTo(3);
            assertThat(place.exact()).isTrue();
            assertThat(bench.storage.inLine(third).orElseThrow().ahead()).isEqualTo(2);
        }
    }

    @Test
    void a_claim_that_is_not_known_any_more_is_no_reason_to_say_too_much() {
        try (var bench = new Workbench(server, "unknown", store -> store)) {
            var node = bench.node();
            var places = new ArrayList<Place>();
            var first = noted(bench, node, "ada", places);
            var second = noted(bench, node, "ada", places);
            var third = noted(bench, node, "ada", places);
            bench.sql("DELETE FROM millrace.claim WHERE stream >= 1000000000 AND no = 2");

            var place = bench.storage.inLine(second).orElseThrow();
            assertThat(place.exact()).isFalse();
            assertThat(place.first()).isNull();
            assertThat(bench.storage.inLine(third).orElseThrow().first()).isEqualTo(first);
            assertThat(bench.storage.inLine(third).orElseThrow().exact()).isTrue();
        }
    }
}
