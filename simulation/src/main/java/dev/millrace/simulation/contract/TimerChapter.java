package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Given.LATER;
import static dev.millrace.simulation.contract.Given.SOON;

import dev.millrace.Priority;
import dev.millrace.store.Delivery;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** Times come: what waited for one becomes available, once. */
abstract class TimerChapter extends Chapter {

    TimerChapter(StoreContract contract) {
        super(contract);
    }

    @Test
    void what_is_due_becomes_available() {
        var job = given.job(as -> as.in(SOON));
        given.letSoonPass();
        var node = given.node();

        node.promotes();

        assertThat(job).isAvailable().isAtAttempt(1);
        assertThat(given.view(job).runAt()).isNull();
        assertThat(node.claimOne().job()).isEqualTo(job);
    }

    @Test
    void what_is_not_due_waits_on() {
        var job = given.job(as -> as.in(LATER));
        var node = given.node();

        node.promotes();

        assertThat(job).isScheduled();
        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void the_earlier_one_comes_first() {
        var late = SOON.multipliedBy(20); // so late that no pause between the two lines makes it the earlier one
        var second = given.job(as -> as.in(late));
        var first = given.job(as -> as.in(SOON));
        given.contract.letPass(late);
        var node = given.node();

        node.promotes();

        assertThat(node.claimAll()).extracting(Delivery::job).containsExactly(first, second);
    }

    @Test
    void it_goes_to_the_stream_that_it_was_meant_for() {
        given.job(as -> as.priority(Priority.BULK));
        given.job(as -> as.priority(Priority.BULK).in(SOON));
        given.letSoonPass();
        var node = given.node();

        node.promotes();

        var claimed = node.claimAll();
        assertThat(claimed).hasSize(2).extracting(Delivery::priority).containsOnly(Priority.BULK);
        assertThat(claimed).extracting(one -> one.place().stream()).containsOnly(claimed.getFirst().place().stream());
    }

    @Test
    void so_does_a_retry() {
        var job = given.job();
        var node = given.node();
        var first = node.runs(job, retry(Duration.ZERO));

        node.promotes();

        assertThat(node.claimOne().place().stream()).isEqualTo(first.place().stream());
    }

    // ---- bounds

    @Test
    void a_promotion_is_bounded_and_says_that_there_is_more() {
        var node = given.node();
        node.promotes(); // what other tests left
        given.jobs(5, as -> as.in(SOON));
        given.letSoonPass();

        var first = given.store.promote(node.lease, 2);
        var second = given.store.promote(node.lease, 2);
        var third = given.store.promote(node.lease, 2);

        assertThat(List.of(first.count(), second.count(), third.count())).containsExactly(2, 2, 1);
        assertThat(first.next()).isNotNull().isLessThanOrEqualTo(Duration.ZERO);
        assertThat(second.next()).isNotNull().isLessThanOrEqualTo(Duration.ZERO);
        assertThat(node.claimAll()).hasSize(5);
    }

    @Test
    void a_promotion_tells_when_the_next_one_is_due() {
        var node = given.node();
        node.promotes();
        given.job(as -> as.in(Duration.ofSeconds(30)));

        var promoted = given.store.promote(node.lease, 10);

        assertThat(promoted.count()).isZero();
        assertThat(promoted.next()).isNotNull().isBetween(Duration.ofNanos(1), Duration.ofSeconds(30));
    }

    // ---- expiry

    @Test
    void what_expired_while_it_waited_is_discarded_and_not_counted() {
        var node = given.node();
        node.promotes();
        var job = given.job(as -> as.in(SOON).expiresAfter(SOON.dividedBy(2)));
        given.letSoonPass();

        var promoted = given.store.promote(node.lease, 10);

        assertThat(promoted.count()).isZero();
        assertThat(job).isDiscarded();
        assertThat(given.store.conclusions(List.of(job)).get(job))
                .extracting("failure.type", "failure.attempt", "failure.message")
                .containsExactly("expired", 0, "It expired before it could start: no attempt was made.");
        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void so_is_a_retry_that_came_too_late() {
        var job = given.job(as -> as.expiresAfter(SOON));
        var node = given.node();
        node.runs(job, retry(SOON));
        given.letSoonPass();

        node.promotes();

        assertThat(job).isDiscarded();
        assertThat(given.store.conclusions(List.of(job)).get(job))
                .extracting("failure.type", "failure.attempt", "failure.message")
                .containsExactly("expired", 2, "It expired before attempt 2 could start.");
        assertThat(node.claimAll()).isEmpty();
    }

    @Test
    void what_has_not_expired_is_promoted_with_its_expiry() {
        var job = given.job(as -> as.in(SOON).expiresAfter(LATER));
        var expiry = given.view(job).expiresAt();
        given.letSoonPass();
        var node = given.node();
        node.promotes();

        var delivery = node.claimOne();

        assertThat(delivery.expiresAt()).isEqualTo(expiry);
        assertThat(delivery.expired()).isFalse();
    }

    // ---- several at once

    @Test
    void promoters_at_once_bring_each_job_once() {
        var jobs = given.jobs(60, as -> as.in(SOON).spread(null));
        given.letSoonPass();
        var racers = new ArrayList<Callable<Boolean>>();
        for (int i = 0; i < 3; i++) {
            var node = given.node();
            racers.add(() -> {
                for (int turn = 0; turn < 20; turn++) given.store.promote(node.lease, 7);
                return true;
            });
        }

        Races.run(racers);

        given.node().promotes();
        assertThat(given.node().claimAll()).extracting(Delivery::job).containsExactlyInAnyOrderElementsOf(jobs);
    }
}
