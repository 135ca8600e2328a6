package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due;
import dev.millrace.store.Peer;
import dev.millrace.store.Settled;
import dev.millrace.store.StoreException.Blocked;
import dev.millrace.store.StoreException.Fenced;
import dev.millrace.store.StoreException.Unavailable;
import dev.millrace.store.StreamInfo;
import dev.millrace.world.SystemWorld;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Schedules of the real server that once broke the protocol, or would: each of them lost, doubled or stranded work. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(RealServer.class)
class ClaimSchedulesIT {

    private final Workbench bench;

    ClaimSchedulesIT(TestServer server) {
        bench = new Workbench(server, "schedules", store -> store);
    }

    @AfterAll
    void close() {
        bench.close();
    }

    private static List<JobId> jobs(List<Delivery> deliveries) {
        return deliveries.stream().map(Delivery::job).toList();
    }

    @Test
    void a_slow_transaction_is_neither_skipped_nor_waited_for() throws SQLException {
        var node = bench.node();
        try (var slow = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            var late = bench.storage.enqueue(slow, Workbench.job()).job();
            var soon = bench.enqueue(3);

            assertThat(jobs(bench.claimAll(node))).containsExactlyElementsOf(soon);
            bench.burn(10);
            assertThat(bench.claimAll(node)).isEmpty();
            slow.commit();

            assertThat(jobs(bench.claimAll(node))).containsExactly(late);
        }
    }

    @Test
    void a_prepared_transaction_is_claimed_once_it_is_committed() throws SQLException {
        var node = bench.node();
        JobId job;
        try (var connection = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                var statement = connection.createStatement()) {
            job = bench.storage.enqueue(connection, Workbench.job()).job();
            statement.execute("PREPARE TRANSACTION 'schedule'");
        }
        assertThat(bench.claimAll(node)).isEmpty();

        bench.sql("COMMIT PREPARED 'schedule'");

        assertThat(jobs(bench.claimAll(node))).containsExactly(job);
    }

    @Test
    void what_was_enqueued_under_savepoints_is_claimed_if_they_were_kept() throws SQLException {
        var node = bench.node();
        List<JobId> kept = new ArrayList<>();
        try (var connection = bench.transaction(Connection.TRANSACTION_SERIALIZABLE)) {
            kept.add(bench.storage.enqueue(connection, Workbench.job()).job());
            var undone = connection.setSavepoint();
            bench.storage.enqueue(connection, Workbench.job());
            connection.rollback(undone);
            connection.setSavepoint();
            kept.add(bench.storage.enqueue(connection, Workbench.job()).job());
            connection.commit();
        }

        assertThat(jobs(bench.claimAll(node))).containsExactlyInAnyOrderElementsOf(kept);
    }

    @Test
    void a_claim_behind_a_write_of_its_own_transaction_is_refused() throws SQLException {
        var node = bench.node();
        try (var connection = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                var statement = connection.createStatement()) {
            statement.execute("SELECT pg_current_xact_id()");

            assertThatThrownBy(() -> statement.execute("SELECT * FROM millrace.take(%d, 10, '%s', 1, 0, '%s')"
                            .formatted(bench.streams().get(0).id(), node.node(), UUID.randomUUID())))
                    .hasMessageContaining("first write of its transaction");
            connection.rollback();
        }
    }

    @Test
    void a_claim_under_an_old_snapshot_is_refused() throws SQLException {
        var node = bench.node();
        try (var connection = bench.transaction(Connection.TRANSACTION_REPEATABLE_READ);
                var statement = connection.createStatement()) {
            assertThatThrownBy(() -> statement.execute("SELECT * FROM millrace.take(%d, 10, '%s', 1, 0, '%s')"
                            .formatted(bench.streams().get(0).id(), node.node(), UUID.randomUUID())))
                    .hasMessageContaining("READ COMMITTED");
            connection.rollback();
        }
    }

