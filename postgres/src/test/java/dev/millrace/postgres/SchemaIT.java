package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.State;
import dev.millrace.store.Control;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Payload;
import java.lang.reflect.Modifier;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.PGConnection;

/** Does the schema come up, does every statement fit it, and does a job find its way through: the quickest of what needs a server. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(RealServer.class)
class SchemaIT {

    private static final String SCHEMA = "millrace";

    private final Workbench bench;

    SchemaIT(TestServer server) {
        bench = new Workbench(server, "schema", store -> store);
    }

    @AfterAll
    void close() {
        bench.close();
    }

    @Test
    void every_statement_fits_the_schema() throws Exception {
        var refused = new TreeMap<String, String>();
        try (var connection = bench.pool.getConnection()) {
            for (var owner : List.of(
                    new JobSql(SCHEMA),
                    new PostgresRecords(new Pool(bench.pool), new Json(), new JobSql.Qualifier(SCHEMA)))) {
                for (var field : owner.getClass().getDeclaredFields()) {
                    if (field.getType() != String.class || Modifier.isStatic(field.getModifiers())) continue;
                    field.setAccessible(true);
                    var sql = Objects.requireNonNull((String) field.get(owner));
                    try {
                        if (sql.startsWith("COPY"))
                            connection
                                    .unwrap(PGConnection.class)
                                    .getCopyAPI()
                                    .copyIn(sql)
                                    .cancelCopy();
                        else
                            try (var prepared = connection.prepareStatement(sql)) {
                                prepared.getParameterMetaData(); // the server has to parse it for that
                            }
                    } catch (SQLException e) {
                        refused.put(field.getName(), String.valueOf(e.getMessage()));
                    }
                }
            }
        }

        assertThat(refused).isEmpty();
    }

    @Test
    void a_job_finds_its_way_from_its_enqueue_over_a_retry_and_a_death_to_its_end() {
        var job = bench.enqueue(1).getFirst();
        var node = bench.node();
        var first = claimOne(node);
        bench.storage.checkpoint(node, first, new Payload.Text("7"));
        bench.storage.flush(
                node,
                List.of(Workbench.ended(first, new Ending.Snoozed(Duration.ZERO, "its first time was too soon"))));
        assertThat(bench.storage.promote(node, 10).count()).isEqualTo(1);
        var second = claimOne(node);
        bench.storage.mark(node, List.of(second.place()));
        bench.storage.manifest(node, 1, Long.MAX_VALUE, List.of(second.place()));

        var rescuer = bench.node();
        var dead = bench.storage.census(rescuer).stream()
                .filter(peer -> peer.id().equals(node.node()))
                .findFirst()
                .orElseThrow();
        assertThat(bench.storage.depose(rescuer, dead)).isTrue();
        assertThat(bench.storage.rescue(rescuer, node.node(), 10)).hasSize(1);
        var third = claimOne(rescuer);
        assertThat(bench.storage.checkpointOf(rescuer, third)).contains(new Payload.Text("7"));
        bench.finish(rescuer, List.of(third));

        assertThat(bench.storage.find(job)).hasValueSatisfying(view -> {
            assertThat(view.state()).isEqualTo(State.COMPLETED);
            assertThat(view.rescues()).isEqualTo(1);
        });
    }

    @Test
    void an_operator_withdraws_a_job_and_its_node_is_told() {
        var job = bench.enqueue(1).getFirst();
        var node = bench.node();
        var delivery = claimOne(node);
        var cursor = bench.storage.control(node, Control.START).cursor();

        assertThat(bench.storage.cancel(job, "not wanted any more", "mara")).contains(State.CANCELLED);

        assertThat(bench.storage.control(node, cursor).cancelled()).containsExactly(delivery.place());
    }

    @Test
    void partitions_of_the_stream_are_not_vacuumed_for_what_was_inserted() {
        bench.sql("SELECT millrace.attach_now(900)");
        var partitions = """
                SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE c.relkind = 'r' AND c.relnamespace = 'millrace'::regnamespace
                """;

        assertThat(bench.number(partitions)).isGreaterThanOrEqualTo(12);
        assertThat(bench.number(partitions
                        + " AND NOT coalesce('autovacuum_vacuum_insert_threshold=-1' = ANY (c.reloptions), false)"))
                .isZero();
        bench.sql("DELETE FROM millrace.part WHERE no = 900");
    }

    @Test
    void housekeeping_of_a_fresh_schema_finds_nothing_to_do() {
        bench.storage.keep(bench.node());

        assertThat(bench.number("SELECT current_part FROM millrace.meta")).isEqualTo(1);
    }

    private Delivery claimOne(dev.millrace.store.Lease node) {
        var claimed = bench.claimAll(node);
        assertThat(claimed).hasSize(1);
        return claimed.getFirst();
    }
}
