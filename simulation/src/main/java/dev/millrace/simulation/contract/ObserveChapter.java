package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.parked;

import dev.millrace.QueueView.Depth;
import dev.millrace.Scope;
import dev.millrace.store.Ending;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Look;
import dev.millrace.store.Observations.Held;
import dev.millrace.store.Observations.ParkedJobs;
import dev.millrace.store.Observations.Pause;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A doctor looks: what is put aside, held and paused is told, and not judged. */
abstract class ObserveChapter extends Chapter {

    ObserveChapter(StoreContract contract) {
        super(contract);
    }

    @Test
    void parked_jobs_are_told_by_queue_kind_version_and_reason() {
        var node = given.node();
        var first = given.job();
        node.runs(first, new Ending.Parked(Parking.UNKNOWN_KIND, "no handler for it here"));
        node.runs(given.job(), parked(Parking.UNKNOWN_KIND));
        node.runs(given.job(), parked(Parking.UNDECODABLE));

        var parked = parkedHere();

        assertThat(parked)
                .extracting(ParkedJobs::kind, ParkedJobs::parking, ParkedJobs::jobs)
                .containsExactlyInAnyOrder(
                        tuple(given.kind, Parking.UNKNOWN_KIND, new Depth(2, true)),
                        tuple(given.kind, Parking.UNDECODABLE, new Depth(1, true)));
        var unknown = parked.stream()
                .filter(one -> one.parking() == Parking.UNKNOWN_KIND)
                .findFirst()
                .orElseThrow();
        assertThat(unknown.example()).as("the oldest").isEqualTo(first);
        assertThat(unknown.detail()).isEqualTo("no handler for it here");
        assertThat(Duration.between(
                                Objects.requireNonNull(unknown.oldest()),
                                given.store.observe().now())
                        .isNegative())
                .isFalse();
    }

    @Test
    void what_was_released_or_withdrawn_is_parked_no_more() {
        var node = given.node();
        var withdrawn = given.job();
        node.runs(withdrawn, parked(Parking.UNDECODABLE));
        node.runs(given.job(), parked(Parking.LIMIT));

        node.releases(1);
        given.cancel(withdrawn);

        assertThat(parkedHere()).isEmpty();
    }

    private List<ParkedJobs> parkedHere() {
        return seen(given.store.observe().parked()).stream()
                .filter(one -> one.queue().equals(given.queue))
                .toList();
    }

    @Test
    void what_a_node_holds_is_told_until_it_has_ended() {
        var job = given.job();
        var node = given.node();
        assertThat(heldBy(node)).isEmpty();

        var delivery = node.claimOne();
        assertThat(heldBy(node))
                .extracting(Held::job, Held::queue, Held::kind, Held::keyed)
                .containsExactly(tuple(job, given.queue, given.kind, false));

        node.ends(delivery, done());
        assertThat(heldBy(node)).isEmpty();
    }

    private List<Held> heldBy(TestNode node) {
        return seen(given.store.observe().held()).stream()
                .filter(one -> one.node().equals(node.id().value()))
                .toList();
    }

    @Test
    void a_pause_is_told_with_its_newest_reason_until_it_ends() {
        var scope = Scope.queue(given.queue);
        given.store.pause(scope, "the provider is down", "mara");
        given.store.pause(scope, "the provider moves", "otto");

        assertThat(pauses(scope)).extracting(Pause::reason).containsExactly("the provider moves");
        var by = pauses(scope).getFirst().by();
        if (by != null) assertThat(by).isEqualTo("otto"); // a store need not keep it

        given.store.resume(scope, "mara");
        assertThat(pauses(scope)).isEmpty();
    }

    private List<Pause> pauses(Scope scope) {
        return seen(given.store.observe().pauses()).stream()
                .filter(pause -> pause.scope().equals(scope))
                .toList();
    }

    @Test
    void of_the_server_behind_it_all_is_seen_or_the_right_to_see_it_is_missing() {
        var server = given.store.observe().server();
        if (server == null) return; // it has none

        assertThat(Stream.<Look<?>>of(
                        server.nodeClocks(),
                        server.settings(),
                        server.sessions(),
                        server.prepared(),
                        server.slots(),
                        server.standbys(),
                        server.partitions(),
                        server.tables(),
                        server.ages(),
                        server.databaseBytes(),
                        server.walBytes(),
                        server.archiver(),
                        server.schemaVersion()))
                .allMatch(look -> !(look instanceof Look.Unseen<?> unseen) || unseen.privilege());
        assertThat(seen(server.settings()).versionNumber()).isGreaterThanOrEqualTo(150_000);
        assertThat(seen(server.sessions()).connections()).isPositive();
        assertThat(seen(server.partitions()).parts()).isNotEmpty();
    }

    private static <T> T seen(Look<T> look) {
        return switch (look) {
            case Look.Seen<T>(var what) -> what;
            case Look.Unseen<T>(var because, var privilege) ->
                throw new AssertionError("It could not be looked at: " + because);
        };
    }
}
