package dev.millrace;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.store.NodeId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Nodes whose jobs run in places of somebody else's: told how many there are, and given up when they are gone. */
class NodePlacesTest {

    private static final Duration SOON = ofSeconds(20);

    @Kind("resize")
    record Resize(int picture) implements Job<String> {}

    private final Millrace millrace = Millrace.on(new MemoryStore());
    private final Operations ops = millrace.operations("mara");
    private final BlockingQueue<JobId> begun = new LinkedBlockingQueue<>();
    private final CountDownLatch goOn = new CountDownLatch(1);

    @AfterEach
    void close() {
        goOn.countDown();
        millrace.close();
    }

    private JobId enqueue(int picture) {
        return millrace.enqueue(new Resize(picture)).id();
    }

    private JobView look(JobId job) {
        return ops.find(job).orElseThrow();
    }

    private JobView ended(JobId job) {
        await().atMost(SOON).until(() -> look(job).state().ended());
        return look(job);
    }

    private String result(JobView job) {
        return millrace.find(Resize.class, job.id()).get(SOON);
    }

    private JobId begun() throws InterruptedException {
        return Objects.requireNonNull(begun.poll(SOON.toSeconds(), TimeUnit.SECONDS), "no job began");
    }

    private UUID id(Node node) {
        return Objects.requireNonNull(node.status().id());
    }

    /** Whose handler heeds no interrupt, and says at last that it is done. */
    private Node stubborn(CountDownLatch returned) {
        return millrace.node()
                .name("stubborn")
                .handle(Resize.class, (Resize job, Attempt attempt) -> {
                    begun.add(attempt.job());
                    boolean told = false;
                    while (goOn.getCount() > 0) {
                        try {
                            goOn.await();
                        } catch (InterruptedException taken) {
                            told = true; // and goes on
                        }
                    }
                    returned.countDown();
                    return told ? "told to stop" : "never told";
                })
                .start();
    }

    private Node heir() {
        return millrace.node()
                .name("heir")
                .handle(Resize.class, (Resize job, Attempt attempt) -> "heir " + attempt.rescues())
                .start();
    }

    // ---- given up

    @Test
    void what_a_handler_of_an_abandoned_node_says_later_does_not_count() throws Exception {
        var returned = new CountDownLatch(1);
        var lost = stubborn(returned);
        var id = enqueue(1);
        assertThat(begun()).isEqualTo(id);
        var heir = heir();

        lost.abandon();

        assertThat(result(ended(id))).isEqualTo("heir 1");
        goOn.countDown();
        assertThat(returned.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        heir.close(); // what it was about to write is written
        var job = look(id);
        assertThat(result(job)).isEqualTo("heir 1");
        assertThat(job.attempt()).isEqualTo(1);
        assertThat(heir.status().counts().completed()).isEqualTo(1);
        assertThat(lost.status().counts().completed()).isZero();
    }

    @Test
    void what_was_written_before_a_node_was_abandoned_is_not_run_again() throws Exception {
        var returned = new CountDownLatch(1);
        var node = stubborn(returned);
        goOn.countDown();
        var ids = new ArrayList<JobId>();
        for (int i = 0; i < 20; i++) ids.add(enqueue(i));
        for (var id : ids) assertThat(result(ended(id))).isEqualTo("never told");
        heir();

        node.abandon();

        var last = enqueue(20);
        assertThat(result(ended(last))).isEqualTo("heir 0");
        for (var id : ids) {
            assertThat(result(look(id))).isEqualTo("never told");
            assertThat(look(id).rescues()).isZero();
        }
    }

    @Test
    void an_outcome_that_is_on_its_way_when_a_node_is_abandoned_counts_once() throws Exception {
        for (int round = 0; round < 5; round++) {
            var mayEnd = new CountDownLatch(1);
            var lost = millrace.node()
                    .name("lost")
                    .queue("q" + round)
                    .slots(8)
                    .handle(Resize.class, (Resize job, Attempt attempt) -> {
                        begun.add(attempt.job());
                        mayEnd.await();
                        return "lost";
                    })
                    .start();
            var queue = "q" + round;
            var ids = new ArrayList<JobId>();
            for (int i = 0; i < 8; i++)
                ids.add(millrace.enqueue(new Resize(i), o -> o.queue(queue)).id());
            for (int i = 0; i < 8; i++) begun();
            var heir = millrace.node()
                    .name("heir")
                    .queue(queue)
                    .handle(Resize.class, (Resize job, Attempt attempt) -> "heir " + attempt.rescues())
                    .start();

            mayEnd.countDown();
            lost.abandon();

            for (var id : ids) {
                var job = ended(id);
                assertThat(result(job)).isIn("lost", "heir 1");
                assertThat(job.rescues()).isEqualTo("lost".equals(result(job)) ? 0 : 1);
                assertThat(job.attempt()).isEqualTo(1);
            }
            heir.close();
        }
    }

    @Test
    void a_node_is_abandoned_once_and_one_that_has_left_can_not_be() throws Exception {
        var lost = stubborn(new CountDownLatch(1));
        var id = enqueue(1);
        begun();
        var heir = heir();

        lost.abandon();
        lost.abandon();
        lost.close();

        assertThat(lost.status().id()).isNull();
        assertThat(result(ended(id))).isEqualTo("heir 1");
        heir.close();
        heir.abandon();
        assertThat(heir.status().id()).isNull();
        assertThat(result(look(id))).isEqualTo("heir 1");
    }

    // ---- told how many

    @Test
    void what_runs_goes_on_when_a_node_is_told_to_start_nothing_more() throws Exception {
        var node = stubborn(new CountDownLatch(1));
        var id = enqueue(1);
        begun();

        node.atMost(0);
        goOn.countDown();

        assertThat(result(ended(id))).isEqualTo("never told");
        assertThat(node.status().slots()).as("those it was started with").isPositive();
    }

    @Test
    void what_waited_is_started_as_soon_as_there_are_places_for_it() throws Exception {
        var together = new CyclicBarrier(3);
        var node = millrace.node()
                .slots(3)
                .handle(Resize.class, (Resize job, Attempt attempt) -> {
                    together.await(SOON.toSeconds(), TimeUnit.SECONDS);
                    return "together";
                })
                .start();
        node.atMost(0);
        var ids = List.of(enqueue(1), enqueue(2), enqueue(3));

        node.atMost(3);

        for (var id : ids) assertThat(result(ended(id))).isEqualTo("together");
    }

    @Test
    void a_node_that_was_deposed_keeps_to_it_when_it_joins_anew() throws Exception {
        var running = new AtomicInteger();
        var most = new AtomicInteger();
        var node = millrace.node()
                .name("told")
                .slots(4)
                .handle(Resize.class, (Resize job, Attempt attempt) -> {
                    most.accumulateAndGet(running.incrementAndGet(), Math::max);
                    attempt.log("runs");
                    running.decrementAndGet();
                    return "one by one";
                })
                .start();
        node.atMost(1);
        var before = id(node);
        var other = (RunningNode) millrace.node()
                .name("other")
                .queue("other")
                .handle(Resize.class, (Resize job, Attempt attempt) -> "elsewhere")
                .start();

        other.deposeAtOnce(new NodeId(before));

        await().atMost(SOON).until(() -> isAnother(before, node.status().id()));
        var ids = new ArrayList<JobId>();
        for (int i = 0; i < 50; i++) ids.add(enqueue(i));
        for (var id : ids) assertThat(result(ended(id))).isEqualTo("one by one");
        assertThat(most).hasValue(1);
    }

    private static boolean isAnother(UUID before, @Nullable UUID now) {
        return now != null && !now.equals(before);
    }
}
