package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Given.SOON;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.store.Control;
import dev.millrace.store.Delivery;
import dev.millrace.store.Place;
import dev.millrace.store.Records.Conclusion;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage.Wakeup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Jobs are withdrawn: at once, wherever they stand, and against their own ending exactly one of the two wins. */
abstract class CancelChapter extends Chapter {

    CancelChapter(StoreContract contract) {
        super(contract);
    }

    @ParameterizedTest
    @EnumSource(
            value = Stage.class,
            names = {"SCHEDULED", "AVAILABLE", "PARKED", "RUNNING", "RETRYABLE"})
    void an_unfinished_job_is_cancelled_wherever_it_stands(Stage stage) {
        var node = given.node();
        var job = stage.job(given, node);

        assertThat(given.cancel(job)).contains(State.CANCELLED);

        assertThat(job).isCancelled().says("not wanted any more");
        assertThat(given.store.conclusions(List.of(job)))
                .containsEntry(job, new Conclusion(State.CANCELLED, null, null, "not wanted any more"));
        assertThat(startable(node)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = Stage.class,
            names = {"COMPLETED", "CANCELLED", "DISCARDED"})
    void a_job_that_has_ended_stays_as_it_ended(Stage stage) {
        var job = stage.job(given, given.node());
        var before = given.store.history(job);

        assertThat(given.cancel(job)).contains(stage.state);

        assertThat(given.store.history(job)).isEqualTo(before);
    }

    @Test
    void cancelling_again_keeps_the_first_reason() {
        var job = given.job();
        given.store.cancel(job, "the customer withdrew", "mara");

        assertThat(given.cancel(job)).contains(State.CANCELLED);

        assertThat(job).isCancelled().says("the customer withdrew").wentThrough("cancelled");
    }

    @Test
    void an_unknown_job_can_not_be_cancelled() {
        assertThat(given.store.cancel(Given.newId(), "not wanted any more", "a test"))
                .isEmpty();
    }

    @Test
    void a_cancelled_timer_is_not_promoted() {
        var scheduled = given.job(as -> as.in(SOON));
        var retried = given.job();
        var node = given.node();
        node.runs(retried, retry(SOON));
        given.cancel(scheduled);
        given.cancel(retried);
        given.letSoonPass();

        node.promotes();

        assertThat(node.claimAll()).isEmpty();
        assertThat(scheduled).isCancelled();
        assertThat(retried).isCancelled();
    }

    /** What a node finds to start when it looks everywhere. */
    private List<Delivery> startable(TestNode node) {
        node.promotes();
        node.releases(100);
        return node.claimAll().stream().filter(one -> !one.cancelled()).toList();
    }

    // ---- against others

    @Test
    void against_its_own_ending_exactly_one_wins() {
        var jobs = given.bulk(60, as -> as);
        var node = given.node();
        var claimed = node.claimAll();
        var settled = new ArrayList<Settled>();
        var answers = new ArrayList<Optional<State>>();

        Races.run(List.<Callable<Boolean>>of(
                () -> settled.addAll(claimed.stream()
                        .map(one -> given.store
                                .flush(node.lease, List.of(TestNode.ended(one, done())))
                                .getFirst())
                        .toList()),
                () -> answers.addAll(jobs.reversed().stream()
                        .map(job -> given.store.cancel(job, "not wanted any more", "a test"))
                        .toList()
                        .reversed())));

        for (int i = 0; i < jobs.size(); i++) {
            var won = settled.get(i) == Settled.WON ? State.COMPLETED : State.CANCELLED;
            assertThat(answers.get(i)).contains(won);
            assertThat(jobs.get(i)).is(won);
        }
    }

    @Test
    void against_its_promotion_a_cancel_always_wins() {
        var jobs = given.jobs(60, as -> as.in(SOON));
        var node = given.node();
        given.letSoonPass();

        Races.run(List.<Callable<Boolean>>of(
                () -> {
                    for (int turn = 0; turn < 60; turn++) given.store.promote(node.lease, 1);
                    return true;
                },
                () -> {
                    for (var job : jobs.reversed()) {
                        assertThat(given.store.cancel(job, "not wanted any more", "a test"))
                                .contains(State.CANCELLED);
                    }
                    return true;
                }));

        assertThat(startable(node)).isEmpty();
        for (var job : jobs) assertThat(job).isCancelled();
    }

    @Test
    void against_its_claim_a_cancel_always_wins() {
        var jobs = given.bulk(60, as -> as);
        var node = given.node();

        Races.run(List.<Callable<Boolean>>of(
                () -> {
                    for (int turn = 0; turn < 20; turn++) node.claim(3);
                    return true;
                },
                () -> {
                    for (var job : jobs) {
                        assertThat(given.store.cancel(job, "not wanted any more", "a test"))
                                .contains(State.CANCELLED);
                    }
                    return true;
                }));

        for (var job : jobs) assertThat(job).isCancelled();
    }

    // ---- being told

    @Test
    void its_node_is_told_at_the_next_look() {
        var job = given.job();
        var node = given.node();
        var delivery = node.claimOne();
        var looked = given.store.control(node.lease, Control.START);
        assertThat(looked.cancelled()).doesNotContain(delivery.place());

        given.cancel(job);

        assertThat(given.store.control(node.lease, looked.cursor()).cancelled()).contains(delivery.place());
    }

    @Test
    void a_first_look_tells_of_no_cancels_since_what_is_claimed_later_tells_by_itself() {
        var job = given.job();
        given.cancel(job);
        var node = given.node();

        assertThat(given.store.control(node.lease, Control.START).cancelled()).isEmpty();
        assertThat(node.claimAll()).extracting(Delivery::cancelled).doesNotContain(false);
    }

    @Test
    void what_the_handler_itself_cancelled_is_no_news() {
        var job = given.job();
        var node = given.node();
        var delivery = node.runs(job, Ends.cancelled());

        assertThat(given.store.control(node.lease, Control.START).cancelled()).doesNotContain(delivery.place());
    }

    @Test
    void looks_that_follow_each_other_miss_nothing() {
        var jobs = given.bulk(60, as -> as);
        var node = given.node();
        var places = new HashSet<>(TestNode.places(node.claimAll()));
        var start = given.store.control(node.lease, Control.START).cursor();

        var cancelling = new CountDownLatch(2);

        var told = Races.run(List.of(
                        cancels(jobs.subList(0, 30), cancelling), cancels(jobs.subList(30, 60), cancelling), () -> {
                            var heard = new HashSet<Place>();
                            var cursor = start;
                            boolean over;
                            do {
                                over = cancelling.getCount() == 0; // then this look is the last one
                                var control = given.store.control(node.lease, cursor);
                                heard.addAll(control.cancelled());
                                cursor = control.cursor();
                            } while (!over);
                            return heard;
                        }))
                .getLast();

        assertThat(told).containsAll(places);
    }

    private Callable<Set<Place>> cancels(List<JobId> jobs, CountDownLatch cancelling) {
        return () -> {
            try {
                for (var job : jobs) given.store.cancel(job, "not wanted any more", "a test");
                return Set.of();
            } finally {
                cancelling.countDown();
            }
        };
    }

    @Test
    void who_listens_hears_that_somebody_said_something() {
        var job = given.job();

        assertThat(Races.hears(given.store, new Wakeup.Command(), () -> given.cancel(job)))
                .isTrue();
    }

    @Test
    void a_retry_that_waits_is_not_handed_to_its_old_node() {
        var job = given.job();
        var node = given.node();
        var first = node.runs(job, retry(Duration.ZERO));
        node.promotes();
        given.cancel(job);

        assertThat(node.ends(first, done())).isNotEqualTo(Settled.WON);
        assertThat(job).isCancelled();
    }
}
