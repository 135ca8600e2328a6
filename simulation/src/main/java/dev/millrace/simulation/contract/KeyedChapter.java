package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.discarded;
import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.handedBack;
import static dev.millrace.simulation.contract.Ends.parked;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Ends.snoozed;
import static dev.millrace.simulation.contract.Ends.timedOut;
import static dev.millrace.simulation.contract.Given.LATER;
import static dev.millrace.simulation.contract.Given.SOON;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.NodeId;
import dev.millrace.store.Ownership.Absent;
import dev.millrace.store.Ownership.Shard;
import dev.millrace.store.PartOf;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage.Wakeup;
import dev.millrace.store.StoreException.Fenced;
import dev.millrace.store.StoreException.NotOwner;
import dev.millrace.store.StreamInfo;
import dev.millrace.store.UniqueKey;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Jobs that wait for others of their key go to keyed shards, from which one node claims at a time; what comes back comes to the front, and keeps its place. */
abstract class KeyedChapter extends KeyedWords {

    /** Their places in line. */
    private static final Comparator<Delivery> BY_PLACE = Comparator.comparing(Line::first);

    KeyedChapter(StoreContract contract) {
        super(contract);
    }

    // ---- words of these tests

    private boolean givesUp(TestNode node, Shard shard) {
        return given.store.giveUp(node.lease, shard.stream());
    }

    private @Nullable NodeId owner(TestNode by, Shard shard) {
        return shards(by).stream()
                .filter(one -> one.stream() == shard.stream())
                .findFirst()
                .orElseThrow()
                .owner();
    }

    /** The living nodes that serve this test's queue. */
    private List<NodeId> couldOwn(TestNode by) {
        return given.store.shards(by.lease, List.of(given.queue)).nodes().getOrDefault(given.queue, List.of());
    }

    private void assertRefused(TestNode node, Shard shard) {
        for (int id : List.of(shard.stream(), shard.front()))
            assertThatThrownBy(() -> node.take(stream(id), 10))
                    .as("a claim from stream %d", id)
                    .isInstanceOf(NotOwner.class);
    }

    private List<Absent> absent(TestNode node, Shard shard) {
        return given.store.absent(node.lease, shard.stream());
    }

    /** It stands in the front, in the place in line that this one had. */
    private void assertCameBack(Delivery delivery, Delivery first, Shard shard) {
        assertThat(delivery.job()).isEqualTo(first.job());
        assertThat(delivery.place().stream()).isEqualTo(shard.front());
        assertThat(Line.first(delivery)).isEqualTo(Line.first(first));
        assertThat(Line.of(delivery.headers())).isEqualTo(ACCOUNT);
    }

    // ---- where they go

    @Test
    void jobs_of_one_order_go_to_one_shard_and_come_in_order() {
        var jobs = given.jobs(6, KeyedWords::inLine);
        var owner = given.node();
        var shard = ownedBy(owner);

        var claimed = claims(owner, shard);

        assertThat(claimed).extracting(Delivery::job).containsExactlyElementsOf(jobs);
        assertThat(claimed).extracting(one -> one.place().stream()).containsOnly(shard.stream());
        assertThat(claimed).isSortedAccordingTo(BY_PLACE).allMatch(one -> ACCOUNT.equals(Line.of(one.headers())));
    }

    @Test
    void jobs_of_one_limit_and_key_go_to_one_shard_whatever_their_order() {
        var jobs = new ArrayList<JobId>();
        for (int i = 0; i < 10; i++) {
            var order = i == 0 ? null : "account " + i;
            jobs.add(given.job(as -> as.line(new Line(order, CALLS))));
        }
        var owner = given.node();

        assertThat(claims(owner, ownedBy(owner))).extracting(Delivery::job).containsExactlyElementsOf(jobs);
    }

    @Test
    void many_keys_are_spread_over_shards() {
        for (int i = 0; i < 100; i++) {
            var line = new Line("account " + i, null);
            given.job(as -> as.line(line));
        }

        assertThat(filled(given.node())).hasSizeGreaterThan(1);
    }

