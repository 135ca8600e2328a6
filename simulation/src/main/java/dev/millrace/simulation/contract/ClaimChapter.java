package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Given.SOON;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Place;
import dev.millrace.store.StreamInfo;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Deliveries go out: in order, each to one node, and none is passed over. */
abstract class ClaimChapter extends Chapter {

    ClaimChapter(StoreContract contract) {
        super(contract);
    }

    // ---- streams

    @Test
    void a_queue_has_a_front_and_shards_for_each_priority() {
        var streams = given.streams(given.queue);

        for (var priority : Priority.values()) {
            var own = streams.stream()
                    .filter(stream -> stream.priority() == priority)
                    .toList();
            assertThat(own).filteredOn(StreamInfo::front).hasSize(1);
            assertThat(own).filteredOn(stream -> !stream.front()).isNotEmpty();
        }
        assertThat(streams).extracting(StreamInfo::id).doesNotHaveDuplicates();
        assertThat(streams).extracting(StreamInfo::queue).containsOnly(given.queue);
    }

    @Test
    void its_streams_stay_the_same() {
        var before = given.streams(given.queue);
        given.job();

        assertThat(given.streams(given.queue)).isEqualTo(before);
    }

    @Test
    void each_priority_has_streams_of_its_own() {
        for (var priority : Priority.values()) given.job(as -> as.priority(priority));

        var claimed = given.node().claimAll();

        assertThat(claimed).extracting(Delivery::priority).containsExactly(Priority.values());
        assertThat(claimed).extracting(one -> one.place().stream()).doesNotHaveDuplicates();
    }

    @Test
    void a_queue_sees_nothing_of_the_others() {
        given.job(as -> as.queue(given.queue + "-other"));

        assertThat(given.node().claimAll()).isEmpty();
    }

    // ---- take

    @Test
    void a_claimed_job_is_running_on_its_node() {
        var job = given.job();
        var node = given.node();

        node.claimOne();

        assertThat(job).isRunningOn(node);
    }

    @Test
    void deliveries_come_in_the_order_in_which_they_were_enqueued() {
        var jobs = given.jobs(6);
        var node = given.node();

        var first = node.claim(4);
        var rest = node.claim(4);

        assertThat(first).extracting(Delivery::job).containsExactlyElementsOf(jobs.subList(0, 4));
        assertThat(rest).extracting(Delivery::job).containsExactlyElementsOf(jobs.subList(4, 6));
    }

    @Test
    void a_delivery_is_handed_out_once() {
        given.jobs(3);
        given.node().claimAll();

        assertThat(given.node().claimAll()).isEmpty();
    }

    @Test
    void a_claim_brings_at_most_what_was_wanted() {
        given.jobs(5);
        var node = given.node();

        var claim = node.take(filled(), 3);

        assertThat(claim.places()).hasSize(3);
        assertThat(claim.stream()).isEqualTo(filled().id());
    }

    @Test
    void nothing_to_claim_is_an_empty_claim() {
        given.job();
        var stream = filled();
        var node = given.node();
        node.claimAll();

        assertThat(node.take(stream, 10).places()).isEmpty();
    }

    @Test
    void what_comes_after_an_empty_claim_is_found() {
        var node = given.node();
        assertThat(node.claimAll()).isEmpty();
        assertThat(node.claimAll()).isEmpty();

        var job = given.job();

        assertThat(node.claimOne().job()).isEqualTo(job);
    }

    @Test
    void what_comes_while_a_stream_is_half_claimed_is_found_behind_the_rest() {
        var jobs = new ArrayList<>(given.jobs(5));
        var node = given.node();
        var claimed = new ArrayList<>(node.claim(2));
        jobs.addAll(given.jobs(2));
        claimed.addAll(node.claim(1));
        jobs.addAll(given.jobs(2));

        claimed.addAll(node.claimAll());

        assertThat(claimed).extracting(Delivery::job).containsExactlyElementsOf(jobs);
    }

