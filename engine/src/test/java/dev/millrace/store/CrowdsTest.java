package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.store.Crowds.Load;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.TreeSet;
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

    private Load add(String tenant) {
        return add("default", tenant, 1);
    }

    private Load add(String queue, String tenant, int share) {
        return crowds.add(job(queue, Map.of(Crowds.SHARE, Integer.toString(share))), tenant, now);
    }

    /** What the last of so many makes it. */
    private Load add(String tenant, int jobs) {
        var load = Load.FEW;
        for (int i = 0; i < jobs; i++) load = add(tenant);
        return load;
    }

    @Test
    void sixteen_jobs_are_a_few() {
        assertThat(add("alone", 16)).isEqualTo(Load.FEW);
        assertThat(add("alone")).isEqualTo(Load.MUCH);
    }

    @Test
    void who_has_no_more_than_others_has_not_much() {
        var loads = new ArrayList<Load>();
        for (int round = 0; round < 100; round++) for (int i = 0; i < 20; i++) loads.add(add("tenant " + i));

        assertThat(loads).containsOnly(Load.FEW, Load.MORE);
        assertThat(loads.getLast()).isEqualTo(Load.MORE);
    }

    @Test
    void who_has_much_more_than_others_is_told_from_them() {
        var others = new TreeSet<Load>();
        var flood = Load.FEW;
        for (int round = 0; round < 100; round++) {
            for (int i = 0; i < 40; i++) others.add(add("tenant " + i));
            flood = add("flood", 100);
        }

        assertThat(flood).isEqualTo(Load.MUCH);
        assertThat(others).containsExactly(Load.FEW, Load.MORE);
    }

    @Test
    void what_was_enqueued_long_ago_does_not_count() {
        add("flood", 1_000);

        now += Duration.ofMinutes(2).toNanos();

        assertThat(add("flood")).isEqualTo(Load.FEW);
    }

    @Test
    void after_five_seconds_it_counts_half() {
        add("flood", 32);
        now += Duration.ofSeconds(5).toNanos();

        assertThat(add("flood")).as("16 and 1").isNotEqualTo(Load.FEW);
        now += Duration.ofSeconds(5).toNanos();
        assertThat(add("flood")).as("8.5 and 1").isEqualTo(Load.FEW);
    }

    @Test
    void who_has_a_larger_share_may_ask_for_more() {
        var loads = new TreeSet<Load>();
        for (int i = 0; i < 47; i++) loads.add(add("default", "gold", 3));

        assertThat(loads).containsExactly(Load.FEW);
        add("default", "gold", 3);
        assertThat(add("default", "gold", 3)).as("the 49th").isNotEqualTo(Load.FEW);
    }

    @Test
    void queues_are_told_apart() {
        add("flood", 100);

        assertThat(add("another", "flood", 1)).isEqualTo(Load.FEW);
    }

    @Test
    void tenants_beyond_number_are_forgotten_before_a_flood_is() {
        var flood = Load.FEW;
        for (int i = 0; i < 200_000; i++) {
            add("tenant " + i);
            if (i % 10 == 0) flood = add("flood", 2);
        }

        assertThat(flood).isEqualTo(Load.MUCH);
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
        var inLine = new Line("one", null).in(Map.of(Delivery.TENANT, "acme"));

        assertThat(Crowds.tenant(job("default", inLine))).isNull();
        assertThat(Crowds.tenant(job("default", Map.of(Delivery.TENANT, "acme"))))
                .isEqualTo("acme");
    }
}
