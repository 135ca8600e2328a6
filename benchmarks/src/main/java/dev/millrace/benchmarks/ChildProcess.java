package dev.millrace.benchmarks;

import dev.millrace.MillraceException;
import dev.millrace.benchmarks.trial.Child;
import dev.millrace.benchmarks.trial.Findings;
import dev.millrace.benchmarks.trial.Narrator;
import dev.millrace.benchmarks.trial.Order;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A running {@link Child}. It is told its order on its standard input, which stays open: a child whose parent is gone ends. For one
 * thread.
 */
final class ChildProcess implements AutoCloseable {

    private static final long LOOK_MILLIS = 50;
    private static final int LINES_KEPT = 40;

    private final JsonMapper json = new JsonMapper();
    private final String label;
    private final Process process;
    private final LinkedBlockingQueue<String> said = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final ArrayDeque<String> lastLines = new ArrayDeque<>();
    private final List<Thread> readers;

    private ChildProcess(String label, Process process) {
        this.label = label;
        this.process = process;
        this.readers = List.of(
                reader("hear " + label, process.getErrorStream(), said::add),
                reader("read " + label, process.getInputStream(), answers::add));
    }

    /** Starts one, with the class path of this process and that of the peers. */
    static ChildProcess start(String label, Order order, int heapMegabytes, String classPath) {
        var command = List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-Xmx" + heapMegabytes + "m",
                "-XX:+UseParallelGC",
                "-XX:+ExitOnOutOfMemoryError",
                "-cp",
                classPath,
                Child.class.getName());
        try {
            var child = new ChildProcess(label, new ProcessBuilder(command).start());
            child.tell(child.json.writeValueAsString(order));
            return child;
        } catch (IOException e) {
            throw new MillraceException(
                    "The process of %s could not be started: %s.".formatted(label, e.getMessage()), e);
        }
    }

    private static Thread reader(String name, InputStream stream, Consumer<String> into) {
        return Thread.ofVirtual().name(name).start(() -> {
            try (var lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line; (line = lines.readLine()) != null; ) into.accept(line);
            } catch (IOException gone) {
                // what it said stands
            }
        });
    }

    /** Says a line to it. */
    void tell(String line) {
        try {
            var input = process.getOutputStream();
            input.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            input.flush();
        } catch (IOException gone) {
            // its exit code tells
        }
    }

    /**
     * Passes on what it has said since, after a short wait for more.
     *
     * @return whether it still runs
     */
    boolean listen(Telling telling) throws InterruptedException {
        telling.stopIfAsked();
        var line = said.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        if (line != null) pass(line, telling);
        return hear(telling);
    }

    /** Passes on what it has said since, and does not wait. */
    boolean hear(Telling telling) {
        for (String line; (line = said.poll()) != null; ) pass(line, telling);
        return process.isAlive();
    }

    private void pass(String line, Telling telling) {
        if (line.startsWith(Narrator.SAY)) {
            telling.say(line.substring(Narrator.SAY.length()));
        } else if (line.startsWith(Narrator.AT)) {
            var parts = line.substring(Narrator.AT.length()).split(" ", 3);
            telling.show(parts[2], Long.parseLong(parts[0]), Long.parseLong(parts[1]));
        } else {
            lastLines.addLast(line);
            if (lastLines.size() > LINES_KEPT) lastLines.removeFirst();
        }
    }

    /** What it found, once it has ended. */
    Findings findings(Telling telling) throws InterruptedException {
        process.waitFor();
        for (var reader : readers) reader.join();
        for (String line; (line = said.poll()) != null; ) pass(line, telling);
        var printed = new ArrayList<String>();
        answers.drainTo(printed);
        if (process.exitValue() == 0 && printed.size() == 1) {
            try {
                return json.readValue(printed.getFirst(), Findings.class);
            } catch (JacksonException e) {
                throw new MillraceException("The process of %s gave no findings: %s".formatted(label, printed), e);
            }
        }
        throw new MillraceException("The process of %s ended with exit code %d before it had measured: %s"
                .formatted(label, process.exitValue(), why()));
    }

    /** The first line of the last exception, or else the last line. */
    private String why() {
        return lastLines.reversed().stream()
                .filter(line -> !line.startsWith("\t") && !line.isBlank())
                .findFirst()
                .orElse("it said nothing");
    }

    /** Ends it, if it still runs. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
