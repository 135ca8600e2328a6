package dev.millrace.simulation.contract;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.QueueView;
import dev.millrace.State;
import dev.millrace.store.Bulk;
import dev.millrace.store.Delivery;
import dev.millrace.store.Line;
import dev.millrace.store.Settled;
import dev.millrace.store.StreamInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Tenants: who has much more to do than others is set aside, and nobody stands behind his jobs. */
abstract class TenantChapter extends Chapter {

    private static final int CROWD = 50;

    /** Stores may set a tenant aside a little later than they see his crowd. */
    private static final int MOST_CROWDS = 200;

    TenantChapter(StoreContract contract) {
        super(contract);
    }

    // ---- words of these tests

    private static UnaryOperator<Draft> of(String tenant) {
        return draft -> draft.spread(tenant).headers(Map.of(Delivery.TENANT, tenant));
    }

    private List<StreamInfo> asides() {
        return given.streams(given.queue).stream().filter(StreamInfo::aside).toList();
    }

    /** Side shards of one tenant each. */
    private List<StreamInfo> alone() {
        return given.streams(given.queue).stream().filter(StreamInfo::alone).toList();
    }

    private List<StreamInfo> shared() {
        return given.streams(given.queue).stream()
                .filter(stream -> !stream.aside() && !stream.keyed())
                .toList();
    }

    /** Enqueues crowds of a tenant until some of it are in a side shard. */
    private StreamInfo setAside(String tenant, UnaryOperator<Draft> as) {
        var before = alone();
        for (int crowds = 0; crowds < MOST_CROWDS; crowds++) {
            given.bulk(CROWD, draft -> as.apply(of(tenant).apply(draft)));
            var made = new ArrayList<>(alone());
            made.removeAll(before);
            var ids = made.stream().map(StreamInfo::id).toList();
            if (!given.store.poll(ids).isEmpty()) return made.getFirst();
            given.contract.letPass(Duration.ofMillis(10));
        }
        throw new AssertionError(
                "Tenant %s has enqueued %,d jobs and was not set aside.".formatted(tenant, MOST_CROWDS * CROWD));
    }

    private static List<JobId> ids(List<Delivery> deliveries) {
        return deliveries.stream().map(Delivery::job).toList();
    }

    private List<JobId> claimed(TestNode node, List<StreamInfo> streams) {
        var all = new ArrayList<JobId>();
        for (var stream : streams) all.addAll(ids(node.claim(stream, 100_000)));
        return all;
    }

    // ---- tests

    @Test
    void nobody_stands_behind_the_crowd_of_a_tenant() {
        var aside = setAside("many", draft -> draft);
        var crowd = given.bulk(CROWD, of("many"));
        var few = given.job(of("few"));
        var node = given.node();

        var before = claimed(node, shared());
        var after = claimed(node, List.of(aside));

        assertThat(before).contains(few).doesNotContainAnyElementsOf(crowd);
        assertThat(after).containsAll(crowd).doesNotContain(few);
    }

    @Test
    void who_is_set_aside_is_shown_with_its_queue() {
        setAside("one", draft -> draft);
        setAside("other", draft -> draft);
        given.job(of("few"));

        var queue = given.store.queues().stream()
                .filter(one -> one.name().equals(given.queue))
                .findFirst()
                .orElseThrow();

        assertThat(queue.aside()).extracting(QueueView.SetAside::tenant).containsExactly("one", "other");
        assertThat(queue.aside()).allMatch(one -> one.priority() == Priority.NORMAL);
    }

    @Test
    void a_job_of_a_tenant_that_is_set_aside_tells_where_it_stands_and_how_many_others_go_first() {
        var aside = setAside("many", draft -> draft);
        var crowd = given.bulk(CROWD, of("many"));
        given.node().claim(aside, 10);
        var before = others(crowd.getLast());
        var few = given.jobs(3, of("few"));

        var place = given.store.inQueue(crowd.getLast()).orElseThrow();

        assertThat(place.stream()).isEqualTo(aside);
        assertThat(place.ahead().count()).isGreaterThanOrEqualTo(CROWD - 1);
        assertThat(others(crowd.getLast())).as("those of others go first").isEqualTo(before + 3);
        var its = given.store.inQueue(few.getLast()).orElseThrow();
        assertThat(its.stream().aside()).isFalse();
        assertThat(its.ahead().count() + its.front().count() + its.shards().count())
                .as("but what is set aside does not go before others")
                .isEqualTo(before + 2);
    }

    private long others(JobId job) {
        var place = given.store.inQueue(job).orElseThrow();
        return place.front().count() + place.shards().count();
    }

