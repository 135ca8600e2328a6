package dev.millrace;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Jobs that run after others, over the store in memory: whole, with real threads. */
class AfterTest {

    @Kind("step")
    record Step(int n) implements Job<Integer> {}

    @Kind("publish")
    record Publish() implements Reduce<Integer, Integer> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.after(ID);
        }
    }

    @Kind("sum")
    record Sum() implements Reduce<Integer, Integer> {}

    private static final JobId ID = new JobId(new UUID(0x01932c07_209c_7fffL, 7));
    private static final Duration SOON = ofSeconds(20);

    private final Millrace millrace = Millrace.on(new MemoryStore());
    private final List<Integer> ran = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void close() {
        millrace.close();
    }

    /** Negative steps fail. */
    private void run() {
        millrace.node()
                .handle(Step.class, job -> {
                    if (job.n() < 0) throw new IllegalStateException("step " + job.n());
                    ran.add(job.n());
                    return job.n();
                })
                .retry(Retry.none())
                .start();
    }

    private Handle<Integer> step(int n, UnaryOperator<JobOptions> options) {
        return millrace.enqueue(new Step(n), options);
    }

    private Handle<Integer> step(int n) {
        return step(n, o -> o);
    }

    @Test
    void a_job_runs_when_those_have_completed_that_it_runs_after() {
        var first = step(1);
        var second = step(2, o -> o.after(first));
        var third = step(3, o -> o.after(first.id()).after(List.of(second.id())));
        assertThat(second.state()).isEqualTo(State.SCHEDULED);

        run();

        assertThat(third.get(SOON)).isEqualTo(3);
        assertThat(ran).containsExactly(1, 2, 3);
    }

    @Test
    void it_is_cancelled_if_one_failed_unless_it_says_otherwise() {
        var failed = step(-1);
        var cancelled = step(2, o -> o.after(failed));
        var next = step(3, o -> o.after(cancelled));
        var runs = step(4, o -> o.ifFailed(IfFailed.RUN).after(failed, cancelled));

        run();

        assertThat(runs.get(SOON)).isEqualTo(4);
        assertThat(cancelled.await(SOON))
                .isEqualTo(new Result.Cancelled<Integer>(
                        "it runs after job %s, which was discarded".formatted(failed.id())));
        assertThat(next.await(SOON))
                .isEqualTo(new Result.Cancelled<Integer>(
                        "it runs after job %s, which was cancelled".formatted(cancelled.id())));
        assertThat(ran).containsExactly(4);
    }

    @Test
    void a_row_of_a_thousand_runs_to_its_end_and_one_is_cancelled_to_its_end() {
        var last = step(0);
        var doomed = step(-1);
        for (int i = 1; i <= 1_000; i++) {
            var before = last;
            var failing = doomed;
            last = step(i, o -> o.after(before));
            doomed = step(i, o -> o.after(failing));
        }

        run();

        assertThat(last.get(SOON)).isEqualTo(1_000);
        assertThat(doomed.await(SOON)).isInstanceOf(Result.Cancelled.class);
        assertThat(ran).hasSize(1_001).isSorted();
    }

    @Test
    void it_may_run_after_a_batch() {
        var batch = millrace.batch(Stream.of(new Step(1)), new Sum(), o -> o);
        var after = step(2, o -> o.after(batch));

        assertThat(after.state()).isEqualTo(State.SCHEDULED);
        batch.cancel("not wanted");
        assertThat(after.state()).isEqualTo(State.CANCELLED);
    }

    @Test
    void why_tells_what_is_waited_for() {
        var first = step(1);
        var others = IntStream.range(0, 30).mapToObj(this::step).toList();
        var operations = millrace.operations("test");
        var after = step(2, o -> o.after(first));
        var many = step(3, o -> o.after(others.stream().map(Handle::id).toList()));

        assertThat(operations.why(after.id()).reasons())
                .containsExactly(new Why.BlockersOpen(
                        "It runs after a job that has not ended, or not been looked at since: %s (available)."
                                .formatted(first.id()),
                        1,
                        List.of(new Why.Blocker(first.id(), State.AVAILABLE))));
        assertThat(operations.why(many.id()).reasons()).singleElement().satisfies(reason -> {
            assertThat(reason.text())
                    .startsWith("It runs after 30 jobs that have not ended")
                    .endsWith("and 10 more.");
            assertThat(((Why.BlockersOpen) reason).some()).hasSize(20);
        });
        assertThat(operations.find(many.id()).orElseThrow().reason())
                .isEqualTo("runs after job %s and 29 others"
                        .formatted(others.getFirst().id()));
    }

    @Test
    void a_request_that_is_repeated_under_its_key_must_wait_for_the_same() {
        var first = step(1);
        var second = step(2);
        var after = step(3, o -> o.after(first).idempotencyKey("it"));

        assertThat(step(3, o -> o.after(first).idempotencyKey("it")).id()).isEqualTo(after.id());
        assertThatThrownBy(() -> step(3, o -> o.after(second).idempotencyKey("it")))
                .isInstanceOf(KeyTaken.class)
                .hasMessageContaining("after [" + first.id() + "] if failed cancel");
        assertThatThrownBy(
                        () -> step(3, o -> o.after(first).ifFailed(IfFailed.RUN).idempotencyKey("it")))
                .isInstanceOf(KeyTaken.class);
    }

    // ---- refused

    @Test
    void it_may_not_run_after_what_is_not_known() {
        assertThatThrownBy(() -> step(1, o -> o.after(ID)))
                .isInstanceOf(UnknownBlocker.class)
                .hasMessageContaining("There is no job " + ID + " to run after")
                .hasMessageContaining("Nothing was enqueued");
        assertThat(millrace.operations("test").list(f -> f)).isEmpty();
    }

    @Test
    void it_may_run_after_a_thousand_and_no_more() {
        var ids = IntStream.rangeClosed(1, 1_001)
                .mapToObj(i -> new JobId(new UUID(7, i)))
                .toList();
        var full = JobOptions.DEFAULT.after(ids.subList(0, 1_000));

        assertThat(full.after(ids.subList(0, 10)).after.jobs()).hasSize(1_000);
        assertThatThrownBy(() -> full.after(ids.getLast()))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("A job can't run after 1,001 others: at most 1,000")
                .hasMessageContaining("millrace.batch");
    }

    @Test
    void after_none_says_nothing() {
        assertThat(step(1, o -> o.after(List.of()).ifFailed(IfFailed.RUN)).state())
                .isEqualTo(State.AVAILABLE);
        assertThat(JobOptions.DEFAULT.after(List.of())).hasToString(JobOptions.DEFAULT.toString());
        assertThat(JobOptions.DEFAULT.after(ID).toString()).contains("after=[" + ID + "]", "ifFailed=cancel");
    }

    @Test
    void what_can_t_go_with_it_is_refused() {
        var first = step(1);

        assertThatThrownBy(() -> step(2, o -> o.after(first).unique(Unique.by(2).replace())))
                .hasMessageContaining("can't replace one of its key or be debounced");
        assertThatThrownBy(() -> step(2, o -> o.after(first).unique(Unique.by(2).debounce(ofSeconds(1), ofSeconds(2)))))
                .hasMessageContaining("can't replace one of its key or be debounced");
        assertThatThrownBy(() -> step(2, o -> o.after(first).in(ofHours(2)).expiresAfter(ofHours(1))))
                .hasMessageContaining("it could never run");
        assertThatThrownBy(() -> millrace.batch(Stream.of(new Step(1)), new Publish()))
                .hasMessageContaining("Publish follows a batch")
                .hasMessageContaining("Leave out in(…), at(…) and after(…)");
        assertThatThrownBy(() -> millrace.operations("test")
                        .schedule("nightly", Schedule.every(ofMinutes(1)), new Step(2), o -> o.after(first), "why"))
                .hasMessageContaining("others that it runs after");
        assertThat(millrace.operations("test").schedules()).isEmpty();
    }

    @Test
    void a_word_that_is_no_policy_is_refused() {
        assertThat(IfFailed.of("run")).isEqualTo(IfFailed.RUN);
        assertThatThrownBy(() -> IfFailed.of("Run")).hasMessageContaining("It is cancel or run");
    }
}
