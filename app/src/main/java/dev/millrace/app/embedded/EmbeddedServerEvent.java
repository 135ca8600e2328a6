package dev.millrace.app.embedded;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Something a person may want to read one line about while the server is opened or supervised.
 *
 * <p>Events of the opening come on the opening thread, those of the supervision on the supervisor's thread. A listener
 * that throws is logged and otherwise ignored; one that blocks delays the next restart.
 */
public sealed interface EmbeddedServerEvent {

    /** The binaries are unpacked: once per version, about two seconds. */
    record Unpacking(Path directory) implements EmbeddedServerEvent {}

    /** A new cluster is made: once per data directory, about one second. */
    record MakingCluster(Path directory) implements EmbeddedServerEvent {}

    /** The server of an earlier process still ran, and is ours again. Its open sessions were ended. */
    record Adopted(long pid) implements EmbeddedServerEvent {}

    /** The server of an earlier process still ran but can't be used as it is; it is stopped and started anew. */
    record StoppingOrphan(long pid, String why) implements EmbeddedServerEvent {}

    /** The server died under this living process. Nothing that was acknowledged is lost. */
    record Died(long pid, Duration lifetime) implements EmbeddedServerEvent {}

    /** A dead server runs again, on the same port. */
    record Restarted(long pid, Duration took) implements EmbeddedServerEvent {}

    /** A dead server could not be started again; it may be tried once more. On a full disk it is, until there is room. */
    record RestartFailed(EmbeddedServerException failure) implements EmbeddedServerEvent {}

    /**
     * The server died or failed to start too often and stays down: the process should exit with a code of its own.
     * Comes once and last. The listener may call {@link EmbeddedServer#close()} or {@link System#exit(int)}.
     */
    record GivenUp(EmbeddedServerException failure) implements EmbeddedServerEvent {}
}
