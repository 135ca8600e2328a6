package dev.millrace.benchmarks.trial;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** In which bulk a job comes. */
class PaceTest {

    @Test
    void a_second_has_as_many_jobs_as_were_asked_for_also_where_bulks_are_not_alike() {
        for (int perSecond : new int[] {50, 51, 99, 5_000, 5_021, 1_000_000}) {
            var pace = new Pace(perSecond);
            long bulks = 1_000 / Pace.BEAT.toMillis();

            assertThat(pace.first(bulks)).isEqualTo(perSecond);
            assertThat(pace.first(3_600 * bulks)).isEqualTo(3_600L * perSecond);
        }
    }

    @Test
    void each_job_finds_its_bulk() {
        for (int perSecond : new int[] {50, 51, 99, 5_021}) {
            var pace = new Pace(perSecond);
            for (long bulk = 0; bulk < 200; bulk++)
                for (long job = pace.first(bulk); job < pace.first(bulk + 1); job++)
                    assertThat(pace.bulkOf(job)).isEqualTo(bulk);
        }
    }

    @Test
    void no_bulk_is_empty() {
        var slowest = new Pace(1);

        assertThat(slowest.first(8) - slowest.first(7)).isEqualTo(1);
    }
}
