package dev.millrace.benchmarks.peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * A package for Node below the user's cache, installed at its first use.
 *
 * @param home the folder that holds its {@code node_modules}
 */
record NodePackage(Path home) {

    private static final long INSTALL_SECONDS = 120;

    /**
     * Looks for the package, and has npm install it where it is missing.
     *
     * @throws IllegalStateException if Node or npm is missing or fails, with what they said
     */
    static NodePackage installed(String name, String version) throws IOException, InterruptedException {
        run(name, "node", "--version");
        var home = cache().resolve(name + "-" + version);
        if (!Files.exists(home)) {
            Files.createDirectories(cache());
            var fresh = Files.createTempDirectory(cache(), name);
            try {
                run(
                        name,
                        "npm",
                        "install",
                        "--no-audit",
                        "--no-fund",
                        "--no-update-notifier",
                        "--ignore-scripts",
                        "--loglevel=error",
                        "--fetch-retries=1", // by default it rests for over a minute before it says that there is no
                        // network
                        "--fetch-retry-mintimeout=1000",
                        "--prefix",
                        fresh.toString(),
                        name + "@" + version);
                move(fresh, home);
            } finally {
                delete(fresh);
            }
        }
        return new NodePackage(home);
    }

    private static Path cache() {
        var xdg = System.getenv("XDG_CACHE_HOME");
        var base = xdg == null || xdg.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(xdg);
        return base.resolve("millrace").resolve("peers");
    }

    /** Whoever is second finds it in place. */
    private static void move(Path fresh, Path home) throws IOException {
        try {
            Files.move(fresh, home, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            if (!Files.exists(home)) throw e;
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }

    /** Puts a script beside the package, where it finds it. */
    Path script(String resource) throws IOException {
        var script = home.resolve(resource);
        try (var in = Objects.requireNonNull(NodePackage.class.getResourceAsStream(resource), resource)) {
            var fresh = Files.createTempFile(home, "script", ".cjs");
            Files.copy(in, fresh, StandardCopyOption.REPLACE_EXISTING);
            Files.move(fresh, script, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        }
        return script;
    }

    private static void run(String name, String... command) throws IOException, InterruptedException {
        var what = String.join(" ", command);
        var log = Files.createTempFile("millrace-peer", ".log");
        try {
            var process = started(
                    name,
                    what,
                    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()));
            boolean ended = process.waitFor(INSTALL_SECONDS, TimeUnit.SECONDS);
            if (ended && process.exitValue() == 0) return;
            process.destroyForcibly();
            throw new IllegalStateException("%s can't be measured here: `%s` %s. It said: %s"
                    .formatted(
                            name,
                            what,
                            ended
                                    ? "ended with " + process.exitValue()
                                    : "took more than %d s".formatted(INSTALL_SECONDS),
                            Files.readString(log, StandardCharsets.UTF_8).strip()));
        } finally {
            Files.delete(log);
        }
    }

    private static Process started(String name, String what, ProcessBuilder builder) {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new IllegalStateException(
                    "%s can't be measured here: `%s` doesn't start. Install Node 18 or newer with npm, or leave this peer out."
                            .formatted(name, what),
                    e);
        }
    }
}