    @Test
    void a_claim_of_exactly_all_leaves_nothing_and_stalls_nothing() {
        given.jobs(3);
        var node = given.node();
        node.claim(3);

        assertThat(node.claimAll()).isEmpty();
        given.jobs(2);
        assertThat(node.claimAll()).hasSize(2);
    }

    @Test
    void a_node_that_enqueues_between_its_claims_finds_its_own_jobs() {
        var node = given.node();
        var jobs = new ArrayList<JobId>();
        var claimed = new ArrayList<Delivery>();

        for (int i = 0; i < 5; i++) {
            jobs.add(given.job());
            claimed.addAll(node.claimAll());
        }

        assertThat(claimed).extracting(Delivery::job).containsExactlyElementsOf(jobs);
    }

    // ---- poll

    @Test
    void a_poll_names_the_streams_that_have_something() {
        var ids = given.streams(given.queue).stream().map(StreamInfo::id).toList();
        assertThat(given.store.poll(ids)).isEmpty();

        given.job();

        assertThat(given.store.poll(ids)).isEqualTo(Set.of(filled().id()));
    }

    @Test
    void a_poll_names_a_stream_that_is_half_claimed() {
        given.jobs(3);
        var stream = filled();
        given.node().claim(1);

        assertThat(given.store.poll(List.of(stream.id()))).containsExactly(stream.id());
    }

    @Test
    void a_poll_is_quiet_once_a_claim_came_back_empty() {
        given.jobs(3);
        var stream = filled();
        given.node().claimAll();

        assertThat(given.store.poll(List.of(stream.id()))).isEmpty();
    }

    // ---- tokens

    @Test
    void a_token_is_good_for_one_claim() {
        given.jobs(4);
        var stream = filled();
        var node = given.node();
        var token = TestNode.token();
        node.take(stream, 2, token);

        assertThatThrownBy(() -> node.take(stream, 2, token)).isInstanceOf(MillraceException.class);

        assertThat(node.claimAll()).hasSize(2);
    }

    @Test
    void a_claim_whose_answer_was_lost_is_found_again() {
        given.jobs(5);
        var stream = filled();
        var node = given.node();
        var lost = node.take(stream, 3);

        var found = given.store.resolve(node.lease, stream.id(), lost.ordinal(), lost.token());

        assertThat(found).isEqualTo(lost);
        assertThat(given.store.resolve(node.lease, stream.id(), lost.ordinal(), lost.token()))
                .isEqualTo(lost);
        assertThat(node.read(found)).hasSize(3);
        assertThat(node.claimAll()).hasSize(2);
    }

    @Test
    void it_is_found_whole_even_if_some_of_it_has_ended() {
        given.jobs(3);
        var stream = filled();
        var node = given.node();
        var claim = node.take(stream, 3);
        node.ends(node.read(claim).get(1), Ends.done());

        assertThat(given.store.resolve(node.lease, stream.id(), claim.ordinal(), claim.token()))
                .isEqualTo(claim);
    }

    @Test
    void a_claim_that_never_arrived_is_void_and_a_late_original_is_refused() {
        var jobs = given.jobs(3);
        var stream = filled();
        var node = given.node();
        var token = TestNode.token();

        assertThat(resolve(node, stream, token)).isEmpty();
        assertThat(resolve(node, stream, token)).as("the same answer again").isEmpty();
        assertThatThrownBy(() -> node.take(stream, 3, token)).isInstanceOf(MillraceException.class);

        assertThat(node.claimAll()).extracting(Delivery::job).containsExactlyElementsOf(jobs);
    }

    @Test
    void a_void_claim_skips_nothing_of_a_half_claimed_stream() {
        var jobs = given.jobs(5);
        var stream = filled();
        var node = given.node();
        node.claim(2);

        assertThat(resolve(node, stream, TestNode.token())).isEmpty();

        assertThat(node.claimAll()).extracting(Delivery::job).containsExactlyElementsOf(jobs.subList(2, 5));
    }

    private List<Place> resolve(TestNode node, StreamInfo stream, ClaimToken token) {
        return given.store.resolve(node.lease, stream.id(), 99, token).places();
    }