    @Test
    void a_queue_gets_its_keyed_shards_with_the_first_job_that_needs_one() {
        var node = given.node();
        given.job();
        assertThat(shards(node)).isEmpty();
        assertThat(given.streams(given.queue)).noneMatch(StreamInfo::keyed);

        jobInLine();

        var shards = shards(node);
        assertThat(shards).isNotEmpty().allMatch(shard -> shard.queue().equals(given.queue) && shard.owner() == null);
        for (var shard : shards) {
            assertThat(stream(shard.stream())).matches(StreamInfo::keyed).matches(stream -> !stream.front());
            assertThat(stream(shard.front())).matches(StreamInfo::keyed).matches(StreamInfo::front);
        }
        given.job(as -> as.line(new Line("account 8", null)));
        assertThat(shards(node)).isEqualTo(shards);
    }

    @Test
    void jobs_that_come_in_bulk_go_there_too() {
        var single = jobInLine();
        var bulk = given.bulk(3, KeyedWords::inLine);
        var owner = given.node();

        assertThat(claims(owner, ownedBy(owner)))
                .extracting(Delivery::job)
                .containsExactly(single, bulk.get(0), bulk.get(1), bulk.get(2));
    }

    @Test
    void so_does_one_with_a_unique_key() {
        var job = given.job(as -> inLine(as).unique("key of " + given.queue, new UniqueKey.UntilEnded()));
        var owner = given.node();

        assertThat(claimsOne(owner, ownedBy(owner)).job()).isEqualTo(job);
    }

    @Test
    void so_does_one_that_becomes_what_another_asks_for() {
        var waits = given.job(as -> as.in(LATER).unique("key of " + given.queue, new UniqueKey.Replace()));

        var replaced = given.accepted(as -> inLine(as).unique("key of " + given.queue, new UniqueKey.Replace()));

        assertThat(replaced.job()).isEqualTo(waits);
        var owner = given.node();
        assertThat(claimsOne(owner, ownedBy(owner)).job()).isEqualTo(waits);
    }

    @Test
    void so_does_a_part_of_a_batch_and_the_job_that_follows() {
        var then = given.newJob(KeyedWords::inLine);
        var part = given.newJob(
                as -> inLine(as.headers(Map.of(PartOf.HEADER, then.id().toString()))));
        assertThat(given.store.enqueueBatch(then, List.of(part).iterator())).isTrue();
        var owner = given.node();
        var shard = ownedBy(owner);
        var first = claimsOne(owner, shard);
        assertThat(first.job()).isEqualTo(part.id());

        owner.ends(first, done());

        var last = claimsOne(owner, shard);
        assertThat(last.job()).isEqualTo(then.id());
        assertThat(last.place().stream()).isEqualTo(shard.stream());
    }

    @Test
    void so_does_one_that_is_enqueued_in_the_transaction_of_a_caller() throws SQLException {
        var connection = given.contract.transaction();
        assumeTrue(connection.isPresent(), "this store can't join a transaction");
        var jobs = List.of(given.newJob(KeyedWords::inLine), given.newJob(KeyedWords::inLine));

        try (var tx = connection.orElseThrow()) {
            given.store.enqueue(tx, jobs.getFirst());
            given.store.enqueueAll(tx, List.of(jobs.getLast()).iterator());
            tx.commit();
        }

        var owner = given.node();
        assertThat(claims(owner, ownedBy(owner)))
                .extracting(Delivery::job)
                .containsExactlyElementsOf(jobs.stream().map(NewJob::id).toList());
    }

    @Test
    void a_job_without_a_key_beside_them_is_anybodys() {
        jobInLine();
        var ordinary = given.job();

        assertThat(given.node().claimAll()).extracting(Delivery::job).containsExactly(ordinary);
    }

