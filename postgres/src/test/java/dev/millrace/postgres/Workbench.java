package dev.millrace.postgres;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.NewJob;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Payload;
import dev.millrace.store.Storage;
import dev.millrace.store.StreamInfo;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.UnaryOperator;

/** A database of its own on a server, a store in it, and short words for what the schedules of these tests do. */
final class Workbench implements AutoCloseable {

    final String url;
    final HikariDataSource pool;
    final Storage storage;
    final HurriedWorld world = new HurriedWorld();
    private long ordinal;

    Workbench(TestServer server, String name, UnaryOperator<PostgresStore> how) {
        this(server.migratedDatabase(name), how);
    }

    Workbench(String url, UnaryOperator<PostgresStore> how) {
        this.url = url;
        pool = PostgresContract.pool(url);
        storage = how.apply(new PostgresStore(pool)).open(world);
    }

    Lease node() {
        return storage.join(new NodeCard(
                new NodeId(UUID.randomUUID()), "node", "here", 1, "test", 10, List.of("default"), List.of("kind")));
    }

    static NewJob job() {
        return new NewJob(
                new JobId(UUID.randomUUID()),
                "default",
                Priority.NORMAL,
                "one shard",
                "kind",
                1,
                new Payload.Text("{}"),
                Map.of(),
                null,
                null,
                null);
    }

    List<JobId> enqueue(int count) {
        var jobs = new ArrayList<NewJob>();
        for (int i = 0; i < count; i++) jobs.add(job());
        storage.enqueueAll(jobs.iterator());
        return jobs.stream().map(NewJob::id).toList();
    }

    /** An open transaction, not committing by itself. */
    Connection transaction(int isolation) throws SQLException {
        var connection = pool.getConnection();
        connection.setTransactionIsolation(isolation);
        connection.setAutoCommit(false);
        return connection;
    }

    List<StreamInfo> streams() {
        return storage.streams(List.of("default"));
    }

    Claim take(Lease lease, int stream, int want) {
        return storage.take(lease, stream, want, ordinal++, new ClaimToken(UUID.randomUUID()));
    }

    /** Claims whatever there is, stream by stream, until nothing is left. */
    List<Delivery> claimAll(Lease lease) {
        var found = new ArrayList<Delivery>();
        while (true) {
            var ready = storage.poll(streams().stream().map(StreamInfo::id).toList());
            if (ready.isEmpty()) return found;
            int before = found.size();
            for (int stream : ready) found.addAll(read(take(lease, stream, 100)));
            if (found.size() == before) return found;
        }
    }

    List<Delivery> read(Claim claim) {
        return claim.places().isEmpty() ? List.of() : storage.read(claim.token(), claim.places(), 1 << 20);
    }

    static Ended ended(Delivery delivery, Ending ending) {
        return new Ended(delivery, ending, Instant.now(), Duration.ofMillis(1));
    }

    void finish(Lease lease, List<Delivery> deliveries) {
        storage.flush(
                lease,
                deliveries.stream().map(d -> ended(d, new Ending.Done(null))).toList());
    }

    void sql(String sql) {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    long number(String sql) {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    String text(String sql) {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Uses up so many transaction ids. */
    void burn(int xids) {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("DO $$ BEGIN FOR i IN 1..%d LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
                    .formatted(xids));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        storage.close();
        pool.close();
    }
}
