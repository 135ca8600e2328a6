package dev.millrace.app.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool.PoolInitializationException;
import dev.millrace.Node;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.embedded.EmbeddedServer;
import dev.millrace.postgres.EofAwareSocketFactory;
import dev.millrace.store.StoreException.Unavailable;
import dev.millrace.world.World;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/** An open database: a pool of connections, and the embedded server below it if there is one. Safe for use by many threads. */
public final class Database implements AutoCloseable {

    /** How long a caller waits for a connection before the database counts as unreachable; shorter than a node's lease. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final HikariDataSource pool;
    private final String description;
    private final @Nullable EmbeddedServer server;
    private final @Nullable Thread atExit;
    private @Nullable NodeRecord record;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Database(HikariDataSource pool, String description, @Nullable EmbeddedServer server) {
        this.pool = pool;
        this.description = description;
        this.server = server;
        this.atExit = server == null
                ? null
                : Thread.ofPlatform().name("millrace-postgres-exit").unstarted(server::close);
        if (atExit != null) Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** A database of the user's own. */
    static Database given(
            String url, @Nullable String user, @Nullable String password, String command, int connections) {
        var parts = parsed(url);
        var name = "%s:%s/%s"
                .formatted(
                        PGProperty.PG_HOST.getOrDefault(parts),
                        PGProperty.PG_PORT.getOrDefault(parts),
                        PGProperty.PG_DBNAME.getOrDefault(parts));
        return new Database(connect(url, user, password, command, connections, name), name, null);
    }

    /** The embedded server of this process. */
    static Database own(EmbeddedServer server, String command, int connections) {
        var name = "the embedded database in " + server.dataDirectory();
        try {
            return new Database(
                    connect(server.jdbcUrl(), server.user(), server.password(), command, connections, name),
                    name,
                    server);
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /** The embedded server of another process. */
    static Database guest(
            String url, String user, String password, String command, int connections, String description) {
        return new Database(connect(url, user, password, command, connections, description), description, null);
    }

    private static Properties parsed(String url) {
        var parts = url.startsWith("jdbc:postgresql:") ? Driver.parseURL(url, null) : null;
        if (parts == null)
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "\"%s\" is not a JDBC address of PostgreSQL. Write jdbc:postgresql://host:5432/name; user and password have options of their own."
                            .formatted(url.replaceAll("(?i)(password=)[^&]*|(?<=//)[^@/]*@", "$1…")));
        return parts;
    }

    private static HikariDataSource connect(
            String url,
            @Nullable String user,
            @Nullable String password,
            String command,
            int connections,
            String name) {
        var config = new HikariConfig();
        config.setPoolName("millrace");
        config.setJdbcUrl(url);
        if (user != null) config.setUsername(user);
        if (password != null) config.setPassword(password);
        config.setMaximumPoolSize(connections);
        config.setMinimumIdle(Math.min(connections, 1));
        config.setConnectionTimeout(PATIENCE.toMillis());
        config.setValidationTimeout(2_000);
        config.addDataSourceProperty(PGProperty.CONNECT_TIMEOUT.getName(), "5");
        config.addDataSourceProperty(PGProperty.TCP_KEEP_ALIVE.getName(), "true");
        config.addDataSourceProperty(PGProperty.APPLICATION_NAME.getName(), command);
        config.addDataSourceProperty(EofAwareSocketFactory.PROPERTY, EofAwareSocketFactory.class.getName());
        try {
            tryOnce(config);
            return new HikariDataSource(config);
        } catch (SQLException refused) {
            throw unreachable(name, refused);
        } catch (PoolInitializationException lost) {
            throw unreachable(name, lost.getCause() instanceof SQLException cause ? cause : new SQLException(lost));
        }
    }

    /** A pool sleeps for a second before it tells that its first connection was refused; who mistyped an address need not wait for that. */
    private static void tryOnce(HikariConfig config) throws SQLException {
        var properties = new Properties();
        properties.putAll(config.getDataSourceProperties());
        if (config.getUsername() != null) PGProperty.USER.set(properties, config.getUsername());
        if (config.getPassword() != null) PGProperty.PASSWORD.set(properties, config.getPassword());
        DriverManager.getConnection(config.getJdbcUrl(), properties).close();
    }

    private static RuntimeException unreachable(String name, SQLException e) {
        var why = String.valueOf(e.getMessage()).lines().findFirst().orElse("").replaceAll("\\. Check that .*", "");
        var state = e.getSQLState() != null ? e.getSQLState() : "";
        var advice = state.startsWith("28")
                ? "Check --user and --password (or MILLRACE_USER and MILLRACE_PASSWORD)."
                : state.equals("3D000")
                        ? "Create the database first, or correct --database."
                        : "Check that it runs and that --database is right. Nothing was changed.";
        return new Unavailable(
                "The database %s can't be reached: %s. %s".formatted(name, why.replaceAll("\\.$", ""), advice), e);
    }

    public DataSource dataSource() {
        return pool;
    }

    /** How a child process of this one reaches the same database. */
    public Login login() {
        return new Login(pool.getJdbcUrl(), pool.getUsername(), pool.getPassword());
    }

    /** An address with credentials: for the environment of a child, never for an argument or a message. */
    public record Login(
            String url, @Nullable String user, @Nullable String password) {
        @Override
        public String toString() {
            return "a login";
        }
    }

    /** Its address without credentials, or the data directory of the embedded one. */
    public String description() {
        return description;
    }

    /** The embedded server, if this process runs one. */
    public Optional<EmbeddedServer> server() {
        return Optional.ofNullable(server);
    }

    /**
     * Keeps written down in the data directory which node works on it, so that the next owner can take over from it at once. Without an
     * embedded server there is nothing to do.
     */
    public void keepRecordOf(Node node, World world) {
        if (server != null && record == null) record = NodeRecord.kept(node, server, world);
    }

    /** Closes the connections, and stops the embedded server of this process. Closing twice does nothing. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) return;
        if (record != null) record.close();
        pool.close();
        if (server == null) return;
        server.close();
        try {
            if (atExit != null) Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException exiting) {
            // the hook finds the server closed
        }
    }
}
