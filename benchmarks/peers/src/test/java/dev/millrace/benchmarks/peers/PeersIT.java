package dev.millrace.benchmarks.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.benchmarks.contender.Contender;
import dev.millrace.benchmarks.contender.Entry;
import dev.millrace.benchmarks.contender.Ground;
import java.io.IOException;
import java.time.Duration;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each peer does what it is measured at, and leaves nothing behind. */
@SuppressWarnings("try") // to close an entry may be interrupted
class PeersIT {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static TestServer server;

    /** Why the one that is not Java can't be opened here; it is not asked again. */
    private static @Nullable String refused;

    @BeforeAll
    static void start() throws IOException {
        server = TestServer.start();
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    @Test
    void five_peers_are_found() {
        assertThat(ServiceLoader.load(Contender.class))
                .extracting(Contender::name)
                .containsExactlyInAnyOrder("db-scheduler", "jobrunr", "quartz", "dbos", "graphile-worker");
    }

    @ParameterizedTest
    @ValueSource(strings = {"db-scheduler", "jobrunr", "quartz", "dbos", "graphile-worker"})
    void takes_jobs_and_runs_each_once_and_leaves_nothing_behind(String name) throws Exception {
        var ground = server.ground(name);
        var before = threads();

        var times = new ConcurrentHashMap<Long, Integer>();
        try (var entry = open(name, ground)) {
            assertThat(entry.enqueueMany(0, 200, () -> false)).isEqualTo(200);
            for (int n = 200; n < 220; n++) entry.enqueueOne(n);
            assertThat(entry.unfinished()).isEqualTo(220);
            entry.start(n -> times.merge(n, 1, Integer::sum));
            await().atMost(PATIENCE).until(() -> entry.unfinished() == 0);

            assertThat(entry.card().version()).matches("[0-9].*");
            assertThat(entry.card().settings()).isNotEmpty();
        }

        assertThat(times).isEqualTo(LongStream.range(0, 220).boxed().collect(Collectors.toMap(n -> n, n -> 1)));
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(server.sessions(ground)).isZero();
            assertThat(threads()).isSubsetOf(before);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"db-scheduler", "jobrunr", "quartz", "dbos", "graphile-worker"})
    void stops_in_the_middle_of_its_work(String name) throws Exception {
        var ground = server.ground(name + "-stopped");
        var before = threads();

        var ran = new AtomicLong();
        try (var entry = open(name, ground)) {
            entry.enqueueMany(0, 1_000, () -> false);
            entry.start(n -> ran.incrementAndGet());
            await().atMost(PATIENCE).until(() -> ran.get() > 0);
        }

        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(server.sessions(ground)).isZero();
            assertThat(threads()).isSubsetOf(before);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"db-scheduler"})
    void takes_no_further_jobs_once_it_is_told_to_stop(String name) throws Exception {
        try (var entry = open(name, server.ground(name + "-told"))) {
            assertThat(entry.enqueueMany(0, 200, () -> true)).isZero();
            assertThat(entry.unfinished()).isZero();
        }
    }

    private static Entry open(String name, Ground ground) throws Exception {
        var contender = ServiceLoader.load(Contender.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(found -> found.name().equals(name))
                .findFirst()
                .orElseThrow();
        if (name.equals("graphile-worker") && refused != null) return Assumptions.abort(refused);
        try {
            return contender.open(ground);
        } catch (IllegalStateException e) {
            if (!name.equals("graphile-worker")) throw e;
            refused = String.valueOf(e.getMessage());
            return Assumptions.abort(refused);
        }
    }

    /** Those that live on in any JVM that has once done such a thing are not counted. */
    private static Set<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(
                        name -> !name.matches(
                                "ForkJoinPool.*|.*Poller|VirtualThread-unblocker|PostgreSQL-JDBC.*|process reaper.*|awaitility.*|junit-.*"))
                .collect(Collectors.toSet());
    }
}