    @Test
    void a_job_enqueued_in_the_transaction_that_made_its_queue_is_claimed() throws SQLException {
        var node = bench.node();
        try (var connection = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                var statement = connection.createStatement()) {
            statement.execute("SELECT millrace.add_queue('born-together')");
            statement.execute("""
                    INSERT INTO millrace.job_log (part, stream, job_id, kind, payload)
                    SELECT current_part, s.id, gen_random_uuid(), 'kind', '{}' FROM millrace.meta, millrace.stream s
                     WHERE (s.queue, s.priority, s.shard) = ('born-together', 2, 0)
                    """);
            connection.commit();
        }
        bench.burn(5);

        var streams = bench.storage.streams(List.of("born-together")).stream()
                .map(StreamInfo::id)
                .toList();
        var ready = bench.storage.poll(streams);
        assertThat(ready).hasSize(1);
        assertThat(bench.take(node, ready.iterator().next(), 10).places()).hasSize(1);
    }

    @Test
    void a_voided_claim_does_not_skip_the_rest_of_its_window() {
        var node = bench.node();
        bench.enqueue(20);
        int stream = bench.storage
                .poll(bench.streams().stream().map(StreamInfo::id).toList())
                .iterator()
                .next();
        assertThat(bench.take(node, stream, 5).places()).hasSize(5);

        var lost = new ClaimToken(UUID.randomUUID());
        assertThat(bench.storage.resolve(node, stream, 99, lost).places()).isEmpty();

        assertThat(bench.claimAll(node)).hasSize(15);
        assertThatThrownBy(() -> bench.storage.take(node, stream, 5, 99, lost)).hasMessageContaining("used or void");
    }

    @Test
    void a_transaction_with_an_old_snapshot_can_not_complete_for_a_deposed_node() throws SQLException {
        var node = bench.node();
        var rescuer = bench.node();
        var id = bench.enqueue(1).get(0);
        var delivery = bench.claimAll(node).get(0);
        try (var tx = bench.transaction(Connection.TRANSACTION_REPEATABLE_READ);
                var statement = tx.createStatement()) {
            statement.execute("SELECT 1 FROM millrace.meta"); // its snapshot is taken here, before the node is deposed
            assertThat(bench.storage.depose(rescuer, peer(rescuer, node.node().value())))
                    .isTrue();

            assertThatThrownBy(
                    () -> bench.storage.complete(tx, node, Workbench.ended(delivery, new Ending.Done(null))));
            tx.rollback();
        }
        assertThat(bench.storage.rescue(rescuer, node.node(), 100))
                .extracting(r -> r.job())
                .containsExactly(id);
        bench.claimAll(rescuer);
    }

    @Test
    void a_lease_ends_with_the_timeline_of_the_server_and_what_its_node_held_is_taken_back() throws SQLException {
        var node = bench.node();
        var id = bench.enqueue(1).get(0);
        var held = bench.claimAll(node).get(0);
        bench.sql("UPDATE millrace.node SET timeline = '000000FF' WHERE id = '%s'".formatted(node.node()));

        assertThatThrownBy(() -> bench.storage.beat(node)).isInstanceOf(Fenced.class);
        assertThatThrownBy(() -> bench.storage.flush(node, List.of(Workbench.ended(held, new Ending.Done(null)))))
                .isInstanceOf(Fenced.class);
        try (var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            assertThatThrownBy(() -> bench.storage.complete(tx, node, Workbench.ended(held, new Ending.Done(null))))
                    .isInstanceOf(Fenced.class);
            tx.rollback();
        }

        var anew = bench.node();
        assertThat(bench.storage.depose(anew, peer(anew, node.node().value()))).isTrue();
        assertThat(bench.storage.rescue(anew, node.node(), 100))
                .extracting(r -> r.job())
                .containsExactly(id);
        bench.claimAll(anew);
    }

