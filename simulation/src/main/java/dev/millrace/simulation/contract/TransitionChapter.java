package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.discarded;
import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.handedBack;
import static dev.millrace.simulation.contract.Ends.parked;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Ends.snoozed;
import static dev.millrace.simulation.contract.Given.LATER;
import static dev.millrace.simulation.contract.Given.SOON;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Transition;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of transitions, row by row and from each of its states: the store can do all of them. */
abstract class TransitionChapter extends Chapter {

    private final UUID change = UUID.randomUUID();
    private @Nullable Delivery held;

    TransitionChapter(StoreContract contract) {
        super(contract);
    }

    private Delivery held() {
        return Objects.requireNonNull(held);
    }

    static Stream<Arguments> rows() {
        return Arrays.stream(Transition.values())
                .flatMap(row -> row.from().stream().sorted().map(from -> Arguments.of(row, from)));
    }

    @ParameterizedTest(name = "{0} from {1}")
    @MethodSource("rows")
    void each_row_of_the_table_happens(Transition row, State from) {
        var node = given.node();
        var job = stand(row, from, node);
        assertThat(job).is(from);

        happens(row, job, from, node);

        assertThat(job).is(row.to());
    }

    /** A job in this state, made so that the transition can follow. */
    private JobId stand(Transition row, State from, TestNode node) {
        boolean expires = row == Transition.EXPIRE;
        return switch (from) {
            case SCHEDULED -> given.job(as -> expires ? as.in(SOON).expiresAfter(SOON) : as.in(SOON));
            case RETRYABLE -> {
                var job = given.job(as -> expires ? as.expiresAfter(SOON) : as);
                node.runs(job, retry(SOON));
                yield job;
            }
            case AVAILABLE -> given.job(as -> expires ? as.expiresAfter(SOON) : as);
            case RUNNING -> {
                var job = given.job(as -> expires ? as.expiresAfter(SOON) : as);
                if (expires) given.letSoonPass();
                held = node.claimOne();
                yield job;
            }
            case COMPLETED -> Stage.COMPLETED.job(given, node);
            case CANCELLED -> row == Transition.RESTORE ? cancelledWithMany() : Stage.CANCELLED.job(given, node);
            case DISCARDED -> Stage.DISCARDED.job(given, node);
        };
    }

    private void happens(Transition row, JobId job, State from, TestNode node) {
        switch (row) {
            case PROMOTE, REVIVE -> {
                given.letSoonPass();
                node.promotes();
            }
            case CLAIM -> node.claimOne();
            case COMPLETE -> node.ends(held(), done());
            case RETRY -> node.ends(held(), retry(LATER));
            case SNOOZE -> node.ends(held(), snoozed(LATER));
            case HAND_BACK -> node.ends(held(), handedBack());
            case PARK -> node.ends(held(), parked(Parking.LIMIT));
            case DISCARD -> node.ends(held(), discarded());
            case RESCUE -> given.node().takesOver(node);
            case CANCEL -> given.cancel(job);
            case REQUEUE -> given.requeue(job);
            case RESTORE -> restore();
            case RESCHEDULE -> reschedule();
            case EXPIRE -> expires(from, node);
        }
    }

    private JobId cancelledWithMany() {
        var job = given.job(as -> as.in(LATER));
        var scheduled = new Selection(State.SCHEDULED, given.queue, null, null, null, null, null, null, null, null);
        given.store.begin(
                new Change(change, Action.CANCEL, null, scheduled, Details.NONE, 1, 0, "not wanted", "a test"));
        finish(change);
        return job;
    }

    private void reschedule() {
        var available = new Selection(State.AVAILABLE, given.queue, null, null, null, null, null, null, null, null);
        var id = UUID.randomUUID();
        given.store.begin(
                new Change(id, Action.RESCHEDULE, null, available, Details.later(LATER), 1, 0, "too early", "a test"));
        finish(id);
    }

    private void restore() {
        var undo = UUID.randomUUID();
        given.store.begin(new Change(undo, Action.REQUEUE, change, null, Details.NONE, 1, 0, "wanted", "a test"));
        finish(undo);
    }

    private void finish(UUID id) {
        while (!given.store.goOn(id, 1_000).orElseThrow().done()) given.recorder.look();
        given.recorder.look();
    }

    /** What waits for a time is discarded by its promotion, the rest by the node that was to run it. */
    private void expires(State from, TestNode node) {
        given.contract.letPass(SOON.plus(Duration.ofMillis(1)));
        if (from == State.SCHEDULED || from == State.RETRYABLE) {
            node.promotes();
            return;
        }
        var delivery = from == State.AVAILABLE ? node.claimOne() : held();
        assertThat(delivery.expired()).isTrue();
        node.ends(delivery, discarded());
    }
}
