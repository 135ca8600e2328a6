package dev.millrace;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Changes of many jobs, as an operator says them. */
class BulkOperationsTest {

    @Kind("send-invoice")
    record SendInvoice(long order) implements Job<Void> {}

    @Kind("reindex")
    record Reindex(String document) implements Job<Void> {}

    static final class TooManyRequests extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooManyRequests() {
            super("slow down");
        }
    }

    private final Millrace millrace = Millrace.on(new MemoryStore());
    private final Operations ops = millrace.operations("mara");

    @AfterEach
    void close() {
        millrace.close();
    }

    /** Jobs that have failed for good. */
    private List<Handle<Void>> discarded(int count) {
        var handles = new ArrayList<Handle<Void>>();
        try (var node = millrace.node()
                .handle(SendInvoice.class, job -> {
                    throw new TooManyRequests();
                })
                .retry(Retry.none())
                .start()) {
            assertThat(node).isNotNull();
            IntStream.range(0, count).forEach(i -> handles.add(millrace.enqueue(new SendInvoice(i))));
            handles.forEach(handle -> handle.await(ofSeconds(20)));
        }
        return handles;
    }

    private void refused(UnaryOperator<Filter> filter, String why) {
        assertThatThrownBy(() -> ops.jobs(filter).requeue())
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining(why);
    }

    @Test
    void a_plan_tells_how_many_and_which_and_does_nothing() {
        discarded(15);

        var plan = ops.jobs(f -> f.kind(SendInvoice.class)
                        .state(State.DISCARDED)
                        .failedWith(TooManyRequests.class)
                        .since(ofHours(6)))
                .requeue(o -> o.priority(Priority.BULK));

        assertThat(plan.count()).isEqualTo(15);
        assertThat(plan.sample())
                .hasSize(10)
                .allSatisfy(job -> assertThat(job.state()).isEqualTo(State.DISCARDED));
        assertThat(plan).asString().startsWith("requeue 15 jobs: state discarded, kind send-invoice, failed with");
        assertThat(ops.list(f -> f.state(State.AVAILABLE))).isEmpty();
        assertThat(ops.operations(10)).isEmpty();
    }

    @Test
    void what_was_run_can_be_looked_at_and_taken_back() {
        var handles = discarded(5);

        var operation = ops.jobs(f -> f.kind(SendInvoice.class).state(State.DISCARDED))
                .requeue(o -> o.priority(Priority.BULK))
                .run("the provider is back");

        assertThat(operation.view().changed()).isEqualTo(5);
        assertThat(operation.view().by()).isEqualTo("mara");
        assertThat(operation.view().reason()).isEqualTo("the provider is back");
        assertThat(operation.view().endedAt()).isNotNull();
        assertThat(handles).allSatisfy(handle -> assertThat(handle.state()).isEqualTo(State.AVAILABLE));

        var undo = operation.undo("wrong hour");

        assertThat(undo.view().what()).isEqualTo("undo");
        assertThat(undo.view().undoes()).isEqualTo(operation.id());
        assertThat(undo.view().changed()).isEqualTo(5);
        assertThat(handles).allSatisfy(handle -> assertThat(handle.state()).isEqualTo(State.DISCARDED));
        assertThat(ops.operations(10)).extracting(OperationView::id).containsExactly(undo.id(), operation.id());
        assertThatThrownBy(() -> undo.undo("no, it was right")).hasMessageContaining("can't be taken back itself");
    }

    @Test
    void what_comes_after_the_plan_is_not_touched() {
        discarded(3);
        var plan =
                ops.jobs(f -> f.kind(SendInvoice.class).state(State.DISCARDED)).requeue();
        discarded(2);

        assertThat(plan.run("again").view().changed()).isEqualTo(3);
    }

    @Test
    void jobs_that_wait_are_cancelled() {
        millrace.enqueue(new SendInvoice(1));
        var kept = millrace.enqueue(new Reindex("a"));

        ops.jobs(f -> f.state(State.AVAILABLE).kind("send-invoice")).cancel().run("a wrong file");

        assertThat(ops.list(f -> f.state(State.CANCELLED))).hasSize(1);
        assertThat(kept.state()).isEqualTo(State.AVAILABLE);
    }

    @Test
    void all_of_a_state_must_be_meant() {
        millrace.enqueue(new SendInvoice(1));

        assertThatThrownBy(
                        () -> ops.jobs(f -> f.state(State.AVAILABLE)).cancel().run("away with it"))
                .hasMessageContaining("This is about all 1 jobs that are available")
                .hasMessageContaining("everything()");
        assertThat(ops.jobs(f -> f.state(State.AVAILABLE).everything())
                        .cancel()
                        .run("away with it")
                        .view()
                        .changed())
                .isEqualTo(1);
    }

    @Test
    void what_can_not_be_found_is_refused_with_advice() {
        refused(f -> f.kind("send-invoice"), "none is said. Add state(State.DISCARDED)");
        refused(f -> f.state(State.COMPLETED), "all that is kept would have to be read");
        refused(f -> f.state(State.RUNNING), "cancelled one by one");
        refused(f -> f.state(State.AVAILABLE), "have not ended, and run by themselves");
        refused(f -> f.state(State.DISCARDED).before(new JobId(new UUID(1, 2))), "Use until(…)");
        assertThatThrownBy(() -> ops.jobs(f -> f.state(State.DISCARDED)).cancel())
                .hasMessageContaining("have ended, and can't be cancelled");
        assertThatThrownBy(() -> ops.list(f -> f.text("x"))).hasMessageContaining("none is said");
    }

    @Test
    void a_change_needs_a_reason() {
        discarded(1);
        var plan =
                ops.jobs(f -> f.kind(SendInvoice.class).state(State.DISCARDED)).requeue();

        assertThatThrownBy(() -> plan.run(" ")).hasMessageContaining("needs a reason");
        assertThatThrownBy(() -> plan.run("again", 0)).hasMessageContaining("jobs a second");
        assertThat(ops.operations(10)).isEmpty();
    }

    @Test
    void a_list_can_be_searched_by_how_jobs_failed() {
        discarded(3);

        assertThat(ops.list(f -> f.state(State.DISCARDED)
                        .failedWith(TooManyRequests.class)
                        .limit(2)))
                .hasSize(2);
        assertThat(ops.list(f -> f.state(State.DISCARDED).failedWith("java.io.IOException")))
                .isEmpty();
        assertThat(ops.list(f -> f.state(State.DISCARDED).text("SLOW"))).hasSize(3);
    }

    @Test
    void failures_are_grouped() {
        discarded(3);

        var groups = ops.failures(f -> f.since(ofHours(1)));

        assertThat(groups).hasSize(1);
        assertThat(groups.getFirst().jobs()).isEqualTo(3);
        assertThat(groups.getFirst().type()).isEqualTo(TooManyRequests.class.getName());
        assertThat(groups.getFirst().kinds()).containsExactly("send-invoice");
        assertThat(ops.list(f ->
                        f.state(State.DISCARDED).fingerprint(groups.getFirst().fingerprint())))
                .hasSize(3);
        assertThatThrownBy(() -> ops.failures(f -> f.state(State.COMPLETED))).hasMessageContaining("have not failed");
    }

    @Test
    void an_operation_that_nobody_began_is_not_known() {
        assertThat(ops.operation(UUID.randomUUID())).isEmpty();
    }
}
