package dev.millrace.app.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class StrikesTest {

    private final Strikes strikes = new Strikes();

    @Test
    void the_third_rapid_death_is_the_last() {
        assertThat(strikes.mayTryAgainAfter(Duration.ofSeconds(59))).isTrue();
        assertThat(strikes.mayTryAgainAfter(Duration.ZERO)).isTrue();
        assertThat(strikes.mayTryAgainAfter(Duration.ofSeconds(1))).isFalse();
    }

    @Test
    void a_minute_of_life_forgives_everything_before() {
        strikes.mayTryAgainAfter(Duration.ZERO);
        strikes.mayTryAgainAfter(Duration.ZERO);

        assertThat(strikes.mayTryAgainAfter(Duration.ofSeconds(60))).isTrue();
        assertThat(strikes.mayTryAgainAfter(Duration.ofSeconds(3))).isTrue();
        assertThat(strikes.mayTryAgainAfter(Duration.ofSeconds(3))).isFalse();
    }
}