    @Test
    void queues_are_apart() {
        var elsewhere = given.queue + "-other";
        jobInLine();
        given.job(as -> inLine(as).queue(elsewhere));
        var node = given.node();
        var here = ownedBy(node);

        var there = given.store.shards(node.lease, List.of(elsewhere)).shards();

        assertThat(there).isNotEmpty().allMatch(shard -> shard.queue().equals(elsewhere) && shard.owner() == null);
        assertThat(there).extracting(Shard::stream).doesNotContain(here.stream(), here.front());
        assertThat(given.store
                        .shards(node.lease, List.of(given.queue, elsewhere))
                        .shards())
                .hasSize(shards(node).size() + there.size());
        for (var shard : there)
            assertThatThrownBy(() -> given.store.take(node.lease, shard.stream(), 10, 99, TestNode.token()))
                    .isInstanceOf(NotOwner.class);
    }

    @Test
    void who_listens_hears_of_new_work() {
        var hint = new Wakeup.Work(given.queue);

        assertThat(Races.hears(given.store, hint, this::jobInLine)).isTrue();
    }

    // ---- who claims

    @Test
    void who_does_not_own_a_shard_is_refused_and_writes_nothing() {
        var jobs = given.jobs(3, KeyedWords::inLine);
        var stranger = given.node();
        var shard = onlyFilled(stranger);
        var token = TestNode.token();
        assertRefused(stranger, shard);
        assertThatThrownBy(() -> stranger.take(stream(shard.stream()), 10, token))
                .isInstanceOf(NotOwner.class);

        var owner = given.node();
        takesOver(owner, shard);

        assertRefused(stranger, shard);
        assertThat(owner.read(owner.take(stream(shard.stream()), 10, token)))
                .extracting(Delivery::job)
                .containsExactlyElementsOf(jobs);
    }

    @Test
    void a_shard_tells_whose_it_is_and_who_could_have_it() {
        jobInLine();
        var one = given.node();
        var other = given.node();
        var elsewhere = given.nodeOf(given.queue + "-other");
        var shard = onlyFilled(one);
        assertThat(owner(one, shard)).isNull();

        takesOver(one, shard);

        assertThat(owner(other, shard)).isEqualTo(one.id());
        assertThat(couldOwn(elsewhere)).containsExactlyInAnyOrder(one.id(), other.id());
        other.deposes(one);
        assertThat(couldOwn(elsewhere)).containsExactly(other.id());
    }

    @Test
    void a_shard_is_for_those_who_know_its_kinds_as_far_as_that_has_been_learnt() {
        jobInLine();
        var ignorant = given.nodeThatKnows("something-else:1");
        var able = given.node();
        var shard = ownedBy(ignorant);
        assertThat(couldOwn(able)).containsExactlyInAnyOrder(ignorant.id(), able.id());

        ignorant.ends(claimsOne(ignorant, shard), parked(Parking.UNKNOWN_KIND));

        assertThat(couldOwn(able)).containsExactly(able.id());
        assertThat(givesUp(ignorant, shard)).isTrue();
        assertThat(takesOver(able, shard)).isTrue();
        assertThat(able.releases(10)).isEqualTo(1);
        able.ends(claimsOne(able, shard), Ends.done());
        assertThat(couldOwn(able)).as("it stays learnt").containsExactly(able.id());
        able.leaveIfAlive();
        assertThat(couldOwn(ignorant)).as("better it than nobody").containsExactly(ignorant.id());
    }

    @Test
    void who_takes_a_shard_over_again_has_it_and_another_does_not_get_it() {
        jobInLine();
        var owner = given.node();
        var shard = ownedBy(owner);

        assertThat(takesOver(owner, shard)).isTrue();
        assertThat(takesOver(given.node(), shard)).isFalse();

        assertThat(owner(owner, shard)).isEqualTo(owner.id());
    }

