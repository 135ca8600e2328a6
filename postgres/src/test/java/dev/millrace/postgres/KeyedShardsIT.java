package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Failure;
import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.Ownership.Shard;
import dev.millrace.store.Payload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Keyed shards over the life of partitions, and beside nodes of older builds. */
@ExtendWith(RealServer.class)
class KeyedShardsIT {

    private static final Line ADA = new Line("(\"ada\")", null);

    private final TestServer server;

    KeyedShardsIT(TestServer server) {
        this.server = server;
    }

    private static NewJob job() {
        return new NewJob(
                new JobId(UUID.randomUUID()),
                "default",
                Priority.NORMAL,
                null,
                "kind",
                1,
                new Payload.Text("{}"),
                ADA.in(Map.of()),
                null,
                null,
                null);
    }

    private static JobId enqueue(Workbench bench) {
        var job = job();
        bench.storage.enqueue(job);
        return job.id();
    }

    /** The shard of the line, taken over. */
    private static Shard own(Workbench bench, Lease node) {
        var found = new ArrayList<Shard>();
        for (var shard : bench.storage.shards(node, List.of("default")).shards()) {
            if (bench.number("SELECT count(*) FROM millrace.job_log WHERE stream IN (%d, %d)"
                            .formatted(shard.stream(), shard.front()))
                    == 0) continue;
            assertThat(bench.storage.takeOver(node, shard.stream())).isTrue();
            found.add(shard);
        }
        assertThat(found).hasSize(1);
        return found.getFirst();
    }

    private static List<Delivery> claim(Workbench bench, Lease node, int stream) {
        var all = new ArrayList<Delivery>();
        while (true) {
            var some = bench.read(bench.take(node, stream, 100));
            if (some.isEmpty()) return all;
            all.addAll(some);
        }
    }

    private static void day(Workbench bench, Lease node) {
        bench.sql("""
                UPDATE millrace.part SET attached_at = attached_at - i, current_at = current_at - i, closed_at = closed_at - i
                  FROM (SELECT INTERVAL '1 day') t (i)
                """);
        bench.sql("UPDATE millrace.meta SET kept_at = '-infinity'");
        bench.storage.keep(node);
    }

    @Test
    void a_job_keeps_its_place_in_line_though_the_partition_of_its_first_delivery_is_gone() {
        try (var bench = new Workbench(server, "place", store -> store)) {
            var node = bench.node();
            var first = enqueue(bench);
            var shard = own(bench, node);
            var delivery = claim(bench, node, shard.stream()).getFirst();
            var retry = new Ending.Retry(new Failure("boom", "it failed", "f", 1, ""), Duration.ofDays(30));
            bench.storage.flush(node, List.of(Workbench.ended(delivery, retry)));
            for (int day = 0;
                    day < 20
                            && bench.number("SELECT count(*) FROM millrace.part WHERE no = 1 AND dropped_at IS NULL")
                                    > 0;
                    day++) day(bench, node);
            assertThat(bench.number("SELECT count(*) FROM pg_class WHERE relname = 'job_log_1'"))
                    .isZero();
            var second = enqueue(bench);

            bench.sql("UPDATE millrace.timer SET run_at = clock_timestamp()");
            assertThat(bench.storage.promote(node, 10).count()).isEqualTo(1);
            var back = claim(bench, node, shard.front()).getFirst();
            var behind = claim(bench, node, shard.stream()).getFirst();

            assertThat(back.job()).isEqualTo(first);
            assertThat(behind.job()).isEqualTo(second);
            assertThat(Line.first(back)).isEqualTo(Line.first(delivery)).isLessThan(Line.first(behind));
        }
    }

    @Test
    void what_waits_in_a_keyed_shard_is_not_moved_by_retention_and_keeps_its_partition() {
        try (var bench = new Workbench(server, "waits", store -> store)) {
            var node = bench.node();
            var first = enqueue(bench);
            for (int day = 0; day < 20; day++) day(bench, node);
            var second = enqueue(bench);

            var shard = own(bench, node);
            var found = claim(bench, node, shard.stream());

            assertThat(found).extracting(Delivery::job).containsExactly(first, second);
            assertThat(found.getFirst().place().part()).isEqualTo(1);
            bench.finish(node, found);
            for (int day = 0; day < 20; day++) day(bench, node);
            assertThat(bench.number("SELECT count(*) FROM pg_class WHERE relname = 'job_log_1'"))
                    .isZero();
        }
    }

    @Test
    void who_stands_before_a_job_that_is_held_is_known_though_its_claim_lies_some_partitions_back() {
        try (var bench = new Workbench(server, "held", store -> store)) {
            var node = bench.node();
            var first = enqueue(bench);
            var shard = own(bench, node);
            claim(bench, node, shard.stream());
            day(bench, node);
            var second = enqueue(bench); // perhaps before the stream has an anchor in the new partition
            claim(bench, node, shard.stream());
            for (int day = 0; day < 5; day++) day(bench, node);
            var third = enqueue(bench);
            claim(bench, node, shard.stream());

            for (var job : List.of(second, third)) {
                var place = bench.storage.inLine(job).orElseThrow();
                assertThat(place.first()).isEqualTo(first);
                assertThat(place.ahead()).isEqualTo(job.equals(second) ? 1 : 2);
                assertThat(place.exact()).isTrue();
            }
        }
    }

    @Test
    void a_node_of_an_older_build_finds_nothing_in_keyed_shards_and_is_given_none() throws Exception {
        try (var bench = new Workbench(server, "older", store -> store)) {
            var older = UUID.randomUUID();
            bench.number(
                    "SELECT millrace.join_node('%s', 'old', 'here', 1, 'old', 10, ARRAY['default'], ARRAY['kind:1'])"
                            .formatted(older));
            var job = enqueue(bench);

            long stream = bench.number("SELECT stream FROM millrace.job_log WHERE job_id = '%s'".formatted(job));
            assertThat(stream).isGreaterThanOrEqualTo(1_000_000_000);
            assertThat(bench.number("SELECT count(*) FROM millrace.take(%d, 10, '%s', 1, 1, '%s')"
                            .formatted(stream, older, UUID.randomUUID())))
                    .isZero();
            var node = bench.node();
            assertThat(bench.storage.shards(node, List.of("default")).nodes().get("default"))
                    .containsExactly(node.node());
            var shard = own(bench, node);
            bench.finish(node, claim(bench, node, shard.stream()));
            assertThat(bench.storage.find(job))
                    .hasValueSatisfying(view -> assertThat(view.state()).isEqualTo(State.COMPLETED));
        }
    }

    @Test
    void two_who_make_the_keyed_shards_of_a_queue_at_once_make_one_set() throws Exception {
        try (var bench = new Workbench(server, "making", store -> store)) {
            var threads = new ArrayList<Thread>();
            for (int n = 0; n < 8; n++)
                threads.add(Thread.ofVirtual().start(() -> bench.sql("SELECT millrace.add_keyed_shards('crowd')")));
            for (var thread : threads) thread.join();

            assertThat(bench.number("SELECT count(*) FROM millrace.stream WHERE queue = 'crowd' AND id >= 1000000000"))
                    .isEqualTo(32);
            assertThat(bench.number("""
                            SELECT count(*) FROM millrace.stream s JOIN millrace.stream f ON f.id = s.id + 1 AND f.queue = s.queue AND f.shard = s.shard + 1
                             WHERE s.queue = 'crowd' AND s.id >= 1000000000 AND s.id % 2 = 0""")).isEqualTo(16);
        }
    }
}
