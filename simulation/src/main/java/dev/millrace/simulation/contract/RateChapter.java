package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Given.SOON;

import dev.millrace.store.Line.Rate;
import dev.millrace.store.Ownership.Grant;
import dev.millrace.store.Ownership.Wish;
import dev.millrace.store.StoreException.Fenced;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Slow rates: the store counts the starts of a key by its own clock, whoever asks for them. */
abstract class RateChapter extends Chapter {

    private static final Duration HOUR = Duration.ofHours(1);
    private static final Rate HOURLY = new Rate(1, HOUR, 1);
    private static final Rate THREE_AT_ONCE = new Rate(1, HOUR, 3);

    RateChapter(StoreContract contract) {
        super(contract);
    }

    // ---- words of these tests

    private Wish wish(String key, Rate rate) {
        return wish(key, rate, 1, Duration.ZERO);
    }

    private Wish wish(String key, Rate rate, int weight, Duration owed) {
        return new Wish(given.queue, key, rate, weight, owed);
    }

    private Grant asks(TestNode node, Wish wish) {
        return given.store.grant(node.lease, List.of(wish)).getFirst();
    }

    /** A refused wish, and so long to wait, but for the little time that a test takes. */
    private void assertRefused(Grant grant, Duration after) {
        assertThat(grant.granted()).isFalse();
        assertThat(grant.after()).isBetween(after.minus(Duration.ofMinutes(1)), after);
    }

    private void assertGranted(Grant grant) {
        assertThat(grant.granted()).as("granted").isTrue();
        assertThat(grant.after()).isZero();
    }

    // ---- tests

    @Test
    void a_start_is_granted_and_the_next_one_an_interval_later() {
        var node = given.node();

        var first = asks(node, wish("a", HOURLY));
        assertGranted(first);
        assertThat(first.full()).isEqualTo(HOUR);
        var second = asks(node, wish("a", HOURLY));
        assertRefused(second, HOUR);
        assertThat(second.full()).isEqualTo(second.after());
    }

    @Test
    void who_was_refused_has_taken_nothing() {
        var node = given.node();
        asks(node, wish("a", HOURLY));

        for (int i = 0; i < 5; i++) assertRefused(asks(node, wish("a", HOURLY)), HOUR);
    }

    @Test
    void when_the_interval_is_over_it_is_granted_again() {
        var node = given.node();
        var quick = new Rate(1, SOON, 1);
        asks(node, wish("a", quick));

        given.letSoonPass();

        assertGranted(asks(node, wish("a", quick)));
    }

    @Test
    void a_burst_is_granted_at_once() {
        var node = given.node();

        for (int i = 0; i < 3; i++) assertGranted(asks(node, wish("a", THREE_AT_ONCE)));

        assertRefused(asks(node, wish("a", THREE_AT_ONCE)), HOUR);
    }

    @Test
    void one_that_weighs_more_takes_more_and_needs_all_of_it_at_once() {
        var node = given.node();

        assertGranted(asks(node, wish("a", THREE_AT_ONCE, 2, Duration.ZERO)));

        assertRefused(asks(node, wish("a", THREE_AT_ONCE, 2, Duration.ZERO)), HOUR);
        assertGranted(asks(node, wish("a", THREE_AT_ONCE)));
    }

    @Test
    void another_node_is_told_what_is_left_of_it() {
        var before = given.node();
        asks(before, wish("a", THREE_AT_ONCE, 3, Duration.ZERO));
        var after = given.node();
        after.deposes(before);

        assertRefused(asks(after, wish("a", THREE_AT_ONCE)), HOUR);
    }

    @Test
    void keys_and_queues_are_counted_apart() {
        var node = given.node();
        asks(node, wish("a", HOURLY));

        assertGranted(asks(node, wish("b", HOURLY)));
        assertGranted(asks(node, new Wish(given.queue + "-other", "a", HOURLY, 1, Duration.ZERO)));
    }

    @Test
    void many_wishes_are_answered_in_their_order() {
        var node = given.node();
        asks(node, wish("key 1", HOURLY));
        asks(node, wish("key 7", HOURLY));

        var grants = given.store.grant(
                node.lease,
                IntStream.range(0, 20)
                        .map(i -> 19 - i)
                        .mapToObj(i -> wish("key " + i, HOURLY))
                        .toList());

        assertThat(IntStream.range(0, 20).filter(i -> !grants.get(i).granted())).containsExactly(19 - 7, 19 - 1);
    }

    @Test
    void what_the_caller_owes_counts_also_if_nothing_is_granted() {
        var node = given.node();

        assertRefused(asks(node, wish("a", HOURLY, 1, HOUR)), HOUR);

        assertRefused(asks(node, wish("a", HOURLY)), HOUR);
    }

    @Test
    void who_owes_more_than_there_ever_is_waits_no_longer_than_for_that() {
        var node = given.node();

        var grant = asks(node, wish("a", THREE_AT_ONCE, 1, Duration.ofDays(9)));

        assertRefused(grant, HOUR);
        assertThat(grant.full()).isLessThanOrEqualTo(HOUR.multipliedBy(3));
    }

    @Test
    void another_rate_of_the_same_key_remembers_and_waits_for_its_own_interval_at_most() {
        var node = given.node();
        asks(node, wish("a", new Rate(1, Duration.ofDays(30), 1)));

        assertRefused(asks(node, wish("a", HOURLY)), HOUR);
    }

    @Test
    void of_two_who_ask_at_once_one_is_granted() throws Exception {
        var one = given.node();
        var other = given.node();

        for (int round = 0; round < 30; round++) {
            var key = "key " + round;
            Callable<Grant> first = () -> asks(one, wish(key, HOURLY));
            Callable<Grant> second = () -> asks(other, wish(key, HOURLY));
            assertThat(Races.run(List.of(first, second)).stream().filter(Grant::granted))
                    .as("granted of a key that nobody has asked for before")
                    .hasSize(1);
        }
    }

    @Test
    void a_deposed_node_takes_nothing_of_it() {
        var zombie = given.node();
        var alive = given.node();
        alive.deposes(zombie);

        assertThatThrownBy(() -> asks(zombie, wish("a", HOURLY))).isInstanceOf(Fenced.class);

        assertGranted(asks(alive, wish("a", HOURLY)));
    }

    @Test
    void nobody_wishes_nothing_is_answered() {
        assertThat(given.store.grant(given.node().lease, List.of())).isEmpty();
    }
}