    @Test
    void of_several_that_take_a_shard_over_at_once_one_gets_it() {
        jobInLine();
        var nodes = List.of(given.node(), given.node(), given.node(), given.node());
        var shard = onlyFilled(nodes.getFirst());
        var racers = new ArrayList<Callable<Boolean>>();
        for (var node : nodes) racers.add(() -> takesOver(node, shard));

        var won = Races.run(racers);

        assertThat(won).containsOnlyOnce(true);
        var owner = nodes.get(won.indexOf(true));
        assertThat(owner(owner, shard)).isEqualTo(owner.id());
        assertThat(claims(owner, shard)).hasSize(1);
    }

    // ---- death

    @Test
    void the_shard_of_a_dead_node_is_free_when_all_that_it_held_has_been_taken_back() {
        var jobs = given.jobs(3, KeyedWords::inLine);
        var dead = given.node();
        var shard = ownedBy(dead);
        var first = claims(dead, shard);
        var node = given.node();

        node.deposes(dead);
        assertThat(owner(node, shard)).isEqualTo(dead.id());
        assertThat(takesOver(node, shard)).isFalse();
        assertThat(given.store.rescue(node.lease, dead.id(), 2)).hasSize(2);
        assertThat(takesOver(node, shard)).isFalse();
        node.rescues(dead);

        assertThat(owner(node, shard)).isNull();
        assertThat(takesOver(node, shard)).isTrue();
        assertThatThrownBy(() -> dead.take(stream(shard.stream()), 10)).isInstanceOf(Fenced.class);
        assertThatThrownBy(() -> givesUp(dead, shard)).isInstanceOf(Fenced.class);
        var again = new ArrayList<>(claims(node, shard));
        again.sort(BY_PLACE);
        assertThat(again).extracting(Delivery::job).containsExactlyElementsOf(jobs);
        for (int i = 0; i < 3; i++) assertCameBack(again.get(i), first.get(i), shard);
    }

    @Test
    void the_shard_of_a_node_that_left_holding_nothing_is_free() {
        jobInLine();
        var leaver = given.node();
        var shard = ownedBy(leaver);
        var node = given.node();

        given.store.leave(leaver.lease);
        node.rescues(leaver);

        assertThat(owner(node, shard)).isNull();
        assertThat(takesOver(node, shard)).isTrue();
        assertThat(claims(node, shard)).hasSize(1);
    }

    // ---- giving up

    @Test
    void a_shard_is_not_given_up_while_something_of_it_is_open() {
        jobInLine();
        var owner = given.node();
        var shard = ownedBy(owner);
        var open = claimsOne(owner, shard);

        assertThat(givesUp(owner, shard)).isFalse();
        assertThat(owner(owner, shard)).isEqualTo(owner.id());
        owner.ends(open, retry(SOON));
        given.letSoonPass();
        owner.promotes();
        var back = claimsOne(owner, shard);
        assertThat(givesUp(owner, shard)).as("something of its front is open").isFalse();

        owner.ends(back, done());

        assertThat(givesUp(owner, shard)).isTrue();
    }

    @Test
    void what_the_node_holds_of_others_does_not_matter() {
        jobInLine();
        given.job();
        var owner = given.node();
        var shard = ownedBy(owner);
        owner.claimOne();

        assertThat(givesUp(owner, shard)).isTrue();
    }

    @Test
    void who_gave_a_shard_up_is_refused_and_another_may_take_it_over() {
        var jobs = given.jobs(2, KeyedWords::inLine);
        var before = given.node();
        var shard = ownedBy(before);
        before.ends(before.claim(stream(shard.stream()), 1).getFirst(), done());

        assertThat(givesUp(before, shard)).isTrue();

        assertRefused(before, shard);
        var owner = given.node();
        assertThat(owner(owner, shard)).isNull();
        assertThat(takesOver(owner, shard)).isTrue();
        assertRefused(before, shard);
        assertThat(claimsOne(owner, shard).job()).isEqualTo(jobs.getLast());
    }

