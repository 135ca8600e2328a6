package dev.millrace.postgres;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Node;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whole nodes on a server: what waits behind a blocked key is parked, goes from node to node, and comes back in its order. */
@ExtendWith(RealServer.class)
class ParkedBehindIT {

    private static final int BLOCKED = 2_000;

    private final TestServer server;
    private final List<String> done = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch opens = new CountDownLatch(1);

    ParkedBehindIT(TestServer server) {
        this.server = server;
    }

    @Kind("book")
    record Book(String account, int no) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.inOrder(account);
        }
    }

    private Node node(Millrace millrace) {
        return millrace.node()
                .handle(Book.class, job -> {
                    if (job.account().equals("blocked") && job.no() == 0) opens.await(60, TimeUnit.SECONDS);
                    done.add(job.account() + job.no());
                })
                .start();
    }

    private long of(String account) {
        synchronized (done) {
            return done.stream().filter(one -> one.startsWith(account)).count();
        }
    }

    @Test
    void no_other_key_waits_and_the_order_is_kept_though_the_shard_goes_to_another_node_meanwhile() {
        try (var bench = new Workbench(server, "parked_behind", store -> store);
                var millrace = Millrace.on(new PostgresStore(bench.pool))) {
            var first = node(millrace);
            millrace.enqueueAll(IntStream.range(0, BLOCKED).mapToObj(no -> new Book("blocked", no)));
            millrace.enqueueAll(IntStream.range(0, 200).mapToObj(no -> new Book("other" + no, 0)));
            Awaitility.await().atMost(ofSeconds(60)).until(() -> of("other") == 200);
            Awaitility.await()
                    .atMost(ofSeconds(60))
                    .until(() -> bench.number("SELECT count(*) FROM millrace.parked WHERE line IS NOT NULL") > 1_000);

            var second = node(millrace);
            opens.countDown();
            first.close();
            Awaitility.await().atMost(ofSeconds(60)).until(() -> of("blocked") >= BLOCKED);

            var blocked = done.stream()
                    .filter(one -> one.startsWith("blocked"))
                    .distinct()
                    .toList();
            assertThat(blocked)
                    .containsExactlyElementsOf(IntStream.range(0, BLOCKED)
                            .mapToObj(no -> "blocked" + no)
                            .toList());
            assertThat(bench.number("SELECT count(*) FROM millrace.parked")).isZero();
            second.close();
        }
    }
}
