package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.simulation.cases.Cases;
import dev.millrace.simulation.cases.Choices;
import dev.millrace.simulation.cases.Hostile;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Texts that are compressed or encrypted come back as they were, and changed ones do not come back at all. Here for the same reason as {@link RetryPropertyTest}. */
class EncodingPropertyTest {

    private static final EncryptionKey KEY = EncryptionKey.of("key", new byte[32]);

    private final List<Encoding> encodings = List.of(
            Encoding.PLAIN,
            new Encoding(true, null),
            new Encoding(false, KeyRing.writing(KEY)),
            new Encoding(true, KeyRing.writing(KEY)));

    /** Any text; also one that goes on for long, or begins as a stored one does. */
    private static String text(Choices choices) {
        var text = Words.cut(Words.storable(Hostile.text(choices)), 1_000);
        return switch ((int) choices.between(0, 3)) {
            case 0 -> text;
            case 1 -> text.repeat((int) choices.between(1, 50));
            case 2 -> "{\"$millrace\":\"" + text;
            default -> "{\"$millrace\":\"plain:1:" + text + "\"}";
        };
    }

    @Test
    void any_text_comes_back_as_it_was() {
        Cases.forAll(300, EncodingPropertyTest::text, text -> {
            for (var encoding : encodings) {
                var stored = encoding.stored(text);
                assertThat(encodings.getLast().opened(stored).text()).isEqualTo(text);
                assertThat(encodings.getLast().shown(stored)).isEqualTo(text);
            }
        });
    }

    @Test
    void a_stored_text_is_opened_or_refused_whatever_it_says() {
        Cases.forAll(300, EncodingPropertyTest::text, stored -> {
            for (var encoding : encodings) {
                try {
                    assertThat(encoding.opened(stored)).isNotNull();
                } catch (MillraceException refused) {
                    assertThat(refused.getMessage()).hasSizeLessThan(500).endsWith(".");
                }
                assertThat(encoding.shown(stored)).isNotNull();
            }
        });
    }
}
