package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.handedBack;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Ends.snoozed;

import dev.millrace.JobHistory.LogLine;
import dev.millrace.JobView.Progress;
import dev.millrace.LogLevel;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Note;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException.Fenced;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What running handlers leave behind: checkpoints that the next attempt goes on from, progress, log lines. */
abstract class JournalChapter extends Chapter {

    private static final Instant NOON = Instant.parse("2026-11-01T12:00:00.001Z");

    JournalChapter(StoreContract contract) {
        super(contract);
    }

    private void checkpoint(TestNode node, Delivery delivery, String value) {
        given.store.checkpoint(node.lease, delivery, new Payload.Text(value));
    }

    private Optional<Payload> checkpointOf(TestNode node, Delivery delivery) {
        return given.store.checkpointOf(node.lease, delivery);
    }

    private static Optional<Payload> text(String value) {
        return Optional.of(new Payload.Text(value));
    }

    // ---- checkpoints

    @Test
    void a_run_begins_without_a_checkpoint() {
        given.job();
        var node = given.node();

        assertThat(checkpointOf(node, node.claimOne())).isEmpty();
    }

    @Test
    void the_last_checkpoint_counts() {
        given.job();
        var node = given.node();
        var delivery = node.claimOne();

        checkpoint(node, delivery, "1000");
        checkpoint(node, delivery, "2000");

        assertThat(checkpointOf(node, delivery)).isEqualTo(text("2000"));
    }

    @Test
    void a_retry_goes_on_from_it() {
        var job = given.job();
        var node = given.node();
        checkpointThenEnds(node, "1000", retry(Duration.ZERO));
        node.promotes();

        var second = given.node();

        var delivery = second.claimOne();
        assertThat(delivery.job()).isEqualTo(job);
        assertThat(checkpointOf(second, delivery)).isEqualTo(text("1000"));
    }

    @Test
    void so_does_what_was_snoozed_or_handed_back() {
        given.job();
        var node = given.node();
        checkpointThenEnds(node, "1000", snoozed(Duration.ZERO));
        node.promotes();
        node.ends(node.claimOne(), handedBack());

        assertThat(checkpointOf(node, node.claimOne())).isEqualTo(text("1000"));
    }

    @Test
    void so_does_the_node_that_takes_over() {
        given.job();
        var dead = given.node();
        checkpoint(dead, dead.claimOne(), "1000");
        var node = given.node();
        node.takesOver(dead);

        var delivery = node.claimOne();

        assertThat(checkpointOf(node, delivery)).isEqualTo(text("1000"));
        checkpoint(node, delivery, "2000");
        assertThat(checkpointOf(node, delivery)).isEqualTo(text("2000"));
    }

    @Test
    void a_new_run_begins_without_it() {
        var job = given.job();
        var node = given.node();
        checkpointThenEnds(node, "1000", done());
        given.requeue(job);

        var delivery = node.claimOne();

        assertThat(checkpointOf(node, delivery)).isEmpty();
        checkpoint(node, delivery, "5");
        assertThat(checkpointOf(node, delivery)).isEqualTo(text("5"));
    }

    @Test
    void a_delivery_that_has_ended_can_write_none() {
        given.job();
        var node = given.node();
        var delivery = checkpointThenEnds(node, "1000", retry(Duration.ZERO));

        assertThatThrownBy(() -> checkpoint(node, delivery, "2000")).isInstanceOf(Fenced.class);

        node.promotes();
        assertThat(checkpointOf(node, node.claimOne())).isEqualTo(text("1000"));
    }

    @Test
    void nor_can_one_that_was_cancelled() {
        var job = given.job();
        var node = given.node();
        var delivery = node.claimOne();
        given.cancel(job);

        assertThatThrownBy(() -> checkpoint(node, delivery, "1000")).isInstanceOf(Fenced.class);
    }

    @Test
    void an_earlier_delivery_can_write_none_once_a_later_one_has_looked() {
        given.job();
        var node = given.node();
        var earlier = checkpointThenEnds(node, "1000", handedBack());
        var later = node.claimOne();
        assertThat(checkpointOf(node, later)).isEqualTo(text("1000"));

        assertThatThrownBy(() -> checkpoint(node, earlier, "500")).isInstanceOf(Fenced.class);

        assertThat(checkpointOf(node, later)).isEqualTo(text("1000"));
    }

    @Test
    void jobs_have_checkpoints_of_their_own() {
        given.jobs(2);
        var node = given.node();
        var claimed = node.claimAll();

        checkpoint(node, claimed.get(0), "1000");

        assertThat(checkpointOf(node, claimed.get(1))).isEmpty();
    }

