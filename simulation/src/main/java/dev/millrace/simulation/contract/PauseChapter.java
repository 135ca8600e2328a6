package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.parked;

import dev.millrace.QueueView;
import dev.millrace.Scope;
import dev.millrace.store.Control;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage.Wakeup;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Operators pause and resume; nodes hear of it, and nothing parked slips out meanwhile. */
abstract class PauseChapter extends Chapter {

    PauseChapter(StoreContract contract) {
        super(contract);
    }

    @Test
    void every_look_tells_all_that_is_paused() {
        var node = given.node();
        given.store.pause(Scope.queue(given.queue), "the provider is down", "mara");
        given.store.pause(Scope.kind(given.kind), "a bug", "mara");

        var first = given.store.control(node.lease, Control.START);
        var second = given.store.control(node.lease, first.cursor());

        assertThat(first.paused()).contains(Scope.queue(given.queue), Scope.kind(given.kind));
        assertThat(second.paused()).contains(Scope.queue(given.queue), Scope.kind(given.kind));
    }

    @Test
    void a_queue_and_a_kind_of_one_name_are_two_things() {
        given.store.pause(Scope.queue(given.queue), "the provider is down", "mara");

        assertThat(paused()).contains(Scope.queue(given.queue)).doesNotContain(Scope.kind(given.queue));
    }

    @Test
    void a_pause_lasts_until_it_is_resumed() {
        given.store.pause(Scope.queue(given.queue), "the provider is down", "mara");
        given.store.pause(Scope.queue(given.queue), "and still is", "mara");

        given.store.resume(Scope.queue(given.queue), "mara");

        assertThat(paused()).doesNotContain(Scope.queue(given.queue));
    }

    @Test
    void resuming_what_is_not_paused_does_nothing() {
        given.store.resume(Scope.queue(given.queue), "mara");

        assertThat(paused()).doesNotContain(Scope.queue(given.queue));
    }

    private Set<Scope> paused() {
        return given.store.control(given.node().lease, Control.START).paused();
    }

    @Test
    void the_queue_says_why_it_is_paused() {
        given.job();
        assertThat(pausedBecause()).isNull();

        given.store.pause(Scope.queue(given.queue), "the provider is down", "mara");
        assertThat(pausedBecause()).isEqualTo("the provider is down");

        given.store.pause(Scope.queue(given.queue), "the provider moves", "mara");
        assertThat(pausedBecause()).isEqualTo("the provider moves");

        given.store.resume(Scope.queue(given.queue), "mara");
        assertThat(pausedBecause()).isNull();
    }

    @Test
    void all_that_is_paused_is_told_with_its_newest_reason() {
        given.store.pause(Scope.queue(given.queue), "the provider is down", "mara");
        given.store.pause(Scope.kind(given.kind), "a bug", "mara");
        given.store.pause(Scope.kind(given.kind), "a bug that is being mended", "mara");

        assertThat(given.store.pauses())
                .containsEntry(Scope.queue(given.queue), "the provider is down")
                .containsEntry(Scope.kind(given.kind), "a bug that is being mended");

        given.store.resume(Scope.kind(given.kind), "mara");
        assertThat(given.store.pauses())
                .containsKey(Scope.queue(given.queue))
                .doesNotContainKey(Scope.kind(given.kind));
    }

    private @Nullable String pausedBecause() {
        return given.store.queues().stream()
                .filter(view -> view.name().equals(given.queue))
                .map(QueueView::pausedBecause)
                .flatMap(Stream::ofNullable)
                .findFirst()
                .orElse(null);
    }

    @Test
    void what_runs_goes_on_and_what_comes_is_taken() {
        given.job();
        var node = given.node();
        var delivery = node.claimOne();
        given.store.pause(Scope.queue(given.queue), "the provider is down", "mara");

        assertThat(node.ends(delivery, done())).isEqualTo(Settled.WON);
        assertThat(given.job()).isAvailable();
    }

    @Test
    void what_is_parked_in_a_paused_queue_stays_there_until_it_is_resumed() {
        staysParkedWhilePaused(Scope.queue(given.queue));
    }

    @Test
    void what_is_parked_of_a_paused_kind_stays_there_until_it_is_resumed() {
        staysParkedWhilePaused(Scope.kind(given.kind));
    }

    private void staysParkedWhilePaused(Scope scope) {
        var job = given.job();
        var node = given.node();
        given.store.pause(scope, "the provider is down", "mara");
        node.runs(job, parked(Parking.PAUSED));

        assertThat(node.releases(10)).isZero();

        given.store.resume(scope, "mara");
        assertThat(node.releases(10)).isEqualTo(1);
        assertThat(node.claimOne().job()).isEqualTo(job);
    }

    @Test
    void who_listens_hears_of_a_pause_and_of_its_end() {
        assertThat(Races.hears(
                        given.store,
                        new Wakeup.Command(),
                        () -> given.store.pause(Scope.queue(given.queue), "the provider is down", "mara")))
                .isTrue();
        assertThat(Races.hears(
                        given.store, new Wakeup.Command(), () -> given.store.resume(Scope.queue(given.queue), "mara")))
                .isTrue();
    }
}
