package dev.millrace.app.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs the server's programs: as the right account, in an environment of our own, and not for ever. */
final class Programs {

    /** How a program ended, and what it said. */
    record Result(int exit, String said) {
        boolean succeeded() {
            return exit == 0;
        }
    }

    private static final Result TOO_SLOW = new Result(124, "the program did not end in time");
    private static final File NOTHING = new File(File.separatorChar == '\\' ? "NUL" : "/dev/null");

    private final Account account;
    private final Path directory;
    private final Binaries binaries;

    Programs(Account account, Path directory, Binaries binaries) {
        this.account = account;
        this.directory = directory;
        this.binaries = binaries;
    }

    String version() {
        return binaries.id();
    }

    /** Runs one of the server's programs to its end. */
    Result run(Duration limit, String program, String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(account.prefix());
        command.add(binaries.program(program));
        command.addAll(List.of(arguments));
        return runToTheEnd(limit, command);
    }

    /** Runs a line of shell with a directory and one of the server's programs as its arguments. */
    Result runShell(Duration limit, String line, Path where, String program) throws IOException, InterruptedException {
        var command = new ArrayList<>(account.prefix());
        command.addAll(List.of("sh", "-c", line, "sh", where.toString(), binaries.program(program)));
        return runToTheEnd(limit, command);
    }

    /**
     * Runs a program that leaves another one behind. The latter inherits the output, so that must be a file: a pipe
     * would not end before the server does.
     */
    int leaveBehind(Duration limit, Path output, String program, String... arguments)
            throws IOException, InterruptedException {
        var command = new ArrayList<>(account.prefix());
        command.add(binaries.program(program));
        command.addAll(List.of(arguments));
        var process = builder(command).redirectOutput(output.toFile()).start();
        return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS) ? process.exitValue() : TOO_SLOW.exit;
    }

    private Result runToTheEnd(Duration limit, List<String> command) throws IOException, InterruptedException {
        var process = builder(command).start();
        try {
            // What these programs say fits into a pipe (64 KB), so nobody needs to read while they run.
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                return TOO_SLOW;
            }
            return new Result(
                    process.exitValue(), new String(process.getInputStream().readAllBytes(), UTF_8));
        } finally {
            process.destroyForcibly();
        }
    }

    private ProcessBuilder builder(List<String> command) {
        var builder = new ProcessBuilder(command)
                .directory(account.prefix().isEmpty() ? directory.toFile() : new File("/"))
                .redirectInput(Redirect.from(NOTHING))
                .redirectErrorStream(true);
        var environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("PG") || name.startsWith("LC_"));
        environment.put("LC_ALL", "C");
        environment.put("LANG", "C");
        environment.put("TZ", "UTC");
        return builder;
    }
}