    @Test
    void giving_up_again_changes_nothing_nor_does_it_if_another_has_the_shard() {
        jobInLine();
        var before = given.node();
        var owner = given.node();
        var shard = ownedBy(before);

        assertThat(givesUp(before, shard)).isTrue();
        assertThat(givesUp(before, shard)).isTrue();
        takesOver(owner, shard);
        assertThat(givesUp(before, shard)).isTrue();

        assertThat(owner(owner, shard)).isEqualTo(owner.id());
        assertThat(claims(owner, shard)).hasSize(1);
    }

    @Test
    void a_claim_that_never_arrived_is_void_though_the_shard_was_given_up() {
        var job = jobInLine();
        var before = given.node();
        var shard = ownedBy(before);
        var lost = TestNode.token();
        givesUp(before, shard);

        assertThat(given.store.resolve(before.lease, shard.stream(), 99, lost).places())
                .isEmpty();

        var owner = given.node();
        takesOver(owner, shard);
        assertThat(claimsOne(owner, shard).job()).isEqualTo(job);
    }

    // ---- what is absent

    /** How a job waits elsewhere, and how that ends. */
    enum Away {
        RETRIED,
        TIMED_OUT,
        SNOOZED,
        PARKED;

        Ending ending() {
            return switch (this) {
                case RETRIED -> retry(SOON);
                case TIMED_OUT -> timedOut(SOON);
                case SNOOZED -> snoozed(SOON);
                case PARKED -> parked(Parking.LIMIT);
            };
        }

        void returns(Given given, TestNode owner) {
            given.letSoonPass();
            if (this == PARKED) owner.releases(10);
            else owner.promotes();
        }
    }

    @ParameterizedTest
    @EnumSource(Away.class)
    void what_waits_elsewhere_is_absent_and_comes_back_to_the_front_with_its_place(Away away) {
        var job = jobInLine();
        var owner = given.node();
        var shard = ownedBy(owner);
        var first = claimsOne(owner, shard);
        assertThat(absent(owner, shard)).isEmpty();
        var follower = jobInLine();

        assertThat(owner.ends(first, away.ending())).isEqualTo(Settled.WON);

        assertThat(absent(owner, shard)).containsExactly(new Absent(job, ACCOUNT));
        away.returns(given, owner);
        assertThat(absent(owner, shard)).isEmpty();
        var claimed = claims(owner, shard);
        assertThat(claimed).extracting(Delivery::job).containsExactly(job, follower);
        assertCameBack(claimed.getFirst(), first, shard);
        assertThat(Line.first(claimed.getFirst())).isLessThan(Line.first(claimed.getLast()));
    }

    @Test
    void it_keeps_its_place_however_often_it_comes_back() {
        jobInLine();
        var owner = given.node();
        var shard = ownedBy(owner);
        var first = claimsOne(owner, shard);
        var last = first;

        for (var away : Away.values()) {
            owner.ends(last, away.ending());
            away.returns(given, owner);
            last = claimsOne(owner, shard);
            assertCameBack(last, first, shard);
        }
        owner.ends(last, handedBack());
        assertThat(absent(owner, shard)).isEmpty();
        assertCameBack(claimsOne(owner, shard), first, shard);
        var next = given.node();
        next.takesOver(owner);
        takesOver(next, shard);
        assertCameBack(claimsOne(next, shard), first, shard);
    }

    @Test
    void what_was_handed_back_comes_to_the_front_and_is_not_absent() {
        var jobs = given.jobs(3, KeyedWords::inLine);
        var owner = given.node();
        var shard = ownedBy(owner);
        var first = claims(owner, shard);

        for (var delivery : first.reversed()) owner.ends(delivery, handedBack());

        assertThat(absent(owner, shard)).isEmpty();
        var again = new ArrayList<>(claims(owner, shard));
        again.sort(BY_PLACE);
        assertThat(again).extracting(Delivery::job).containsExactlyElementsOf(jobs);
        for (int i = 0; i < 3; i++) assertCameBack(again.get(i), first.get(i), shard);
    }

