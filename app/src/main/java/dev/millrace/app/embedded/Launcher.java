package dev.millrace.app.embedded;

import static dev.millrace.app.embedded.EmbeddedServerException.Reason.PORT_TAKEN;
import static dev.millrace.app.embedded.EmbeddedServerException.Reason.START_TIMEOUT;
import static dev.millrace.app.embedded.EmbeddedServerException.Reason.STILL_RUNNING;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * Starts, adopts and stops the server of one cluster.
 *
 * <p>Must be used under the directory's lock, which keeps other launchers away. What is left is the server of an
 * earlier owner: every start looks for it first, so a second one is never started. (PostgreSQL has an interlock of its
 * own, and it is the last line: a lost race ends in {@code STILL_RUNNING} and another look.)
 *
 * <p>Not thread-safe: the opening thread uses it first, then the supervisor. Only {@link #stopQuickly} may overlap.
 */
final class Launcher {

    /** A server that runs and answers. */
    record Running(ServerProcess process, int port, boolean adopted) {}

    private static final Duration PAUSE = Duration.ofMillis(20);
    private static final Duration PATIENCE_WITH_SILENCE = Duration.ofSeconds(10);
    private static final Duration FIRST_ANSWER = Duration.ofSeconds(30);
    private static final Duration PATIENCE_WITH_LEFTOVERS = Duration.ofSeconds(2);
    private static final Duration END_OF_LEFTOVERS = Duration.ofSeconds(15);
    private static final Duration ORPHAN_STOPS = Duration.ofSeconds(20);
    private static final int PORTS_TRIED = 50;

    /** Ports for a free choice: below those that systems hand out to outgoing connections, so they stay free. */
    private static final int FIRST_PORT = 20_000;

    private static final int PORTS = 10_000;

    private final Cluster cluster;
    private final Path directory;
    private final Programs programs;
    private final ServerLog log;
    private final Probe probe;
    private final Machine machine;
    private final EmbeddedServerConfig config;
    private final String fingerprint;

    /**
     * A start tool is at work, and stays so if its thread is interrupted: a server may appear that is not there yet.
     */
    private volatile boolean beginning;

    Launcher(Cluster cluster, Programs programs, ServerLog log, Machine machine, EmbeddedServerConfig config) {
        this.cluster = cluster;
        this.directory = cluster.directory();
        this.programs = programs;
        this.log = log;
        this.probe = new Probe(cluster.password());
        this.machine = machine;
        this.config = config;
        this.fingerprint = Settings.fingerprint(machine.platform(), programs.version(), config.port());
    }

    /** Adopts the server that an earlier owner left running, or starts one. */
    Running bringUp() {
        return config.port() == 0 ? bringUp(firstFreePort(), true) : bringUp(config.port(), false);
    }

    /** Starts the server again where its clients look for it. */
    Running bringUpOn(int port) {
        return bringUp(port, false);
    }

    private Running bringUp(int port, boolean anyPort) {
        try {
            var found = ServerProcess.on(directory);
            if (found.isPresent()) {
                var why = refusalToAdopt(found.get(), port, anyPort);
                if (why.isEmpty()) {
                    return adopt(found.get());
                }
                config.events()
                        .accept(new EmbeddedServerEvent.StoppingOrphan(
                                found.get().pid(), why));
                stopWhateverItTakes(found.get());
            }
            return start(port, anyPort);
        } catch (IOException e) {
            throw Diagnosis.of("Starting PostgreSQL", directory, e);
        } catch (SQLException e) {
            throw Diagnosis.ofServer("Talking to PostgreSQL", directory, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            throw EmbeddedServerException.interrupted("Starting PostgreSQL in " + directory, e);
        }
    }

    private Running adopt(ServerProcess process) throws SQLException {
        var port = PidFile.read(directory).map(PidFile::port).orElse(0);
        probe.endOtherSessions(port);
        config.events().accept(new EmbeddedServerEvent.Adopted(process.pid()));
        return new Running(process, port, true);
    }

    /** Empty if the server is ready and as this build would have started it; waits for one that replays its log. */
    private String refusalToAdopt(ServerProcess process, int wanted, boolean anyPort) throws InterruptedException {
        var limit = Deadline.in(config.startLimit(), machine.time());
        var silence = Deadline.in(PATIENCE_WITH_SILENCE, machine.time());
        while (process.alive()) {
            var file = PidFile.read(directory);
            if (file.isPresent() && file.get().stopping()) {
                return "it is about to stop";
            }
            var port = file.map(PidFile::port).orElse(0);
            switch (port == 0 ? new Probe.Answer.Silent("it has no port yet") : probe.ask(port)) {
                case Probe.Answer.Ready ready -> {
                    if (!anyPort && port != wanted) {
                        return "it listens on port %d instead of %d".formatted(port, wanted);
                    }
                    return ready.fingerprint().equals(fingerprint) ? "" : "it was started with other settings";
                }
                case Probe.Answer.Refused refused -> {
                    return "it refuses us: " + refused.why();
                }
                case Probe.Answer.Silent silent -> {
                    if (silence.passed()) {
                        return "it does not answer: " + silent.why();
                    }
                }
                case Probe.Answer.NotYet notYet -> {
                    if (limit.passed()) {
                        throw tooSlow(notYet.why());
                    }
                }
            }
            machine.time().sleep(PAUSE);
        }
        return "it has just ended";
    }

    private Running start(int firstPort, boolean anyPort) throws IOException, InterruptedException {
        var port = firstPort;
        var leftoversMayEnd = Deadline.in(PATIENCE_WITH_LEFTOVERS, machine.time());
        var leftoversMustEnd = Deadline.in(END_OF_LEFTOVERS, machine.time());
        for (var portsTried = 1; ; ) {
            var mark = log.mark();
            if (started(port)) {
                return awaitAnswer(port);
            }
            var said = log.since(mark);
            var reason = Diagnosis.reasonOf(said, directory);
            if (ServerProcess.on(directory).isPresent()) {
                if (reason != STILL_RUNNING) {
                    throw tooSlow("it is alive, and not ready");
                }
                return bringUp(port, anyPort); // lost a race against a start that a killed process had begun
            }
            if (reason == PORT_TAKEN && anyPort && portsTried++ < PORTS_TRIED) {
                port = freePortFrom(port + 1);
            } else if (reason == STILL_RUNNING && !leftoversMustEnd.passed()) {
                if (leftoversMayEnd.passed()) {
                    ServerProcess.killLeftovers(directory);
                }
                machine.time().sleep(Duration.ofMillis(200));
            } else {
                throw Diagnosis.ofServer("Starting PostgreSQL on port " + port, directory, said);
            }
        }
    }

    private boolean started(int port) throws IOException, InterruptedException {
        cluster.configure(machine.platform(), fingerprint);
        // Whoever wrote it is dead: ServerProcess.on found so. The server would not believe it of a number in use
        // again.
        Files.deleteIfExists(PidFile.in(directory));
        beginning = true;
        var exit = programs.leaveBehind(
                config.startLimit().plusSeconds(10),
                log.newStartFile(),
                "pg_ctl",
                "start",
                "--wait",
                "--timeout=" + config.startLimit().toSeconds(),
                "--pgdata=" + directory,
                "--options=" + Settings.commandLine(port));
        beginning = false;
        if (exit != 0) {
            machine.time().sleep(Duration.ofMillis(200)); // its last words take a moment to reach the log
        }
        return exit == 0;
    }

    private Running awaitAnswer(int port) throws InterruptedException {
        var limit = Deadline.in(FIRST_ANSWER, machine.time());
        while (true) {
            var answer = probe.ask(port);
            var process = ServerProcess.on(directory);
            if (answer instanceof Probe.Answer.Ready && process.isPresent()) {
                return new Running(process.get(), port, false);
            }
            if (answer instanceof Probe.Answer.Refused || limit.passed()) {
                process.ifPresent(this::stopSoon);
                throw Diagnosis.ofServer(
                        "Talking to PostgreSQL", directory, "%s\n%s".formatted(log.since(Map.of()), answer));
            }
            machine.time().sleep(PAUSE);
        }
    }

    private EmbeddedServerException tooSlow(String why) {
        return new EmbeddedServerException(
                START_TIMEOUT,
                """
                PostgreSQL in %s was not ready within %d s (%s). It may still replay its log after a crash, so it was \
                left running: start again later, and it will be found. Its log is in %s.""".formatted(directory, config.startLimit().toSeconds(), why, directory.resolveSibling("log")),
                log.tail(20),
                null);
    }

    /**
     * Stops the server in order, and waits for that a moment. One that needs longer (a slow disk, much to write) goes
     * on alone: it is never killed, and the next owner waits for its end.
     */
    void stopQuickly(Duration limit) throws InterruptedException {
        var appears = Deadline.in(limit.dividedBy(3), machine.time());
        var process = ServerProcess.on(directory);
        while (process.isEmpty() && beginning && appears.sleep(PAUSE)) {
            process = ServerProcess.on(directory);
        }
        if (process.isPresent()) {
            stopSoon(process.get());
            awaitEnd(process.get(), limit);
        }
    }

    private void stopWhateverItTakes(ServerProcess process) throws InterruptedException {
        stopSoon(process);
        if (!awaitEnd(process, ORPHAN_STOPS)) {
            stop("immediate");
            if (!awaitEnd(process, ORPHAN_STOPS.dividedBy(2))) {
                process.handle().destroyForcibly();
                awaitEnd(process, ORPHAN_STOPS.dividedBy(4));
            }
        }
    }

    private void stopSoon(ServerProcess process) {
        if (process.alive()) {
            stop("fast");
        }
    }

    /** The start tool's exit does not matter: whether the process ends is what its callers look at. */
    private void stop(String mode) {
        try {
            programs.run(
                    Duration.ofSeconds(5), "pg_ctl", "stop", "--no-wait", "--mode=" + mode, "--pgdata=" + directory);
        } catch (IOException e) {
            System.getLogger(Launcher.class.getName())
                    .log(System.Logger.Level.WARNING, "PostgreSQL could not be told to stop", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean awaitEnd(ServerProcess process, Duration limit) throws InterruptedException {
        var deadline = Deadline.in(limit, machine.time());
        while (process.alive()) {
            if (!deadline.sleep(PAUSE)) {
                return false;
            }
        }
        return true;
    }

    /** The same directory gets the same port, unless that is taken: a bookmark or a psql history stays good. */
    private int firstFreePort() {
        var hash = new CRC32();
        hash.update(directory.toString().getBytes(UTF_8));
        return freePortFrom(FIRST_PORT + (int) (hash.getValue() % PORTS));
    }

    private static int freePortFrom(int start) {
        for (var i = 0; i < PORTS; i++) {
            var port = FIRST_PORT + Math.floorMod(start - FIRST_PORT + i, PORTS);
            if (free(port)) {
                return port;
            }
        }
        return start; // all taken? The server will say it better.
    }

    private static boolean free(int port) {
        try (var socket = new ServerSocket()) {
            socket.setReuseAddress(true); // as the server does: connections of an earlier one may linger
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
