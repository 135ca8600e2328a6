package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.store.StreamInfo;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a look for work costs: it is taken all the time, by every node. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(RealServer.class)
class PollIT {

    private static final int JOBS = 5_000;

    private final Workbench bench;

    PollIT(TestServer server) {
        bench = new Workbench(server, "poll", store -> store);
    }

    @AfterAll
    void close() {
        bench.close();
    }

    @Test
    void a_transaction_that_was_open_at_the_last_claim_costs_a_look_by_the_index_not_the_whole_stream()
            throws SQLException {
        var node = bench.node();
        try (var looking = bench.transaction(Connection.TRANSACTION_READ_COMMITTED);
                var open = bench.transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            assertThat(rowsReadByALook(looking))
                    .as("the session plans its look here, of empty tables")
                    .isZero();
            bench.storage.enqueue(open, Workbench.job());
            bench.enqueue(JOBS);
            assertThat(bench.claimAll(node)).hasSize(JOBS);

            assertThat(rowsReadByALook(looking)).isLessThan(10);

            open.commit();
            assertThat(bench.claimAll(node)).hasSize(1);
        }
    }

    /** Of the log, by one session that keeps its plans. */
    private long rowsReadByALook(Connection looking) throws SQLException {
        var streams = bench.streams().stream().map(StreamInfo::id).toArray();
        try (var poll = looking.prepareStatement("SELECT * FROM millrace.poll(?)");
                var read = looking.prepareStatement(
                        "SELECT sum(idx_tup_fetch) FROM pg_stat_xact_user_tables WHERE relname LIKE 'job_log_%'")) {
            poll.setArray(1, looking.createArrayOf("int4", streams));
            poll.executeQuery().close();
            try (var rows = read.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        } finally {
            looking.rollback();
        }
    }
}
