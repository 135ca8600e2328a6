package dev.millrace.app.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.EofAwareSocketFactory;
import org.junit.jupiter.api.Test;

class LoginTest {

    @Test
    void its_pools_end_a_connection_whose_answer_was_torn() {
        try (var pool = new Login("jdbc:postgresql://127.0.0.1:1/any", "anybody", null).pool("nobody asks", 1)) {
            assertThat(pool.getDataSourceProperties())
                    .containsEntry("socketFactory", EofAwareSocketFactory.class.getName());
        }
    }
}
