package dev.millrace;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.api.TextStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The front door over the store in memory: whole, with real threads. */
class MillraceTest {

    @Kind("echo")
    record Echo(String text) implements Job<String> {}

    @Kind("other")
    record Other(int n) implements Job<Integer> {}

    @Kind("quiet")
    record Quiet() implements Job<Void> {}

    record Nameless() implements Job<Void> {}

    private static final Duration SOON = ofSeconds(10);

    private final Millrace millrace = Millrace.on(new MemoryStore());
    private final Operations ops = millrace.operations("mara");

    @AfterEach
    void close() {
        millrace.close();
    }

    // ---- ends, for who waits

    @Test
    void a_job_without_a_result_completes_with_nothing() {
        millrace.node().handle(Quiet.class, job -> {}).start();

        var handle = millrace.enqueue(new Quiet());

        assertThat(handle.get(SOON)).isNull();
        assertThat(handle.await(Duration.ZERO)).isInstanceOf(Result.Completed.class);
        assertThat(handle.state()).isEqualTo(State.COMPLETED);
    }

    @Test
    void a_discarded_job_throws_its_last_failure_at_who_gets_it() {
        millrace.node()
                .handle(Echo.class, job -> {
                    throw new NoSuchElementException("no " + job.text());
                })
                .retry(Retry.none())
                .start();

        var handle = millrace.enqueue(new Echo("chair"));

        assertThatThrownBy(() -> handle.get(SOON)).isInstanceOfSatisfying(JobFailed.class, failed -> {
            assertThat(failed.state()).isEqualTo(State.DISCARDED);
            assertThat(failed.job()).isEqualTo(handle.id());
            assertThat(failed.failure().orElseThrow().fingerprint()).isNotEmpty();
            assertThat(failed)
                    .hasMessage(
                            "Job %s was discarded at attempt 1: java.util.NoSuchElementException: no chair",
                            handle.id());
        });
    }

    @Test
    void a_cancelled_job_tells_who_gets_it_why() {
        var handle = millrace.enqueue(new Echo("chair"));

        assertThat(handle.cancel("the customer withdrew")).isEqualTo(State.CANCELLED);

        assertThatThrownBy(() -> handle.get(SOON))
                .isInstanceOf(JobFailed.class)
                .hasMessage("Job %s was cancelled: the customer withdrew", handle.id());
    }

    @Test
    void reasons_are_stored_in_one_line_that_can_be_shown_whoever_gives_them() {
        var hostile = "no\0\n" + "x".repeat(2_000);
        var kept = "no\uFFFD " + "x".repeat(995) + "…";
        millrace.node()
                .decide(Echo.class, (job, attempt) -> Outcome.snooze(ofDays(1), hostile))
                .start();
        var snoozed = millrace.enqueue(new Echo("chair"));
        var withdrawn = millrace.enqueue(new Echo("table"), o -> o.in(ofDays(1)));
        var stopped = millrace.enqueue(new Echo("bench"), o -> o.in(ofDays(1)));

        withdrawn.cancel(hostile);
        ops.cancel(stopped.id(), hostile);
        ops.pause(Scope.queue("elsewhere"), hostile);
        await().until(() -> snoozed.state() == State.SCHEDULED);

        assertThat(Outcome.cancel(hostile)).isEqualTo(Outcome.cancel(kept));
        assertThat(List.of(snoozed, withdrawn, stopped))
                .extracting(handle -> ops.find(handle.id()).orElseThrow().reason())
                .containsOnly(kept);
    }

    @Test
    void a_wait_that_runs_out_says_how_the_job_stands() {
        var handle = millrace.enqueue(new Echo("chair"), o -> o.in(ofDays(1)));

        assertThat(handle.await(ofMillis(20))).isEqualTo(new Result.Pending<>(State.SCHEDULED));
        assertThatThrownBy(() -> handle.get(ofMillis(20))).isInstanceOfSatisfying(NotEnded.class, not -> {
            assertThat(not.state()).isEqualTo(State.SCHEDULED);
            assertThat(not).hasMessageContaining("has not ended after 20 ms: it is scheduled");
        });
    }

