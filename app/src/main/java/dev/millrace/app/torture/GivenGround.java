package dev.millrace.app.torture;

import dev.millrace.MillraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.UUID;

/** A database of the user's own: a schema in it is all that is ours. */
final class GivenGround implements Ground {

    private final Login login;
    private final String schema;
    private final Path logs;

    GivenGround(Login login, UUID random) throws IOException {
        this.login = login;
        this.schema = "torture_" + random.toString().substring(0, 8);
        this.logs = Files.createTempDirectory(schema + "-");
    }

    @Override
    public Login login() {
        return login;
    }

    @Override
    public String schema() {
        return schema;
    }

    @Override
    public Path logs() {
        return logs;
    }

    @Override
    public boolean bears(FaultKind kind) {
        return !kind.needsOwnServer();
    }

    @Override
    public void stopServer(Fault.Restart.How how) {
        throw new IllegalStateException("a database that is not ours is not restarted");
    }

    @Override
    public void fillDisk() {
        throw new IllegalStateException("the disk of a database that is not ours is not filled");
    }

    @Override
    public void makeRoom() {
        // it was never filled
    }

    @Override
    public String keep() {
        return "The schema %s, and the logs in %s, are kept for a look.".formatted(schema, logs);
    }

    @Override
    public void discard() {
        try (var connection = login.connect("torture");
                var drop = connection.createStatement()) {
            drop.execute("DROP SCHEMA IF EXISTS " + schema + " CASCADE");
        } catch (SQLException e) {
            throw new MillraceException(
                    "The schema %s could not be dropped: %s. Drop it by hand.".formatted(schema, e.getMessage()), e);
        }
        Trees.delete(logs);
    }

    @Override
    public void close() {
        // the server is not ours
    }
}
