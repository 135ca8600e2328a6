package dev.millrace.benchmarks;

import dev.millrace.MillraceException;
import dev.millrace.benchmarks.trial.Regime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Two builds of Millrace that take turns at one regime, on one database: A, B, B, A, … Each is a checkout, or the jar of a build. */
public final class Builds {

    private static final int USAGE = 2;
    private static final long LOOK_MILLIS = 100;
    private static final long PATIENCE_SECONDS = 60;

    private final Login login;
    private final Telling telling;

    public Builds(Login login, Telling telling) {
        this.login = login;
        this.telling = telling;
    }

    /** Whether this is one: a folder with the launcher in it, or a jar. */
    public static boolean isBuild(Path path) {
        return Files.isExecutable(path.resolve("millrace")) || path.toString().endsWith(".jar");
    }

    /** A build's command, and whether it knows rounds: those from before have measured once. */
    private static final class Build {

        private final Path path;
        private final List<String> command;
        private boolean knowsRounds = true;

        Build(Path path) {
            this.path = path;
            this.command = path.toString().endsWith(".jar")
                    ? List.of(
                            ProcessHandle.current().info().command().orElse("java"),
                            "-Xmx512m",
                            "-XX:+UseParallelGC",
                            "-jar",
                            path.toString())
                    : List.of(path.resolve("millrace").toAbsolutePath().toString());
        }
    }

    private record Ended(int exit, String out, String err) {}

    /**
     * Measures both.
     *
     * @param options more of the regime, such as {@code --jobs 200000}
     */
    public Comparison compare(Path a, Path b, Regime regime, List<String> options, int rounds)
            throws InterruptedException {
        var first = new Build(a);
        var second = new Build(b);
        for (var build : List.of(first, second)) {
            telling.say("%s: is built if need be".formatted(build.path));
            var built = run(build, List.of("version"));
            if (built.exit != 0) throw failed(build, built);
        }
        var found = new LinkedHashMap<Build, Map<Comparison.Key, List<Double>>>();
        found.put(first, new LinkedHashMap<>());
        found.put(second, new LinkedHashMap<>());
        for (int turn = 0; turn < 2 * rounds; turn++) {
            var build = turn % 4 == 0 || turn % 4 == 3 ? first : second;
            telling.say("%s, round %d of %d: %s".formatted(regime.wireName(), turn / 2 + 1, rounds, build.path));
            var values = found.getOrDefault(build, Map.of());
            measure(build, regime, options)
                    .forEach((key, value) ->
                            values.computeIfAbsent(key, k -> new ArrayList<>()).addAll(value));
        }
        return Comparison.of(
                a.toString(),
                found.getOrDefault(first, Map.of()),
                b.toString(),
                found.getOrDefault(second, Map.of()),
                true);
    }

    private Map<Comparison.Key, List<Double>> measure(Build build, Regime regime, List<String> options)
            throws InterruptedException {
        var arguments = new ArrayList<>(List.of("bench", regime.wireName(), "--json"));
        arguments.addAll(options);
        if (build.knowsRounds) arguments.addAll(List.of("--rounds", "1"));
        var ended = run(build, arguments);
        if (ended.exit == USAGE && build.knowsRounds && ended.out.contains("--rounds")) {
            build.knowsRounds = false;
            return measure(build, regime, options);
        }
        if (ended.exit != 0) throw failed(build, ended);
        try {
            return Comparison.values(new JsonMapper().readTree(ended.out));
        } catch (JacksonException e) {
            throw failed(build, ended);
        }
    }

    /** The password goes by environment, which others can't read. */
    private Ended run(Build build, List<String> arguments) throws InterruptedException {
        var command = new ArrayList<>(build.command);
        command.addAll(arguments);
        Path out = null;
        Path err = null;
        try {
            out = Files.createTempFile("millrace-compare", ".out");
            err = Files.createTempFile("millrace-compare", ".err");
            var builder =
                    new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
            var environment = builder.environment();
            environment.put("MILLRACE_DATABASE", login.url());
            if (login.user() != null) environment.put("MILLRACE_USER", login.user());
            if (login.password() != null) environment.put("MILLRACE_PASSWORD", login.password());
            int exit = ended(builder.start());
            return new Ended(
                    exit, Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new MillraceException("%s can't be started: %s.".formatted(build.path, e.getMessage()), e);
        } finally {
            delete(out);
            delete(err);
        }
    }

    private int ended(Process process) throws InterruptedException {
        try {
            while (!process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) telling.stopIfAsked();
            return process.exitValue();
        } finally {
            process.destroy(); // in order: it has a schema to drop
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly();
        }
    }

    private static void delete(@Nullable Path file) {
        try {
            if (file != null) Files.deleteIfExists(file);
        } catch (IOException e) {
            file.toFile().deleteOnExit();
        }
    }

    private static MillraceException failed(Build build, Ended ended) {
        var said = ended.err.isBlank() ? ended.out : ended.err;
        return new MillraceException("%s ended with exit code %d: %s"
                .formatted(
                        build.path,
                        ended.exit,
                        said.lines()
                                .filter(line -> !line.isBlank())
                                .reduce((one, other) -> other)
                                .orElse("it said nothing")));
    }
}