    @Test
    void a_job_that_nobody_knows_is_not_called_pending() {
        var handle = millrace.find(Echo.class, new JobId(new UUID(7, 7)));

        assertThatThrownBy(() -> handle.get(Duration.ZERO))
                .isExactlyInstanceOf(MillraceException.class)
                .hasMessageContaining("is not known in memory");
    }

    @Test
    void negative_waits_and_reasons_without_words_are_refused() {
        var handle = millrace.enqueue(new Echo("chair"));

        assertThatThrownBy(() -> handle.get(ofSeconds(-1))).hasMessageContaining("lies in the past");
        assertThatThrownBy(() -> handle.cancel(" ")).hasMessageContaining("needs a reason");
    }

    // ---- attempts

    @Test
    void a_retry_goes_on_from_the_checkpoint() {
        var starts = Collections.synchronizedList(new ArrayList<String>());
        millrace.node()
                .handle(Echo.class, (job, attempt) -> {
                    var from = attempt.checkpoint(String.class).orElse("the start");
                    starts.add(attempt.number() + " from " + from);
                    attempt.checkpoint("page 7");
                    if (attempt.number() == 1) throw new IllegalStateException("crashed");
                    return from;
                })
                .retry(Retry.fixed(ofMillis(1)))
                .start();

        assertThat(millrace.enqueue(new Echo("x")).get(SOON)).isEqualTo("page 7");
        assertThat(starts).containsExactly("1 from the start", "2 from page 7");
    }

    @Test
    void a_checkpoint_of_a_type_with_arguments_comes_back_as_that_type() {
        millrace.node()
                .handle(Echo.class, (job, attempt) -> {
                    attempt.checkpoint(List.of("a", "b"));
                    return String.join(
                            "+",
                            attempt.checkpoint(TypeRef.listOf(String.class)).orElseThrow());
                })
                .start();

        assertThat(millrace.enqueue(new Echo("x")).get(SOON)).isEqualTo("a+b");
    }

    @Test
    void a_snooze_costs_no_attempt() {
        var snoozed = new AtomicBoolean();
        millrace.node()
                .decide(Echo.class, (job, attempt) -> {
                    if (snoozed.compareAndSet(false, true)) return Outcome.snooze(ofMillis(1), "not yet");
                    return Outcome.done("attempt " + attempt.number());
                })
                .retry(Retry.none())
                .start();

        assertThat(millrace.enqueue(new Echo("x")).get(SOON)).isEqualTo("attempt 1");
    }

    @Test
    void a_child_remembers_its_parent() {
        var child = new ArrayList<Handle<Integer>>();
        millrace.node()
                .handle(Echo.class, (job, attempt) -> {
                    child.add(attempt.enqueue(new Other(1), o -> o.in(ofDays(1)).tag("child")));
                    return "done";
                })
                .start();

        var parent = millrace.enqueue(new Echo("x"));
        parent.get(SOON);

        assertThat(ops.find(child.get(0).id()).orElseThrow().headers())
                .containsEntry("parent", parent.id().toString())
                .containsEntry("tags", "child");
    }

    @Test
    void a_handler_may_not_wait_for_another_job_but_may_look() {
        var child = millrace.enqueue(new Other(1), o -> o.in(ofDays(1)));
        var looked = Collections.synchronizedList(new ArrayList<Object>());
        millrace.node()
                .handle(Echo.class, job -> {
                    looked.add(child.state());
                    looked.add(child.await(Duration.ZERO));
                    return String.valueOf(child.get(ofMinutes(1)));
                })
                .retry(Retry.none())
                .start();

        var handle = millrace.enqueue(new Echo("x"));

        assertThatThrownBy(() -> handle.get(SOON))
                .isInstanceOf(JobFailed.class)
                .hasMessageContaining(
                        "It would hold a slot while it waits for one. In a workflow use flow.call(…), else enqueue and let the reply be a job.");
        assertThat(looked).containsExactly(State.SCHEDULED, new Result.Pending<Integer>(State.SCHEDULED));
    }

