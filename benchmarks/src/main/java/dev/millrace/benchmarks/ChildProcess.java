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
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A running {@link Child}. It is told its orders on its standard input, which stays open: a child whose parent is gone ends. For one
 * thread.
 */
final class ChildProcess implements AutoCloseable {

    private static final long LOOK_MILLIS = 50;
    private static final int LINES_KEPT = 100;
    private static final Pattern THROWN = Pattern.compile("^(Caused by: )?[\\w.$]+(Exception|Error)\\b");

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
                reader("read " + label, process.getInputStream(), this::answered));
    }

    /**
     * Starts one, with the class path of this process and that of the peers.
     *
     * @param brief whether it is over before optimised code would pay
     */
    static ChildProcess start(Heat heat, boolean brief) {
        var command = new ArrayList<String>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.add("-Xmx" + heat.heapMegabytes() + "m");
        command.addAll(brief ? List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC") : List.of("-XX:+UseParallelGC"));
        command.add("-XX:+ExitOnOutOfMemoryError");
        command.addAll(List.of("-cp", PeerJars.classPath(), Child.class.getName()));
        try {
            return new ChildProcess(heat.label(), new ProcessBuilder(command).start());
        } catch (IOException e) {
            throw new MillraceException(
                    "The process of %s could not be started: %s.".formatted(heat.label(), e.getMessage()), e);
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

    /** What is no object of JSON is the virtual machine's: it warns on standard output. */
    private void answered(String line) {
        (line.startsWith("{") ? answers : said).add(line);
    }

    /** Tells it what to do. */
    void tell(Order order) {
        try {
            var input = process.getOutputStream();
            input.write((json.writeValueAsString(order) + "\n").getBytes(StandardCharsets.UTF_8));
            input.flush();
        } catch (IOException gone) {
            // its exit code tells
        }
    }

    /** What it found, if it has by now; passes on what it has said since, after a short wait for more. */
    Optional<Findings> listen(Telling telling) throws InterruptedException {
        telling.stopIfAsked();
        var line = said.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        if (line != null) pass(line, telling);
        return hear(telling);
    }

    /** The same, without a wait. One that has ended and found nothing is an error. */
    Optional<Findings> hear(Telling telling) throws InterruptedException {
        boolean alive = process.isAlive();
        if (!alive) for (var reader : readers) reader.join(); // then all it said is here
        for (String line; (line = said.poll()) != null; ) pass(line, telling);
        var answer = answers.poll();
        if (answer == null && alive) return Optional.empty();
        if (answer == null)
            throw new MillraceException("The process of %s ended with exit code %d before it had measured: %s"
                    .formatted(label, process.exitValue(), why()));
        try {
            return Optional.of(json.readValue(answer, Findings.class));
        } catch (JacksonException e) {
            throw new MillraceException("The process of %s gave no findings: %s".formatted(label, answer), e);
        }
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

    /** The innermost cause that it named, or else its last line. */
    private String why() {
        return lastLines.reversed().stream()
                .filter(line -> THROWN.matcher(line).find())
                .findFirst()
                .or(() -> Optional.ofNullable(lastLines.peekLast()))
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
