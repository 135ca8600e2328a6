package dev.millrace.cron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.MillraceException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CronTest {

    private static List<String> days(String fields, int year, int month) {
        var cron = Cron.of("0 0 " + fields);
        var first = LocalDate.of(year, month, 1);
        var days = new ArrayList<String>();
        var end = first.plusMonths(1).atStartOfDay();
        for (var next = cron.next(first.atStartOfDay(), end);
                next.isPresent();
                next = cron.next(next.get().plusSeconds(1), end))
            days.add(Integer.toString(next.get().getDayOfMonth()));
        return days;
    }

    private static String next(String expression, String from) {
        return Cron.of(expression)
                .next(LocalDateTime.parse(from), LocalDateTime.parse("2100-01-01T00:00"))
                .map(LocalDateTime::toString)
                .orElse("never");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        30 2 * * *            | 2027-03-27T02:30:00   | 2027-03-27T02:30
        30 2 * * *            | 2027-03-27T02:30:01   | 2027-03-28T02:30
        30 2 * * *            | 2027-03-27T02:29:59.5 | 2027-03-27T02:30
        */15 * * * *          | 2027-01-01T00:46      | 2027-01-01T01:00
        5/20 * * * *          | 2027-01-01T00:26      | 2027-01-01T00:45
        10-20/5 8-9 * * *     | 2027-01-01T08:21      | 2027-01-01T09:10
        0 0,12 1 */2 *        | 2027-01-01T12:01      | 2027-03-01T00:00
        30 15 10 * * *        | 2027-01-01T00:00      | 2027-01-01T10:15:30
        */10 * * * * *        | 2027-01-01T23:59:51   | 2027-01-02T00:00
        0 0 29 2 *            | 2027-01-01T00:00      | 2028-02-29T00:00
        0 0 29 2 */7          | 2027-01-01T00:00      | 2032-02-29T00:00
        0 9 * JAN-mar fri     | 2027-02-27T00:00      | 2027-03-05T09:00
        0 0 * * 7             | 2027-01-01T00:00      | 2027-01-03T00:00
        0 0 * * FRI-SUN       | 2027-01-04T00:00      | 2027-01-08T00:00
        0 0 * * SUN-TUE       | 2027-01-05T00:01      | 2027-01-10T00:00
        0 0 ? * 3             | 2027-01-01T00:00      | 2027-01-06T00:00
        @yearly               | 2027-01-01T00:01      | 2028-01-01T00:00
        @monthly              | 2027-01-01T00:01      | 2027-02-01T00:00
        @weekly               | 2027-01-01T00:01      | 2027-01-03T00:00
        @Daily                | 2027-01-01T00:01      | 2027-01-02T00:00
        @hourly               | 2027-01-01T00:01      | 2027-01-01T01:00
        """)
    void an_expression_names_its_times(String expression, String from, String expected) {
        assertThat(next(expression, from)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        L * *       | 2027 | 2 | 28
        L * *       | 2028 | 2 | 29
        L-3 * *     | 2027 | 4 | 27
        1,L * *     | 2027 | 4 | 1 30
        LW * *      | 2027 | 1 | 29
        LW * *      | 2027 | 2 | 26
        LW * *      | 2027 | 3 | 31
        15W * *     | 2027 | 5 | 14
        15W * *     | 2027 | 8 | 16
        1W * *      | 2027 | 5 | 3
        31W * *     | 2027 | 1 | 29
        31W * *     | 2027 | 4 | ''
        1W,15W * *  | 2027 | 8 | 2 16
        * * 5L      | 2027 | 1 | 29
        * * FRIL    | 2027 | 4 | 30
        * * 0L      | 2027 | 1 | 31
        * * 7L      | 2027 | 1 | 31
        * * MON#1   | 2027 | 2 | 1
        * * 5#5     | 2027 | 1 | 29
        * * 5#5     | 2027 | 2 | ''
        * * 2#1,2#3 | 2027 | 6 | 1 15
        13 * FRI    | 2027 | 8 | 6 13 20 27
        1 * MON     | 2027 | 6 | 1 7 14 21 28
        */10 * MON  | 2027 | 2 | 1
        1-5 * ?     | 2027 | 2 | 1 2 3 4 5
        """)
    void a_field_of_days_names_its_days(String fields, int year, int month, String expected) {
        assertThat(String.join(" ", days(fields, year, month))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        ''                 | is empty
        * * *              | has 3 fields. It needs five
        * * * * * * *      | has seven fields. There is none for years
        CRON_TZ=UTC 0 0 * * * | begins with a setting
        @dayly             | is no macro of cron. There are @annually, @daily
        61 * * * *         | The minute "61" of the cron expression "61 * * * *" is wrong: there is no minute 61; it is 0 to 59.
        * 24 * * *         | there is no hour 24; it is 0 to 23
        * * 0 * *          | there is no day of the month 0; it is 1 to 31
        * * * 13 *         | there is no month 13; it is 1 to 12 or JAN to DEC
        * * * * 8          | there is no day of the week 8; it is 0 to 7 or SUN to SAT
        * * * * MOON       | there is no day of the week MOON
        60 * * * * *       | The second "60"
        20-10 * * * *      | the range 20-10 runs backwards; write 20-59,0-10
        * * * * FRI-MON    | the range FRI-MON runs backwards; write FRI-6,0-MON
        */0 * * * *        | a step of 0 is none; 1 to 59
        */60 * * * *       | a step of 60 is none; 1 to 59
        1, * * * *         | it has a comma with nothing beside it
        *-5 * * * *        | "*-5" is no range
        1.5 * * * *        | The minute "1.5" of the cron expression
        ? * * * *          | "?" stands for days only
        L * * * *          | there is no minute L
        * * * * L          | L needs the day whose last one of the month is meant
        * * * * 5#6        | there is no 6 of a weekday in a month
        * * L-31 * *       | no month has a day that is 31 before its last
        * * 32W * *        | there is no day of the month 32
        0 0 30 2 *         | never comes: no month that it names has such a day
        0 0 31W 4,6 *      | never comes
        99999999999 * * * * | there is no minute 99999999999
        """)
    void what_is_wrong_is_said_with_its_field(String expression, String said) {
        assertThatThrownBy(() -> Cron.of(expression))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining(said);
    }

    @Test
    void a_text_without_end_is_refused_before_it_is_read() {
        assertThatThrownBy(() -> Cron.of("1,".repeat(100_000) + "1 * * * *"))
                .hasMessageContaining("at most 200 are read");
    }

    @Test
    void blanks_do_not_matter_and_two_ways_to_write_the_same_are_equal() {
        assertThat(Cron.of("  0\t0   * * sun ").toString()).isEqualTo("0 0 * * sun");
        assertThat(Cron.of("0 0 * * SUN")).isEqualTo(Cron.of("@weekly")).hasSameHashCodeAs(Cron.of("0 0 * * 7"));
        assertThat(Cron.of("0 0 * * 1")).isNotEqualTo(Cron.of("@weekly"));
    }

    @Test
    void an_expression_whose_hours_begin_with_a_star_is_a_rhythm() {
        assertThat(Cron.of("*/15 * * * *").isRhythm()).isTrue();
        assertThat(Cron.of("0 */2 * * *").isRhythm()).isTrue();
        assertThat(Cron.of("@hourly").isRhythm()).isTrue();
        assertThat(Cron.of("*/15 8-18 * * *").isRhythm()).isFalse();
        assertThat(Cron.of("*/15 0-23 * * *").isRhythm()).isFalse();
    }

    @Test
    void the_end_is_not_reached() {
        var noon = LocalDateTime.parse("2027-01-01T12:00");

        assertThat(Cron.of("0 12 * * *").next(noon, noon)).isEmpty();
        assertThat(Cron.of("0 12 * * *").next(noon, noon.plusNanos(1))).contains(noon);
    }
}