    @Test
    void a_handler_that_returns_null_from_decide_is_told_what_to_return() {
        millrace.node()
                .decide(Echo.class, (job, attempt) -> nothing())
                .retry(Retry.none())
                .start();

        var handle = millrace.enqueue(new Echo("x"));

        assertThatThrownBy(() -> handle.get(SOON)).hasMessageContaining("returned null instead of an outcome");
    }

    @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // what a user without the checker may write
    private static <T> T nothing() {
        return null;
    }

    @Test
    void a_missed_deadline_is_a_failed_attempt() {
        millrace.node()
                .handle(Echo.class, (job, attempt) -> {
                    while (!attempt.cancelled()) Thread.onSpinWait();
                    return "too late";
                })
                .deadline(ofMillis(50))
                .retry(Retry.none())
                .start();

        var handle = millrace.enqueue(new Echo("x"));

        assertThatThrownBy(() -> handle.get(SOON))
                .hasMessageContaining("timed out: it ran longer than its deadline of 50 ms without a heartbeat");
    }

    @Test
    void a_shutdown_costs_no_attempt_and_the_next_node_goes_on() throws Exception {
        var began = new CountDownLatch(1);
        var node = millrace.node()
                .handle(Echo.class, job -> {
                    began.countDown();
                    new CountDownLatch(1).await();
                    return "never";
                })
                .retry(Retry.none())
                .start();
        var handle = millrace.enqueue(new Echo("x"));
        began.await();

        assertThat(node.drain(ofMillis(10))).isFalse();
        millrace.node()
                .handle(Echo.class, (job, attempt) -> "attempt " + attempt.number())
                .start();

        assertThat(handle.get(SOON)).isEqualTo("attempt 1");
    }

    // ---- in bulk

    @Test
    void many_jobs_of_several_kinds_each_have_their_handle() {
        millrace.node()
                .handle(Echo.class, Echo::text)
                .handle(Other.class, Other::n)
                .start();

        List<Handle<Object>> handles =
                millrace.<Object>enqueueAll(Stream.of(new Echo("a"), new Echo("b"), new Other(3), new Echo("d")));

        assertThat(handles).extracting(handle -> handle.get(SOON)).containsExactly("a", "b", 3, "d");
    }

    @Test
    void all_or_nothing_also_when_the_stream_breaks() {
        var broken = IntStream.range(0, 100).mapToObj(i -> {
            if (i == 70) throw new IllegalStateException("the source broke");
            return new Other(i);
        });

        assertThatThrownBy(() -> millrace.enqueueAll(broken)).hasMessage("the source broke");
        assertThat(ops.list(f -> f)).isEmpty();
    }

    @Test
    void the_stream_is_closed_and_no_jobs_are_no_error() {
        var closed = new AtomicBoolean();
        Stream<Other> none = Stream.<Other>empty().onClose(() -> closed.set(true));

        assertThat(millrace.enqueueAll(none)).isEmpty();
        assertThat(closed).isTrue();
    }

    @Test
    void a_hundred_thousand_handles_know_their_ids() {
        var handles = millrace.enqueueAll(IntStream.range(0, 100_000).mapToObj(Other::new), o -> o.in(ofDays(1)));

        assertThat(handles).hasSize(100_000);
        assertThat(handles.get(0).id()).isLessThan(handles.get(99_999).id());
        assertThat(handles.get(77_777).state()).isEqualTo(State.SCHEDULED);
    }

    @Test
    void keys_are_for_single_jobs() {
        assertThatThrownBy(() -> millrace.enqueueAll(Stream.of(new Other(1)), o -> o.idempotencyKey("k")))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("takes no idempotency keys");
    }

    // ---- what is refused, and when

    @Test
    void a_connection_in_auto_commit_is_refused_before_anything_is_stored() {
        assertThatThrownBy(() -> millrace.enqueue(new ScriptedConnection().open(), new Echo("x")))
                .isInstanceOf(MillraceException.class)
                .hasMessage(
                        "The job would be enqueued even if your next statement failed. Call setAutoCommit(false) first, or use enqueue(job), which has a transaction of its own.");
    }

