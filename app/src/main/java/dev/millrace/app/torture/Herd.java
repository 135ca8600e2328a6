package dev.millrace.app.torture;

import dev.millrace.MillraceException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * The node processes of a run, one in each seat: starts them, kills them, freezes them, and keeps the last counters that each of them
 * said. Who takes a seat over has a new name, and the seat's way to the database.
 */
final class Herd implements AutoCloseable {

    private final List<Map<String, String>> environments;
    private final String schema;
    private final int slots;
    private final Path logs;
    private final Member[] seats;
    private final List<Process> all = new ArrayList<>();
    private final Map<String, Counters> said = new ConcurrentHashMap<>();
    private int named;

    /** A node process. */
    record Member(String name, int seat, Process process, Writer commands) {}

    /** What a node process counted, up to its last line. */
    record Counters(long refusedWrites, long lostOutcomes, long rescued, long started, long deposed) {}

    /**
     * An empty herd.
     *
     * @param environments of the processes, by seat: how each reaches the database
     * @param logs where each node's log and trace go
     */
    Herd(List<Map<String, String>> environments, String schema, int slots, Path logs) {
        this.environments = environments;
        this.schema = schema;
        this.slots = slots;
        this.logs = logs;
        this.seats = new Member[environments.size()];
    }

    int size() {
        return seats.length;
    }

    /** Starts a process in this seat. Whoever sat there must be gone. */
    Member start(int seat) {
        var name = "torture-" + ++named;
        var builder = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElse("java"),
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1", // most live for seconds: up sooner, and more is left for the others
                        "-cp",
                        System.getProperty("java.class.path"),
                        TortureNode.class.getName(),
                        name,
                        schema,
                        Integer.toString(slots),
                        logs.resolve(name + ".trace.jsonl").toString())
                .redirectError(logs.resolve(name + ".log").toFile());
        builder.environment().putAll(environments.get(seat));
        try {
            var process = builder.start();
            all.add(process);
            var member = new Member(
                    name, seat, process, new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
            seats[seat] = member;
            Thread.ofVirtual().name("listen to " + name).start(() -> listen(member));
            return member;
        } catch (IOException e) {
            throw new MillraceException("A node process could not be started: %s.".formatted(e.getMessage()), e);
        }
    }

    private void listen(Member member) {
        var output = member.process().getInputStream();
        try (var lines = new BufferedReader(new InputStreamReader(output, StandardCharsets.UTF_8))) {
            for (String line; (line = lines.readLine()) != null; ) {
                if (!line.startsWith("counts ")) continue;
                var numbers = line.split(" ", -1);
                said.put(
                        member.name(),
                        new Counters(
                                Long.parseLong(numbers[1]),
                                Long.parseLong(numbers[2]),
                                Long.parseLong(numbers[3]),
                                Long.parseLong(numbers[4]),
                                Long.parseLong(numbers[5])));
            }
        } catch (IOException killed) {
            // what it said last stands
        }
    }

    Member at(int seat) {
        return seats[seat];
    }

    /** Whether it has started something: a node that is frozen before it has joined proves nothing. */
    boolean atWork(Member member) {
        return counters(member).started() > 0;
    }

    /** What all processes counted, each up to its last line. */
    List<Counters> counters() {
        return List.copyOf(said.values());
    }

    private Counters counters(Member member) {
        return said.getOrDefault(member.name(), new Counters(0, 0, 0, 0, 0));
    }

    /** SIGKILL: it gets no chance to say anything. */
    void kill(Member victim) {
        victim.process().destroyForcibly();
    }

    /** Those that ended without being told to. */
    List<Member> fallen() {
        return IntStream.range(0, seats.length)
                .mapToObj(seat -> seats[seat])
                .filter(member -> !member.process().isAlive())
                .toList();
    }

    void freeze(Member member) {
        Signals.send("STOP", member.process().pid());
    }

    void wake(Member member) {
        if (member.process().isAlive()) Signals.send("CONT", member.process().pid());
    }

    /** Says a line to a process; one that is gone does not hear it. */
    void tell(Member member, String line) {
        try {
            member.commands().write(line + "\n");
            member.commands().flush();
        } catch (IOException gone) {
            // there is nobody to hear it
        }
    }

    /** Lets all of them end in order, and kills what does not. */
    @Override
    public void close() {
        for (var process : all) {
            try {
                process.getOutputStream().close();
            } catch (IOException alreadyGone) {
                // its end was the aim
            }
        }
        for (var process : all) {
            try {
                if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                process.destroyForcibly();
            }
        }
    }
}
