package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WordsTest {

    @ParameterizedTest
    @CsvSource({
        "PT0S,0 s",
        "PT0.25S,250 ms",
        "PT5S,5 s",
        "PT90M,1 h 30 min",
        "PT48H,2 d",
        "PT-5S,-5 s",
        "PT1.5S,1 s 500 ms",
        "PT0.0000005S,500 ns",
        "PT25H1S,1 d 1 h",
        "PT-9223372036854775808S,-106751991167300 d 15 h"
    })
    void durations_are_said_in_their_largest_units(Duration duration, String words) {
        assertThat(Words.duration(duration)).isEqualTo(words);
    }

    @ParameterizedTest
    @CsvSource({
        "SendInvoice,send-invoice",
        "V1,v1",
        "HTTPFetch,http-fetch",
        "My Queue!,my-queue",
        "---,default",
        "'',default",
        "Export2Csv,export2-csv"
    })
    void names_are_made_of_whatever_was_said(String said, String name) {
        assertThat(Words.asName(said)).isEqualTo(name);
    }

    @Test
    void a_text_is_cut_between_characters() {
        assertThat(Words.cut("abcdef", 6)).isEqualTo("abcdef");
        assertThat(Words.cut("abcdefg", 6)).isEqualTo("abcde…");
        assertThat(Words.cut("abcd😀fg", 6)).isEqualTo("abcd…");
    }

    @Test
    void what_no_text_column_holds_is_replaced() {
        assertThat(Words.storable("a\0b😀")).isEqualTo("a\uFFFDb😀");
        assertThat(Words.storable("\uD83D")).isEqualTo("\uFFFD");
        assertThat(Words.storable("\uDE00\uD83D\uD83D\uDE00")).isEqualTo("\uFFFD\uFFFD😀");
    }

    @Test
    void placeholders_are_filled_in_order() {
        assertThat(Words.filled("line {} of {}", 3, "a.csv")).isEqualTo("line 3 of a.csv");
        assertThat(Words.filled("{} and {}", 1)).isEqualTo("1 and {}");
        assertThat(Words.filled("none", 1, 2)).isEqualTo("none");
        assertThat(Words.filled("{}", new Object[] {null})).isEqualTo("null");
        assertThat(Words.filled("{}{}", "{}", "b")).isEqualTo("{}b");
    }

    @Test
    void an_error_behind_them_is_left() {
        var error = new IllegalStateException("no such order");

        assertThat(Words.left("order {}", 7, error)).isSameAs(error);
        assertThat(Words.left("no order", error)).isSameAs(error);
        assertThat(Words.left("order {}: {}", 7, error)).as("it has its place").isNull();
        assertThat(Words.left("order {}", 7)).isNull();
        assertThat(Words.left("order", new Object[] {null})).isNull();
        assertThat(Words.left("order")).isNull();
    }

    @Test
    void an_argument_that_cannot_be_printed_does_not_fail_the_handler() {
        var hostile = new Object() {
            @Override
            public String toString() {
                throw new IllegalStateException();
            }
        };

        assertThat(Words.filled("{}", hostile)).contains("can't be printed");
    }

    @Test
    void what_is_cut_ends_in_a_sign_and_through_no_character() {
        assertThat(Words.cut("chair", 5)).isEqualTo("chair");
        assertThat(Words.cut("chairs", 5)).isEqualTo("chai…");
        assertThat(Words.cut("abc\uD83E\uDE91s", 5)).isEqualTo("abc…");
    }

    @Test
    void a_line_holds_nothing_that_can_not_be_shown() {
        assertThat(Words.line("no\0 \u001B[31m red\nline\tend \uD83E\uDE91"))
                .isEqualTo("no\uFFFD \uFFFD[31m red line end \uD83E\uDE91");
        assertThat(Words.line("half a chair: \uD83E")).isEqualTo("half a chair: \uFFFD");
    }
}
