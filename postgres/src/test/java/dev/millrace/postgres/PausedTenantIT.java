package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Scope;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a release costs while a tenant is paused that has much: each node releases each second. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(RealServer.class)
class PausedTenantIT {

    private static final int JOBS = 20_000;

    private final Workbench bench;

    PausedTenantIT(TestServer server) {
        bench = new Workbench(server, "paused", store -> store);
    }

    @AfterAll
    void close() {
        bench.close();
    }

    @Test
    void a_release_does_not_walk_over_what_a_paused_tenant_has_parked() throws SQLException {
        var node = bench.node();
        int stream = bench.streams().stream()
                .filter(one -> !one.front())
                .findFirst()
                .orElseThrow()
                .id();
        park(stream, "shop-7", 300, "limit"); // before the pause
        bench.storage.pause(Scope.tenant("shop-7"), "the bill is open", "mara");
        park(stream, "shop-7", JOBS, "paused");
        park(stream, "shop-8", 1, "limit");

        assertThat(bench.storage.release(node, Map.of("work:1", 1), 1_000)).isEqualTo(1);
        assertThat(bench.number("SELECT count(*) FROM millrace.parked WHERE tenant = 'shop-7'"))
                .isEqualTo(JOBS + 300);

        try (var looking = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                var release =
                        looking.prepareStatement("SELECT millrace.release(?, ?, '{work}', '{1}', '{100}', 1000)")) {
            release.setObject(1, node.node().value());
            release.setInt(2, node.epoch().value());
            long before = read(looking); // a session may not have told yet what it read before
            release.executeQuery().close();
            assertThat(read(looking) - before).isLessThan(50);
            looking.rollback();
        }

        bench.storage.resume(Scope.tenant("shop-7"), "mara");
        assertThat(bench.storage.release(node, Map.of("work:1", 500), 1_000)).isEqualTo(500);
        assertThat(bench.number("SELECT count(*) FROM millrace.parked WHERE parking = 'limit'"))
                .as("the oldest first")
                .isZero();
    }

    /** Rows of what is parked that a session has read. */
    private static long read(Connection session) throws SQLException {
        try (var look = session.prepareStatement(
                        "SELECT coalesce(idx_tup_fetch, 0) + seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'parked'");
                var rows = look.executeQuery()) {
            return rows.next() ? rows.getLong(1) : 0;
        }
    }

    private void park(int stream, String tenant, int count, String parking) {
        bench.sql("""
                INSERT INTO millrace.parked (parking, reason, stream, job_id, run, no, attempt, rescues, charged, kind, kind_version, payload, headers, enqueued_at)
                SELECT '%s', 'as the test says', %d, gen_random_uuid(), 1, 2, 1, 0, 0, 'work', 1, '{}', '{"tenant": "%s"}', clock_timestamp()
                  FROM generate_series(1, %d)
                """.formatted(parking, stream, tenant, count));
    }
}
