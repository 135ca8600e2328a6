package dev.millrace.app.torture;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.MillraceException;
import dev.millrace.postgres.EofAwareSocketFactory;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/** How to get into a database. Its text says nothing. */
record Login(String url, @Nullable String user, @Nullable String password) {

    /** How long a caller waits for a connection; shorter than a node's lease. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final int CONNECT_SECONDS = 5;

    /** A handler whose statement has gone into a black hole fails then, long before its deadline, and is tried again. */
    private static final int ANSWER_SECONDS = 20;

    /** The same database by another way: through a port of this machine. */
    Login through(int port) {
        return new Login(
                "jdbc:postgresql://127.0.0.1:%d/%s%s"
                        .formatted(
                                port,
                                PGProperty.PG_DBNAME.getOrDefault(properties()),
                                url.contains("?") ? url.substring(url.indexOf('?')) : ""),
                user,
                password);
    }

    String host() {
        var host = PGProperty.PG_HOST.getOrDefault(properties());
        if (host == null || host.contains(","))
            throw new MillraceException(
                    "--database names several hosts; a torture needs one, to stand between it and the nodes. Name the primary alone.");
        return host;
    }

    int port() {
        return Integer.parseInt(String.valueOf(PGProperty.PG_PORT.getOrDefault(properties())));
    }

    private Properties properties() {
        var properties = Driver.parseURL(url, null);
        if (properties == null) throw new MillraceException("The database's address is not one of PostgreSQL.");
        return properties;
    }

    /** A pool that is opened when it is first asked. Its connections bear this name in the server. */
    HikariDataSource pool(String name, int connections) {
        var config = new HikariConfig();
        config.setPoolName(name);
        config.setJdbcUrl(url);
        if (user != null) config.setUsername(user);
        if (password != null) config.setPassword(password);
        config.setMaximumPoolSize(connections);
        config.setMinimumIdle(0);
        config.setInitializationFailTimeout(-1);
        config.setConnectionTimeout(PATIENCE.toMillis());
        config.setValidationTimeout(2_000);
        config.addDataSourceProperty(PGProperty.CONNECT_TIMEOUT.getName(), CONNECT_SECONDS);
        config.addDataSourceProperty(PGProperty.SOCKET_TIMEOUT.getName(), ANSWER_SECONDS);
        config.addDataSourceProperty(PGProperty.APPLICATION_NAME.getName(), name);
        config.addDataSourceProperty(EofAwareSocketFactory.PROPERTY, EofAwareSocketFactory.class.getName());
        return new HikariDataSource(config);
    }

    /** One connection, on which each answer comes within a few seconds or never. */
    Connection connect(String name) throws SQLException {
        var properties = new Properties();
        if (user != null) PGProperty.USER.set(properties, user);
        if (password != null) PGProperty.PASSWORD.set(properties, password);
        PGProperty.APPLICATION_NAME.set(properties, name);
        PGProperty.CONNECT_TIMEOUT.set(properties, CONNECT_SECONDS);
        PGProperty.LOGIN_TIMEOUT.set(properties, CONNECT_SECONDS);
        PGProperty.SOCKET_TIMEOUT.set(properties, CONNECT_SECONDS);
        properties.setProperty(EofAwareSocketFactory.PROPERTY, EofAwareSocketFactory.class.getName());
        return DriverManager.getConnection(url, properties);
    }

    /** For a child process: never an argument, which others on this machine could read. */
    Map<String, String> environment() {
        var environment = new HashMap<String, String>();
        environment.put("TORTURE_DATABASE", url);
        if (user != null) environment.put("TORTURE_USER", user);
        if (password != null) environment.put("TORTURE_PASSWORD", password);
        return environment;
    }

    @Override
    public String toString() {
        return "a login";
    }
}
