package dev.millrace;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
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
    void a_time_or_a_text_that_leaves_nothing_out_is_no_narrowing() {
        discarded(3);
        UnaryOperator<Filter> tenYears = f -> f.state(State.DISCARDED).since(Duration.ofDays(3650));

        var plan = ops.jobs(tenYears).requeue();

        assertThat(plan.meetsAll()).isTrue();
        assertThatThrownBy(() -> plan.run("again"))
                .hasMessageContaining("This is about all 3 jobs that are discarded")
                .hasMessageContaining("\"since 3650 d ago\" leaves none of them out");
        assertThatThrownBy(() -> ops.jobs(f -> f.state(State.DISCARDED).text("order"))
                        .requeue()
                        .run("again"))
                .hasMessageContaining("leaves none of them out");
        assertThat(ops.operations(10)).isEmpty();
        assertThat(ops.jobs(f -> tenYears.apply(f).everything())
                        .requeue()
                        .run("again, all of them")
                        .view()
                        .changed())
                .isEqualTo(3);
    }

    @Test
    void who_names_what_jobs_are_means_them_also_if_there_are_no_others() {
        discarded(3);

        var named = ops.jobs(
                        f -> f.state(State.DISCARDED).kind(SendInvoice.class).since(ofHours(6)))
                .requeue();

        assertThat(named.meetsAll()).isFalse();
        assertThat(named.run("again").view().changed()).isEqualTo(3);
    }

    @Test
    void a_time_that_leaves_some_out_is_a_narrowing() {
        discarded(2);
        var last = discarded(1).getFirst();
        var ended = ops.find(last.id()).orElseThrow().endedAt();

        var newer = ops.jobs(f -> f.state(State.DISCARDED).since(Objects.requireNonNull(ended)))
                .requeue();

        assertThat(newer.count()).isEqualTo(1);
        assertThat(newer.meetsAll()).isFalse();
        assertThat(newer.run("the newer one").view().changed()).isEqualTo(1);
        assertThat(ops.jobs(f -> f.state(State.RETRYABLE).since(ofHours(1)))
                        .cancel()
                        .meetsAll())
                .as("of none nothing has to be confirmed")
                .isFalse();
    }

    @Test
    void a_moment_that_no_calendar_has_is_refused_with_one_that_would_do() {
        refused(
                f -> f.state(State.DISCARDED).since(Instant.MIN),
                "The moment since which can't be -1000000000-01-01T00:00:00Z. It is a moment from 1970-01-01T00:00:00Z to 3000-01-01T00:00:00Z: 1970-01-01T00:00:00Z would do.");
        refused(f -> f.state(State.DISCARDED).until(Instant.MAX), "3000-01-01T00:00:00Z would do");
        assertThat(ops.list(f ->
                        f.state(State.DISCARDED).since(Instant.EPOCH).until(Instant.parse("3000-01-01T00:00:00Z"))))
                .isEmpty();
    }

    @Test
    void a_walk_that_reads_much_and_finds_next_to_nothing_ends_with_advice() {
        var available = Filter.ALL.state(State.AVAILABLE);

        Selection.refuseFarther(available, 995_000, 0);
        Selection.refuseFarther(available, 2_000_000, 1_500_000);
        Selection.refuseFarther(available.queue("mail"), 2_000_000, 0);
        Selection.refuseFarther(Filter.ALL.state(State.SCHEDULED), 2_000_000, 0);
        assertThatThrownBy(() -> Selection.refuseFarther(available, 1_000_000, 7))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("Among the newest 1,000,000 deliveries only 7 are available and selected")
                .hasMessageContaining("Name a queue");
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

    // ---- another time

    @Test
    void jobs_that_wait_run_at_another_time() {
        var waits = millrace.enqueue(new SendInvoice(1), o -> o.in(ofHours(1)));
        var runAt = runAt(waits);

        var plan =
                ops.jobs(f -> f.kind(SendInvoice.class).state(State.SCHEDULED)).delay(ofHours(2));
        assertThat(plan).hasToString("reschedule 1 jobs to 2 h later: state scheduled, kind send-invoice");
        assertThat(runAt(waits)).isEqualTo(runAt);
        var operation = plan.run("the provider is down");
        assertThat(runAt(waits)).isEqualTo(runAt.plus(ofHours(2)));
        assertThat(operation.view().what()).isEqualTo("reschedule");
        assertThat(operation.view().how()).isEqualTo("2 h later");

        operation.undo("it is up again");
        assertThat(runAt(waits)).isEqualTo(runAt);
        ops.jobs(f -> f.kind(SendInvoice.class).state(State.SCHEDULED))
                .reschedule(Duration.ZERO)
                .run("now");
        assertThat(waits.state()).isEqualTo(State.AVAILABLE);
        var moment = Instant.parse("2999-01-01T00:00:00Z");
        ops.jobs(f -> f.kind(SendInvoice.class).state(State.AVAILABLE))
                .reschedule(moment)
                .run("not in my time");
        assertThat(runAt(waits)).isEqualTo(moment);
    }

    private Instant runAt(Handle<?> job) {
        return Objects.requireNonNull(ops.find(job.id()).orElseThrow().runAt());
    }

    @Test
    void a_time_that_can_not_be_meant_is_refused() {
        var waiting = ops.jobs(f -> f.kind(SendInvoice.class).state(State.SCHEDULED));

        assertThatThrownBy(() -> waiting.reschedule(Instant.MAX)).hasMessageContaining("3000-01-01T00:00:00Z would do");
        assertThatThrownBy(() -> waiting.reschedule(ofSeconds(-1))).hasMessageContaining("lies in the past");
        assertThatThrownBy(() -> waiting.delay(Duration.ZERO)).hasMessageContaining("too short");
        assertThatThrownBy(() -> waiting.delay(Duration.ofDays(5_000))).hasMessageContaining("too long");
        assertThatThrownBy(() -> ops.jobs(f -> f.state(State.DISCARDED)).delay(ofHours(1)))
                .hasMessageContaining("have ended, and wait for nothing");
    }

    // ---- another payload

    @Test
    void payloads_are_edited_by_a_function_and_shown_before() {
        var dead = discarded(2);

        var plan = ops.jobs(f -> f.kind(SendInvoice.class).state(State.DISCARDED))
                .edit(SendInvoice.class, old -> new SendInvoice(old.order() * 10));

        assertThat(plan.count()).isEqualTo(1);
        assertThat(plan.edits())
                .containsExactly(new Plan.Edit(dead.getLast().id(), "SendInvoice[order=1]", "SendInvoice[order=10]"));
        assertThat(plan.refused())
                .as("ten times zero is zero")
                .extracting(Plan.Refusal::job)
                .containsExactly(dead.getFirst().id());
        assertThat(dead).allSatisfy(job -> assertThat(job.state()).isEqualTo(State.DISCARDED));

        var operation = plan.run("the orders were numbered anew");
        assertThat(operation.view().changed()).isEqualTo(1);
        assertThat(operation.view().left()).containsExactly(Map.entry("its payload is that already", 1L));
        assertThat(dead.getLast().state()).isEqualTo(State.AVAILABLE);
        assertThat(ran()).containsExactly(10L);
    }

    /** The orders of the invoices that wait. */
    private List<Long> ran() {
        var orders = new ConcurrentLinkedQueue<Long>();
        try (var node = millrace.node()
                .handle(SendInvoice.class, job -> {
                    orders.add(job.order());
                })
                .start()) {
            Awaitility.await()
                    .atMost(ofSeconds(20))
                    .until(() -> ops.list(f -> f.state(State.AVAILABLE)).isEmpty()
                            && ops.list(f -> f.state(State.RUNNING)).isEmpty()
                            && !orders.isEmpty());
            assertThat(node).isNotNull();
        }
        return List.copyOf(orders);
    }

    @Test
    void an_edit_is_taken_back() {
        millrace.enqueue(new SendInvoice(7));
        var operation = ops.jobs(f -> f.kind(SendInvoice.class).state(State.AVAILABLE))
                .edit(SendInvoice.class, old -> new SendInvoice(8))
                .run("a typo");

        operation.undo("it was none");

        assertThat(ran()).containsExactly(7L);
    }

    @Test
    void a_function_that_throws_leaves_the_job_as_it_is_and_says_so() {
        millrace.enqueue(new SendInvoice(7));

        var plan = ops.jobs(f -> f.kind(SendInvoice.class).state(State.AVAILABLE))
                .edit(SendInvoice.class, old -> {
                    throw new IllegalStateException("order " + old.order() + " is unknown");
                });

        assertThat(plan.count()).isZero();
        assertThat(plan.refusedCount()).isEqualTo(1);
        assertThat(plan.refused().getFirst().why()).contains("IllegalStateException: order 7 is unknown");
    }

    @Test
    void jobs_of_another_kind_are_not_edited_by_a_function() {
        millrace.enqueue(new Reindex("a"));

        var plan = ops.jobs(f -> f.kind("reindex").state(State.AVAILABLE)).edit(SendInvoice.class, old -> old);

        assertThat(plan.count()).isZero();
        assertThat(plan.refused().getFirst().why()).contains("the function edits SendInvoice");
    }

    @Test
    void values_that_are_kept_themselves_are_not_patched() {
        millrace.enqueue(new SendInvoice(7));

        var plan = ops.jobs(f -> f.kind(SendInvoice.class).state(State.AVAILABLE));

        assertThatThrownBy(() -> plan.edit("{\"order\":8}")).hasMessageContaining("keeps values, not text");
        assertThatThrownBy(() -> plan.edit("8")).hasMessageContaining("The patch is no object");
        assertThatThrownBy(() -> ops.jobs(f -> f.state(State.CANCELLED)).edit("{\"order\":8}"))
                .hasMessageContaining("Requeue them");
    }

    @Test
    void who_has_not_the_function_is_told_so_and_who_has_it_goes_on() {
        millrace.enqueue(new SendInvoice(7));
        var id = ops.jobs(f -> f.kind(SendInvoice.class).state(State.AVAILABLE))
                .edit(SendInvoice.class, old -> new SendInvoice(8))
                .begin("a typo", 0)
                .id();
        var found = ops.operation(id).orElseThrow();

        assertThatThrownBy(found::resume).hasMessageContaining("by a function of the process that began it");
        found.resume(SendInvoice.class, old -> new SendInvoice(8));

        assertThat(found.view().endedAt()).isNotNull();
        assertThat(ran()).containsExactly(8L);
        found.resume();
    }

    @Test
    void who_stops_an_operation_leaves_the_rest_as_it_is_and_nobody_goes_on_with_it() {
        var handles = discarded(5);
        var operation = ops.jobs(f -> f.kind(SendInvoice.class).state(State.DISCARDED))
                .requeue()
                .begin("the provider is back", 0);

        assertThat(operation.stop("it was the wrong queue")).isTrue();

        assertThat(operation.view().stopped()).isEqualTo(new OperationView.Stopped("mara", "it was the wrong queue"));
        operation.resume();
        assertThat(operation.view().changed()).isZero();
        assertThat(handles).allSatisfy(handle -> assertThat(handle.state()).isEqualTo(State.DISCARDED));
        assertThat(operation.stop("again")).isFalse();
        assertThat(operation.undo("all of it").view().changed()).isZero();
        assertThatThrownBy(() -> operation.stop(" ")).hasMessageContaining("reason");
    }

    // ---- not told of any more

    @Test
    void deleted_jobs_are_told_of_no_more_until_they_are_brought_back() {
        var dead = discarded(3);
        var gone = dead.getFirst();

        var operation = ops.jobs(f -> f.kind(SendInvoice.class).state(State.DISCARDED))
                .delete()
                .run("they were test data");

        assertThat(ops.list(f -> f)).isEmpty();
        assertThat(ops.find(gone.id())).isEmpty();
        assertThat(ops.failures(f -> f)).isEmpty();
        assertThat(ops.deletion(gone.id()).orElseThrow().operation()).isEqualTo(operation.id());
        var said = "was deleted by mara: they were test data";
        assertThatThrownBy(gone::state).hasMessageContaining(said);
        assertThatThrownBy(() -> gone.await(Duration.ZERO)).hasMessageContaining(said);
        assertThatThrownBy(() -> ops.requeue(gone.id())).hasMessageContaining(said);
        assertThatThrownBy(() -> ops.cancel(gone.id(), "no")).hasMessageContaining(said);
        assertThat(ops.why(gone.id()).toString()).contains(said);

        operation.undo("they were not");

        assertThat(dead).allSatisfy(job -> assertThat(job.state()).isEqualTo(State.DISCARDED));
        assertThat(ops.history(gone.id()).orElseThrow().changes())
                .extracting(JobHistory.Change::what)
                .containsExactly("delete", "undo");
    }

    @Test
    void what_has_not_ended_can_not_be_deleted() {
        millrace.enqueue(new SendInvoice(1));

        assertThatThrownBy(() -> ops.jobs(f -> f.kind(SendInvoice.class).state(State.AVAILABLE))
                        .delete())
                .hasMessageContaining("Cancel them first");
        discarded(1);
        assertThatThrownBy(
                        () -> ops.jobs(f -> f.state(State.DISCARDED)).delete().run("away with it"))
                .hasMessageContaining("everything()");
    }

    @Test
    void who_must_answer_in_time_goes_on_for_a_while() {
        discarded(30);
        var operation = ops.jobs(f -> f.kind(SendInvoice.class).state(State.DISCARDED))
                .requeue()
                .begin("again", 4);

        operation.resumeFor(Duration.ofMillis(1));

        assertThat(operation.view().changed()).isBetween(1L, 29L);
        assertThat(operation.view().endedAt()).isNull();
        operation.beginUndo("enough").resumeFor(Duration.ofMillis(1));
    }

    @Test
    void an_operation_that_nobody_began_is_not_known() {
        assertThat(ops.operation(UUID.randomUUID())).isEmpty();
    }

    // ---- said again

    private static final UUID ID = UUID.fromString("3f1c9a52-0e0c-4b1a-9d3e-5a2f7c8b9d10");

    private Plan shift(Duration by) {
        return ops.jobs(f -> f.kind(SendInvoice.class).state(State.SCHEDULED))
                .delay(by)
                .withId(ID);
    }

    @Test
    void a_change_that_is_asked_for_again_under_its_id_is_done_once() {
        var waits = millrace.enqueue(new SendInvoice(1), o -> o.in(ofHours(1)));
        var runAt = runAt(waits);

        var first = shift(ofHours(2)).run("the provider is down");
        var again = shift(ofHours(2)).run("the provider is down");

        assertThat(runAt(waits)).isEqualTo(runAt.plus(ofHours(2)));
        assertThat(List.of(first.id(), again.id())).containsOnly(ID);
        assertThat(List.of(first.existed(), again.existed())).containsExactly(false, true);
        assertThat(ops.operations(10)).hasSize(1);
    }

    @Test
    void a_plan_knows_its_id_before_anything_is_done_and_is_done_once() {
        var waits = millrace.enqueue(new SendInvoice(1), o -> o.in(ofHours(1)));
        var runAt = runAt(waits);
        var plan =
                ops.jobs(f -> f.kind(SendInvoice.class).state(State.SCHEDULED)).delay(ofHours(2));

        assertThat(ops.operation(plan.id())).isEmpty();
        assertThat(plan.run("the provider is down").id()).isEqualTo(plan.id());
        plan.run("the provider is down");

        assertThat(runAt(waits)).isEqualTo(runAt.plus(ofHours(2)));
    }

    @Test
    void an_id_that_stands_for_another_operation_is_refused_with_both() {
        millrace.enqueue(new SendInvoice(1), o -> o.in(ofHours(1)));
        shift(ofHours(2)).run("the provider is down");

        assertThatThrownBy(() -> shift(ofHours(3)).run("the provider is down"))
                .isInstanceOfSatisfying(
                        OperationTaken.class,
                        taken -> assertThat(taken.operation()).isEqualTo(ID))
                .hasMessageContaining("that mara began at")
                .hasMessageContaining("reschedule by PT2H of jobs with state \"scheduled\", kind \"send-invoice\"")
                .hasMessageContaining("another request: reschedule by PT3H");
        for (UnaryOperator<Filter> other :
                List.<UnaryOperator<Filter>>of(f -> f.since(ofHours(6)), f -> f.queue("q"), f -> f.tenant("acme")))
            assertThatThrownBy(() -> ops.jobs(
                                    f -> other.apply(f.kind(SendInvoice.class).state(State.SCHEDULED)))
                            .delay(ofHours(2))
                            .withId(ID)
                            .run("the provider is down"))
                    .isInstanceOf(OperationTaken.class);
        assertThatThrownBy(() -> shift(ofHours(2)).run("the provider is up"))
                .as("for another reason")
                .isInstanceOf(OperationTaken.class);
        assertThatThrownBy(() -> shift(ofHours(2)).run("the provider is down", 7))
                .as("at another rate")
                .isInstanceOf(OperationTaken.class);
        assertThat(ops.operations(10)).hasSize(1);
    }

    @Test
    void an_undo_that_is_asked_for_again_under_its_id_is_one() {
        millrace.enqueue(new SendInvoice(1), o -> o.in(ofHours(1)));
        var operation = ops.jobs(f -> f.kind(SendInvoice.class).state(State.SCHEDULED))
                .delay(ofHours(2))
                .run("the provider is down");

        operation.beginUndo(ID, "wrong hour").resume();
        var again = operation.beginUndo(ID, "wrong hour").resume();

        assertThat(again.view().changed()).isEqualTo(1);
        assertThat(again.existed()).isTrue();
        assertThat(ops.operations(10)).hasSize(2);
        assertThatThrownBy(() -> operation.beginUndo(ID, "another reason")).isInstanceOf(OperationTaken.class);
        assertThatThrownBy(() -> operation.beginUndo(operation.id(), "wrong hour"))
                .isInstanceOf(OperationTaken.class);
    }
}
