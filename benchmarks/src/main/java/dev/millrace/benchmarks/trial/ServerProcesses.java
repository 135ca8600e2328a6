package dev.millrace.benchmarks.trial;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;

/** The database's processes, if it runs on this machine: its first one, and all that this one has started. */
final class ServerProcesses {

    private final Optional<ProcessHandle> first;

    private ServerProcesses(Optional<ProcessHandle> first) {
        this.first = first;
    }

    /** Those of the server that answers here. A process of the same number on another machine is hardly a PostgreSQL, too. */
    static ServerProcesses of(Database database) throws SQLException {
        long backend = (long) database.number("SELECT pg_backend_pid()");
        return new ServerProcesses(ProcessHandle.of(backend)
                .filter(process -> process.info().command().orElse("").contains("postgres"))
                .flatMap(ProcessHandle::parent)
                .filter(parent -> parent.info().totalCpuDuration().isPresent()));
    }

    boolean visible() {
        return first.isPresent();
    }

    /** Processor time of those that live. */
    double cpuSeconds() {
        return first.stream()
                .flatMap(parent -> Stream.concat(Stream.of(parent), parent.children()))
                .map(process -> process.info().totalCpuDuration().orElse(Duration.ZERO))
                .mapToDouble(time -> time.toNanos() / 1e9)
                .sum();
    }
}
