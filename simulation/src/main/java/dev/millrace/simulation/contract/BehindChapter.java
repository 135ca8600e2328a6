package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Given.SOON;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.Editable;
import dev.millrace.store.Bulk.Edited;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Ending.Parked;
import dev.millrace.store.Line;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.Line.Rate;
import dev.millrace.store.Line.Rated;
import dev.millrace.store.Ownership.Back;
import dev.millrace.store.Ownership.Behind;
import dev.millrace.store.Ownership.Recall;
import dev.millrace.store.Ownership.Recalled;
import dev.millrace.store.Ownership.Shard;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException.NotOwner;
import dev.millrace.store.StreamInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What waits behind more of its row than an owner holds is parked; its owner alone recalls it, in the order of the log. */
abstract class BehindChapter extends Chapter {

    private static final Line ACCOUNT = new Line("account 7", null);
    private static final Limited CALLS = new Limited("calls", 2, "shop 1");

    BehindChapter(StoreContract contract) {
        super(contract);
    }

    // ---- words of these tests

    private JobId job(Line line) {
        return given.job(as -> as.line(line));
    }

    private List<JobId> jobs(int count, Line line) {
        return Stream.generate(() -> job(line)).limit(count).toList();
    }

    /** The node takes over the shard in which something waits. */
    private Shard ownedBy(TestNode node) {
        var shard = given.store.shards(node.lease, List.of(given.queue)).shards().stream()
                .filter(one ->
                        !given.store.poll(List.of(one.stream(), one.front())).isEmpty())
                .findFirst()
                .orElseThrow();
        assertThat(given.store.takeOver(node.lease, shard.stream())).isTrue();
        return shard;
    }

    private List<Delivery> claims(TestNode node, int stream) {
        given.recorder.look();
        return node.claim(info(stream), 100);
    }

    private StreamInfo info(int stream) {
        return given.streams(given.queue).stream()
                .filter(one -> one.id() == stream)
                .findFirst()
                .orElseThrow();
    }

    /** Claims what was enqueued into a shard, and parks it behind; in another order than that of the log. */
    private List<Delivery> parksAll(TestNode node, Shard shard) {
        var claimed = claims(node, shard.stream());
        for (var delivery : claimed.reversed()) node.ends(delivery, Parked.behind());
        return claimed;
    }

    private List<Behind> behind(TestNode node, Shard shard) {
        return given.store.behind(node.lease, shard.stream());
    }

    private Recalled recalls(TestNode node, Shard shard, Line line, int most) {
        return given.store
                .recall(node.lease, shard.stream(), List.of(new Recall(line.row(), most)))
                .getFirst();
    }

    private static List<JobId> jobsOf(Recalled recalled) {
        return recalled.jobs().stream().map(Back::job).toList();
    }

    // ---- tests

    @Test
    void where_the_first_one_of_a_row_stands_that_is_parked_is_told_and_none_of_them_is_absent() {
        jobs(3, ACCOUNT);
        var owner = given.node();
        var shard = ownedBy(owner);
        assertThat(behind(owner, shard)).isEmpty();

        var parked = parksAll(owner, shard);

        assertThat(behind(owner, shard)).containsExactly(new Behind(ACCOUNT, Line.first(parked.getFirst())));
        assertThat(given.store.absent(owner.lease, shard.stream())).isEmpty();
    }

