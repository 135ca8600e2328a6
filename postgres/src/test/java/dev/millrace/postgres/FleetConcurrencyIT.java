package dev.millrace.postgres;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.NodeBuilder;
import dev.millrace.Scope;
import dev.millrace.Why;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Numbers of the whole fleet, held by two nodes on a real server. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(RealServer.class)
class FleetConcurrencyIT {

    private static final int JOBS = 60;

    @Kind("call")
    record Call(int no) implements Job<Void> {}

    @Kind("note")
    record Note(int no) implements Job<Void> {}

    private final HikariDataSource pool;
    private Millrace millrace;
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();

    @SuppressWarnings("NullAway.Init") // opened before each test
    FleetConcurrencyIT(TestServer server) {
        pool = PostgresContract.pool(server.freshDatabase("fleet"));
    }

    @BeforeEach
    void open() {
        for (var count : List.of(running, most, done)) count.set(0);
        millrace = Millrace.on(new PostgresStore(pool));
    }

    @AfterEach
    void close() {
        millrace.close();
    }

    @AfterAll
    void stop() {
        pool.close();
    }

    private void runs() throws InterruptedException {
        most.accumulateAndGet(running.incrementAndGet(), Math::max);
        Thread.sleep(5);
        running.decrementAndGet();
        done.incrementAndGet();
    }

    private NodeBuilder node(String name) {
        return millrace.node().name(name).slots(10);
    }

    private void await(int jobs) {
        Awaitility.await().atMost(ofSeconds(30)).until(() -> done.get() == jobs);
    }

    @Test
    void no_more_of_a_kind_run_on_two_nodes_than_its_number_and_all_run() {
        for (var name : new String[] {"one", "other"})
            node(name).handle(Call.class, job -> runs()).fleetConcurrency(3).start();

        for (int i = 0; i < JOBS; i++) millrace.enqueue(new Call(i));

        await(JOBS);
        assertThat(most.get()).isBetween(1, 3);
        var number = millrace.operations("mara").fleetConcurrencies().getFirst();
        assertThat(number.scope()).isEqualTo(Scope.kind("call"));
        assertThat(number.coded()).isTrue();
        assertThat(number.shares()).hasSize(2);
        assertThat(number.shares().stream().mapToInt(share -> share.share()).sum())
                .isLessThanOrEqualTo(3);
    }

    @Test
    void no_more_of_a_queue_run_on_two_nodes_than_its_number_whatever_their_kinds() {
        var operations = millrace.operations("mara");
        operations.fleetConcurrency(Scope.queue("default"), 2, "the provider allows two");
        for (var name : new String[] {"one", "other"})
            node(name)
                    .handle(Call.class, job -> runs())
                    .handle(Note.class, job -> runs())
                    .start();

        for (int i = 0; i < JOBS / 2; i++) {
            millrace.enqueue(new Call(i));
            millrace.enqueue(new Note(i));
        }

        await(JOBS);
        assertThat(most.get()).isBetween(1, 2);
        assertThat(operations.resetFleetConcurrency(Scope.queue("default"), "they allow more"))
                .isTrue();
        assertThat(operations.fleetConcurrencies()).isEmpty();
    }

    @Test
    void why_tells_that_it_waits_for_a_number_and_who_has_it() {
        var end = new CountDownLatch(1);
        node("one").handle(Call.class, job -> end.await()).fleetConcurrency(1).start();
        var jobs = new ArrayList<Handle<Void>>();
        for (int i = 0; i < 3; i++) jobs.add(millrace.enqueue(new Call(i)));
        var operations = millrace.operations("mara");

        Awaitility.await()
                .atMost(ofSeconds(20))
                .until(() -> jobs.stream()
                                .filter(job -> operations.why(job.id()).reasons().stream()
                                        .anyMatch(Why.FleetFull.class::isInstance))
                                .count()
                        == 2);

        end.countDown();
        for (var job : jobs) job.get(ofSeconds(30));
    }
}
