package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.JobId;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.NewJob;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** A real dump, restored into another cluster. There the stored snapshots mean nothing, and old rows must never come back. */
@EnabledIf(
        value = "isInstalled",
        disabledReason = "PostgreSQL 15, which brings pg_dump and pg_restore, is not installed on this machine")
class RestoreIT {

    @TempDir
    static Path directory;

    static boolean isInstalled() {
        return TestServer.installed15().isPresent();
    }

    @Test
    void everything_unfinished_runs_and_nothing_finished_runs_again() throws Exception {
        var dump = directory.resolve("dump");
        var unfinished = new HashSet<JobId>();
        var finished = new HashSet<JobId>();
        var delayed = new ArrayList<JobId>();
        try (var server = TestServer.installed15(directory.resolve("old"));
                var bench = new Workbench(server, "restored", store -> store)) {
            bench.burn(20_000); // old rows carry ids that the new cluster will reach much later
            var node = bench.node();
            bench.enqueue(100);
            var claimed = bench.claimAll(node);
            bench.finish(node, claimed.subList(0, 40));
            claimed.subList(0, 40).forEach(d -> finished.add(d.job()));
            claimed.subList(40, 100).forEach(d -> unfinished.add(d.job()));
            bench.storage.flush(
                    node, List.of(Workbench.ended(claimed.get(40), new Ending.Snoozed(Duration.ofSeconds(1), null))));
            unfinished.remove(claimed.get(40).job());
            delayed.add(claimed.get(40).job());
            unfinished.addAll(bench.enqueue(30));
            run("pg_dump", bench.url, "--format=custom", "--file=" + dump);
        }

        try (var server = TestServer.installed15(directory.resolve("new"))) {
            var url = server.freshDatabase("restored");
            run("pg_restore", url, "--exit-on-error", "--no-owner", dump.toString());
            try (var bench = new Workbench(url, store -> store)) {
                var early = Workbench.job();
                bench.storage.enqueue(early); // before any node has noticed
                unfinished.add(early.id());
                bench.burn(500);

                var node = bench.node();
                var ran = new ArrayList<>(bench.claimAll(node));
                assertThat(ran).extracting(Delivery::job).containsExactlyInAnyOrderElementsOf(unfinished);
                bench.finish(node, ran);

                await().atMost(Duration.ofSeconds(10))
                        .until(() -> bench.storage.promote(node, 10).count() == 1);
                assertThat(bench.claimAll(node)).extracting(Delivery::job).containsExactlyElementsOf(delayed);

                bench.burn(30_000); // past every id of the dump
                assertThat(bench.number("SELECT pg_current_xact_id()::text::bigint"))
                        .isGreaterThan(
                                bench.number("SELECT max(xid::text::bigint) FROM millrace.job_log WHERE part = 1"));
                var fresh = Workbench.job();
                bench.storage.enqueue(fresh);
                assertThat(bench.claimAll(node)).extracting(Delivery::job).containsExactly(fresh.id());
                assertThat(finished)
                        .allSatisfy(job -> assertThat(bench.storage.find(job))
                                .hasValueSatisfying(
                                        view -> assertThat(view.state().ended()).isTrue()));
            }
        }
    }

    @Test
    void nodes_of_the_old_cluster_are_gone_in_the_new_one() throws Exception {
        var dump = directory.resolve("dump2");
        NewJob held;
        try (var server = TestServer.installed15(directory.resolve("old2"));
                var bench = new Workbench(server, "nodes", store -> store)) {
            var node = bench.node();
            held = Workbench.job();
            bench.storage.enqueue(held);
            assertThat(bench.claimAll(node)).hasSize(1);
            run("pg_dump", bench.url, "--format=custom", "--file=" + dump);
        }
        try (var server = TestServer.installed15(directory.resolve("new2"))) {
            var url = server.freshDatabase("nodes");
            run("pg_restore", url, "--exit-on-error", "--no-owner", dump.toString());
            try (var bench = new Workbench(url, store -> store)) {
                var node = bench.node();

                assertThat(bench.storage.census(node))
                        .extracting(peer -> peer.id())
                        .containsExactly(node.node());
                assertThat(bench.claimAll(node)).extracting(Delivery::job).containsExactly(held.id());
            }
        }
    }

    private static void run(String program, String url, String... arguments) throws Exception {
        var bin = TestServer.installed15().orElseThrow();
        var command = new ArrayList<String>(
                List.of(bin.resolve(program).toString(), "--dbname=" + url.substring("jdbc:".length())));
        command.addAll(List.of(arguments));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
    }
}
