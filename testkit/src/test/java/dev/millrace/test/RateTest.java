package dev.millrace.test;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Limit;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Rates, where each start has its exact moment. */
class RateTest {

    private static final Limit TEN_A_MINUTE = Limit.named("calls").rate(10, ofMinutes(1));
    private static final Limit FIVE_A_SECOND = Limit.named("calls").rate(5, ofSeconds(1));
    private static final Limit IN_BURSTS = FIVE_A_SECOND.burst(5);

    @Kind("call")
    record Call(String shop, int no) implements Job<Void> {}

    private final TestMillrace millrace = TestMillrace.with();
    private final List<Instant> starts = new ArrayList<>();
    private final List<String> started = new ArrayList<>();

    @AfterEach
    void close() {
        millrace.close();
    }

    private void runs() {
        millrace.node()
                .handle(Call.class, call -> {
                    starts.add(millrace.now());
                    started.add(call.shop() + call.no());
                })
                .start();
        millrace.advance(ofSeconds(30));
    }

    private void enqueues(int jobs, Limit limit) {
        for (int no = 0; no < jobs; no++) millrace.enqueue(new Call("a", no), o -> o.limit(limit, "a"));
    }

    private Duration sinceFirst(int no) {
        return Duration.between(starts.getFirst(), starts.get(no));
    }

    /** The most starts in any time of this length. */
    private long mostIn(Duration time) {
        return starts.stream()
                .mapToLong(from -> starts.stream()
                        .filter(at -> !at.isBefore(from) && at.isBefore(from.plus(time)))
                        .count())
                .max()
                .orElse(0);
    }

    @Test
    void starts_are_evenly_spread() {
        runs();

        enqueues(20, FIVE_A_SECOND);
        millrace.advance(ofSeconds(10));

        assertThat(starts).hasSize(20);
        assertThat(sinceFirst(19)).isBetween(ofMillis(3_750), ofMillis(3_900));
        assertThat(mostIn(ofSeconds(1))).isBetween(5L, 6L);
    }

    @Test
    void a_burst_starts_at_once_after_a_pause() {
        runs();

        enqueues(10, IN_BURSTS);
        millrace.advance(ofSeconds(10));
        assertThat(starts).hasSize(10);
        starts.clear();
        enqueues(10, IN_BURSTS);
        millrace.advance(ofSeconds(10));

        assertThat(sinceFirst(4)).isLessThan(ofMillis(50));
        assertThat(sinceFirst(9)).isBetween(ofMillis(950), ofMillis(1_100));
    }

    @Test
    void a_heavy_job_takes_more_of_the_rate_than_a_light_one() {
        runs();

        enqueues(4, IN_BURSTS.weight(5));
        millrace.advance(ofSeconds(10));

        assertThat(sinceFirst(3)).isBetween(ofMillis(2_950), ofMillis(3_100));
    }

    @Test
    void one_key_does_not_use_up_the_rate_of_another() {
        runs();

        for (int no = 0; no < 5; no++) {
            int same = no;
            for (var shop : List.of("a", "b"))
                millrace.enqueue(new Call(shop, same), o -> o.limit(FIVE_A_SECOND, shop));
        }
        millrace.advance(ofSeconds(10));

        assertThat(sinceFirst(9)).isBetween(ofMillis(750), ofMillis(900));
    }

    @Test
    void each_attempt_counts() {
        millrace.node()
                .handle(Call.class, call -> {
                    starts.add(millrace.now());
                    if (starts.size() < 3) throw new IllegalStateException("not yet");
                })
                .start();
        millrace.advance(ofSeconds(30));

        enqueues(1, Limit.named("slow").rate(1, ofMinutes(10)));
        millrace.advance(ofHours(2));

        assertThat(starts).hasSize(3);
        assertThat(sinceFirst(2)).isBetween(ofMinutes(20), ofMinutes(21));
    }

    @Test
    void order_and_rate_hold_together() {
        runs();

        for (int no = 0; no < 10; no++) {
            int same = no;
            millrace.enqueue(new Call("a", same), o -> o.inOrder("x").limit(FIVE_A_SECOND, "a"));
        }
        millrace.advance(ofSeconds(10));

        assertThat(started).containsExactly("a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9");
        assertThat(mostIn(ofSeconds(1))).isBetween(5L, 6L);
    }

    @Test
    void a_slow_rate_is_kept_across_deploys() {
        var hourly = Limit.named("reports").rate(1, ofHours(1));
        runs();
        enqueues(3, hourly);
        millrace.advance(ofMinutes(10));
        assertThat(starts).hasSize(1);

        for (int deploy = 0; deploy < 5; deploy++) {
            millrace.crash();
            millrace.advance(ofMinutes(9));
        }
        assertThat(starts).as("in the first hour").hasSize(1);
        millrace.advance(ofHours(3));

        assertThat(starts).hasSize(3);
        assertThat(sinceFirst(1)).isBetween(ofMinutes(60), ofMinutes(61));
    }

    @Test
    void a_fast_rate_begins_anew_with_nothing_saved_up() {
        runs();
        enqueues(10, TEN_A_MINUTE);
        millrace.advance(ofSeconds(13));
        assertThat(starts).hasSize(3);

        millrace.crash();
        millrace.advance(ofMinutes(3));

        assertThat(starts).hasSizeBetween(10, 12);
        assertThat(mostIn(ofMinutes(1))).isLessThanOrEqualTo(11);
    }

    @Test
    void what_waits_for_its_rate_can_be_cancelled() {
        runs();
        enqueues(1, TEN_A_MINUTE);
        var second = millrace.enqueue(new Call("a", 7), o -> o.limit(TEN_A_MINUTE, "a"));
        millrace.advance(ofSeconds(2));

        second.cancel("not needed");
        millrace.advance(ofMinutes(1));

        assertThat(started).containsExactly("a0");
    }

    @Test
    void the_newest_numbers_hold_for_those_that_wait() {
        runs();
        enqueues(20, Limit.named("calls").rate(1, ofSeconds(4)));
        millrace.advance(ofSeconds(10));
        assertThat(starts)
                .as("the first one waits for an interval: nobody knows what was before")
                .hasSize(2);

        millrace.enqueue(new Call("a", 99), o -> o.limit(FIVE_A_SECOND, "a"));
        millrace.advance(ofSeconds(8));

        assertThat(starts).hasSize(21);
    }
}
