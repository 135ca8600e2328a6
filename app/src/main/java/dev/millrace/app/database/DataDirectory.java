package dev.millrace.app.database;

import dev.millrace.app.console.Console;
import dev.millrace.app.console.Durations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.embedded.EmbeddedServer;
import dev.millrace.app.embedded.EmbeddedServerConfig;
import dev.millrace.app.embedded.EmbeddedServerEvent;
import dev.millrace.app.embedded.EmbeddedServerException;
import dev.millrace.app.embedded.EmbeddedServerException.Reason;
import dev.millrace.app.embedded.RunningServer;
import dev.millrace.store.StoreException.Unavailable;
import dev.millrace.world.SystemWorld;
import dev.millrace.world.World;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The way to the database of a data directory. Commands that stay own it. A command that only visits is the guest of an owner that
 * stays, and the owner for a moment if there is none; another visitor is waited for, since its server ends with it.
 */
final class DataDirectory {

    /** Visitors take a second or two. */
    private static final Duration PATIENCE_WITH_VISITORS = Duration.ofSeconds(20);

    private static final Duration PAUSE = Duration.ofMillis(100);

    private static final String VISITOR = " (for a moment)";

    private final Path path;
    private final String command;
    private final int connections;
    private final Console console;
    private final World world = new SystemWorld();

    DataDirectory(Path path, String command, int connections, Console console) {
        this.path = path;
        this.command = command;
        this.connections = connections;
        this.console = console;
    }

    /** The owner, for as long as the command runs. */
    Database own() {
        long start = world.nanoTime();
        while (true) {
            try {
                return Database.own(open(command), command, connections);
            } catch (EmbeddedServerException taken) {
                if (taken.reason() != Reason.IN_USE || !heldByAVisitor() || tired(start)) throw taken;
                rest();
            }
        }
    }

    /** A guest, or the owner for a moment. The lock tells whether there is an owner, not what stands in its record. */
    Database visit() {
        long start = world.nanoTime();
        while (true) {
            var host = RunningServer.find(path)
                    .filter(running -> !running.command().endsWith(VISITOR));
            Unavailable noAnswer = null;
            try {
                if (host.isPresent()) return guestOf(host.get());
            } catch (Unavailable gone) {
                noAnswer = gone; // or never there: the record may be of a process that was killed
            }
            try {
                return Database.own(open(command + VISITOR), command, connections);
            } catch (EmbeddedServerException taken) {
                if (taken.reason() != Reason.IN_USE) throw taken;
                if (tired(start)) throw noAnswer == null ? taken : noAnswer;
            }
            rest();
        }
    }

    private Database guestOf(RunningServer host) {
        return Database.guest(
                host.jdbcUrl(),
                host.user(),
                host.password(),
                command,
                connections,
                "the embedded database in %s, run by process %d (%s)".formatted(path, host.owner(), host.command()));
    }

    private boolean heldByAVisitor() {
        Optional<String> holder = RunningServer.holder(path);
        return holder.isEmpty() || holder.get().endsWith(VISITOR);
    }

    private boolean tired(long start) {
        return world.nanoTime() - start > PATIENCE_WITH_VISITORS.toNanos();
    }

    private void rest() {
        try {
            world.sleep(PAUSE);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new Unavailable("Waiting for the data directory %s was interrupted.".formatted(path), stop);
        }
    }

    private EmbeddedServer open(String as) {
        return EmbeddedServer.open(EmbeddedServerConfig.at(path).command(as).events(this::tell));
    }

    private void tell(EmbeddedServerEvent event) {
        switch (event) {
            case EmbeddedServerEvent.Unpacking(var directory) ->
                console.hint("Unpacking PostgreSQL (once, a few seconds) …");
            case EmbeddedServerEvent.MakingCluster(var directory) ->
                console.hint("Making a database in %s (once) …".formatted(path.toAbsolutePath()));
            case EmbeddedServerEvent.Adopted(var pid) ->
                console.hint("The database of a process that was killed still ran (process %d), and is used on."
                        .formatted(pid));
            case EmbeddedServerEvent.StoppingOrphan(var pid, var why) ->
                console.hint("Stopping the database that a killed process left behind (process %d: %s) …"
                        .formatted(pid, why));
            case EmbeddedServerEvent.Died(var pid, var lifetime) ->
                console.say(
                        "The database (process %d) died after %s; it is started again. Nothing that was acknowledged is lost."
                                .formatted(pid, Durations.text(lifetime)));
            case EmbeddedServerEvent.Restarted(var pid, var took) ->
                console.say("The database runs again (process %d), after %s.".formatted(pid, Durations.text(took)));
            case EmbeddedServerEvent.RestartFailed(var failure) ->
                console.say(
                        failure.reason() == Reason.DISK_FULL
                                ? failure.getMessage() + " Until then it is tried every few seconds."
                                : failure.getMessage());
            case EmbeddedServerEvent.GivenUp(var failure) -> giveUp(failure);
        }
    }

    /** Without its database no part of this process can go on, nor end in order: it would only wait. */
    private void giveUp(EmbeddedServerException failure) {
        console.say("millrace: " + failure.getMessage());
        failure.logTail()
                .ifPresent(tail ->
                        console.say("The last it said:\n" + tail.indent(2).stripTrailing()));
        Runtime.getRuntime().halt(ExitCode.SERVER_GIVEN_UP.number());
    }
}
