package dev.millrace.test;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tenants share a node: four slots, and each job takes a second. */
class TenantTest {

    private static final int SLOTS = 4;

    @Kind("work")
    record Work(String tenant, int share, int no) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.tenant(tenant).share(share);
        }
    }

    private final TestMillrace millrace = TestMillrace.with();
    private final Map<String, Integer> starts = new HashMap<>();
    private final Map<String, Instant> firstStart = new HashMap<>();

    @AfterEach
    void close() {
        millrace.close();
    }

    private void runs() {
        millrace.node()
                .slots(SLOTS)
                .handle(Work.class, work -> {
                    starts.merge(work.tenant(), 1, Integer::sum);
                    firstStart.putIfAbsent(work.tenant(), millrace.now());
                    millrace.sleep(ofSeconds(1));
                })
                .start();
        millrace.advance(ofSeconds(30));
    }

    private void enqueues(String tenant, int share, int jobs) {
        millrace.enqueueAll(IntStream.range(0, jobs).mapToObj(no -> new Work(tenant, share, no)));
    }

    private int startsOf(String tenant) {
        return starts.getOrDefault(tenant, 0);
    }

    @Test
    void who_has_one_job_does_not_wait_for_who_has_thousands() {
        runs();
        enqueues("many", 1, 5_000);
        millrace.advance(ofMinutes(1));

        for (int i = 0; i < 10; i++) {
            var at = millrace.now();
            enqueues("few " + i, 1, 1);
            millrace.advance(ofSeconds(5));
            assertThat(Duration.between(at, firstStart.get("few " + i)))
                    .as("all slots come free each second; one time in four the others are first")
                    .isLessThan(ofMillis(2_500));
        }
    }

    @Test
    void who_has_many_has_all_slots_that_others_leave() {
        runs();
        enqueues("many", 1, 1_000);
        millrace.advance(ofSeconds(100));

        assertThat(startsOf("many")).isBetween(SLOTS * 95, SLOTS * 101);
    }

    @Test
    void who_comes_later_with_many_has_as_much_as_who_came_first() {
        runs();
        enqueues("first", 1, 5_000);
        millrace.advance(ofMinutes(1));
        starts.clear();
        enqueues("second", 1, 1_000);
        millrace.advance(ofMinutes(5));

        assertThat(startsOf("first") + startsOf("second")).isGreaterThan(SLOTS * 290);
        assertThat((double) startsOf("second") / startsOf("first")).isBetween(0.75, 1.33);
    }

    @Test
    void who_has_one_job_does_not_wait_for_fifty_who_have_hundreds() {
        runs();
        for (int round = 0; round < 10; round++) for (int i = 0; i < 50; i++) enqueues("many " + i, 1, 40);
        millrace.advance(ofMinutes(6)); // the first sixteen of each were a few

        var at = millrace.now();
        enqueues("few", 1, 1);
        millrace.advance(ofSeconds(5));

        assertThat(Duration.between(at, firstStart.get("few"))).isLessThan(ofMillis(2_500));
    }

    @Test
    void who_has_little_of_few_tenants_does_not_wait_either() {
        runs();
        for (int second = 0; second < 60; second++) { // five of whom each has a fifth of all: and then comes a flood
            enqueues("tenant " + second % 5, 1, 1);
            millrace.advance(ofMillis(600));
        }
        enqueues("flood", 1, 5_000);
        firstStart.clear();
        millrace.advance(ofMinutes(1));
        for (int second = 0; second < 60; second++) {
            int tenant = second % 5;
            var at = millrace.now();
            firstStart.remove("tenant " + tenant);
            enqueues("tenant " + tenant, 1, 1);
            millrace.advance(ofMillis(2_600));
            assertThat(firstStart).containsKey("tenant " + tenant);
            assertThat(Duration.between(at, firstStart.get("tenant " + tenant))).isLessThan(ofMillis(2_500));
        }
    }

    @Test
    void who_has_three_shares_has_three_times_as_much() {
        runs();
        enqueues("gold", 3, 5_000);
        enqueues("plain", 1, 5_000);
        millrace.advance(ofMinutes(1));
        starts.clear();
        millrace.advance(ofSeconds(400));

        assertThat((double) startsOf("gold") / startsOf("plain")).isBetween(2.3, 3.9);
    }

    @Test
    void who_has_many_is_not_starved_by_all_others_together() {
        runs();
        enqueues("many", 1, 1_000);
        for (int second = 0; second < 200; second++) { // eight jobs a second, of which four can be run
            for (int i = 0; i < 8; i++) enqueues("tenant " + (8 * second + i) % 100, 1, 1);
            millrace.advance(ofSeconds(1));
        }

        assertThat(startsOf("many")).isGreaterThan(SLOTS * 200 / 5);
        assertThat(startsOf("many")).isLessThan(SLOTS * 200 / 2);
    }
}
