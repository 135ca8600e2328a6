package dev.millrace.benchmarks.trial;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FairnessTest {

    private final Fairness.Waits waits = new Fairness.Waits();

    private void jobs(int tenant, int count, long millis) {
        for (int i = 0; i < count; i++) waits.add(tenant, millis * 1_000_000);
    }

    @Test
    void a_tenant_that_always_stands_behind_the_flood_is_told_though_all_others_hide_it() {
        for (int tenant = 1; tenant < 1_000; tenant++) jobs(tenant, 20, 10);
        jobs(0, 20, 5_000);

        assertThat(waits.all.millis(0.99)).isLessThan(11);
        assertThat(waits.worst()).hasValue(5_000);
    }

    @Test
    void one_job_that_waits_for_long_makes_no_tenant_the_worst() {
        jobs(1, 20, 10);
        jobs(2, 20, 12);
        jobs(1, 1, 9_000);

        assertThat(waits.worst()).hasValue(12);
    }

    @Test
    void of_tenants_with_few_jobs_none_is_the_worst() {
        jobs(1, 19, 10);

        assertThat(waits.worst()).isEmpty();
        assertThat(waits.counted()).contains("0 of 1 tenants have 20 jobs or more");
    }
}
