package dev.millrace.app.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.Quiet;
import dev.millrace.app.wire.Json;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.world.SystemWorld;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A short torture, with every fault that is possible here. How fast dead nodes' jobs run elsewhere is not asked: a machine that builds
 * may be too busy to start a process in time. What may never happen is.
 */
class TortureIT {

    /** Unpacked once for all tests and runs. */
    private static final Path PROGRAMS = Path.of("target", "postgres").toAbsolutePath();

    @TempDir
    Path folder;

    private final List<String> told = new ArrayList<>();

    @Test
    @Timeout(value = 4, unit = TimeUnit.MINUTES)
    void nothing_is_lost_and_nothing_ends_twice_whatever_breaks() throws Exception {
        Quiet.libraries();
        if (Files.isDirectory(PROGRAMS)) Files.createSymbolicLink(folder.resolve("postgres"), PROGRAMS);
        try (var ground = OwnGround.below(folder, "run", 256L << 20, event -> {})) {
            var possible = FaultKind.usual().stream()
                    .filter(ground::bears)
                    .collect(Collectors.toCollection(() -> EnumSet.noneOf(FaultKind.class)));
            var plan = new TorturePlan(24, 800, 3, 100, Duration.ofSeconds(8), 5, possible);

            var report = new Torture(plan, ground, new SystemWorld(), told::add, true).run();

            var asText = String.join("\n", told) + report.text(true);
            assertThat(report.acknowledged() + report.unknown().enqueues())
                    .as(asText)
                    .isEqualTo(800);
            assertThat(report.lost()).as(asText).isZero();
            assertThat(report.outcomeTwice()).as(asText).isZero();
            assertThat(report.enqueuedTwice()).as(asText).isZero();
            assertThat(report.wrongEnding()).as(asText).isZero();
            assertThat(report.exactTwice()).as(asText).isZero();
            assertThat(report.effectMissing()).as(asText).isZero();
            assertThat(report.batches().acknowledged()).as(asText).isGreaterThan(10);
            assertThat(report.batches().kept()).as(asText).isTrue();
            assertThat(report.slots().missing()).as(asText).isZero();
            assertThat(report.slots().twice()).as(asText).isZero();
            assertThat(report.slots().undone()).as(asText).isZero();
            assertThat(report.slots().due()).as(asText).isGreaterThan(10);
            assertThat(report.slots().fired())
                    .as(asText)
                    .isGreaterThanOrEqualTo(report.slots().due());
            assertThat(report.leaders().kept()).as(asText).isTrue();
            assertThat(report.duplicates()).as(asText).containsEntry(Timeline.UNEXPLAINED, 0L);
            assertThat(report.faults()).as(asText).containsOnlyKeys(namesOf(possible));
            assertThat(traces(ground.logs()))
                    .hasAtLeastOneElementOfType(TraceEvent.Joined.class)
                    .hasAtLeastOneElementOfType(TraceEvent.Claimed.class)
                    .hasAtLeastOneElementOfType(TraceEvent.Started.class)
                    .hasAtLeastOneElementOfType(TraceEvent.Flushed.class)
                    .hasAtLeastOneElementOfType(TraceEvent.Completing.class)
                    .hasAtLeastOneElementOfType(TraceEvent.Enqueued.class);
        }
    }

    private static String[] namesOf(EnumSet<FaultKind> kinds) {
        return kinds.stream().map(FaultKind::wireName).toArray(String[]::new);
    }

    /** All that was told; the last line of a process that was killed may not be whole. */
    private static List<TraceEvent> traces(Path logs) throws IOException {
        var events = new ArrayList<TraceEvent>();
        try (var files = Files.newDirectoryStream(logs, "*.trace.jsonl")) {
            for (var file : files) {
                var lines = Files.readAllLines(file);
                for (int i = 0; i < lines.size(); i++) {
                    try {
                        events.add(TraceJson.read(lines.get(i)));
                    } catch (Json.NotJson torn) {
                        assertThat(i)
                                .as("only the last line of %s may be torn", file)
                                .isEqualTo(lines.size() - 1);
                    }
                }
            }
        }
        return events;
    }
}