    @Test
    void a_job_that_waits_for_its_first_time_is_not_absent_and_comes_behind_those_that_wait() {
        var waiting = jobInLine();
        var later = given.job(as -> inLine(as).in(SOON));
        var owner = given.node();
        var shard = ownedBy(owner);
        assertThat(absent(owner, shard)).isEmpty();

        given.letSoonPass();
        owner.promotes();

        var claimed = claims(owner, shard);
        assertThat(claimed).extracting(Delivery::job).containsExactly(waiting, later);
        assertThat(claimed).extracting(one -> one.place().stream()).containsOnly(shard.stream());
    }

    @Test
    void nor_is_one_whose_withdrawal_was_taken_back_and_which_waits_for_its_time_again() {
        jobInLine();
        var later = given.job(as -> inLine(as).in(LATER));
        var owner = given.node();
        var shard = ownedBy(owner);

        var change = changed(Action.CANCEL, null, State.SCHEDULED, Details.NONE);
        assertThat(later).isCancelled();
        changed(Action.REQUEUE, change, null, Details.NONE);

        assertThat(later).isScheduled().isInRun(2);
        assertThat(absent(owner, shard)).isEmpty();
    }

    @Test
    void over_are_those_that_have_ended_or_are_not_known() {
        var ended = jobInLine();
        var owner = given.node();
        var shard = ownedBy(owner);
        owner.ends(claimsOne(owner, shard), done());
        var retried = jobInLine();
        owner.ends(claimsOne(owner, shard), Away.RETRIED.ending());
        var waiting = jobInLine();
        var unknown = new JobId(UUID.randomUUID());

        assertThat(given.store.over(owner.lease, List.of(ended, retried, waiting, unknown)))
                .containsExactlyInAnyOrder(ended, unknown);
        given.cancel(retried);
        assertThat(given.store.over(owner.lease, List.of(retried, waiting))).containsExactly(retried);
    }

    @ParameterizedTest
    @EnumSource(Away.class)
    void an_absent_job_that_is_cancelled_is_absent_no_more(Away away) {
        var job = jobInLine();
        var owner = given.node();
        var shard = ownedBy(owner);
        owner.ends(claimsOne(owner, shard), away.ending());

        given.cancel(job);

        assertThat(job).isCancelled();
        assertThat(absent(owner, shard)).isEmpty();
    }

    @Test
    void nor_is_one_that_has_expired() {
        var job = given.job(as -> inLine(as).expiresAfter(SOON));
        var owner = given.node();
        var shard = ownedBy(owner);
        owner.ends(claimsOne(owner, shard), parked(Parking.LIMIT));
        given.letSoonPass();

        owner.promotes();

        assertThat(job).isDiscarded();
        assertThat(absent(owner, shard)).isEmpty();
    }

    @Test
    void jobs_without_an_order_are_waited_for_by_nobody() {
        var line = new Line(null, CALLS);
        var job = given.job(as -> as.line(line));
        var owner = given.node();
        var shard = ownedBy(owner);

        owner.ends(claimsOne(owner, shard), retry(SOON));

        assertThat(absent(owner, shard)).isEmpty();
        given.letSoonPass();
        owner.promotes();
        var again = claimsOne(owner, shard);
        assertThat(again.job()).isEqualTo(job);
        assertThat(again.place().stream()).isEqualTo(shard.front());
        assertThat(Line.of(again.headers())).isEqualTo(line);
    }

    @Test
    void each_shard_tells_of_its_own() {
        for (int i = 0; i < 100; i++) {
            var line = new Line("account " + i, null);
            given.job(as -> as.line(line));
        }
        var owner = given.node();
        var filled = filled(owner);
        for (var shard : filled) assertThat(takesOver(owner, shard)).isTrue();
        var first = claims(owner, filled.getFirst()).getFirst();

        owner.ends(first, retry(LATER));

        assertThat(absent(owner, filled.getFirst())).extracting(Absent::job).containsExactly(first.job());
        for (var other : filled.subList(1, filled.size()))
            assertThat(absent(owner, other)).isEmpty();
    }

