package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.handedBack;
import static dev.millrace.simulation.contract.Ends.parked;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Given.LATER;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Line;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.Ownership;
import dev.millrace.store.PlaceInLine;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A job that waits in line tells who stands before it, and what its limit leaves it. */
abstract class PlaceInLineChapter extends KeyedWords {

    PlaceInLineChapter(StoreContract contract) {
        super(contract);
    }

    private PlaceInLine stands(JobId job) {
        return given.store.inLine(job).orElseThrow(() -> new AssertionError("job " + job + " stands in no line"));
    }

    private List<JobId> inFrontOf(JobId job) {
        var first = stands(job).first();
        return first == null ? List.of() : List.of(first);
    }

    @Test
    void a_job_tells_who_stands_before_it_whether_a_node_holds_them_or_not() {
        var first = jobInLine();
        var second = jobInLine();
        var third = jobInLine();
        given.job(draft -> draft.line(new Line("account 8", null)));
        assertThat(stands(first).ahead()).isZero();
        assertThat(stands(first).exact()).isTrue();
        assertThat(inFrontOf(third)).containsExactly(first);
        assertThat(stands(third).ahead()).isEqualTo(2);

        var node = given.node();
        for (var shard : filled(node)) {
            takesOver(node, shard);
            claims(node, shard);
        }

        assertThat(inFrontOf(first)).isEmpty();
        assertThat(stands(first).exact()).isTrue();
        assertThat(inFrontOf(second)).containsExactly(first);
        assertThat(inFrontOf(third)).containsExactly(first);
        assertThat(stands(third).ahead()).isEqualTo(2);
        var late = jobInLine();
        assertThat(stands(late).ahead()).isEqualTo(3);
        assertThat(stands(late).exact()).isTrue();
    }

    @Test
    void one_that_waits_elsewhere_stands_before_the_others_until_it_has_ended() {
        var first = jobInLine();
        var second = jobInLine();
        var node = given.node();
        var shard = ownedBy(node);
        var claimed = claims(node, shard);
        node.ends(claimed.getFirst(), retry(LATER));
        assertThat(inFrontOf(second)).containsExactly(first);

        given.store.cancel(first, "no longer needed", "mara");
        assertThat(inFrontOf(second)).isEmpty();
        assertThat(given.store.inLine(first)).isEmpty();

        node.ends(claimed.getLast(), parked(Parking.PAUSED));
        var third = jobInLine();
        assertThat(inFrontOf(third)).containsExactly(second);
        assertThat(stands(second).ahead()).isZero();
    }

    @Test
    void one_that_no_node_could_start_is_not_given_another_time() {
        var job = jobInLine();
        var node = given.node();
        var shard = ownedBy(node);
        node.ends(claimsOne(node, shard), parked(Parking.LIMIT));

        var change = changed(Action.RESCHEDULE, null, State.AVAILABLE, Details.later(LATER));

        var kept = given.store.change(change).orElseThrow();
        assertThat(kept.left().values()).containsExactly(1L);
        assertThat(kept.progress().changed()).isZero();
        assertThat(job).isAvailable();
    }

    @Test
    void one_that_has_come_back_and_is_not_claimed_stands_where_it_stood() {
        var first = jobInLine();
        var second = jobInLine();
        var node = given.node();
        var shard = ownedBy(node);
        node.ends(claims(node, shard).getFirst(), handedBack());

        assertThat(inFrontOf(second)).containsExactly(first);
        assertThat(stands(first).ahead()).isZero();
    }

    @Test
    void of_a_limit_it_is_told_how_many_a_node_holds_and_what_the_last_of_them_says() {
        var first = given.job(draft -> draft.line(new Line(null, CALLS)));
        assertThat(stands(first).held()).isZero();
        assertThat(stands(first).limit()).isEqualTo(CALLS);
        var node = given.node();
        var shard = ownedBy(node);
        var raised = new Limited("calls", 5, "shop 1");
        given.job(draft -> draft.line(new Line(null, raised)));
        claims(node, shard);
        given.job(draft -> draft.line(new Line(null, new Limited("calls", 7, "shop 1"))));
        given.job(draft -> draft.line(new Line(null, new Limited("calls", 7, "shop 2"))));

        assertThat(stands(first).held()).isEqualTo(2);
        assertThat(stands(first).heldAhead()).isZero();
        assertThat(stands(first).limit()).isEqualTo(raised);
        assertThat(stands(first).fullIn()).isNull();
    }

