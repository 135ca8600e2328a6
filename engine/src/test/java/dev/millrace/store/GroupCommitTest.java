package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GroupCommitTest {

    private final GroupCommit<String> group = new GroupCommit<>(2, 3, 10, String::length);

    @Test
    void who_finds_few_under_way_goes_at_once() {
        assertThat(group.goesAtOnce("a")).isTrue();
        assertThat(group.goesAtOnce("b")).isTrue();
        assertThat(group.goesAtOnce("c")).isFalse();
    }

    @Test
    void those_who_gathered_go_together_in_the_order_in_which_they_came() {
        group.goesAtOnce("a");
        group.goesAtOnce("b");
        group.goesAtOnce("c");
        group.goesAtOnce("d");

        assertThat(group.next(1)).containsExactly("c", "d");
    }

    @Test
    void who_comes_later_takes_the_place_of_nobody_who_waits() {
        group.goesAtOnce("a");
        group.goesAtOnce("b");
        group.goesAtOnce("c");
        group.next(1);

        assertThat(group.goesAtOnce("d")).as("c took the place that came free").isFalse();
    }

    @Test
    void when_nobody_waits_a_place_is_free_again() {
        group.goesAtOnce("a");
        group.goesAtOnce("b");

        assertThat(group.next(1)).isEmpty();
        assertThat(group.goesAtOnce("c")).isTrue();
        assertThat(group.goesAtOnce("d")).isFalse();
    }

    @Test
    void no_more_share_than_may() {
        group.goesAtOnce("a");
        group.goesAtOnce("b");
        for (var one : new String[] {"c", "d", "e", "f"}) group.goesAtOnce(one);

        assertThat(group.next(1)).containsExactly("c", "d", "e");
        assertThat(group.next(1)).containsExactly("f");
    }

    @Test
    void those_who_share_are_no_heavier_than_may_be_and_a_giant_goes_alone() {
        group.goesAtOnce("a");
        group.goesAtOnce("b");
        for (var one : new String[] {"123456", "1234", "1", "a giant of a job", "c"}) group.goesAtOnce(one);

        assertThat(group.next(1)).containsExactly("123456", "1234");
        assertThat(group.next(1)).containsExactly("1");
        assertThat(group.next(1)).containsExactly("a giant of a job");
        assertThat(group.next(1)).containsExactly("c");
        assertThat(group.next(1)).isEmpty();
    }

    @Test
    void beside_a_crowd_nobody_goes_and_all_who_come_meanwhile_share_the_next() {
        var many = new GroupCommit<String>(2, 100, 1_000, String::length);
        many.goesAtOnce("a");
        many.goesAtOnce("b");
        for (var one : new String[] {"c", "d", "e", "f"}) many.goesAtOnce(one);
        assertThat(many.next(1)).containsExactly("c", "d", "e", "f");
        many.goesAtOnce("a again");

        assertThat(many.next(1)).as("b is back, and four are still under way").isEmpty();
        assertThat(many.goesAtOnce("b again")).isFalse();

        assertThat(many.next(4)).containsExactly("a again", "b again");
        assertThat(many.goesAtOnce("g")).as("two are no crowd").isTrue();
    }

    @Test
    void whoever_waits_for_a_crowd_has_his_turn_when_it_is_back() {
        var many = new GroupCommit<String>(1, 4, 1_000, String::length);
        many.goesAtOnce("a");
        for (var one : new String[] {"b", "c", "d", "e", "f", "g"}) many.goesAtOnce(one);

        assertThat(many.next(1)).containsExactly("b", "c", "d", "e");
        assertThat(many.next(4)).containsExactly("f", "g");
        assertThat(many.next(2)).isEmpty();
        assertThat(many.goesAtOnce("h")).isTrue();
    }

    @Test
    void who_waits_too_long_overtakes_a_crowd_if_a_place_is_free() {
        var many = new GroupCommit<String>(2, 100, 1_000, String::length);
        many.goesAtOnce("a");
        many.goesAtOnce("b");
        for (var one : new String[] {"c", "d", "e", "f"}) many.goesAtOnce(one);
        many.next(1);
        many.goesAtOnce("g");
        assertThat(many.overtake()).as("b is still under way").isEmpty();
        assertThat(many.next(1)).isEmpty();

        assertThat(many.overtake()).containsExactly("g");
        many.goesAtOnce("h");
        assertThat(many.overtake()).isEmpty();
        assertThat(many.next(1)).as("the crowd is still under way").isEmpty();
        assertThat(many.next(4)).containsExactly("h");
    }

    @Test
    void nobody_passes_those_who_wait() {
        var many = new GroupCommit<String>(2, 100, 10, String::length);
        many.goesAtOnce("a");
        many.goesAtOnce("b");
        for (var one : new String[] {"c", "d", "e", "f", "a giant of a job", "g"}) many.goesAtOnce(one);
        many.next(1);
        many.next(1);
        assertThat(many.next(4)).containsExactly("a giant of a job");

        assertThat(many.goesAtOnce("h")).as("g was there before").isFalse();
    }
}
