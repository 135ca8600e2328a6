package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.cli.Gate;
import dev.millrace.benchmarks.trial.Regime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every regime, so small that its numbers mean nothing, by the real launcher: each measures what it says. */
@Execution(ExecutionMode.SAME_THREAD)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class RegimesIT {

    /** Of all of them, so that a database is made but once. */
    @TempDir
    static Path folder;

    @Test
    void every_regime_is_measured_beside_its_raw_limit_and_judged() throws Exception {
        var report = all();

        for (var regime : Regime.ofAll(true))
            assertThat(report.get("regimes").has(regime.wireName()))
                    .as(regime.wireName() + ": " + report.get("failed"))
                    .isTrue();
        assertThat(report.get("failed")).isEmpty();

        var burnDown = rows(report, "burn-down");
        assertThat(positive(burnDown, "millrace")).contains("runPerSecond", "walBytesPerJob", "commitsPerJob");
        assertThat(value(burnDown, "millrace", "jobsDone")).isEqualTo(200);
        assertThat(value(burnDown, "millrace", "deadTuples")).isZero();
        assertThat(positive(burnDown, "raw")).contains("rawCopyPerSecond", "rawLimitPerSecond");
        assertThat(burnDown.get("millrace").get("heapMegabytes").intValue()).isEqualTo(256);
        assertThat(share(burnDown, "runPerSecond", "rawLimitPerSecond")).isTrue();
        assertThat(share(rows(report, "enqueue"), "enqueuePerSecond", "rawCopyPerSecond"))
                .isTrue();
        assertThat(share(rows(report, "sustained"), "acknowledgedPerSecond", "rawCommitsPerSecond"))
                .isTrue();
        assertThat(positive(rows(report, "sustained"), "millrace"))
                .contains("acknowledgedPerSecond", "callP50Millis", "callP99Millis");
        assertThat(value(rows(report, "sustained"), "millrace", "endToEndPerSecond"))
                .isLessThanOrEqualTo(value(rows(report, "sustained"), "millrace", "acknowledgedPerSecond"));
        assertThat(positive(rows(report, "transactional"), "millrace"))
                .contains("withJobPerSecond", "withPlainRowPerSecond", "transactionRatio");
        assertThat(positive(rows(report, "idle"), "millrace")).contains("callP50Millis");
        assertThat(value(rows(report, "idle"), "millrace", "idleStatementsPerSecond"))
                .isNotNegative();
        assertThat(rows(report, "idle").get("millrace").get("notes").toString())
                .contains("statements are")
                .doesNotContain("had not started");
        assertThat(positive(rows(report, "handlers"), "millrace")).contains("busyPercent1ms", "busyPercent50ms");
        assertThat(value(rows(report, "handlers"), "millrace", "busyPercent50ms"))
                .isLessThanOrEqualTo(100);
        assertThat(positive(rows(report, "held-horizon"), "millrace"))
                .contains("firstPerSecond", "heldPerSecond", "lastPerSecond", "heldOtherKilobytes");
        assertThat(value(rows(report, "backlog"), "millrace", "backlogJobs")).isEqualTo(400);
        assertThat(value(rows(report, "backlog"), "millrace", "historyJobs")).isEqualTo(600);
        assertThat(value(rows(report, "timers"), "millrace", "jobsDone")).isEqualTo(200);
        assertThat(value(rows(report, "timers"), "millrace, held snapshot", "jobsDone"))
                .isEqualTo(200);
        assertThat(positive(rows(report, "nodes"), "1 node")).contains("totalRunPerSecond");
        assertThat(positive(rows(report, "nodes"), "2 nodes")).contains("totalRunPerSecond");
        assertThat(positive(rows(report, "features"), "millrace"))
                .contains(
                        "plainPerSecond",
                        "tenantsOverPlain",
                        "inOrderOverPlain",
                        "ratedOverPlain",
                        "transactOverPlain");
        assertThat(value(rows(report, "seats"), "millrace", "shows")).isEqualTo(1);
        assertThat(value(rows(report, "seats"), "millrace", "seatsSoldTwice")).isZero();
        assertThat(positive(rows(report, "fairness"), "millrace"))
                .contains("quietPickUpP99Millis", "floodedPickUpP99Millis", "floodPerSecond")
                .doesNotContain("floodedWorstTenantP50Millis"); // none has enough jobs

        assertThat(report.get("machine").get("settings").get("fsync").stringValue(""))
                .isEqualTo("on");
        assertThat(verdicts(report))
                .hasSizeGreaterThan(25)
                .contains("not measured")
                .containsAnyOf("met", "not met");
        assertThat(folder.resolve("out/all.md"))
                .content()
                .contains("| regime")
                .contains("## held-horizon")
                .contains("Who played, and how");
        assertThat(new JsonMapper().readTree(Files.readString(folder.resolve("out/all.json"))))
                .isEqualTo(report);
    }

    @Test
    void a_soak_is_a_series_that_is_drawn() throws Exception {
        var out = folder.resolve("soak");
        var report = ran(
                "soak",
                "--seconds",
                "3",
                "--held-seconds",
                "1",
                "--rate",
                "1010",
                "--json",
                "--data",
                folder.resolve("data").toString(),
                "--out",
                out.toString());

        var rows = report.get("contenders");
        assertThat(rows.get("millrace").get("heapMegabytes").intValue()).isEqualTo(256);
        assertThat(value(rows, "millrace", "jobsDone")).isEqualTo(value(rows, "millrace", "jobsTaken"));
        assertThat(value(rows, "millrace", "jobsTaken")).isBetween(1_000.0, 3 * 1_010.0); // it may be held up
        assertThat(positive(rows, "millrace"))
                .contains("beforeRunPerSecond", "whileHeldOtherBytes", "afterPickUpP99Millis", "heldOverBeforeRun");
        assertThat(rows.get("millrace").get("series")).hasSize(1);
        var samples = rows.get("millrace").get("series").get(0);
        assertThat(samples)
                .extracting(sample -> sample.get("held").booleanValue())
                .containsExactly(false, true, false);
        assertThat(samples).allSatisfy(sample -> {
            assertThat(sample.get("values").propertyNames())
                    .contains("enqueuedPerSecond", "backlogJobs", "pickUpP50Millis", "walBytesPerJob", "deadRows");
            assertThat(sample.get("values").get("otherBytes").doubleValue()).isPositive();
            assertThat(sample.get("values").get("engineCpuPercent").doubleValue())
                    .isPositive();
        });
        assertThat(new JsonMapper().readTree(Files.readString(out.resolve("soak.json"))))
                .isEqualTo(report);

        var drawn = new CommandLineFixture(Gate.toPostgres())
                .run("bench", "plot", out.resolve("soak.json").toString(), "--out", out.toString());
        assertThat(drawn.exit()).as(drawn.err()).isZero();
        assertThat(drawn.out().lines())
                .hasSize(5)
                .allSatisfy(image -> assertThat(Path.of(image))
                        .content()
                        .contains("a snapshot is held")
                        .endsWith("</svg>\n"));
    }

    private JsonNode all() throws IOException, InterruptedException {
        return ran(
                "all",
                "--brief",
                "--rounds",
                "1",
                "--json",
                "--data",
                folder.resolve("data").toString(),
                "--out",
                folder.resolve("out").toString());
    }

    private static JsonNode ran(String... arguments) throws IOException, InterruptedException {
        var root = Stream.iterate(Path.of("").toAbsolutePath(), Path::getParent)
                .filter(folder -> Files.isRegularFile(folder.resolve("millrace")))
                .findFirst()
                .orElseThrow();
        var command = new ArrayList<>(List.of(root.resolve("millrace").toString(), "bench"));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command);
        builder.environment().remove("MILLRACE_DATABASE");
        var process = builder.redirectOutput(folder.resolve("said").toFile())
                .redirectError(folder.resolve("told").toFile())
                .start();
        try {
            assertThat(process.waitFor(4, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue())
                    .as(Files.readString(folder.resolve("told")))
                    .isZero();
            return new JsonMapper().readTree(Files.readString(folder.resolve("said")));
        } finally {
            process.destroy();
            if (!process.waitFor(30, TimeUnit.SECONDS))
                process.destroyForcibly().waitFor();
        }
    }

    private static JsonNode rows(JsonNode report, String regime) {
        return report.get("regimes").get(regime).get("contenders");
    }

    private static double value(JsonNode rows, String label, String metric) {
        return rows.get(label).get("values").get(metric).get("median").doubleValue();
    }

    /** The measures of a row that are more than zero, each with a unit and as many rounds as there were. */
    private static List<String> positive(JsonNode rows, String label) {
        var names = new ArrayList<String>();
        for (var value : rows.get(label).get("values").properties()) {
            assertThat(value.getValue().get("rounds")).as(value.getKey()).hasSize(1);
            assertThat(value.getValue().has("unit")).isTrue();
            if (value.getValue().get("min").doubleValue() > 0) names.add(value.getKey());
        }
        return names;
    }

    /** Whether a measure of Millrace stands beside the raw one. */
    private static boolean share(JsonNode rows, String metric, String raw) {
        var value = rows.get("millrace").get("values").get(metric);
        return value.get("rawLimit").doubleValue() == value(rows, "raw", raw)
                && value.get("ofRawLimit").doubleValue() == value.get("median").doubleValue() / value(rows, "raw", raw);
    }

    private static List<String> verdicts(JsonNode report) {
        var verdicts = new ArrayList<String>();
        report.get("goals").forEach(goal -> verdicts.add(goal.get("verdict").stringValue("")));
        return verdicts;
    }
}