    // ---- read

    @Test
    void a_claim_is_read_in_its_order_as_often_as_one_likes() {
        var jobs = given.jobs(4);
        var node = given.node();
        var claim = node.take(filled(), 4);

        assertThat(node.read(claim)).extracting(Delivery::job).containsExactlyElementsOf(jobs);
        assertThat(node.read(claim)).extracting(Delivery::place).containsExactlyElementsOf(claim.places());
        assertThat(node.read(claim)).extracting(Delivery::token).containsOnly(claim.token());
    }

    @Test
    void a_part_of_a_claim_can_be_read() {
        var jobs = given.jobs(4);
        var node = given.node();
        var claim = node.take(filled(), 4);

        var some = given.store.read(claim.token(), claim.places().subList(1, 3), Long.MAX_VALUE);

        assertThat(some).extracting(Delivery::job).containsExactlyElementsOf(jobs.subList(1, 3));
    }

    @Test
    void big_payloads_are_read_in_pieces_of_at_least_one() {
        for (int size : List.of(10, 600, 600, 2_000, 10)) given.job(as -> as.payload("é".repeat(size / 2)));
        var node = given.node();
        var claim = node.take(filled(), 10);

        var pieces = new ArrayList<List<Integer>>();
        var rest = claim.places();
        for (int turn = 0; turn < 4; turn++) {
            var piece = given.store.read(claim.token(), rest, 1_000);
            pieces.add(piece.stream().map(one -> one.payload().bytes()).toList());
            rest = rest.subList(piece.size(), rest.size());
        }

        assertThat(pieces).containsExactly(List.of(10, 600), List.of(600), List.of(2_000), List.of(10));
    }

    @Test
    void what_was_cancelled_before_its_claim_never_starts() {
        var cancelled = given.job();
        var job = given.job();
        given.cancel(cancelled);

        var claimed = given.node().claimAll();

        assertThat(claimed)
                .filteredOn(one -> !one.cancelled())
                .extracting(Delivery::job)
                .containsExactly(job);
    }

    @Test
    void what_has_expired_before_it_is_read_may_not_start() {
        given.job(as -> as.expiresAfter(SOON));
        given.job(as -> as.expiresAfter(Given.LATER));
        given.letSoonPass();

        assertThat(given.node().claimAll()).extracting(Delivery::expired).containsExactly(true, false);
    }

    // ---- several at once

    @Test
    void several_claimers_and_senders_at_once_hand_out_each_delivery_once() {
        int each = 150;
        var sent = ConcurrentHashMap.<JobId>newKeySet();
        var racers = new ArrayList<Callable<List<Delivery>>>();
        for (int i = 0; i < 2; i++) {
            racers.add(() -> {
                for (int n = 0; n < each / 10; n++) {
                    sent.addAll(given.bulk(9, as -> as.spread(null)));
                    sent.add(given.store
                            .enqueue(given.newJob(as -> as.spread(null)))
                            .job());
                }
                return List.of();
            });
        }
        for (int i = 0; i < 3; i++) {
            var node = given.node();
            racers.add(() -> {
                var claimed = new ArrayList<Delivery>();
                for (int turn = 0; turn < 30; turn++) claimed.addAll(node.claim(7));
                return claimed;
            });
        }

        var claimed = Races.run(racers).stream().flatMap(List::stream).collect(Collectors.toCollection(ArrayList::new));
        claimed.addAll(given.node().claimAll());

        assertThat(claimed).extracting(Delivery::job).doesNotHaveDuplicates();
        assertThat(new HashSet<>(claimed.stream().map(Delivery::job).toList())).isEqualTo(sent);
    }

    /** The one shard that the jobs of a test go to. */
    private StreamInfo filled() {
        var ids = given.streams(given.queue).stream().map(StreamInfo::id).toList();
        var some = given.store.poll(ids);
        return given.streams(given.queue).stream()
                .filter(stream -> some.contains(stream.id()))
                .findFirst()
                .orElseThrow(() -> new AssertionError("No stream of " + given.queue + " has anything."));
    }
}
