package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.parked;

import dev.millrace.JobId;
import dev.millrace.QueueView;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Control;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage.Wakeup;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
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

        assertThat(reasonOf(Scope.queue(given.queue))).containsExactly("the provider is down");
        assertThat(reasonOf(Scope.kind(given.kind))).containsExactly("a bug that is being mended");

        given.store.resume(Scope.kind(given.kind), "mara");
        assertThat(reasonOf(Scope.queue(given.queue))).hasSize(1);
        assertThat(reasonOf(Scope.kind(given.kind))).isEmpty();
    }

    private List<String> reasonOf(Scope scope) {
        return said(scope).map(Pause::reason).toList();
    }

    private Stream<Pause> said(Scope scope) {
        return given.store.pauses().stream().filter(pause -> pause.scope().equals(scope));
    }

    @Test
    void a_pause_tells_who_said_it_last_and_when() {
        var scope = Scope.tenant(given.queue);
        given.store.pause(scope, "the bill is open", "mara");
        var first = said(scope).findFirst().orElseThrow();
        given.store.pause(scope, "the bill is still open", "noor");

        var second = said(scope).findFirst().orElseThrow();

        assertThat(first.by()).isEqualTo("mara");
        assertThat(second.by()).isEqualTo("noor");
        assertThat(second.since()).isNotNull().isAfterOrEqualTo(first.since());
    }

    @Test
    void tenants_keys_and_limits_are_paused_and_resumed_each_by_itself() {
        var scopes = List.of(
                Scope.tenant(given.queue),
                Scope.tenant("Müller & \"Söhne\" " + given.queue),
                Scope.key(given.queue, "product", 42),
                Scope.key(given.queue, "product", "42"),
                Scope.limit(given.queue),
                Scope.limit(given.queue, "acme"));
        for (var scope : scopes) given.store.pause(scope, "the provider is down", "mara");
        assertThat(paused()).containsAll(scopes);
        for (var scope : scopes) assertThat(reasonOf(scope)).hasSize(1);

        for (var scope : scopes) {
            given.store.resume(scope, "mara");
            assertThat(paused()).doesNotContain(scope);
            assertThat(reasonOf(scope)).isEmpty();
        }
        assertThat(paused()).doesNotContainAnyElementsOf(scopes);
    }

    // ---- with an end

    private void pause(Scope scope, @Nullable Instant until) {
        given.store.pause(scope, "the provider moves", "mara", until);
    }

    private Instant in(Duration span) {
        var any = new Selection(State.DISCARDED, given.queue, null, null, null, null, null, null, null, null);
        return given.store.select(any, null, 1).now().plus(span).truncatedTo(ChronoUnit.MILLIS);
    }

    private Set<Instant> endsOf(Scope scope) {
        return said(scope).map(Pause::until).flatMap(Stream::ofNullable).collect(Collectors.toSet());
    }

    @Test
    void a_pause_is_told_with_its_end() {
        var scope = Scope.tenant(given.queue);
        var until = in(Given.LATER);

        pause(scope, until);

        assertThat(paused()).contains(scope);
        assertThat(endsOf(scope)).containsExactly(until);
    }

    @Test
    void a_pause_with_an_end_ends_by_itself() {
        given.job();
        var scopes = List.of(
                Scope.queue(given.queue),
                Scope.kind(given.kind),
                Scope.tenant(given.queue),
                Scope.key(given.queue, 42),
                Scope.limit(given.queue));
        for (var scope : scopes) pause(scope, in(Given.SOON));

        given.letSoonPass();

        assertThat(paused()).doesNotContainAnyElementsOf(scopes);
        for (var scope : scopes) assertThat(reasonOf(scope)).isEmpty();
        assertThat(pausedBecause()).isNull();
        given.store.resume(scopes.getFirst(), "mara");
    }

    @Test
    void to_pause_again_replaces_the_end() {
        var scope = Scope.queue(given.queue);
        pause(scope, in(Given.SOON));
        pause(scope, null);
        given.letSoonPass();
        assertThat(paused()).as("there is none any more").contains(scope);
        assertThat(endsOf(scope)).isEmpty();

        var later = in(Given.LATER);
        pause(scope, later);
        assertThat(endsOf(scope)).containsExactly(later);
        pause(scope, in(Given.SOON));
        given.letSoonPass();
        assertThat(paused()).doesNotContain(scope);
        pause(scope, null);
        assertThat(paused()).as("after it has ended").contains(scope);
    }

    @Test
    void what_is_parked_for_a_pause_that_has_ended_by_itself_is_released() {
        for (var scope : List.of(Scope.queue(given.queue), Scope.kind(given.kind), Scope.tenant("shop-7"))) {
            var job = of("shop-7");
            var node = given.node();
            pause(scope, in(Given.LATER));
            node.runs(job, parked(Parking.PAUSED));
            assertThat(node.releases(10)).isZero();

            pause(scope, in(Given.SOON));
            given.letSoonPass();

            assertThat(node.releases(10)).isEqualTo(1);
            node.runs(job, done());
        }
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

    @Test
    void what_is_parked_of_a_paused_tenant_stays_there_until_it_is_resumed() {
        staysParkedWhilePaused(Scope.tenant("shop-7"));
    }

    @Test
    void a_paused_tenant_does_not_keep_what_others_have_parked_behind_its_own() {
        var node = given.node();
        var before = of("shop-7");
        node.runs(before, parked(Parking.LIMIT)); // before the pause, and for another reason
        given.store.pause(Scope.tenant("shop-7"), "the bill is open", "mara");
        var theirs = List.of(of("shop-7"), of("shop-7"), of("shop-7"));
        for (var job : theirs) node.runs(job, parked(Parking.PAUSED));
        var others = of("shop-8");
        node.runs(others, parked(Parking.LIMIT));

        assertThat(node.releases(1)).isEqualTo(1);
        assertThat(node.claimOne().job()).isEqualTo(others);
        assertThat(node.releases(10)).isZero();

        given.store.resume(Scope.tenant("shop-7"), "mara");
        assertThat(node.releases(10)).isEqualTo(4);
        assertThat(node.claim(10))
                .extracting(Delivery::job)
                .containsExactlyInAnyOrder(before, theirs.get(0), theirs.get(1), theirs.get(2));
    }

    @Test
    void what_is_parked_of_a_paused_tenant_can_be_cancelled() {
        var node = given.node();
        given.store.pause(Scope.tenant("shop-7"), "the bill is open", "mara");
        var job = of("shop-7");
        node.runs(job, parked(Parking.PAUSED));

        assertThat(given.store.cancel(job, "the shop has closed", "mara")).contains(State.CANCELLED);

        given.store.resume(Scope.tenant("shop-7"), "mara");
        assertThat(node.releases(10)).isZero();
    }

    private JobId of(String tenant) {
        return given.job(as -> as.headers(Map.of("tenant", tenant)));
    }

    private void staysParkedWhilePaused(Scope scope) {
        var job = of("shop-7");
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
