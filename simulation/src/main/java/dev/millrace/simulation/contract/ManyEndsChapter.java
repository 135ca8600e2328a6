package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.discarded;
import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Given.LATER;
import static dev.millrace.simulation.contract.TestNode.ended;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Records.Conclusion;
import dev.millrace.store.Rescued;
import dev.millrace.store.Settled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** Many deliveries succeed in one flush, which a store may write more briefly than one by one: nobody can tell. */
abstract class ManyEndsChapter extends Chapter {

    /** More than a store writes in one row. */
    private static final int MANY = 1_200;

    ManyEndsChapter(StoreContract contract) {
        super(contract);
    }

    private static List<Settled> all(TestNode node, List<Delivery> deliveries, Ending ending) {
        return node.flush(deliveries.stream().map(one -> ended(one, ending)).toArray(Ended[]::new));
    }

    @Test
    void each_of_many_successes_is_told_as_if_it_were_alone() {
        var jobs = given.bulk(MANY, as -> as);
        var node = given.node();
        var claimed = node.claimAll();
        var entries = new ArrayList<Ended>();
        for (int i = 0; i < MANY; i++)
            entries.add(new Ended(
                    claimed.get(i), done(), TestNode.STARTED.plusMillis(i * 1_500L), Duration.ofMillis(i * 7L)));
        Collections.shuffle(entries, new Random(4));

        assertThat(node.flush(entries.toArray(Ended[]::new))).hasSize(MANY).containsOnly(Settled.WON);

        for (var entry : entries.subList(0, 50)) {
            var step = given.store
                    .history(entry.delivery().job())
                    .orElseThrow()
                    .steps()
                    .getFirst();
            assertThat(step.outcome()).isEqualTo("done");
            assertThat(step.startedAt()).isEqualTo(entry.startedAt());
            assertThat(step.took()).isEqualTo(entry.took());
            assertThat(step.node()).isEqualTo(node.id().toString());
            assertThat(step.endedAt()).isNotNull();
            assertThat(given.view(entry.delivery().job()).state()).isEqualTo(State.COMPLETED);
        }
        assertThat(given.store.conclusions(jobs))
                .hasSize(MANY)
                .allSatisfy((job, end) -> assertThat(end).isEqualTo(new Conclusion(State.COMPLETED, null, null, null)));
        assertThat(given.node().claimAll()).isEmpty();
    }

    @Test
    void whatever_of_it_is_repeated_in_whatever_company_changes_nothing() {
        given.bulk(300, as -> as);
        var node = given.node();
        var claimed = node.claimAll();
        assertThat(node.ends(claimed.get(7), done())).isEqualTo(Settled.WON);
        assertThat(node.ends(claimed.get(70), done())).isEqualTo(Settled.WON);

        var first = all(node, claimed.subList(0, 100), done());
        var before = histories(claimed);

        assertThat(first.get(7)).isEqualTo(Settled.REPEATED);
        assertThat(first.get(70)).isEqualTo(Settled.REPEATED);
        assertThat(first).filteredOn(Settled.WON::equals).hasSize(98);
        assertThat(all(node, claimed.subList(0, 100), done())).containsOnly(Settled.REPEATED);
        assertThat(histories(claimed)).isEqualTo(before);

        var overlapping = all(node, claimed.subList(50, 200), done());

        assertThat(overlapping.subList(0, 50)).containsOnly(Settled.REPEATED);
        assertThat(overlapping.subList(50, 150)).containsOnly(Settled.WON);
        for (int i = 0; i < 300; i += 29)
            assertThat(node.ends(claimed.get(i), done())).isEqualTo(i < 200 ? Settled.REPEATED : Settled.WON);
    }

    private List<Object> histories(List<Delivery> deliveries) {
        return deliveries.stream()
                .<Object>map(one -> given.store.history(one.job()))
                .toList();
    }

