package dev.millrace.app.embedded;

import static dev.millrace.app.embedded.EmbeddedServerException.Reason.DAMAGED;
import static dev.millrace.app.embedded.EmbeddedServerException.Reason.WRONG_VERSION;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.function.Consumer;

/**
 * The data: a PostgreSQL cluster that is either whole or not there.
 *
 * <p>It is made in a directory of a new name and renamed when it is complete and synced. A program that was left behind
 * half-way (its parent was killed) goes on in its own directory, in nobody's way; the next start deletes that. The
 * password lies in the cluster, so the two can't be parted.
 */
final class Cluster {

    static final String USER = "millrace";
    private static final String MAKING = "making-";
    static final String PASSWORD = "millrace.password";
    private static final Duration LIMIT = Duration.ofMinutes(3);

    private final Path directory;
    private final String password;

    private Cluster(Path directory, String password) {
        this.directory = directory;
        this.password = password;
    }

    Path directory() {
        return directory;
    }

    String password() {
        return password;
    }

    static Cluster openOrMake(Layout layout, Programs programs, Time time, Consumer<EmbeddedServerEvent> events) {
        try {
            Disk.sweep(layout.postgres(), MAKING);
            if (!Files.exists(layout.cluster())) {
                events.accept(new EmbeddedServerEvent.MakingCluster(layout.cluster()));
                make(layout, programs, time);
            }
            return open(layout.cluster());
        } catch (IOException e) {
            throw Diagnosis.of("Making the database", layout.postgres(), e);
        } catch (InterruptedException e) {
            throw EmbeddedServerException.interrupted("Making the database in " + layout.postgres(), e);
        }
    }

    /** Refuses, before anything is made, a cluster that this build can't run. */
    static void refuseUnusable(Path directory) {
        try {
            if (Files.exists(directory)) {
                open(directory);
            }
        } catch (IOException e) {
            throw Diagnosis.of("Opening the database", directory, e);
        }
    }

    private static Cluster open(Path directory) throws IOException {
        var version = directory.resolve("PG_VERSION");
        var password = directory.resolve(PASSWORD);
        if (!Files.exists(version) || !Files.exists(password)) {
            throw new EmbeddedServerException(
                    DAMAGED, """
                    The database in %s is not whole, or was not made by Millrace: %s is missing. Nothing was changed in \
                    it. Put back a backup of the directory, or move it away to begin with an empty database; jobs that \
                    are only in there are then gone.""".formatted(directory, (Files.exists(version) ? password : version).getFileName()));
        }
        var made = Files.readString(version).strip();
        if (!made.equals(Binaries.MAJOR)) {
            throw new EmbeddedServerException(WRONG_VERSION, """
                    The database in %s was made by PostgreSQL %s, but this build of Millrace brings PostgreSQL %s, which \
                    can't read it. Nothing was changed in it. Dump it with the version of Millrace that made it (or with \
                    pg_dump %s) and restore it into a new directory, or begin with an empty one: --data.""".formatted(directory, made, Binaries.VERSION, made));
        }
        return new Cluster(directory, Files.readString(password).strip());
    }

    private static void make(Layout layout, Programs programs, Time time) throws IOException, InterruptedException {
        var making = layout.postgres().resolve(MAKING + ProcessHandle.current().pid() + "-" + time.nanoTime());
        Disk.makeDirectory(making);
        var password = newPassword();
        var passwordFile = making.resolve("password");
        Disk.replace(passwordFile, password + "\n");
        var data = making.resolve("data");
        // Text is compared by bytes: the same order on every machine, for ever, and the fastest. Checksums find bad
        // disks.
        var result = programs.run(
                LIMIT,
                "initdb",
                "--pgdata=" + data,
                "--username=" + USER,
                "--pwfile=" + passwordFile,
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--data-checksums");
        if (!result.succeeded()) {
            var failure = Diagnosis.ofServer("Making the database", layout.postgres(), result.said());
            Disk.sweep(layout.postgres(), MAKING); // a full disk gets its space back
            throw failure;
        }
        Disk.replace(data.resolve(PASSWORD), password + "\n");
        Disk.rename(data, layout.cluster());
        Disk.sweep(layout.postgres(), MAKING);
    }

    void configure(Platform platform, String fingerprint) throws IOException {
        Disk.replace(directory.resolve("postgresql.conf"), Settings.text(platform, fingerprint));
    }

    private static String newPassword() {
        var bytes = new byte[24];
        new SecureRandom().nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
