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

        assertThat(group.next()).containsExactly("c", "d");
    }

    @Test
    void who_comes_later_takes_the_place_of_nobody_who_waits() {
        group.goesAtOnce("a");
        group.goesAtOnce("b");
        group.goesAtOnce("c");
        group.next();

        assertThat(group.goesAtOnce("d")).as("c took the place that came free").isFalse();
    }

    @Test
    void when_nobody_waits_a_place_is_free_again() {
        group.goesAtOnce("a");
        group.goesAtOnce("b");

        assertThat(group.next()).isEmpty();
        assertThat(group.goesAtOnce("c")).isTrue();
        assertThat(group.goesAtOnce("d")).isFalse();
    }

    @Test
    void no_more_share_than_may() {
        group.goesAtOnce("a");
        group.goesAtOnce("b");
        for (var one : new String[] {"c", "d", "e", "f"}) group.goesAtOnce(one);

        assertThat(group.next()).containsExactly("c", "d", "e");
        assertThat(group.next()).containsExactly("f");
    }

    @Test
    void those_who_share_are_no_heavier_than_may_be_and_a_giant_goes_alone() {
        group.goesAtOnce("a");
        group.goesAtOnce("b");
        for (var one : new String[] {"123456", "1234", "1", "a giant of a job", "c"}) group.goesAtOnce(one);

        assertThat(group.next()).containsExactly("123456", "1234");
        assertThat(group.next()).containsExactly("1");
        assertThat(group.next()).containsExactly("a giant of a job");
        assertThat(group.next()).containsExactly("c");
        assertThat(group.next()).isEmpty();
    }
}