    @Test
    void what_has_ended_among_many_can_not_end_otherwise() {
        given.bulk(40, as -> as);
        var node = given.node();
        var claimed = node.claimAll();
        all(node, claimed, done());
        var job = claimed.get(3).job();

        assertThat(all(node, claimed.subList(0, 20), retry(LATER))).containsOnly(Settled.REPEATED);
        assertThat(node.ends(claimed.get(3), discarded())).isEqualTo(Settled.REPEATED);
        assertThat(given.cancel(job)).contains(State.COMPLETED);

        assertThat(job).isCompleted().wentThrough("done");
        node.promotes();
        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void successes_and_failures_of_one_flush_are_kept_apart() {
        given.bulk(90, as -> as);
        var node = given.node();
        var claimed = node.claimAll();
        var entries = new ArrayList<Ended>();
        for (int i = 0; i < 90; i++)
            entries.add(ended(claimed.get(i), i % 3 == 0 ? done() : i % 3 == 1 ? done("" + i) : discarded()));

        assertThat(node.flush(entries.toArray(Ended[]::new))).hasSize(90).containsOnly(Settled.WON);

        for (int i = 0; i < 90; i++) {
            var view = given.view(claimed.get(i).job());
            assertThat(view.state()).isEqualTo(i % 3 == 2 ? State.DISCARDED : State.COMPLETED);
            assertThat(view.result()).isEqualTo(i % 3 == 1 ? "" + i : null);
        }
    }

    @Test
    void those_of_it_that_were_cancelled_are_lost_and_the_others_are_not() {
        given.bulk(60, as -> as);
        var node = given.node();
        var claimed = node.claimAll();
        given.cancel(claimed.get(0).job());
        given.cancel(claimed.get(31).job());
        given.cancel(claimed.get(59).job());

        var settled = all(node, claimed, done());

        for (int i = 0; i < 60; i++) {
            boolean withdrawn = i == 0 || i == 31 || i == 59;
            assertThat(settled.get(i)).isEqualTo(withdrawn ? Settled.LOST : Settled.WON);
            assertThat(given.view(claimed.get(i).job()).state())
                    .isEqualTo(withdrawn ? State.CANCELLED : State.COMPLETED);
        }
    }

    @Test
    void against_a_flush_of_many_a_cancel_wins_or_loses_as_against_one() {
        var jobs = given.bulk(300, as -> as);
        var node = given.node();
        var claimed = node.claimAll();
        var settled = new ArrayList<Settled>();
        var cancelled = new ArrayList<JobId>();

        Races.run(List.<Callable<Boolean>>of(
                () -> {
                    for (int from = 0; from < 300; from += 30)
                        settled.addAll(given.store.flush(
                                node.lease,
                                claimed.subList(from, from + 30).stream()
                                        .map(one -> ended(one, done()))
                                        .toList()));
                    return true;
                },
                () -> {
                    for (var job : jobs.reversed())
                        if (given.store
                                .cancel(job, "not wanted any more", "a test")
                                .equals(Optional.of(State.CANCELLED))) cancelled.add(job);
                    return true;
                }));

        for (int i = 0; i < 300; i++) {
            var job = claimed.get(i).job();
            assertThat(settled.get(i)).isEqualTo(cancelled.contains(job) ? Settled.LOST : Settled.WON);
            assertThat(job).wentThrough(cancelled.contains(job) ? "cancelled" : "done");
        }
    }

    @Test
    void what_ended_among_many_is_not_rescued() {
        given.bulk(100, as -> as);
        var dead = given.node();
        var claimed = dead.claimAll();
        all(dead, claimed.subList(0, 60), done());

        var rescued = given.node().takesOver(dead);

        assertThat(rescued)
                .extracting(Rescued::job)
                .containsExactlyInAnyOrderElementsOf(
                        claimed.subList(60, 100).stream().map(Delivery::job).toList());
    }

    @Test
    void what_ended_among_many_can_be_requeued() {
        given.bulk(40, as -> as);
        var node = given.node();
        var claimed = node.claimAll();
        all(node, claimed, done());
        var job = claimed.get(11).job();

        assertThat(given.store.requeue(job, "once more", "a test")).contains(State.COMPLETED);

        node.runs(job, done());
        assertThat(job).isCompleted().isInRun(2).wentThrough("done", "done");
    }

    @Test
    void an_ending_that_its_handler_may_have_written_itself_is_written_as_any() {
        given.bulk(40, as -> as);
        var node = given.node();
        var claimed = node.claimAll();
        var entries = claimed.stream()
                .map(one -> new Ended(one, done(), TestNode.STARTED, TestNode.TOOK, true))
                .toArray(Ended[]::new);

        assertThat(node.flush(entries)).hasSize(40).containsOnly(Settled.WON);
        assertThat(node.flush(entries)).hasSize(40).containsOnly(Settled.REPEATED);
        assertThat(all(node, claimed, done())).hasSize(40).containsOnly(Settled.REPEATED);
    }
}