    private Delivery checkpointThenEnds(TestNode node, String value, Ending ending) {
        var delivery = node.claimOne();
        checkpoint(node, delivery, value);
        node.ends(delivery, ending);
        return delivery;
    }

    // ---- notes

    @Test
    void log_lines_are_kept_in_their_order_and_by_attempt() {
        var job = given.job();
        var node = given.node();
        var first = node.claimOne();
        given.store.note(
                node.lease,
                List.of(
                        new Note.Line(first, NOON, LogLevel.INFO, "line 1 has no price"),
                        new Note.Line(first, NOON, LogLevel.INFO, "line 2 has no price")));
        node.ends(first, retry(Duration.ZERO));
        node.promotes();
        var second = node.claimOne();
        given.store.note(node.lease, List.of(new Note.Line(second, NOON.plusSeconds(1), LogLevel.INFO, "ünï\nnext")));

        assertThat(given.store.history(job).orElseThrow().log())
                .containsExactly(
                        new LogLine(1, NOON, LogLevel.INFO, "line 1 has no price", null),
                        new LogLine(1, NOON, LogLevel.INFO, "line 2 has no price", null),
                        new LogLine(2, NOON.plusSeconds(1), LogLevel.INFO, "ünï\nnext", null));
    }

    @Test
    void a_line_tells_how_grave_it_is() {
        var job = given.job();
        var node = given.node();
        var delivery = node.claimOne();

        given.store.note(
                node.lease,
                Stream.of(LogLevel.values())
                        .<Note>map(level -> new Note.Line(delivery, NOON, level, "a line"))
                        .toList());

        assertThat(given.store.history(job).orElseThrow().log())
                .extracting(LogLine::level)
                .containsExactly(LogLevel.values());
    }

    @Test
    void and_of_which_trace_its_job_is() {
        var traced = given.job(
                as -> as.headers(Map.of("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")));
        var other = given.job();
        var node = given.node();
        for (var delivery : node.claimAll())
            given.store.note(node.lease, List.of(new Note.Line(delivery, NOON, LogLevel.ERROR, "no such order")));

        assertThat(given.store.history(traced).orElseThrow().log())
                .containsExactly(
                        new LogLine(1, NOON, LogLevel.ERROR, "no such order", "4bf92f3577b34da6a3ce929d0e0e4736"));
        assertThat(given.store.history(other).orElseThrow().log())
                .containsExactly(new LogLine(1, NOON, LogLevel.ERROR, "no such order", null));
    }

    @Test
    void a_line_may_arrive_after_the_outcome() {
        var job = given.job();
        var node = given.node();
        var delivery = node.runs(job, done());

        given.store.note(node.lease, List.of(new Note.Line(delivery, NOON, LogLevel.INFO, "the last word")));

        assertThat(given.store.history(job).orElseThrow().log())
                .containsExactly(new LogLine(1, NOON, LogLevel.INFO, "the last word", null));
    }

    @Test
    void the_last_progress_counts() {
        var job = given.job();
        var node = given.node();
        var delivery = node.claimOne();
        assertThat(given.view(job).progress()).isNull();

        given.store.note(node.lease, List.of(new Note.Progress(delivery, NOON, 1, 10)));
        given.store.note(
                node.lease,
                List.of(
                        new Note.Progress(delivery, NOON.plusSeconds(1), 2, 10),
                        new Note.Progress(delivery, NOON.plusSeconds(2), 3, 10)));

        assertThat(given.view(job).progress()).isEqualTo(new Progress(3, 10, NOON.plusSeconds(2)));
    }

    @Test
    void notes_of_several_jobs_come_in_one_step() {
        var jobs = given.jobs(2);
        var node = given.node();
        var claimed = node.claimAll();

        given.store.note(
                node.lease,
                List.of(
                        new Note.Line(claimed.get(0), NOON, LogLevel.INFO, "of the first"),
                        new Note.Progress(claimed.get(1), NOON, 1, 2),
                        new Note.Line(claimed.get(1), NOON, LogLevel.INFO, "of the second")));

        assertThat(given.store.history(jobs.get(0)).orElseThrow().log()).hasSize(1);
        assertThat(given.store.history(jobs.get(1)).orElseThrow().log()).hasSize(1);
        assertThat(given.view(jobs.get(1)).progress()).isEqualTo(new Progress(1, 2, NOON));
    }
}
