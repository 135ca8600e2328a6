package dev.millrace.benchmarks.contender;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class LoadTest {

    @Test
    void every_payload_has_a_hundred_bytes_and_tells_its_number() {
        for (long n : new long[] {0, 7, 999_999, 1_000_000, Long.MAX_VALUE}) {
            var payload = Load.payload(n);

            assertThat(payload.getBytes(StandardCharsets.UTF_8)).hasSize(Load.BYTES);
            assertThat(payload).matches("[0-9]{19}[a-z-]{81}");
            assertThat(Load.number(payload)).isEqualTo(n);
        }
    }

    @Test
    void no_two_are_alike() {
        assertThat(LongStream.range(0, 1_000).mapToObj(Load::payload)).doesNotHaveDuplicates();
    }

    @Test
    void there_is_no_job_before_the_first() {
        assertThatThrownBy(() -> Load.payload(-1)).hasMessageContaining("from 0");
    }

    @Test
    void a_ground_keeps_its_password_to_itself() {
        assertThat(new Ground("jdbc:postgresql://h/d", "me", "secret", "bench_1"))
                .hasToString("the schema bench_1");
    }
}
