package dev.millrace;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Order and limits over the store in memory: whole, with real threads. */
class LinesTest {

    private static final Duration SOON = ofSeconds(20);
    private static final Limit TWO = Limit.named("two").concurrency(2);

    @Kind("book")
    record Book(String account, int no) implements Job<Integer> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.inOrder(account);
        }
    }

    @Kind("plain")
    record Plain() implements Job<Void> {}

    @Kind("close")
    record Close(String account) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.inOrder(account);
        }
    }

    @Kind("ship")
    record Ship(String shop, int no) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.limit(TWO, shop);
        }
    }

    @Kind("sync")
    record Sync(String shop, String product, int no) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.inOrder(product).limit(TWO, shop);
        }
    }

    private final Millrace millrace = Millrace.on(new MemoryStore());
    private final List<String> done = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void close() {
        millrace.close();
    }

    /** How many run at once, and the most that ever did. */
    private static final class Gate {
        private final AtomicInteger inside = new AtomicInteger();
        private final AtomicInteger most = new AtomicInteger();

        void through() throws InterruptedException {
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            Thread.sleep(2);
            inside.decrementAndGet();
        }
    }

    @Test
    void jobs_of_one_order_key_run_one_by_one_in_the_order_in_which_they_were_enqueued() {
        var gates = IntStream.range(0, 3).mapToObj(n -> new Gate()).toList();
        millrace.node()
                .handle(Book.class, job -> {
                    gates.get(Integer.parseInt(job.account())).through();
                    done.add(job.account() + ":" + job.no());
                    return job.no();
                })
                .start();

        var handles = new ArrayList<Handle<Integer>>();
        for (int no = 0; no < 20; no++)
            for (int account = 0; account < 3; account++)
                handles.add(millrace.enqueue(new Book(Integer.toString(account), no)));
        for (var handle : handles) handle.get(SOON);

        for (int account = 0; account < 3; account++) {
            var own = account + ":";
            assertThat(done.stream().filter(text -> text.startsWith(own)))
                    .containsExactlyElementsOf(
                            IntStream.range(0, 20).mapToObj(no -> own + no).toList());
            assertThat(gates.get(account).most).hasValue(1);
        }
    }

    @Test
    void one_that_failed_holds_up_those_behind_it_until_it_has_ended_and_nobody_else() {
        var tries = new AtomicInteger();
        millrace.node()
                .handle(Book.class, job -> {
                    if (job.no() == 0 && job.account().equals("a") && tries.incrementAndGet() < 3)
                        throw new IllegalStateException("not yet");
                    done.add(job.account() + job.no());
                    return job.no();
                })
                .retry(Retry.exponential(ofMillis(50)).attempts(5))
                .handle(Close.class, job -> {
                    done.add("closed " + job.account());
                })
                .start();

        millrace.enqueue(new Book("a", 0));
        millrace.enqueue(new Book("a", 1));
        var last = millrace.enqueue(new Close("a"));
        millrace.enqueue(new Book("b", 0)).get(SOON);
        last.get(SOON);

        assertThat(done.stream().filter(text -> !text.startsWith("b"))).containsExactly("a0", "a1", "closed a");
        assertThat(tries).hasValue(3);
    }

    @Test
    void more_than_a_node_holds_behind_a_blocked_key_holds_up_no_other_key_and_keeps_its_order() {
        var opens = new CountDownLatch(1);
        millrace.node()
                .handle(Book.class, job -> {
                    if (job.account().equals("blocked")) opens.await();
                    done.add(job.account() + job.no());
                    return job.no();
                })
                .start();
        var blocked = IntStream.range(0, 1_200)
                .mapToObj(no -> millrace.enqueue(new Book("blocked", no)))
                .toList();

        var others = IntStream.range(0, 200)
                .mapToObj(no -> millrace.enqueue(new Book("other " + no, no)))
                .toList();
        for (var other : others) other.get(SOON);

        assertThat(done).hasSize(200);
        assertThat(millrace.operations("test").why(blocked.getLast().id()).toString())
                .contains("order key");
        opens.countDown();
        blocked.getLast().get(SOON);
        assertThat(done.stream().filter(text -> text.startsWith("blocked")))
                .containsExactlyElementsOf(
                        IntStream.range(0, 1_200).mapToObj(no -> "blocked" + no).toList());
    }

    @Test
    void nor_does_what_waits_for_a_limit() {
        var opens = new CountDownLatch(1);
        millrace.node()
                .handle(Ship.class, job -> {
                    if (job.shop().equals("slow")) opens.await();
                    done.add(job.shop() + job.no());
                })
                .start();
        var slow = IntStream.range(0, 1_200)
                .mapToObj(no -> millrace.enqueue(new Ship("slow", no)))
                .toList();

        var others = IntStream.range(0, 100)
                .mapToObj(no -> millrace.enqueue(new Ship("other " + no, no)))
                .toList();
        for (var other : others) other.get(SOON);

        assertThat(done).hasSize(100);
        opens.countDown();
        for (var one : slow) one.get(SOON);
        assertThat(done).hasSize(1_300).doesNotHaveDuplicates();
    }

    @Test
    void who_waits_for_one_that_is_cancelled_waits_no_longer() {
        millrace.node()
                .handle(Book.class, job -> {
                    if (job.no() == 0) throw new IllegalStateException("never");
                    return job.no();
                })
                .retry(Retry.exponential(ofMinutes(5)).attempts(5))
                .start();

        var first = millrace.enqueue(new Book("a", 0));
        var second = millrace.enqueue(new Book("a", 1));
        await().atMost(SOON).until(() -> first.state() == State.RETRYABLE);
        first.cancel("it never will");

        assertThat(second.get(SOON)).isEqualTo(1);
    }

    @Test
    void one_that_waits_in_line_can_be_cancelled_and_those_behind_it_go_on() throws Exception {
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        millrace.node()
                .handle(Book.class, job -> {
                    begun.countDown();
                    if (job.no() == 0) go.await(20, TimeUnit.SECONDS);
                    done.add("" + job.no());
                    return job.no();
                })
                .start();

        millrace.enqueue(new Book("a", 0));
        var second = millrace.enqueue(new Book("a", 1));
        var third = millrace.enqueue(new Book("a", 2));
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
        second.cancel("changed my mind");
        await().atMost(SOON).until(() -> second.state() == State.CANCELLED);
        go.countDown();

        assertThat(third.get(SOON)).isEqualTo(2);
        assertThat(done).containsExactly("0", "2");
        assertThat(second.state()).isEqualTo(State.CANCELLED);
    }

    @Test
    void of_one_limit_key_no_more_run_at_once_than_the_limit_says() {
        var gates = IntStream.range(0, 2).mapToObj(n -> new Gate()).toList();
        millrace.node()
                .handle(Ship.class, job -> {
                    gates.get(Integer.parseInt(job.shop())).through();
                })
                .start();

        var handles = new ArrayList<Handle<Void>>();
        for (int no = 0; no < 30; no++)
            for (int shop = 0; shop < 2; shop++) handles.add(millrace.enqueue(new Ship(Integer.toString(shop), no)));
        for (var handle : handles) handle.await(SOON);

        for (var gate : gates) assertThat(gate.most).hasValue(2);
    }

    @Test
    void order_and_limit_hold_together() {
        var gate = new Gate();
        millrace.node()
                .handle(Sync.class, job -> {
                    gate.through();
                    done.add(job.product() + job.no());
                })
                .start();

        var handles = new ArrayList<Handle<Void>>();
        for (int no = 0; no < 10; no++)
            for (var product : List.of("x", "y", "z")) handles.add(millrace.enqueue(new Sync("acme", product, no)));
        for (var handle : handles) handle.await(SOON);

        assertThat(gate.most).hasValue(2);
        for (var product : List.of("x", "y", "z"))
            assertThat(done.stream().filter(text -> text.startsWith(product)))
                    .containsExactlyElementsOf(
                            IntStream.range(0, 10).mapToObj(no -> product + no).toList());
    }

    @Test
    void two_nodes_share_the_keys_and_keep_the_order() {
        for (int n = 0; n < 2; n++)
            millrace.node()
                    .handle(Book.class, job -> {
                        Thread.sleep(1);
                        done.add(job.account() + ":" + job.no());
                        return job.no();
                    })
                    .start();

        var handles = new ArrayList<Handle<Integer>>();
        for (int no = 0; no < 20; no++)
            for (int account = 0; account < 8; account++)
                handles.add(millrace.enqueue(new Book(Integer.toString(account), no)));
        for (var handle : handles) handle.get(SOON);

        for (int account = 0; account < 8; account++) {
            var own = account + ":";
            assertThat(done.stream().filter(text -> text.startsWith(own)))
                    .containsExactlyElementsOf(
                            IntStream.range(0, 20).mapToObj(no -> own + no).toList());
        }
    }

    @Test
    void a_node_that_closes_hands_its_lines_to_another_one() {
        var first = millrace.node()
                .handle(Book.class, job -> {
                    Thread.sleep(5);
                    done.add("" + job.no());
                    return job.no();
                })
                .start();
        var handles = new ArrayList<Handle<Integer>>();
        for (int no = 0; no < 50; no++) handles.add(millrace.enqueue(new Book("a", no)));
        handles.get(3).get(SOON);
        millrace.node()
                .handle(Book.class, job -> {
                    done.add("" + job.no());
                    return job.no();
                })
                .start();
        first.close();
        for (var handle : handles) handle.get(SOON);

        assertThat(done)
                .containsExactlyElementsOf(
                        IntStream.range(0, 50).mapToObj(Integer::toString).toList());
    }

    @Test
    void why_names_the_key_that_a_job_waits_for_and_the_job_in_front() throws Exception {
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        millrace.node()
                .handle(Sync.class, job -> {
                    begun.countDown();
                    go.await(20, TimeUnit.SECONDS);
                })
                .start();
        var first = millrace.enqueue(new Sync("acme", "x", 1));
        var second = millrace.enqueue(new Sync("acme", "x", 2));
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(why(second))
                        .startsWith(
                                "It waits in line for order key (\"x\") of queue default and limit two of (\"acme\")")
                        .contains("job " + first.id() + " is in front, which Node"));
        assertThat(why(first))
                .contains(
                        "it runs, or is about to. Of limit two of (\"acme\") 2 may run at once, and the node holds 2.");
        go.countDown();
    }

    private String why(Handle<?> handle) {
        return millrace.operations("ada").why(handle.id()).reasons().getFirst().text();
    }

    @Test
    void jobs_of_several_kinds_share_a_key_and_one_that_is_discarded_lets_the_next_go() {
        millrace.node()
                .handle(Book.class, job -> {
                    done.add("booked " + job.no());
                    if (job.no() == 1) throw new IllegalStateException("never");
                    return job.no();
                })
                .retry(Retry.none())
                .handle(Close.class, job -> {
                    done.add("closed");
                })
                .start();

        millrace.enqueue(new Book("a", 1));
        millrace.enqueue(new Close("a"));
        millrace.enqueue(new Book("a", 2)).get(SOON);

        assertThat(done).containsExactly("booked 1", "closed", "booked 2");
    }

    @Test
    void one_that_is_snoozed_holds_up_those_behind_it() {
        var snoozed = new AtomicBoolean();
        millrace.node()
                .decide(Book.class, (job, attempt) -> {
                    if (job.no() == 1 && snoozed.compareAndSet(false, true))
                        return Outcome.snooze(ofMillis(200), "not yet");
                    done.add("" + job.no());
                    return Outcome.done(job.no());
                })
                .start();

        millrace.enqueue(new Book("a", 1));
        millrace.enqueue(new Book("a", 2)).get(SOON);

        assertThat(done).containsExactly("1", "2");
    }

    @Test
    void one_that_waits_for_its_next_attempt_does_not_count_against_the_limit() {
        millrace.node()
                .handle(Ship.class, job -> {
                    if (job.no() < 2) throw new IllegalStateException("not today");
                    done.add("" + job.no());
                })
                .retry(Retry.exponential(ofMinutes(5)).attempts(5))
                .start();

        millrace.enqueue(new Ship("a", 0));
        millrace.enqueue(new Ship("a", 1));
        millrace.enqueue(new Ship("a", 2)).await(SOON);

        assertThat(done).containsExactly("2");
    }

    @Test
    void those_that_wait_behind_a_busy_key_hold_up_no_ordinary_job() {
        var go = new CountDownLatch(1);
        millrace.node()
                .handle(Book.class, job -> {
                    go.await(20, TimeUnit.SECONDS);
                    return job.no();
                })
                .handle(Plain.class, job -> {})
                .start();
        millrace.enqueueAll(IntStream.range(0, 2_000).mapToObj(no -> new Book("busy", no)));

        assertThat(millrace.enqueue(new Plain()).await(SOON)).isInstanceOf(Result.Completed.class);
        go.countDown();
    }

    @Test
    void those_that_expire_one_day_run_though_they_wait_for_long_in_line() {
        millrace.node()
                .handle(Ship.class, job -> {
                    Thread.sleep(20);
                    done.add("" + job.no());
                })
                .start();

        var handles = new ArrayList<Handle<Void>>();
        for (int no = 0; no < 200; no++)
            handles.add(millrace.enqueue(new Ship("a", no), o -> o.expiresAfter(ofMinutes(5))));
        for (var handle : handles) assertThat(handle.await(SOON)).isInstanceOf(Result.Completed.class);
    }

    @Test
    void a_node_that_does_not_know_a_kind_gives_its_shards_to_one_that_does() {
        millrace.node().name("ignorant").handle(Plain.class, job -> {}).start();
        var handles = new ArrayList<Handle<Integer>>();
        for (int account = 0; account < 20; account++) handles.add(millrace.enqueue(new Book("" + account, 1)));
        await().atMost(SOON)
                .until(() -> millrace.operations("ada").queues().stream()
                        .anyMatch(queue -> queue.parked().count() == 20));

        millrace.node().name("able").handle(Book.class, Book::no).start();

        for (var handle : handles) handle.get(SOON);
        for (int account = 0; account < 20; account++)
            assertThat(millrace.enqueue(new Book("" + account, 2)).get(SOON)).isEqualTo(2);
    }

    @Test
    void what_makes_no_sense_is_refused_with_what_to_do() {
        assertThatThrownBy(() -> millrace.enqueue(new Ship("a", 1), o -> o.priority(Priority.HIGH)))
                .hasMessageContaining("has priority high, and an order or a limit")
                .hasMessageContaining("a queue of their own");
        assertThatThrownBy(() -> millrace.enqueue(new Book("a", 1), JobOptions::inOrder))
                .hasMessageContaining("inOrder(\"account\", id)");
        assertThatThrownBy(() -> millrace.enqueue(new Book("a", 1), o -> o.limit(Limit.named("none"), "a")))
                .hasMessageContaining("The limit none limits nothing")
                .hasMessageContaining("concurrency(2)");
        assertThatThrownBy(() -> Limit.named("Zero").concurrency(0)).hasMessageContaining("A limit can't be called");
        assertThatThrownBy(() -> Limit.named("zero").concurrency(0))
                .hasMessageContaining("The concurrency of a limit can't be 0. It is 1 to 100,000");
        assertThatThrownBy(() -> millrace.enqueue(new Book("a", 1), o -> o.inOrder(new Object())))
                .hasMessageContaining("The order key can't be made of a java.lang.Object");
    }
}