    @Test
    void what_nodes_write_waits_for_the_disk_also_where_commits_do_not() throws SQLException {
        var node = bench.node();
        try (var tx = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                var statement = tx.createStatement()) {
            statement.execute("SET LOCAL search_path = millrace");
            statement.execute("SET LOCAL synchronous_commit = off");
            statement.execute("SELECT fence('%s', 1)".formatted(node.node()));
            try (var rows = statement.executeQuery("SHOW synchronous_commit")) {
                rows.next();
                assertThat(rows.getString(1)).isEqualTo("local");
            }
            tx.rollback();
        }
    }

    @Test
    void a_fence_held_by_a_frozen_process_is_broken() throws Exception {
        var frozen = bench.node();
        var rescuer = bench.node();
        try (var held = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                var statement = held.createStatement()) {
            statement.execute("SET search_path = millrace");
            statement.execute("SELECT fence('%s', 1)".formatted(frozen.node()));
            var began = Instant.now();

            assertThat(bench.storage.depose(rescuer, peer(rescuer, frozen.node().value())))
                    .isTrue();

            assertThat(Duration.between(began, Instant.now())).isLessThan(Duration.ofSeconds(8));
            assertThatThrownBy(held::commit).isInstanceOf(SQLException.class);
        }
        assertThatThrownBy(() -> bench.storage.beat(frozen)).isInstanceOf(Fenced.class);
    }

    @Test
    void a_transaction_that_keeps_an_outcome_open_for_long_is_ended() throws SQLException {
        var node = bench.node();
        var job = bench.enqueue(1).getFirst();
        var delivery = bench.claimAll(node).getFirst();
        var late = List.of(Workbench.ended(delivery, new Ending.Snoozed(Duration.ofHours(1), null)));
        try (var hung = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            bench.storage.complete(hung, node, Workbench.ended(delivery, new Ending.Done(null)));

            assertThatThrownBy(() -> bench.storage.flush(node, late)).isInstanceOf(Blocked.class);
            bench.world.hurry(Obstacles.PATIENCE.dividedBy(2));
            assertThatThrownBy(() -> bench.storage.flush(node, late)).isInstanceOf(Blocked.class);
            bench.world.hurry(Obstacles.PATIENCE.dividedBy(2));

            assertThat(bench.storage.flush(node, late)).containsExactly(Settled.WON);

            assertThatThrownBy(hung::commit).isInstanceOf(SQLException.class);
        }
        assertThat(bench.storage.find(job))
                .hasValueSatisfying(view -> assertThat(view.state()).isEqualTo(State.SCHEDULED));
    }

    @Test
    void a_queue_that_a_failover_has_lost_is_made_anew_and_its_old_streams_are_nobodys() {
        var node = bench.node();
        var queues = List.of("lost", "lost-too", "lost-all");
        bench.storage.streams(queues);
        // As if a standby had taken over that had not heard of them, and has given their numbers to others since.
        bench.sql("UPDATE millrace.stream SET queue = 'not-' || queue WHERE queue LIKE 'lost%'");

        bench.storage.enqueue(to("lost", null));
        bench.storage.enqueue(to("lost-too", new Due.In(Duration.ofMillis(1))));
        var many = List.of(to("lost-all", null));
        assertThatThrownBy(() -> bench.storage.enqueueAll(many.iterator()))
                .isInstanceOf(Unavailable.class)
                .hasMessageContaining("enqueue again");
        bench.storage.enqueueAll(many.iterator());
        await().until(() -> bench.storage.promote(node, 10).count() == 1);

        for (var queue : queues) {
            assertThat(claimAll(node, queue)).as(queue).hasSize(1);
            assertThat(claimAll(node, "not-" + queue)).isEmpty();
        }
    }

    private static NewJob to(String queue, @Nullable Due due) {
        var job = Workbench.job();
        return new NewJob(
                job.id(),
                queue,
                job.priority(),
                job.spread(),
                job.kind(),
                job.kindVersion(),
                job.payload(),
                job.headers(),
                due,
                null,
                null);
    }

