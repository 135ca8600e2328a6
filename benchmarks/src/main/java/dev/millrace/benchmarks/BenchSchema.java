package dev.millrace.benchmarks;

import dev.millrace.world.World;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import javax.sql.DataSource;

/**
 * A schema for one measurement. While it is open its connection holds a lock under its name, so that another process can tell whether
 * somebody still measures there: what a killed process left is dropped by the next measurement.
 */
final class BenchSchema implements AutoCloseable {

    /** The class of the lock; the other half is the schema's name. Any number that nobody else uses. */
    private static final int LOCK = 0x62656e63;

    /** Marks what may be dropped: a name alone could be anybody's. */
    private static final String MARK = "made by millrace bench, and dropped when it is done";

    private final DataSource dataSource;
    private final Connection holder;
    private final String name;

    private BenchSchema(DataSource dataSource, Connection holder, String name) {
        this.dataSource = dataSource;
        this.holder = holder;
        this.name = name;
    }

    /** Makes one of a new name. */
    static BenchSchema make(DataSource dataSource, World world) throws SQLException {
        var name = "bench_%08x".formatted(world.random().nextInt());
        var holder = dataSource.getConnection();
        try (var statement = holder.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(%d, hashtext('%s'))".formatted(LOCK, name));
            statement.execute("CREATE SCHEMA " + name);
            statement.execute("COMMENT ON SCHEMA %s IS '%s'".formatted(name, MARK));
            return new BenchSchema(dataSource, holder, name);
        } catch (SQLException e) {
            holder.close();
            throw e;
        }
    }

    /**
     * Drops what processes left that are gone.
     *
     * @return how many
     */
    static int dropLeftovers(DataSource dataSource) throws SQLException {
        int dropped = 0;
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            var names = new ArrayList<String>();
            try (var rows = statement.executeQuery(
                    "SELECT nspname FROM pg_namespace WHERE nspname ~ '^bench_[0-9a-f]{8}$' AND obj_description(oid, 'pg_namespace') = '%s'"
                            .formatted(MARK))) {
                while (rows.next()) names.add(rows.getString(1));
            }
            for (var name : names) {
                if (!isTrue(connection, "SELECT pg_try_advisory_lock(%d, hashtext('%s'))".formatted(LOCK, name)))
                    continue;
                statement.execute("DROP SCHEMA IF EXISTS " + name + " CASCADE");
                statement.execute("SELECT pg_advisory_unlock(%d, hashtext('%s'))".formatted(LOCK, name));
                dropped++;
            }
        }
        return dropped;
    }

    private static boolean isTrue(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getBoolean(1);
        }
    }

    String name() {
        return name;
    }

    @Override
    public void close() throws SQLException {
        try (holder;
                var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("DROP SCHEMA IF EXISTS " + name + " CASCADE");
            try (var unlock = holder.createStatement()) {
                unlock.execute("SELECT pg_advisory_unlock(%d, hashtext('%s'))".formatted(LOCK, name));
            }
        }
    }
}