    @Test
    void of_a_limit_those_before_it_are_told_whether_they_are_held_or_not() {
        var five = new Line(null, new Limited("calls", 2, "shop 1", new Line.Rated(new Line.Rate(9, LATER, 9), 5)));
        given.job(draft -> draft.line(five));
        given.job(draft -> draft.line(new Line(null, CALLS)));
        var node = given.node();
        var shard = ownedBy(node);
        var held = claims(node, shard);
        given.job(draft -> draft.line(five));
        given.job(draft -> draft.line(new Line(null, new Limited("calls", 2, "shop 2"))));
        var job = given.job(draft -> draft.line(new Line(null, CALLS)));

        assertThat(stands(job).held()).isEqualTo(2);
        assertThat(stands(job).heldAhead()).isEqualTo(2);
        assertThat(stands(job).freeAhead()).isEqualTo(1);
        assertThat(stands(job).weightAhead()).isEqualTo(11);
        assertThat(stands(job).allHeld()).isTrue();
        assertThat(stands(job).exact()).isTrue();

        node.ends(held.getFirst(), handedBack());
        assertThat(stands(job).heldAhead()).isEqualTo(1);
        assertThat(stands(job).freeAhead()).as("what has come back").isEqualTo(2);
        node.ends(held.getLast(), done());
        assertThat(stands(job).held()).isZero();
    }

    @Test
    void a_job_far_behind_all_that_is_looked_at_is_told_of_all_the_same() {
        var jobs = given.bulk(1_100, draft -> draft.line(new Line(null, CALLS)));
        var job = jobs.getLast();

        assertThat(stands(job).held()).isZero();
        assertThat(stands(job).freeAhead()).isBetween(900L, 1_099L);
        assertThat(stands(job).limit()).isEqualTo(CALLS);
        var inOrder = given.bulk(1_100, draft -> draft.line(ACCOUNT));
        assertThat(inFrontOf(inOrder.getLast())).containsExactly(inOrder.getFirst());
    }

    @Test
    void who_is_held_first_in_line_says_so_however_many_have_come_behind_and_however_often_others_were_claimed() {
        var first = jobInLine();
        var node = given.node();
        var shard = ownedBy(node);
        claims(node, shard);
        var second = jobInLine();
        claims(node, shard);
        for (int round = 0; round < 10; round++) {
            given.job(draft -> draft.line(new Line("account 8", null)));
            for (var one : filled(node)) {
                takesOver(node, one);
                claims(node, one).forEach(delivery -> node.ends(delivery, done()));
            }
        }
        given.bulk(1_100, KeyedWords::inLine);

        assertThat(stands(first).exact()).isTrue();
        assertThat(inFrontOf(first)).isEmpty();
        assertThat(inFrontOf(second)).containsExactly(first);
        assertThat(stands(second).ahead()).isEqualTo(1);
        assertThat(stands(second).exact()).isTrue();
    }

    @Test
    void of_a_slow_rate_it_is_told_how_long_its_allowance_takes() {
        var rate = new Line.Rate(1, Duration.ofHours(1), 1);
        var limited = new Limited("calls", 7, "shop " + given.queue, new Line.Rated(rate, 1));
        var job = given.job(draft -> draft.line(new Line(null, limited)));
        var node = given.node();
        given.store.grant(
                node.lease, List.of(new Ownership.Wish(given.queue, limited.group(), rate, 1, Duration.ZERO)));

        assertThat(stands(job).fullIn()).isNotNull().isBetween(Duration.ofMinutes(50), Duration.ofMinutes(60));
    }

    @Test
    void a_job_without_a_key_one_that_waits_for_its_first_time_and_one_that_is_not_known_stand_in_no_line() {
        assertThat(given.store.inLine(given.job())).isEmpty();
        assertThat(given.store.inLine(given.job(draft -> draft.line(ACCOUNT).in(LATER))))
                .isEmpty();
        assertThat(given.store.inLine(new JobId(UUID.randomUUID()))).isEmpty();
    }
}
