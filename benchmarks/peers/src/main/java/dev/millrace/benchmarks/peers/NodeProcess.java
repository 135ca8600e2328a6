package dev.millrace.benchmarks.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/** A script that runs in Node and tells by lines what happens; it stops when its input ends, as it also does when we die. */
final class NodeProcess implements AutoCloseable {

    private static final long READY_SECONDS = 30;
    private static final long STOP_SECONDS = 15;
    private static final String RAN = "ran ";

    private final Process process;
    private final Thread reader;
    private final CountDownLatch readyOrGone = new CountDownLatch(1);
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private volatile boolean ready;

    NodeProcess(NodePackage of, Map<String, String> environment, LongConsumer ran, String... command)
            throws IOException {
        var builder = new ProcessBuilder(command).directory(of.home().toFile()).redirectErrorStream(true);
        builder.environment().putAll(environment);
        process = builder.start();
        reader = Thread.ofPlatform().name("peers-node-output").daemon().start(() -> read(ran));
    }

    private void read(LongConsumer ran) {
        try (var lines = process.inputReader(StandardCharsets.UTF_8)) {
            readLines(lines, ran);
        } catch (IOException e) {
            complaints.add(e.toString());
        } finally {
            readyOrGone.countDown();
        }
    }

    private void readLines(BufferedReader lines, LongConsumer ran) throws IOException {
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.startsWith(RAN)) {
                numbers(line, ran);
            } else if (line.equals("ready")) {
                ready = true;
                readyOrGone.countDown();
            } else if (!line.equals("stopped")) {
                complaints.add(line);
            }
        }
    }

    private static void numbers(String line, LongConsumer ran) {
        for (int begin = RAN.length(), end; begin < line.length(); begin = end + 1) {
            end = line.indexOf(' ', begin);
            if (end < 0) end = line.length();
            ran.accept(Long.parseLong(line, begin, end, 10));
        }
    }

    /** Has it begin, and waits until it says that it is ready. */
    void begin() throws IOException, InterruptedException {
        var input = process.outputWriter();
        input.write("begin\n");
        input.flush();
        boolean told = readyOrGone.await(READY_SECONDS, TimeUnit.SECONDS);
        if (ready) return;
        throw new IllegalStateException("The worker in Node %s: %s"
                .formatted(told ? "ended before it was ready" : "isn't ready", String.join("; ", complaints)));
    }

    /** Waits until it has done what it was started for. */
    void awaitDone() throws InterruptedException {
        boolean ended = process.waitFor(READY_SECONDS, TimeUnit.SECONDS);
        reader.join(TimeUnit.SECONDS.toMillis(1));
        if (ended && process.exitValue() == 0) return;
        process.destroyForcibly();
        throw new IllegalStateException("The script in Node failed: " + String.join("; ", complaints));
    }

    /** Lets it finish what it has begun; it is killed if that takes long, or if we are to hurry. */
    @Override
    public void close() throws IOException {
        process.outputWriter().close();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly();
            reader.join();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
