package dev.millrace.app.torture;

import dev.millrace.MillraceException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The node processes of a run: starts them, kills them, freezes them, and keeps the last counters that each of them said. */
final class Herd implements AutoCloseable {

    private final Map<String, String> environment;
    private final String schema;
    private final int slots;
    private final Path logs;
    private final List<Member> alive = new ArrayList<>();
    private final List<Process> all = new ArrayList<>();
    private final Map<Long, Counters> said = new ConcurrentHashMap<>();
    private int named;

    /** A node process. */
    record Member(String name, Process process) {
        long pid() {
            return process.pid();
        }
    }

    /** What a node process counted, up to its last line. */
    record Counters(long refusedWrites, long lostOutcomes, long rescued, long started, long deposed) {}

    /** @param logs where each node's log goes */
    Herd(Map<String, String> environment, String schema, int slots, Path logs) {
        this.environment = environment;
        this.schema = schema;
        this.slots = slots;
        this.logs = logs;
    }

    Member start() {
        var name = "torture-" + ++named;
        var builder = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElse("java"),
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        TortureNode.class.getName(),
                        name,
                        schema,
                        Integer.toString(slots))
                .redirectError(logs.resolve(name + ".log").toFile());
        builder.environment().putAll(environment);
        try {
            var process = builder.start();
            all.add(process);
            var member = new Member(name, process);
            alive.add(member);
            Thread.ofVirtual().name("listen to " + name).start(() -> listen(process));
            return member;
        } catch (IOException e) {
            throw new MillraceException("A node process could not be started: %s.".formatted(e.getMessage()), e);
        }
    }

    private void listen(Process process) {
        try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line; (line = lines.readLine()) != null; ) {
                if (!line.startsWith("counts ")) continue;
                var numbers = line.split(" ", -1);
                said.put(
                        process.pid(),
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

    List<Member> alive() {
        return List.copyOf(alive);
    }

    /** Those that have started something: a node that is frozen before it has joined proves nothing. */
    List<Member> atWork() {
        return alive.stream().filter(member -> counters(member).started() > 0).toList();
    }

    /** What all processes counted, each up to its last line. */
    List<Counters> counters() {
        return List.copyOf(said.values());
    }

    Counters counters(Member member) {
        return said.getOrDefault(member.pid(), new Counters(0, 0, 0, 0, 0));
    }

    /** SIGKILL: it gets no chance to say anything. */
    void kill(Member victim) {
        alive.remove(victim);
        victim.process().destroyForcibly();
    }

    /** Those that ended without being told to. */
    List<Member> fallen() {
        var fallen =
                alive.stream().filter(member -> !member.process().isAlive()).toList();
        alive.removeAll(fallen);
        return fallen;
    }

    void freeze(Member member) {
        signal("-STOP", member);
    }

    void wake(Member member) {
        signal("-CONT", member);
    }

    private static void signal(String signal, Member member) {
        try {
            var kill = new ProcessBuilder("kill", signal, Long.toString(member.pid())).start();
            if (kill.waitFor() != 0) {
                throw new MillraceException("The process %d could not be sent %s.".formatted(member.pid(), signal));
            }
        } catch (IOException e) {
            throw new MillraceException(
                    "There is no command \"kill\" here, which a torture needs: %s.".formatted(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MillraceException("Interrupted while a process was sent %s.".formatted(signal), e);
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
