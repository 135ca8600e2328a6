package dev.millrace.app.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import dev.millrace.store.Settled;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TraceJsonTest {

    private static final NodeId NODE = new NodeId(new UUID(1, 2));
    private static final TraceEvent.Stamp AT =
            new TraceEvent.Stamp(NODE, 3, 10, 20, Instant.parse("2026-11-01T12:00:00.123456789Z"));
    private static final TraceEvent.Stamp NOBODY = new TraceEvent.Stamp(null, 0, 10, 20, Instant.EPOCH);
    private static final ClaimToken TOKEN = new ClaimToken(new UUID(3, 4));
    private static final JobId JOB = new JobId(new UUID(5, 6));
    private static final Place PLACE = new Place(1, 2, Long.MAX_VALUE, 4);
    private static final TraceEvent.Held HELD = new TraceEvent.Held(PLACE, JOB, 1, 2, 3, 4, 5, false, true, false);

    static Stream<TraceEvent> events() {
        return Stream.of(
                new TraceEvent.Joined(AT, "torture-1", 42, 500),
                new TraceEvent.Beat(AT),
                new TraceEvent.Left(AT),
                new TraceEvent.Deposed(AT, new NodeId(new UUID(7, 8)), 1, 9, true),
                new TraceEvent.TookBack(AT, NODE, List.of(new TraceEvent.Case(JOB, 1, 2, false))),
                new TraceEvent.Claimed(AT, TOKEN, 5, 6, 7, true, List.of(PLACE)),
                new TraceEvent.Read(AT, TOKEN, List.of(HELD)),
                new TraceEvent.Marked(AT, List.of(PLACE)),
                new TraceEvent.Outlived(AT, List.of()),
                new TraceEvent.Started(AT, TOKEN, HELD),
                new TraceEvent.Manifested(AT, 1, 2, List.of(PLACE, PLACE)),
                new TraceEvent.Flushed(
                        AT,
                        List.of(new TraceEvent.End(
                                PLACE, TOKEN, JOB, 1, 2, 3, "done", State.COMPLETED, Settled.REPEATED))),
                new TraceEvent.Completing(AT, PLACE, TOKEN, JOB),
                new TraceEvent.Promoted(AT, 3),
                new TraceEvent.Released(AT, 4),
                new TraceEvent.Checkpointed(AT, PLACE, JOB, 1, 2, true),
                new TraceEvent.Enqueued(NOBODY, JOB, "default", "torture-exact", false),
                new TraceEvent.Refused(AT, "flush"),
                new TraceEvent.Unanswered(NOBODY, "enqueue", JOB.toString()),
                new TraceEvent.Failed(AT, "take", "no \"connection\"\n"));
    }

    @ParameterizedTest
    @MethodSource("events")
    void an_event_is_read_back_as_it_was_written(TraceEvent event) throws Exception {
        var line = TraceJson.write(event);

        assertThat(line).doesNotContain("\n");
        assertThat(TraceJson.read(line)).isEqualTo(event);
    }

    @Test
    void all_events_were_tried() {
        assertThat(events().map(Object::getClass).toList())
                .containsExactlyInAnyOrder(TraceEvent.class.getPermittedSubclasses());
    }
}
