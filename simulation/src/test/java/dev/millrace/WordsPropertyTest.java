package dev.millrace;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.simulation.cases.Cases;
import dev.millrace.simulation.cases.Hostile;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** What people and programs write beside a payload: it is taken as it is, or refused with what would do. Here for the same reason as {@link RetryPropertyTest}. */
class WordsPropertyTest {

    @Test
    void a_name_that_is_refused_is_answered_with_one_that_is_taken() {
        Cases.forAll(300, Hostile::text, text -> {
            try {
                JobOptions.DEFAULT.queue(text);
            } catch (MillraceException refused) {
                assertThat(refused.getMessage()).hasSizeLessThan(500);
            }
            assertThat(JobOptions.DEFAULT.queue(Words.asName(text)).queue).isEqualTo(Words.asName(text));
        });
    }

    @Test
    void a_word_that_is_taken_can_be_stored_and_shown() {
        Cases.forAll(300, Hostile::text, text -> {
            for (var said : List.<UnaryOperator<JobOptions>>of(
                    o -> o.tenant(text), o -> o.tag(text), o -> o.header("trace", text), o -> o.idempotencyKey(text))) {
                try {
                    assertThat(said.apply(JobOptions.DEFAULT)).isNotNull();
                } catch (MillraceException refused) {
                    assertThat(refused.getMessage()).hasSizeLessThan(500).endsWith(".");
                    continue;
                }
                assertThat(text)
                        .isNotBlank()
                        .hasSizeLessThanOrEqualTo(Bounds.WORD)
                        .doesNotContainPattern("\\p{Cc}");
                assertThat(utf8(text)).isEqualTo(text);
            }
        });
    }

    @Test
    void a_reason_and_a_failure_can_be_stored_whatever_they_say() {
        Cases.forAll(300, Hostile::text, text -> {
            var failure = Failures.of(new IllegalStateException(text), 1);

            for (var stored : List.of(
                    failure.message(),
                    failure.trace(),
                    text.isBlank() ? "" : Bounds.reason("A cancel", text),
                    Words.cut(Words.storable(text), 10))) {
                assertThat(utf8(stored)).isEqualTo(stored);
                assertThat(stored).doesNotContain("\0").hasSizeLessThanOrEqualTo(Failure.MAX_TRACE);
            }
        });
    }

    private static String utf8(String text) {
        return new String(text.getBytes(UTF_8), UTF_8);
    }
}
