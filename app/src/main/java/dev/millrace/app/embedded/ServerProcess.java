package dev.millrace.app.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * A server's main process ("postmaster"). Whether this process started it or found it makes no difference: the start
 * tool detaches it, so it is nobody's child.
 */
record ServerProcess(ProcessHandle handle) {

    /**
     * The server that runs on a cluster now. A process number alone proves nothing, since numbers are used again: the
     * process must be a PostgreSQL, and at home in this very directory.
     */
    static Optional<ServerProcess> on(Path cluster) {
        return PidFile.read(cluster)
                .flatMap(file -> ProcessHandle.of(file.pid()))
                .map(ServerProcess::new)
                .filter(process -> process.alive() && process.worksIn(cluster));
    }

    long pid() {
        return handle.pid();
    }

    /** A zombie is dead, even if the process that should collect it never does (many containers' first process). */
    boolean alive() {
        return handle.isAlive() && !zombie(handle.pid());
    }

    private static boolean zombie(long pid) {
        try {
            var stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            var state = stat.charAt(stat.lastIndexOf(')') + 2);
            return state == 'Z' || state == 'X';
        } catch (IOException | StringIndexOutOfBoundsException e) {
            return false; // no such file system, or just gone: isAlive decides
        }
    }

    private boolean worksIn(Path cluster) {
        var info = handle.info();
        var program = info.command()
                .map(Path::of)
                .map(Path::getFileName)
                .map(Path::toString)
                .orElse("");
        if (!program.startsWith("postgres")) {
            return false;
        }
        try {
            var home = Files.readSymbolicLink(Path.of("/proc", Long.toString(pid()), "cwd"));
            return home.equals(cluster.toRealPath());
        } catch (IOException | UnsupportedOperationException e) {
            // Not Linux. Windows tells no arguments either: there the program's name and the connection must do.
            return info.arguments()
                    .map(arguments -> Arrays.asList(arguments).contains(cluster.toString()))
                    .orElse(true);
        }
    }

    /**
     * Kills what a dead server left behind: a session in the middle of a long statement does not notice that its server
     * is gone, and keeps a new one from starting. Works on Linux; elsewhere they end by themselves in a while.
     */
    static void killLeftovers(Path cluster) {
        if (!Files.exists(Path.of("/proc/self/cwd")) || on(cluster).isPresent()) {
            return;
        }
        ProcessHandle.allProcesses()
                .map(ServerProcess::new)
                .filter(process -> process.worksIn(cluster))
                .forEach(process -> process.handle.destroyForcibly());
    }
}
