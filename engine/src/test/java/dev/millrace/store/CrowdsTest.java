package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobId;
import dev.millrace.Priority;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class CrowdsTest {

    private final Crowds crowds = new Crowds();
    private long now = Duration.ofHours(1).toNanos();

    private static NewJob job(String queue, Map<String, String> headers) {
        return new NewJob(
                new JobId(new UUID(1, 2)),
                queue,
                Priority.NORMAL,
                null,
                "work",
                1,
                new Payload.Text("{}"),
                headers,
                null,
                null,
                null);
    }

    private boolean add(String tenant) {
        return add("default", tenant, 1);
    }

    private boolean add(String queue, String tenant, int share) {
        return crowds.add(job(queue, Map.of(Crowds.SHARE, Integer.toString(share))), tenant, now);
    }

    /** Whether the last of so many was one of a crowd. */
    private boolean add(String tenant, int jobs) {
        boolean crowd = false;
        for (int i = 0; i < jobs; i++) crowd = add(tenant);
        return crowd;
    }

    @Test
    void a_few_jobs_are_no_crowd() {
        assertThat(add("few", 16)).isFalse();
        assertThat(add("few")).isTrue();
    }

    @Test
    void who_has_no_more_than_others_is_no_crowd() {
        boolean any = false;
        for (int round = 0; round < 100; round++) for (int i = 0; i < 20; i++) any |= add("tenant " + i);

        assertThat(any).isFalse();
    }

    @Test
    void who_has_much_more_than_others_is_one_and_they_are_not() {
        boolean others = false;
        boolean flood = false;
        for (int round = 0; round < 100; round++) {
            for (int i = 0; i < 40; i++) others |= add("tenant " + i);
            flood = add("flood", 100);
        }

        assertThat(flood).isTrue();
        assertThat(others).isFalse();
    }

    @Test
    void what_was_enqueued_long_ago_does_not_count() {
        add("flood", 1_000);

        now += Duration.ofMinutes(2).toNanos();

        assertThat(add("flood")).isFalse();
    }

    @Test
    void after_five_seconds_it_counts_half() {
        add("flood", 32);
        now += Duration.ofSeconds(5).toNanos();

        assertThat(add("flood")).as("16 and 1").isTrue();
        now += Duration.ofSeconds(5).toNanos();
        assertThat(add("flood")).as("8.5 and 1").isFalse();
    }

    @Test
    void who_has_a_larger_share_may_ask_for_more() {
        boolean crowd = false;
        for (int i = 0; i < 47; i++) crowd |= add("default", "gold", 3);

        assertThat(crowd).isFalse();
        add("default", "gold", 3);
        assertThat(add("default", "gold", 3)).as("the 49th").isTrue();
    }

    @Test
    void queues_are_told_apart() {
        add("flood", 100);

        assertThat(add("another", "flood", 1)).isFalse();
    }

    @Test
    void tenants_beyond_number_are_forgotten_before_a_crowd_is() {
        boolean crowd = false;
        for (int i = 0; i < 200_000; i++) {
            add("tenant " + i);
            if (i % 10 == 0) crowd = add("flood", 2);
        }

        assertThat(crowd).isTrue();
    }

    @Test
    void a_share_that_cannot_be_read_is_one() {
        assertThat(Crowds.share(Map.of(Crowds.SHARE, "much"))).isEqualTo(1);
        assertThat(Crowds.share(Map.of(Crowds.SHARE, "0"))).isEqualTo(1);
        assertThat(Crowds.share(Map.of(Crowds.SHARE, "1000"))).isEqualTo(100);
        assertThat(Crowds.share(Map.of())).isEqualTo(1);
    }

    @Test
    void what_stands_in_line_has_no_tenant_here() {
        var inLine = new Line("one", null).in(Map.of(Crowds.TENANT, "acme"));

        assertThat(Crowds.tenant(job("default", inLine))).isNull();
        assertThat(Crowds.tenant(job("default", Map.of(Crowds.TENANT, "acme")))).isEqualTo("acme");
    }
}