    // ---- parked

    @Test
    void what_is_parked_of_a_shard_only_its_owner_releases() {
        var job = jobInLine();
        var ordinary = given.job();
        var owner = given.node();
        var shard = ownedBy(owner);
        var first = claimsOne(owner, shard);
        owner.ends(first, parked(Parking.LIMIT));
        owner.runs(ordinary, parked(Parking.LIMIT));
        var other = given.node();

        assertThat(other.releases(10)).isEqualTo(1);
        assertThat(other.claimOne().job()).isEqualTo(ordinary);
        assertThat(absent(owner, shard)).extracting(Absent::job).containsExactly(job);
        assertThat(other.releases(10)).isZero();

        assertThat(owner.releases(10)).isEqualTo(1);
        assertCameBack(claimsOne(owner, shard), first, shard);
    }

    @Test
    void its_next_owner_releases_what_was_parked_before() {
        jobInLine();
        var before = given.node();
        var shard = ownedBy(before);
        var first = claimsOne(before, shard);
        before.ends(first, parked(Parking.LIMIT));
        givesUp(before, shard);
        var owner = given.node();
        takesOver(owner, shard);

        assertThat(before.releases(10)).isZero();
        assertThat(absent(owner, shard)).hasSize(1);
        assertThat(owner.releases(10)).isEqualTo(1);

        assertCameBack(claimsOne(owner, shard), first, shard);
    }

    // ---- run again

    @Test
    void what_is_requeued_comes_behind_those_that_are_there_with_a_place_of_its_own() {
        var job = jobInLine();
        var owner = given.node();
        var shard = ownedBy(owner);
        owner.ends(claimsOne(owner, shard), done());

        given.requeue(job);

        assertNewRun(claimsOne(owner, shard), job, shard);
    }

    @ParameterizedTest
    @EnumSource(Away.class)
    void so_does_what_had_come_back_before(Away away) {
        var job = jobInLine();
        var owner = given.node();
        var shard = ownedBy(owner);
        owner.ends(claimsOne(owner, shard), away.ending());
        away.returns(given, owner);
        owner.ends(claimsOne(owner, shard), discarded());

        given.requeue(job);

        var second = claimsOne(owner, shard);
        assertNewRun(second, job, shard);
        owner.ends(second, away.ending());
        away.returns(given, owner);
        assertCameBack(claimsOne(owner, shard), second, shard);
    }

    @ParameterizedTest
    @EnumSource(Away.class)
    void and_what_was_cancelled_while_it_was_absent(Away away) {
        var job = jobInLine();
        var owner = given.node();
        var shard = ownedBy(owner);
        owner.ends(claimsOne(owner, shard), away.ending());
        given.cancel(job);

        given.requeue(job);

        assertNewRun(claimsOne(owner, shard), job, shard);
    }

    @Test
    void a_change_of_many_that_names_another_priority_leaves_them_in_their_shard() {
        var job = jobInLine();
        var owner = given.node();
        var shard = ownedBy(owner);
        owner.ends(claimsOne(owner, shard), discarded());

        changed(Action.REQUEUE, null, State.DISCARDED, Priority.BULK);

        var again = claimsOne(owner, shard);
        assertNewRun(again, job, shard);
        assertThat(again.priority()).isEqualTo(Priority.NORMAL);
    }

    private void assertNewRun(Delivery delivery, JobId job, Shard shard) {
        assertThat(delivery.job()).isEqualTo(job);
        assertThat(List.of(delivery.run(), delivery.no())).containsExactly(2, 1);
        assertThat(delivery.place().stream()).isEqualTo(shard.stream());
        assertThat(delivery.headers()).doesNotContainKey(Line.FIRST);
        assertThat(Line.first(delivery))
                .isEqualTo(new Line.Position(
                        delivery.place().xid(), delivery.place().seq()));
        assertThat(Line.of(delivery.headers())).isEqualTo(ACCOUNT);
    }
}
