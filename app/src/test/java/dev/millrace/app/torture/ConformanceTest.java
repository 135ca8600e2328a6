package dev.millrace.app.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.simulation.trace.TraceEvent.End;
import dev.millrace.simulation.trace.TraceEvent.Stamp;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import dev.millrace.store.Settled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What real processes did is held to the invariants of the simulation. */
class ConformanceTest {

    private final NodeId one = new NodeId(new UUID(1, 1));
    private final NodeId other = new NodeId(new UUID(1, 2));
    private final JobId job = new JobId(new UUID(2, 1));
    private final ClaimToken token = new ClaimToken(new UUID(3, 1));
    private final Place place = new Place(1, 7, 700, 1);

    @Test
    void a_run_in_order_breaks_nothing_in_whatever_order_its_files_are_read() {
        var found = Conformance.of(List.of(flushed(one, 30, Settled.WON), claimed(one, token, 10)));

        assertThat(found).isEqualTo(new Conformance(2, 0, List.of()));
    }

    @Test
    void a_delivery_that_two_have_claimed_is_told() {
        var again = new ClaimToken(new UUID(3, 2));

        var found = Conformance.of(List.of(claimed(one, token, 10), claimed(other, again, 20)));

        assertThat(found.broken()).isEqualTo(1);
        assertThat(found.first()).singleElement().asString().contains("a delivery is claimed once");
    }

    @Test
    void two_outcomes_that_won_are_told() {
        var found = Conformance.of(
                List.of(claimed(one, token, 10), flushed(one, 20, Settled.WON), flushed(one, 30, Settled.WON)));

        assertThat(found.first()).singleElement().asString().contains("a delivery has one outcome");
    }

    @Test
    void a_step_that_was_asked_for_after_its_node_was_deposed_must_not_be_accepted() {
        var deposed = new TraceEvent.Deposed(stamp(other, 19, 20), one, 1, 0, true);

        assertThat(Conformance.of(List.of(deposed, claimed(one, token, 30))).first())
                .singleElement()
                .asString()
                .contains("a deposed node changes nothing");
        assertThat(Conformance.of(List.of(deposed, claimed(one, token, 21))).broken())
                .as("it was asked for before: which was first, nobody knows")
                .isZero();
    }

    @Test
    void a_line_that_is_not_whole_is_of_a_process_that_was_killed(@TempDir Path logs) throws IOException {
        var line = TraceJson.write(claimed(one, token, 10));
        Files.writeString(logs.resolve("node-1.trace.jsonl"), line + "\n" + line.substring(0, line.length() / 2));

        assertThat(Conformance.of(logs)).isEqualTo(new Conformance(1, 0, List.of()));
    }

    private TraceEvent claimed(NodeId by, ClaimToken with, long at) {
        return new TraceEvent.Claimed(stamp(by, at - 2, at), with, 7, 0, 1, false, List.of(place));
    }

    private TraceEvent flushed(NodeId by, long at, Settled verdict) {
        return new TraceEvent.Flushed(
                stamp(by, at - 2, at), List.of(new End(place, token, job, 1, 1, 1, "done", State.COMPLETED, verdict)));
    }

    private static Stamp stamp(NodeId node, long asked, long answered) {
        return new Stamp(node, 1, asked, answered, Instant.EPOCH);
    }
}
