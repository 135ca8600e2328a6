package dev.millrace.app.torture;

import dev.millrace.simulation.trace.TraceEvent;
import java.io.BufferedWriter;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * Writes a trace, one JSON object a line. Each line is with the operating system when {@link #accept} returns: a process that is killed
 * loses none. Safe for use by many threads.
 */
final class TraceFile implements Consumer<TraceEvent>, AutoCloseable {

    private final BufferedWriter file;
    private boolean failed;

    TraceFile(Path path) throws IOException {
        this.file = Files.newBufferedWriter(path, StandardCharsets.UTF_8);
    }

    @Override
    public void accept(TraceEvent event) {
        write(TraceJson.write(event));
    }

    private synchronized void write(String line) {
        try {
            file.write(line);
            file.newLine();
            file.flush();
        } catch (IOException e) {
            if (failed) return;
            failed = true;
            System.getLogger(TraceFile.class.getName()).log(Level.ERROR, "The trace has holes from here on", e);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        file.close();
    }
}