    @Test
    void jobs_in_memory_cannot_join_a_transaction() {
        var connection = new ScriptedConnection();
        connection.autoCommit = false;

        assertThatThrownBy(() -> millrace.enqueue(connection.open(), new Echo("x")))
                .hasMessage(
                        "Jobs in memory can't join a transaction. Use enqueue(job), or run this test on PostgresStore.");
    }

    @Test
    void a_job_without_a_kind_is_refused_by_producers_and_nodes_alike() {
        var says =
                "Nameless has no @Kind. Stored jobs outlive class names, so a job needs a name of its own: @Kind(\"nameless\") would do.";

        assertThatThrownBy(() -> millrace.enqueue(new Nameless())).hasMessage(says);
        assertThatThrownBy(() -> millrace.node().handle(Nameless.class, job -> {}))
                .hasMessage(says);
        assertThatThrownBy(() -> millrace.find(Nameless.class, new JobId(new UUID(0, 0))))
                .hasMessage(says);
    }

    @Test
    void a_node_that_could_not_run_is_refused_at_its_start() {
        assertThatThrownBy(() -> millrace.node().start()).hasMessageContaining("has no handlers");
        assertThatThrownBy(() -> millrace.node().handle(Echo.class, Echo::text).handle(Echo.class, job -> "again"))
                .hasMessageContaining("two handlers");
        assertThatThrownBy(() -> millrace.node().queue("My Queue")).hasMessageContaining("\"my-queue\" would do");
        assertThatThrownBy(() -> millrace.node().handle(Echo.class, Echo::text).deadline(ofDays(30)))
                .hasMessage("A deadline of 30 d is too long. It is 1 ms to 7 d: 7 d would do.");
        assertThatThrownBy(() -> millrace.node().slots(0))
                .hasMessage("The number of slots can't be 0. It is 1 to 100,000: 1 would do.");
        assertThat(ops.nodes()).isEmpty();
    }

    @Kind(value = "paid", version = 3)
    record Paid() implements Job<Void> {
        @Kind("paid")
        record V1() {}

        @Kind(value = "paid", version = 2)
        record V2() {}
    }

    @Test
    void an_upcast_that_leads_nowhere_is_refused() {
        assertThatThrownBy(() -> millrace.node().upcast(Paid.class, Paid.V1.class, paid -> new Paid.V1()))
                .hasMessageContaining("from an older to a newer version");
        assertThatThrownBy(() -> millrace.node()
                        .handle(Paid.class, job -> {})
                        .upcast(Paid.V1.class, Paid.V2.class, v1 -> new Paid.V2())
                        .start())
                .hasMessage(
                        "upcast of paid leads to version 2, and there it ends: what runs is version 3. Add the way up from version 2.");
        assertThatThrownBy(() -> millrace.node()
                        .handle(Echo.class, Echo::text)
                        .upcast(Paid.V1.class, Paid.V2.class, v1 -> new Paid.V2())
                        .start())
                .hasMessageContaining("leads to no handler");
    }

    @Test
    void a_started_node_cannot_be_changed() {
        var builder = millrace.node().handle(Echo.class, Echo::text);
        builder.start();

        assertThatThrownBy(() -> builder.slots(1)).hasMessageContaining("has started");
    }

    @Test
    void what_is_closed_says_so_and_closing_twice_does_nothing() {
        var node = millrace.node().handle(Echo.class, Echo::text).start();

        millrace.close();
        millrace.close();
        node.close();

        assertThatThrownBy(() -> millrace.enqueue(new Echo("x"))).hasMessageContaining("This Millrace is closed");
        assertThat(node.status().id()).isNull();
    }

    // ---- operations

    @Test
    void a_job_that_no_node_can_run_says_why() {
        var lonely = millrace.enqueue(new Echo("x"), o -> o.queue("billing"));

        assertThat(why(lonely)).isEqualTo("No node is alive. Start one that serves queue billing.");

        millrace.node().handle(Other.class, Other::n).start();
        assertThat(why(lonely)).startsWith("No node that is alive serves queue billing.");

        millrace.node().queue("billing").handle(Other.class, Other::n).start();
        await().untilAsserted(() -> assertThat(why(lonely)).startsWith("It is parked"));
    }