    private List<Delivery> claimAll(Lease node, String queue) {
        var found = new ArrayList<Delivery>();
        for (var stream : bench.storage.streams(List.of(queue)))
            found.addAll(bench.read(bench.take(node, stream.id(), 100)));
        return found;
    }

    @Test
    void a_new_queue_may_begin_in_a_transaction_whose_snapshot_is_older() throws SQLException {
        var node = bench.node();
        try (var tx = bench.transaction(Connection.TRANSACTION_REPEATABLE_READ);
                var statement = tx.createStatement()) {
            statement.execute("SELECT count(*) FROM millrace.stream");
            bench.storage.enqueue(tx, to("newer", null));
            bench.storage.enqueueAll(
                    tx, List.of(to("newer", null), to("newest", null)).iterator());
            tx.commit();
        }

        assertThat(claimAll(node, "newer")).hasSize(2);
        assertThat(claimAll(node, "newest")).hasSize(1);
    }

    @Test
    void a_job_for_a_queue_that_is_there_asks_for_no_second_connection() throws SQLException {
        bench.storage.streams(List.of("there"));
        try (var small = PostgresContract.pool(bench.url)) {
            small.setMaximumPoolSize(1);
            small.setConnectionTimeout(500);
            var storage = new PostgresStore(small).withoutMigration().open(new SystemWorld());
            try (var tx = small.getConnection()) {
                tx.setAutoCommit(false);
                storage.enqueue(tx, to("there", null));
                storage.enqueue(tx, Workbench.job());
                storage.enqueueAll(tx, List.of(to("there", null)).iterator());
                tx.rollback();
            }
            storage.close();
        }
    }

    @Test
    void headers_that_others_wrote_make_no_delivery_unreadable() {
        var node = bench.node();
        for (var headers :
                List.of("{\"a\": null, \"b\": 7, \"c\": \"text\", \"d\": {\"e\": [1]}}", "[1]", "\"text\"", "null"))
            bench.sql("""
                    INSERT INTO millrace.job_log (part, stream, job_id, kind, payload, headers)
                    SELECT current_part, s.id, gen_random_uuid(), 'kind', '{}', '%s' FROM millrace.meta, millrace.stream s
                     WHERE (s.queue, s.priority, s.shard) = ('default', 2, 0)
                    """.formatted(headers));

        var claimed = bench.claimAll(node);

        assertThat(claimed)
                .extracting(Delivery::headers)
                .containsExactly(Map.of("b", "7", "c", "text", "d", "{\"e\":[1]}"), Map.of(), Map.of(), Map.of());
        assertThat(bench.storage.find(claimed.getFirst().job())).isPresent();
        bench.finish(node, claimed);
    }

    @Test
    void a_delivery_deleted_by_hand_lends_its_place_to_no_other_and_its_claim_reaches_no_further() {
        var node = bench.node();
        var jobs = bench.enqueue(6);
        int stream = bench.storage
                .poll(bench.streams().stream().map(StreamInfo::id).toList())
                .iterator()
                .next();
        var claim = bench.take(node, stream, 4);
        bench.sql("DELETE FROM millrace.job_log WHERE job_id = '%s'".formatted(jobs.get(1)));

        assertThat(jobs(bench.read(claim))).containsExactly(jobs.get(0));
        assertThat(bench.storage.read(claim.token(), claim.places().subList(1, 4), 1 << 20))
                .isEmpty();
        assertThat(jobs(bench.storage.read(claim.token(), claim.places().subList(2, 4), 1 << 20)))
                .containsExactly(jobs.get(2), jobs.get(3));
        assertThat(bench.storage.resolve(node, stream, 0, claim.token()).places())
                .hasSize(3);

        var rescuer = bench.node();
        bench.storage.manifest(node, 1, 1_000, claim.places());
        assertThat(bench.storage.depose(rescuer, peer(rescuer, node.node().value())))
                .isTrue();
        assertThat(bench.storage.rescue(rescuer, node.node(), 1))
                .extracting(r -> r.job())
                .containsExactly(jobs.get(0));
        assertThat(bench.storage.rescue(rescuer, node.node(), 1))
                .as("what is missing stops nothing")
                .hasSize(1);
        assertThat(bench.storage.rescue(rescuer, node.node(), 10)).hasSize(1);
        assertThat(bench.storage.rescue(rescuer, node.node(), 10)).isEmpty();
        assertThat(bench.number(
                        "SELECT count(*) FROM millrace.node WHERE id = '%s' AND state = 'gone'".formatted(node.node())))
                .isEqualTo(1);
        bench.finish(rescuer, bench.claimAll(rescuer));
    }

