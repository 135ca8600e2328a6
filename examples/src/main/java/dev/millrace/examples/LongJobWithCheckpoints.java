package dev.millrace.examples;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import dev.millrace.Attempt;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.LogLevel;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Retry;
import java.io.IOException;

/** Shows a job that takes long: it tells how far it is, asks whether to stop, and goes on from its last checkpoint. */
final class LongJobWithCheckpoints {

    @Kind("import-catalogue")
    record ImportCatalogue(String file, long lines) implements Job<Long> {}

    private LongJobWithCheckpoints() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(ImportCatalogue.class, LongJobWithCheckpoints::load)
                    .retry(Retry.fixed(ofMillis(100)))
                    .deadline(ofSeconds(30)) // for the time between two heartbeats
                    .concurrency(2)
                    .start();
            long loaded =
                    millrace.enqueue(new ImportCatalogue("chairs.csv", 4_000)).get(ofSeconds(30));
            System.out.println("Loaded " + loaded + " lines");
        }
    }

    private static long load(ImportCatalogue job, Attempt attempt) throws IOException {
        long line = attempt.checkpoint(Long.class).orElse(0L);
        System.out.println("Attempt " + attempt.number() + " begins at line " + line);
        for (; line < job.lines() && !attempt.cancelled(); line++) {
            if (line % 1_000 == 0) attempt.checkpoint(line); // all lines before this one are loaded
            if (line == 2_500 && attempt.number() == 1) throw new IOException("the file went away at line 2500");
            if (line % 700 == 0) attempt.log(LogLevel.WARNING, "line {} has no price", line);
            attempt.progress(line, job.lines());
            attempt.heartbeat();
        }
        return line;
    }
}
