package dev.millrace.postgres;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.simulation.contract.StoreContract;
import dev.millrace.store.Storage;
import dev.millrace.world.SystemWorld;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The contract on a real server, by a role that is no superuser. */
abstract class PostgresContract extends StoreContract {

    private @Nullable HikariDataSource pool;

    /** Where the store is; asked once. */
    abstract TestServer server();

    @Override
    protected Storage openStorage() {
        pool = pool(server().freshDatabase("contract"));
        return new PostgresStore(pool).open(new SystemWorld());
    }

    static HikariDataSource pool(String url) {
        var pool = new HikariDataSource();
        pool.setJdbcUrl(url);
        pool.setMaximumPoolSize(20);
        pool.setMinimumIdle(0);
        return pool;
    }

    @Override
    protected void letPass(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    protected Optional<Connection> transaction() {
        try {
            var connection = java.util.Objects.requireNonNull(pool).getConnection();
            connection.setAutoCommit(false);
            return Optional.of(connection);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    protected void closeRest() {
        if (pool != null) pool.close();
    }
}