    @Test
    void each_tenant_that_is_set_aside_has_a_shard_of_its_own() {
        var one = setAside("one", draft -> draft);
        var other = setAside("other", draft -> draft);
        var ofOne = given.bulk(CROWD, of("one"));
        var ofOther = given.bulk(CROWD, of("other"));
        var node = given.node();

        assertThat(claimed(node, List.of(one))).containsAll(ofOne).doesNotContainAnyElementsOf(ofOther);
        assertThat(claimed(node, List.of(other))).containsAll(ofOther);
    }

    @Test
    void single_jobs_of_a_tenant_that_is_set_aside_go_there_as_well() {
        var aside = setAside("many", draft -> draft);

        var single = given.job(of("many"));

        assertThat(claimed(given.node(), List.of(aside))).contains(single);
    }

    @Test
    void nobody_who_has_a_few_stands_behind_many_who_have_more() {
        for (int round = 0; round < 10; round++)
            for (int tenant = 0; tenant < 30; tenant++) given.bulk(5, of("tenant " + tenant));
        for (int crowds = 0; asides().isEmpty() && crowds < MOST_CROWDS; crowds++) {
            given.contract.letPass(Duration.ofMillis(10));
            given.bulk(5, of("tenant 0"));
        }
        var more = new ArrayList<JobId>();
        for (int tenant = 0; tenant < 30; tenant++) more.addAll(given.bulk(5, of("tenant " + tenant)));
        var few = given.job(of("few"));
        var node = given.node();

        assertThat(alone()).as("none of them has much more than the others").isEmpty();
        assertThat(claimed(node, shared())).contains(few).doesNotContainAnyElementsOf(more);
        assertThat(claimed(node, asides())).containsAll(more);
    }

    @Test
    void a_few_jobs_are_no_crowd_though_there_are_no_others() {
        given.bulk(16, of("alone"));

        assertThat(asides()).isEmpty();
    }

    @Test
    void jobs_without_a_tenant_are_no_crowd() {
        given.bulk(500, draft -> draft.spread(null));

        assertThat(asides()).isEmpty();
    }

    @Test
    void what_stands_in_line_is_not_set_aside() {
        given.bulk(500, draft -> of("many").apply(draft).line(new Line("one after the other", null)));

        assertThat(asides()).isEmpty();
    }

    @Test
    void a_tenant_is_set_aside_at_the_priority_at_which_it_has_a_crowd() {
        var aside = setAside("many", draft -> draft.priority(Priority.HIGH));

        assertThat(aside.priority()).isEqualTo(Priority.HIGH);
        assertThat(alone()).hasSize(1);
    }

    @Test
    void what_is_tried_again_comes_back_to_its_side_shard() {
        var aside = setAside("many", draft -> draft);
        given.bulk(CROWD, of("many"));
        var node = given.node();
        var delivery = node.claim(aside, 1).getFirst();

        assertThat(node.ends(delivery, Ends.retry(Duration.ZERO))).isEqualTo(Settled.WON);
        node.promotes();

        assertThat(claimed(node, List.of(aside))).contains(delivery.job());
    }

    @Test
    void what_is_handed_back_comes_to_the_front_as_all_does() {
        var aside = setAside("many", draft -> draft);
        given.bulk(CROWD, of("many"));
        var node = given.node();
        var delivery = node.claim(aside, 1).getFirst();

        node.ends(delivery, Ends.handedBack());

        var front = shared().stream()
                .filter(stream -> stream.front() && stream.priority() == Priority.NORMAL)
                .toList();
        assertThat(claimed(node, front)).containsExactly(delivery.job());
    }

    @Test
    void what_is_run_again_at_another_priority_goes_where_all_go() {
        var aside = setAside("many", draft -> draft);
        given.bulk(CROWD, of("many"));
        var node = given.node();
        var delivery = node.claim(aside, 1).getFirst();
        node.ends(delivery, Ends.discarded());
        var id = UUID.randomUUID();
        var discarded =
                new Bulk.Selection(State.DISCARDED, given.queue, null, null, null, null, null, null, null, null);

        given.store.begin(new Bulk.Change(
                id,
                Bulk.Action.REQUEUE,
                null,
                discarded,
                Bulk.Details.priority(Priority.BULK),
                1,
                100,
                "the provider is back",
                "mara"));
        while (!given.store.goOn(id, 100).orElseThrow().done()) given.letSoonPass();
        given.recorder.look();

        assertThat(claimed(node, shared())).contains(delivery.job());
        assertThat(given.view(delivery.job()).priority()).isEqualTo(Priority.BULK);
    }
}
