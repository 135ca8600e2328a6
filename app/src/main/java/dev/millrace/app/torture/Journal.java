package dev.millrace.app.torture;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;

/** What happens in a run, a line at a time: to whoever listens, and into a file. Safe for use by many threads. */
final class Journal implements AutoCloseable {

    private final RunClock clock;
    private final Consumer<String> narrator;
    private final PrintWriter file;

    Journal(RunClock clock, Consumer<String> narrator, Path file) throws IOException {
        this.clock = clock;
        this.narrator = narrator;
        this.file = new PrintWriter(Files.newBufferedWriter(file, StandardCharsets.UTF_8), true);
    }

    synchronized void say(String what) {
        var line = String.format(Locale.ROOT, "%7.1f s  %s", clock.now() / 1000.0, what);
        file.println(line);
        narrator.accept(line);
    }

    @Override
    public synchronized void close() {
        file.close();
    }
}