    @Test
    void what_is_recalled_comes_to_the_front_the_first_ones_first_and_keeps_its_place() {
        var jobs = jobs(5, ACCOUNT);
        var owner = given.node();
        var shard = ownedBy(owner);
        var parked = parksAll(owner, shard);

        var recalled = recalls(owner, shard, ACCOUNT, 2);

        assertThat(recalled.jobs())
                .containsExactly(
                        new Back(jobs.get(0), Line.first(parked.get(0))),
                        new Back(jobs.get(1), Line.first(parked.get(1))));
        assertThat(recalled.next()).isEqualTo(Line.first(parked.get(2)));
        assertThat(behind(owner, shard)).containsExactly(new Behind(ACCOUNT, Line.first(parked.get(2))));
        var back = claims(owner, shard.front());
        assertThat(back).extracting(Delivery::job).containsExactlyElementsOf(jobs.subList(0, 2));
        assertThat(back).extracting(Line::first).containsExactly(Line.first(parked.get(0)), Line.first(parked.get(1)));
        assertThat(back).extracting(Delivery::attempt).containsOnly(1);
        var rest = recalls(owner, shard, ACCOUNT, 100);
        assertThat(jobsOf(rest)).containsExactlyElementsOf(jobs.subList(2, 5));
        assertThat(rest.next()).isNull();
        assertThat(behind(owner, shard)).isEmpty();
        for (var delivery : back) owner.ends(delivery, done());
        assertThat(jobs.getFirst()).isCompleted();
    }

    @Test
    void where_nothing_is_parked_nothing_is_recalled() {
        job(ACCOUNT);
        var owner = given.node();
        var shard = ownedBy(owner);

        assertThat(recalls(owner, shard, ACCOUNT, 10)).isEqualTo(new Recalled(List.of(), null));
    }

