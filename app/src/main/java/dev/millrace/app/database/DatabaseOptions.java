package dev.millrace.app.database;

import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.Console;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.embedded.DataHome;
import dev.millrace.app.embedded.EmbeddedServer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that needs a database: one of yours, or the embedded one on a data directory. A picocli mixin. */
public class DatabaseOptions {

    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            defaultValue = "${env:MILLRACE_DATABASE}",
            description =
                    "A PostgreSQL of your own: jdbc:postgresql://host:5432/name. Default: MILLRACE_DATABASE, or an embedded one.")
    @Nullable
    String url;

    @Option(
            names = "--user",
            paramLabel = "NAME",
            defaultValue = "${env:MILLRACE_USER}",
            description = "Its user. Default: MILLRACE_USER.")
    @Nullable
    String user;

    @Option(
            names = "--password",
            paramLabel = "TEXT",
            defaultValue = "${env:MILLRACE_PASSWORD}",
            description = "Its password; others on this machine can read it here. Better: MILLRACE_PASSWORD.")
    @Nullable
    String password;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            defaultValue = "${env:MILLRACE_DATA}",
            description = "Where the embedded database is kept. Default: MILLRACE_DATA, or below the user's data home.")
    @Nullable
    Path data;

    private boolean looksOnly;

    /**
     * Opens the database for a command that stays: {@code up}, {@code crawl}, {@code bench}. The embedded one is started, and its data
     * directory is held until {@link Database#close}.
     *
     * @param command what the process calls itself, as a second one on the data directory reads it: {@code millrace up}
     * @param connections the most that are used at once
     * @param console hears of the embedded server's ups and downs. If it is given up, the process ends
     */
    public Database open(String command, int connections, Console console) {
        var given = url;
        return given == null
                ? new DataDirectory(directory(), command, connections, console).own()
                : Database.given(given, user, password, command, connections);
    }

    /**
     * Opens the database for a command that looks, or changes something, and ends: if another process holds the data directory, as its
     * guest.
     */
    public Database visit(String command, int connections, Console console) {
        refuseIfMissing();
        var given = url;
        return given == null
                ? new DataDirectory(directory(), command, connections, console).visit()
                : Database.given(given, user, password, command, connections);
    }

    /** Whether a database of the user's own was named. */
    public boolean given() {
        return url != null;
    }

    /**
     * Makes nothing: {@link #visit} refuses to make an embedded database, since a new one is in the best of health, and not the one that was meant; and the
     * schema is to be left as it is.
     */
    public void lookOnly() {
        looksOnly = true;
    }

    /** Whether {@link #lookOnly} was said. */
    public boolean looksOnly() {
        return looksOnly;
    }

    private void refuseIfMissing() {
        if (!looksOnly || url != null || EmbeddedServer.isIn(directory())) return;
        throw new CommandFailed(
                ExitCode.DATA_DIRECTORY,
                "There is no embedded database in %s, and this command makes none. Check --data and MILLRACE_DATA; name a database of your own by --database; or begin with `millrace up`. Nothing was changed."
                        .formatted(directory()));
    }

    /** Where the embedded database is kept. */
    public Path directory() {
        return data == null ? DataHome.ofThisUser() : data;
    }
}
