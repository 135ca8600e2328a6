package dev.millrace.app.embedded;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A directory for one test, and everything that the test starts in it: ended, and only that, when the test ends. */
final class Sandbox {

    /** Unpacked once for all tests and runs. */
    static final Path BINARIES = Path.of("target", "postgres").toAbsolutePath();

    static final Duration SOON = Duration.ofSeconds(60);

    private final Path directory;
    private final List<Path> dataDirectories = new ArrayList<>();
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final List<Path> mounts = new ArrayList<>();

    Sandbox() throws IOException {
        directory = Files.createTempDirectory(home(), "millrace-test-").toRealPath();
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /**
     * Memory, where there is enough of it and programs may run: what is tested here is what survives killed processes,
     * and for that a disk makes no difference but in time.
     */
    private static Path home() throws IOException {
        var memory = Path.of("/dev/shm");
        var disk = Path.of(System.getProperty("java.io.tmpdir"));
        if (!Files.isWritable(memory) || memory.toFile().getUsableSpace() < 1L << 30) {
            return disk;
        }
        var program = Files.createTempFile(
                memory,
                "millrace-test-",
                "",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try {
            return Files.isExecutable(program) ? memory : disk; // false on a file system mounted "noexec"
        } finally {
            Files.delete(program);
        }
    }

    Path directory() {
        return directory;
    }

    /** The path of a data directory that does not exist yet. */
    Path data(String name) {
        var data = directory.resolve(name);
        dataDirectories.add(data);
        return data;
    }

    /** The path of a data directory in which a server has run before, and has been closed. */
    Path used(String name) throws IOException {
        var data = data(name);
        copy(Template.DATA, data);
        return data;
    }

    /** A copy of the server's programs, as good as unpacked. */
    Path copyOfBinaries(Path to) throws IOException {
        Binaries.unpacked(BINARIES, Machine.real(), event -> {});
        copy(BINARIES, to);
        return to;
    }

    EmbeddedServerConfig config(Path data) {
        return EmbeddedServerConfig.at(data).command("millrace test").binaries(BINARIES);
    }

    EmbeddedServer open(Path data) {
        return open(config(data));
    }

    EmbeddedServer open(EmbeddedServerConfig config) {
        return open(config, Machine.real());
    }

    EmbeddedServer open(EmbeddedServerConfig config, Machine machine) {
        var server = EmbeddedServer.open(config, machine);
        open.push(server);
        return server;
    }

    /** A process of its own that opens a data directory. */
    Child child(Path data, String... options) throws IOException {
        return start(System.getProperty("java.class.path"), List.of(), data, BINARIES, options);
    }

    /** The same with a first start's whole way to go: its programs are not unpacked yet. */
    Child childWithOwnBinaries(Path data) throws IOException {
        return start(System.getProperty("java.class.path"), List.of(), data, data.resolve("postgres"));
    }

    /** The same as another user, with the class path and the binaries where that user can read them. */
    Child childAs(String user, Path data, String... options) throws IOException {
        var copies = directory.resolve("copies for " + user);
        if (!Files.exists(copies)) {
            copyOfBinaries(Files.createDirectory(copies).resolve("binaries"));
        }
        var classPath = new ArrayList<String>();
        for (var entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            var from = Path.of(entry);
            if (Files.exists(from)) {
                var to = copies.resolve(classPath.size() + "-" + from.getFileName());
                copy(from, to);
                classPath.add(to.toString());
            }
        }
        return start(
                String.join(File.pathSeparator, classPath),
                List.of("runuser", "-u", user, "--"),
                data,
                copies.resolve("binaries"),
                options);
    }

    private Child start(String classPath, List<String> prefix, Path data, Path binaries, String... options)
            throws IOException {
        var command = new ArrayList<>(prefix);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                classPath,
                ChildMain.class.getName(),
                data.toString(),
                binaries.toString()));
        command.addAll(List.of(options));
        var child = new Child(new ProcessBuilder(command)
                .directory(new File("/"))
                .redirectErrorStream(true)
                .start());
        open.push(child);
        return child;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var paths = Files.walk(from)) {
            for (var path : (Iterable<Path>) paths::iterator) {
                var target = to.resolve(from.relativize(path).toString());
                if (!Files.exists(target)) {
                    Files.copy(path, target, LinkOption.NOFOLLOW_LINKS);
                }
            }
        }
    }

    /** Mounts a small file system of its own on a directory. */
    Path tmpfs(String name, String options) throws IOException, InterruptedException {
        var mount = Files.createDirectory(data(name));
        run("mount", "-t", "tmpfs", "-o", options, "tmpfs", mount.toString());
        mounts.add(mount);
        return mount;
    }

    static void run(String... command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + said);
        }
    }

    static Connection connect(EmbeddedServer server) throws SQLException {
        return DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
    }

    static String query(EmbeddedServer server, String sql) throws SQLException {
        try (var connection = connect(server);
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    static void execute(EmbeddedServer server, String sql) throws SQLException {
        try (var connection = connect(server);
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Kills a server of this sandbox as the system would: without a word. */
    static void kill(long serverPid) {
        ProcessHandle.of(serverPid).orElseThrow().destroyForcibly();
    }

    /** Waits for a condition without guessing how long it takes. */
    static void until(Condition condition) throws Exception {
        var limit = Deadline.in(SOON, new SystemTime());
        while (!condition.holds()) {
            if (!limit.sleep(Duration.ofMillis(5))) {
                throw new AssertionError("it did not happen within " + SOON);
            }
        }
    }

    /** A closed server may take longer to end than {@code close()} waits, on a machine that has much else to do. */
    static void untilNoServerRunsOn(Path data) throws Exception {
        until(() -> ServerProcess.on(data.resolve("postgres/cluster")).isEmpty());
    }

    interface Condition {
        boolean holds() throws Exception;
    }

    void close() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
        for (var data : dataDirectories) {
            var orphan = ServerProcess.on(data.resolve("postgres/cluster"));
            if (orphan.isPresent()) {
                // "immediate": a server that is killed, and never started again, leaves shared memory to the system
                run("sh", "-c", "kill -QUIT " + orphan.get().pid());
                until(() -> !orphan.get().alive());
            }
        }
        for (var mount : mounts) {
            run("umount", "--lazy", mount.toString());
        }
        until(() -> {
            try {
                Disk.deleteTree(directory);
                return true;
            } catch (IOException e) {
                return false; // sessions of a killed server write their last
            }
        });
    }

    /** What takes a second and is the same for most tests is made once in a run. */
    private static final class Template {

        static final Path DATA = make();

        private static Path make() {
            try {
                var data = Path.of("target", "template").toAbsolutePath();
                Disk.deleteTree(data);
                EmbeddedServer.open(EmbeddedServerConfig.at(data).binaries(BINARIES))
                        .close();
                Files.delete(new Layout(data).owner());
                untilNoServerRunsOn(data);
                return data;
            } catch (Exception e) {
                throw new AssertionError("the template of all data directories could not be made", e);
            }
        }
    }

    /** A {@link ChildMain}, and the lines that it says. */
    static final class Child implements AutoCloseable {

        private final Process process;
        private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        private final List<String> all = new ArrayList<>();
        private final Writer in;

        private Child(Process process) {
            this.process = process;
            this.in = process.outputWriter();
            Thread.ofVirtual().start(() -> {
                try (var out =
                        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                    for (var line = out.readLine(); line != null; line = out.readLine()) {
                        lines.add(line);
                    }
                } catch (IOException e) {
                    lines.add("(" + e + ")");
                }
            });
        }

        long pid() {
            return process.pid();
        }

        /** The rest of the first line that begins with these words. */
        String says(String words) throws InterruptedException {
            var limit = Deadline.in(SOON, new SystemTime());
            while (!limit.passed()) {
                var line = lines.poll(100, MILLISECONDS);
                if (line != null) {
                    all.add(line);
                    if (line.startsWith(words)) {
                        return line.substring(words.length()).strip();
                    }
                }
            }
            throw new AssertionError("waited for \"%s\", but the child said: %s".formatted(words, all));
        }

        void tell(String line) {
            try {
                in.write(line + "\n");
                in.flush();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        int exit() throws InterruptedException {
            if (!process.waitFor(SOON.toSeconds(), SECONDS)) {
                throw new AssertionError("the child did not end, and said: " + all);
            }
            return process.exitValue();
        }

        /** SIGKILL: no hook runs, nothing is flushed. */
        void kill() {
            process.descendants()
                    .filter(descendant -> descendant.info().command().orElse("").endsWith("java"))
                    .forEach(ProcessHandle::destroyForcibly); // behind runuser
            process.destroyForcibly().onExit().join();
        }

        @Override
        public void close() {
            kill();
        }
    }
}
