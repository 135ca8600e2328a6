package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.parked;
import static dev.millrace.simulation.contract.Given.LATER;
import static dev.millrace.simulation.contract.Given.SOON;

import dev.millrace.JobId;
import dev.millrace.store.Control;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Ending.Parking;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What no node can run now waits outside the streams, costs nothing, and comes back when one can. */
abstract class ParkChapter extends Chapter {

    ParkChapter(StoreContract contract) {
        super(contract);
    }

    @ParameterizedTest
    @EnumSource(Parking.class)
    void a_parked_job_is_available_says_why_and_is_claimed_by_nobody(Parking parking) {
        var job = given.job();
        var node = given.node();

        node.runs(job, new Ending.Parked(parking, "no node knows this kind"));

        assertThat(job)
                .isAvailable()
                .isAtAttempt(1)
                .says("no node knows this kind")
                .wentThrough("parked");
        assertThat(node.claimAll()).isEmpty();
        assertThat(given.node().claimAll()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(value = Parking.class, mode = EnumSource.Mode.EXCLUDE, names = "BEHIND")
    void every_look_tells_that_something_is_parked(Parking parking) {
        var node = given.node();
        node.runs(given.job(), parked(parking));

        assertThat(given.store.control(node.lease, Control.START).parked()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(
            value = Parking.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"UNDECODABLE", "BEHIND"})
    void a_node_that_has_room_for_it_releases_it(Parking parking) {
        var job = given.job();
        var node = given.node();
        node.runs(job, parked(parking));

        assertThat(node.releases(1)).isEqualTo(1);

        assertThat(job).isAvailable().says(null);
        var delivery = node.claimOne();
        assertThat(delivery.job()).isEqualTo(job);
        assertThat(List.of(delivery.run(), delivery.attempt(), delivery.rescues()))
                .containsExactly(1, 1, 0);
    }

    @Test
    void it_comes_back_behind_those_that_wait_and_not_to_the_front() {
        var parked = given.job();
        var node = given.node();
        var first = node.runs(parked, parked(Parking.LIMIT));
        var waiting = given.job();

        node.releases(1);

        var claimed = node.claimAll();
        assertThat(claimed).extracting(Delivery::job).containsExactly(waiting, parked);
        assertThat(claimed).extracting(one -> one.place().stream()).containsOnly(first.place().stream());
    }

    @Test
    void even_what_was_parked_from_the_front_comes_back_to_its_shard() {
        var job = given.job();
        var node = given.node();
        var shard = node.runs(job, Ends.handedBack()).place().stream();
        node.runs(job, parked(Parking.LIMIT));

        node.releases(1);

        assertThat(node.claimOne().place().stream()).isEqualTo(shard);
    }

    @Test
    void the_oldest_come_first_and_no_more_than_there_is_room_for() {
        var jobs = given.jobs(5);
        var node = given.node();
        for (var delivery : node.claimAll()) node.ends(delivery, parked(Parking.LIMIT));

        assertThat(node.releases(2)).isEqualTo(2);
        assertThat(node.claimAll()).extracting(Delivery::job).containsExactlyElementsOf(jobs.subList(0, 2));

        assertThat(node.releases(100)).isEqualTo(3);
        assertThat(node.claimAll()).extracting(Delivery::job).containsExactlyElementsOf(jobs.subList(2, 5));
        assertThat(node.releases(100)).isZero();
    }

    @Test
    void what_was_parked_by_one_flush_comes_back_in_the_order_of_the_log() {
        var jobs = given.jobs(3);
        var node = given.node();
        var claimed = node.claimAll();
        node.endsAll(claimed.reversed(), parked(Parking.LIMIT));

        node.releases(100);

        assertThat(node.claimAll()).extracting(Delivery::job).containsExactlyElementsOf(jobs);
    }

    @Test
    void a_release_is_bounded_over_all_kinds() {
        park(5, given.kind, 1);
        park(5, given.kind + "-other", 1);
        var node = given.node();

        assertThat(given.store.release(node.lease, Map.of(given.kind + ":1", 5, given.kind + "-other:1", 5), 7))
                .isEqualTo(7);

        assertThat(node.claimAll()).hasSize(7);
    }

    @Test
    void room_for_another_kind_is_no_room() {
        park(1, given.kind, 1);
        var node = given.node();

        assertThat(given.store.release(node.lease, Map.of(given.kind + "-other:1", 10), 10))
                .isZero();
        assertThat(given.store.release(node.lease, Map.of(given.kind + ":1", 0), 10))
                .isZero();
        assertThat(given.store.release(node.lease, Map.of(), 10)).isZero();
    }

    @Test
    void room_for_a_version_is_room_for_the_older_ones_and_not_for_newer_ones() {
        var jobs = new ArrayList<JobId>();
        for (int version = 1; version <= 3; version++) jobs.addAll(park(1, given.kind, version));
        var node = given.node();

        assertThat(given.store.release(node.lease, Map.of(given.kind + ":2", 10), 10))
                .isEqualTo(2);

        assertThat(node.claimAll()).extracting(Delivery::job).containsExactlyElementsOf(jobs.subList(0, 2));
    }

    @Test
    void a_parked_job_that_expires_is_discarded_at_the_next_promotion() {
        var late = given.job(as -> as.expiresAfter(SOON));
        var patient = given.job(as -> as.expiresAfter(LATER));
        var endless = given.job();
        var node = given.node();
        for (var delivery : node.claimAll()) node.ends(delivery, parked(Parking.UNKNOWN_KIND));
        given.letSoonPass();

        node.promotes();

        assertThat(late).isDiscarded().failedWith("It expired before it could start.");
        assertThat(patient).isAvailable();
        assertThat(endless).isAvailable();
        assertThat(node.releases(10)).isEqualTo(2);
    }

    @Test
    void a_node_releases_nothing_of_a_queue_that_it_does_not_serve() {
        var job = given.job();
        var node = given.node();
        node.runs(job, parked(Parking.UNKNOWN_KIND));
        var elsewhere = given.nodeOf(given.queue + "-other");

        assertThat(elsewhere.releases(10)).isZero();
        assertThat(job).says("waits for a node that can run it");

        assertThat(node.releases(10)).isEqualTo(1);
    }

    @Test
    void what_could_not_be_decoded_is_tried_again_only_by_a_node_that_started_later() {
        var job = given.job();
        var before = given.node();
        var node = given.node();
        node.runs(job, parked(Parking.UNDECODABLE));

        assertThat(before.releases(10)).isZero();
        assertThat(node.releases(10)).isZero();

        var later = given.node();
        assertThat(later.releases(10)).isEqualTo(1);
        later.runs(job, parked(Parking.UNDECODABLE));
        assertThat(later.releases(10)).isZero();
    }

    @Test
    void releasers_at_once_bring_each_job_once() {
        var jobs = park(60, given.kind, 1);
        var racers = new ArrayList<Callable<Integer>>();
        for (int i = 0; i < 3; i++) {
            var node = given.node();
            racers.add(() -> {
                int released = 0;
                for (int turn = 0; turn < 20; turn++) {
                    released += given.store.release(node.lease, Map.of(given.kind + ":1", 7), 100);
                }
                return released;
            });
        }

        int released = Races.run(racers).stream().mapToInt(Integer::intValue).sum();

        released += given.node().releases(100);
        assertThat(released).isEqualTo(60);
        assertThat(given.node().claimAll()).extracting(Delivery::job).containsExactlyInAnyOrderElementsOf(jobs);
    }

    private List<JobId> park(int count, String kind, int version) {
        var jobs = given.bulk(count, as -> as.kind(kind).version(version));
        var node = given.node();
        node.endsAll(node.claimAll(), parked(Parking.LIMIT));
        return jobs;
    }
}
