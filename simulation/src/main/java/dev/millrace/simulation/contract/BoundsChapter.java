package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Given.LATER;

import dev.millrace.Failure;
import dev.millrace.JobView;
import dev.millrace.State;
import dev.millrace.node.NodePlan.Limits;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Payload;
import dev.millrace.store.Records.Query;
import dev.millrace.store.Settled;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** As much as a node and its users may ask at once, and every character. */
abstract class BoundsChapter extends Chapter {

    /** Characters that text formats stumble over: quotes, escapes, separators, control characters, beyond 16 bits. */
    private static final String TEXT = "' \" \\ \t \n \r , ; { } $1 :name ? % \u0001 \u007F ü € 漢 \uD83D\uDE00";

    BoundsChapter(StoreContract contract) {
        super(contract);
    }

    @Test
    void a_claim_and_a_flush_are_as_large_as_a_node_makes_them() {
        var jobs = given.bulk(Limits.DEFAULT.flushBatch(), as -> as);
        var node = given.node();
        var stream = given.streams(given.queue).stream()
                .filter(one -> !given.store.poll(List.of(one.id())).isEmpty())
                .findFirst()
                .orElseThrow();

        var first = node.take(stream, Limits.DEFAULT.claimBatch());
        var claimed = new ArrayList<>(node.read(first));
        claimed.addAll(node.claimAll());
        var settled = node.flush(claimed.stream()
                .map(one -> TestNode.ended(one, one.place().seq() % 2 == 0 ? done("2") : retry(LATER)))
                .toArray(Ended[]::new));

        assertThat(first.places()).hasSize(Limits.DEFAULT.claimBatch());
        assertThat(claimed).extracting(Delivery::job).containsExactlyElementsOf(jobs);
        assertThat(settled).hasSize(jobs.size()).containsOnly(Settled.WON);
        assertThat(given.store.conclusions(jobs)).isNotEmpty();
    }

    @Test
    void a_rescue_and_a_manifest_are_as_large_as_what_a_node_holds() {
        var jobs = given.bulk(2_000, as -> as);
        var dead = given.node();
        dead.writesManifest(dead.claimAll());

        given.node().takesOver(dead);

        assertThat(given.node().claimAll()).extracting(Delivery::job).containsExactlyInAnyOrderElementsOf(jobs);
    }

    @Test
    void a_process_asks_for_thousands_of_conclusions_at_once() {
        var jobs = given.bulk(10_000, as -> as.spread(null));
        var node = given.node();
        node.endsAll(node.claim(2_000), done());

        assertThat(given.store.conclusions(jobs)).hasSize(2_000);
    }

    @Test
    void a_list_is_as_long_as_it_may_be_and_no_longer() {
        given.bulk(Query.MAX_LIMIT + 1, as -> as);

        assertThat(given.store.list(new Query(State.AVAILABLE, given.queue, null, null, Query.MAX_LIMIT)))
                .hasSize(Query.MAX_LIMIT)
                .extracting(JobView::id)
                .doesNotHaveDuplicates();
    }

    @Test
    void a_payload_of_a_megabyte_comes_and_goes_whole() {
        var text = IntStream.range(0, 1 << 17)
                .mapToObj(i -> Integer.toHexString(i * 31))
                .collect(Collectors.joining(","));
        var job = given.job(as -> as.payload('"' + text + '"'));
        var node = given.node();

        var delivery = node.claimOne();
        node.ends(delivery, done('"' + text + '"'));

        assertThat(delivery.payload()).isEqualTo(new Payload.Text('"' + text + '"'));
        assertThat(given.store.conclusions(List.of(job)).get(job))
                .extracting("result")
                .isEqualTo(delivery.payload());
    }

    @Test
    void every_text_comes_back_as_it_was_given() {
        var headers = new HashMap<String, String>();
        headers.put(TEXT, TEXT);
        headers.put("empty", "");
        var failure = new Failure(TEXT, TEXT, TEXT, 1, TEXT);
        var queued =
                given.newJob(as -> as.kind(given.kind + TEXT).headers(headers).payload(TEXT));
        given.store.enqueueAll(List.of(queued).iterator());
        var job = given.job(as -> as.kind(given.kind + TEXT).headers(headers).payload(TEXT));
        var node = given.node();

        var claimed = node.claimAll();
        node.ends(claimed.get(0), new Ending.Discarded(failure));
        node.ends(claimed.get(1), new Ending.Cancelled(TEXT));

        for (var delivery : claimed) {
            assertThat(delivery.kind()).isEqualTo(given.kind + TEXT);
            assertThat(delivery.headers()).isEqualTo(headers);
            assertThat(delivery.payload()).isEqualTo(new Payload.Text(TEXT));
        }
        assertThat(given.view(queued.id()).failure()).isEqualTo(failure);
        assertThat(given.view(queued.id()).payload()).isEqualTo(TEXT);
        assertThat(given.view(queued.id()).headers()).isEqualTo(headers);
        assertThat(job).isCancelled().says(TEXT);
    }

    @Test
    void an_empty_payload_is_a_payload() {
        given.job(as -> as.payload(""));

        assertThat(given.node().claimOne().payload()).isEqualTo(new Payload.Text(""));
    }
}