    private Peer peer(Lease by, UUID id) {
        return bench.storage.census(by).stream()
                .filter(peer -> peer.id().value().equals(id))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void producers_of_all_isolations_and_claimers_that_vanish_lose_nothing_and_double_nothing() throws Exception {
        var committed = ConcurrentHashMap.<JobId>newKeySet();
        var claimed = new ConcurrentHashMap<JobId, Integer>();
        var producing = new AtomicBoolean(true);
        try (var threads = Executors.newCachedThreadPool()) {
            var producers = new ArrayList<Future<?>>();
            for (int i = 0; i < 5; i++) producers.add(threads.submit(producer(i, committed)));
            var claimers = new ArrayList<Future<?>>();
            for (int i = 0; i < 3; i++) claimers.add(threads.submit(claimer(i, producing, claimed)));
            for (var producer : producers) producer.get();
            producing.set(false);
            for (var claimer : claimers) claimer.get();
        }
        for (var left : bench.claimAll(bench.node())) claimed.merge(left.job(), 1, Integer::sum);

        assertThat(claimed.keySet()).containsExactlyInAnyOrderElementsOf(committed);
        assertThat(Set.copyOf(claimed.values())).isEqualTo(Set.of(1));
    }

    private Callable<Void> producer(int number, Set<JobId> committed) {
        return () -> {
            var chance = new SplittableRandom(number);
            var isolations = new int[] {
                Connection.TRANSACTION_READ_COMMITTED,
                Connection.TRANSACTION_REPEATABLE_READ,
                Connection.TRANSACTION_SERIALIZABLE
            };
            for (int round = 0; round < 60; round++) {
                var mine = new ArrayList<JobId>();
                try (var tx = bench.transaction(isolations[chance.nextInt(3)])) {
                    for (int i = chance.nextInt(4); i >= 0; i--) {
                        mine.add(bench.storage.enqueue(tx, Workbench.job()).job());
                    }
                    if (chance.nextInt(5) == 0) {
                        tx.rollback();
                        continue;
                    }
                    tx.commit();
                    committed.addAll(mine);
                }
            }
            return null;
        };
    }

    private Callable<Void> claimer(int number, AtomicBoolean producing, ConcurrentHashMap<JobId, Integer> claimed) {
        return () -> {
            var chance = new SplittableRandom(1_000L + number);
            var node = bench.node();
            while (producing.get()) {
                for (int stream : bench.storage.poll(
                        bench.streams().stream().map(StreamInfo::id).toList())) {
                    var token = new ClaimToken(UUID.randomUUID());
                    var claim = chance.nextInt(10) == 0
                            ? bench.storage.resolve(node, stream, 0, token) // as if a take had got lost on its way
                            : bench.storage.take(node, stream, 1 + chance.nextInt(5), 0, token);
                    if (claim.places().isEmpty()) continue;
                    var again = bench.storage.resolve(node, stream, 0, token); // as if its answer had got lost
                    assertThat(again.places()).isEqualTo(claim.places());
                    for (var delivery : bench.read(claim)) claimed.merge(delivery.job(), 1, Integer::sum);
                }
            }
            return null;
        };
    }
}