    static Stream<Line> rows() {
        var rated = new Rated(new Rate(2, Duration.ofSeconds(1), 1), 1);
        return Stream.of(
                ACCOUNT,
                new Line("account 7", CALLS),
                new Line(null, CALLS),
                new Line(null, new Limited("calls", 3, "a  shop with spaces")),
                new Line("(\"Straße\",\"日本\",\"a\nb\")", null),
                new Line("x".repeat(3_000), null),
                new Line("", new Limited("calls", 3, "")),
                new Line(null, new Limited("calls", 3, "shop 2", rated)));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void of_each_row_its_own_are_recalled(Line line) {
        var job = job(line);
        var owner = given.node();
        var shard = ownedBy(owner);
        parksAll(owner, shard);
        assertThat(behind(owner, shard)).extracting(Behind::line).containsExactly(line);

        assertThat(jobsOf(recalls(owner, shard, new Line("another", null), 10))).isEmpty();
        assertThat(jobsOf(recalls(owner, shard, line, 10))).containsExactly(job);
    }

    @Test
    void an_order_and_a_limit_without_one_are_two_rows_though_they_share_a_shard() {
        var sorted = new Line("account 7", CALLS);
        var unsorted = new Line(null, CALLS);
        var one = job(sorted);
        var other = job(unsorted);
        var owner = given.node();
        var shard = ownedBy(owner);
        parksAll(owner, shard);

        assertThat(behind(owner, shard)).extracting(Behind::line).containsExactlyInAnyOrder(sorted, unsorted);
        var recalled = given.store.recall(
                owner.lease,
                shard.stream(),
                List.of(new Recall(unsorted.row(), 10), new Recall("order none", 10), new Recall(sorted.row(), 10)));

        assertThat(recalled).extracting(BehindChapter::jobsOf).containsExactly(List.of(other), List.of(), List.of(one));
    }

    @Test
    void nothing_else_lets_it_go() {
        var job = job(ACCOUNT);
        var owner = given.node();
        var shard = ownedBy(owner);
        parksAll(owner, shard);

        assertThat(owner.releases(10)).isZero();

        assertThat(job).isAvailable();
        assertThat(claims(owner, shard.front())).isEmpty();
    }

    @Test
    void nor_does_it_when_its_tenant_is_paused_and_resumed() {
        var job = given.job(as -> as.headers(ACCOUNT.in(Map.of(Delivery.TENANT, "acme"))));
        var owner = given.node();
        var shard = ownedBy(owner);
        var scope = Scope.tenant("acme");
        given.store.pause(scope, "test", "somebody");
        parksAll(owner, shard);
        owner.releases(10);
        given.store.resume(scope, "somebody");

        assertThat(owner.releases(10)).isZero();
        assertThat(jobsOf(recalls(owner, shard, ACCOUNT, 10))).containsExactly(job);
    }

    @Test
    void only_the_owner_of_the_shard_recalls() {
        job(ACCOUNT);
        var owner = given.node();
        var shard = ownedBy(owner);
        parksAll(owner, shard);
        var other = given.node();

        assertThatThrownBy(() -> recalls(other, shard, ACCOUNT, 10)).isInstanceOf(NotOwner.class);
        assertThat(given.store.giveUp(owner.lease, shard.stream())).isTrue();
        assertThatThrownBy(() -> recalls(owner, shard, ACCOUNT, 10)).isInstanceOf(NotOwner.class);
        assertThat(given.store.takeOver(other.lease, shard.stream())).isTrue();
        assertThat(behind(other, shard)).hasSize(1);
        assertThat(recalls(other, shard, ACCOUNT, 10).jobs()).hasSize(1);
    }

    @Test
    void what_is_cancelled_meanwhile_is_not_recalled() {
        var jobs = jobs(3, ACCOUNT);
        var owner = given.node();
        var shard = ownedBy(owner);
        var parked = parksAll(owner, shard);

        given.cancel(jobs.getFirst());

        assertThat(jobs.getFirst()).isCancelled();
        assertThat(behind(owner, shard)).containsExactly(new Behind(ACCOUNT, Line.first(parked.get(1))));
        assertThat(jobsOf(recalls(owner, shard, ACCOUNT, 10))).containsExactlyElementsOf(jobs.subList(1, 3));
    }

    @Test
    void nor_what_has_expired() {
        var job = given.job(as -> as.line(ACCOUNT).expiresAfter(SOON));
        var owner = given.node();
        var shard = ownedBy(owner);
        parksAll(owner, shard);
        given.letSoonPass();

        owner.promotes();

        assertThat(job).isDiscarded();
        assertThat(behind(owner, shard)).isEmpty();
    }

    @Test
    void one_whose_payload_is_edited_stays_where_it_is() {
        var jobs = jobs(3, ACCOUNT);
        var owner = given.node();
        var shard = ownedBy(owner);
        var parked = parksAll(owner, shard);
        var all = new Selection(State.AVAILABLE, given.queue, null, null, null, null, null, null, null, null);
        var change = new Change(UUID.randomUUID(), Action.EDIT, null, all, Details.NONE, 0, 0, "a slip", "mara");
        given.store.begin(change);
        var read = given.store.payloads(all, null, 100, 100).jobs();
        assertThat(read).extracting(Editable::job).containsExactlyInAnyOrderElementsOf(jobs);
        var to = new Payload.Text("{\"edited\":true}");

        given.store.edit(
                change.id(),
                null,
                null,
                read.stream().map(one -> new Edited(one, to, null)).toList());

        assertThat(claims(owner, shard.front())).isEmpty();
        assertThat(behind(owner, shard)).containsExactly(new Behind(ACCOUNT, Line.first(parked.getFirst())));
        assertThat(jobsOf(recalls(owner, shard, ACCOUNT, 10))).containsExactlyElementsOf(jobs);
        assertThat(claims(owner, shard.front())).extracting(Delivery::payload).containsOnly(to);
    }

    @Test
    void its_view_says_why_it_waits_and_counts_it_as_available() {
        var job = job(ACCOUNT);
        var owner = given.node();
        parksAll(owner, ownedBy(owner));

        var view = given.store.find(job).orElseThrow();

        assertThat(job).isAvailable();
        assertThat(Ending.Parked.tellsOfBehind(Objects.requireNonNull(view.reason())))
                .isTrue();
    }

    @Test
    void of_many_rows_each_is_told_once() {
        var lines = new ArrayList<Line>();
        for (int i = 0; i < 10; i++) lines.add(new Line("account " + i, CALLS)); // one limit: one shard
        for (int i = 0; i < 2; i++) for (var line : lines) job(line);
        var owner = given.node();
        var shard = ownedBy(owner);
        parksAll(owner, shard);

        assertThat(behind(owner, shard)).extracting(Behind::line).containsExactlyInAnyOrderElementsOf(lines);
    }
}