    @Test
    void a_parked_job_runs_when_a_node_that_can_run_it_comes() {
        millrace.node().handle(Other.class, Other::n).start();
        var waiting = millrace.enqueue(new Echo("x"));
        await().untilAsserted(() -> assertThat(why(waiting)).startsWith("It is parked"));

        millrace.node().handle(Echo.class, Echo::text).start();

        assertThat(waiting.get(SOON)).isEqualTo("x");
    }

    @Test
    void a_paused_kind_is_the_reason_at_once_and_without_any_node() {
        ops.pause(Scope.kind("echo"), "a bug");

        var waiting = millrace.enqueue(new Echo("x"));

        assertThat(why(waiting)).isEqualTo("Kind echo is paused: a bug.");
    }

    @Test
    void a_node_that_is_given_an_empty_list_of_queues_does_not_serve_another_one_instead() {
        assertThatThrownBy(() -> millrace.node().queues())
                .isInstanceOf(MillraceException.class)
                .hasMessageStartingWith("queues() names none, and the node would serve the queue \"default\".");
    }

    @Test
    void an_operator_cancels_requeues_pauses_and_resumes() {
        millrace.node().handle(Echo.class, Echo::text).start();
        ops.pause(Scope.queue("default"), "the provider is down");
        var handle = millrace.enqueue(new Echo("x"));

        assertThat(handle.await(ofMillis(100))).isInstanceOf(Result.Pending.class);
        assertThat(ops.cancel(handle.id(), "a test order")).contains(State.CANCELLED);
        assertThat(ops.requeue(handle.id(), "it is wanted after all")).contains(State.CANCELLED);
        ops.resume(Scope.queue("default"));

        assertThat(handle.get(SOON)).isEqualTo("x");
        assertThat(ops.find(handle.id()).orElseThrow().run()).isEqualTo(2);
    }

    @Test
    void jobs_are_listed_newest_first_page_by_page() {
        var ids = IntStream.range(0, 5)
                .mapToObj(i -> millrace.enqueue(new Other(i)).id())
                .toList();
        millrace.enqueue(new Echo("x"));

        var first = ops.list(f -> f.kind(Other.class).limit(2));
        var second = ops.list(f -> f.kind("other").limit(2).before(first.get(1).id()));

        assertThat(first).extracting(JobView::id).containsExactly(ids.get(4), ids.get(3));
        assertThat(second).extracting(JobView::id).containsExactly(ids.get(2), ids.get(1));
    }

    @Test
    void a_job_comes_in_by_the_name_of_its_kind_and_text() {
        try (var text = Millrace.on(TextStore.open())) {
            text.node().handle(Other.class, other -> other.n() + 1).start();
            var hands = text.operations("cli");

            assertThat(hands.enqueue("other", 1, "41", o -> o.priority(Priority.URGENT))
                            .get(SOON))
                    .isEqualTo("42");
            assertThatThrownBy(() -> hands.enqueue("other", 1, "4|1", o -> o))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("The payload of kind other version 1 does not fit");
            assertThatThrownBy(() -> hands.enqueue("Other Kind", 1, "1", o -> o))
                    .hasMessageContaining("would do");
        }
    }

    @Test
    void a_store_that_keeps_values_takes_no_text() {
        assertThatThrownBy(() -> ops.enqueue("other", 1, "41", o -> o)).hasMessageContaining("keeps values, not text");
    }

    // ---- two of them

    @Test
    void two_engines_in_one_process_share_nothing_but_the_store() {
        var store = new MemoryStore();
        try (var producer = Millrace.on(store);
                var worker = Millrace.on(store);
                var stranger = Millrace.on(new MemoryStore())) {
            worker.node().handle(Echo.class, Echo::text).start();
            stranger.node().handle(Echo.class, job -> "the wrong one").start();

            assertThat(producer.enqueue(new Echo("x")).get(SOON)).isEqualTo("x");
        }
    }

    private String why(Handle<?> handle) {
        return ops.why(handle.id()).reasons().get(0).text();
    }
}
