package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JobOptionsTest {

    @Test
    void a_job_that_says_nothing_waits_in_the_default_queue_for_now_and_never_expires() {
        assertThat(JobOptions.DEFAULT.queue).isEqualTo("default");
        assertThat(JobOptions.DEFAULT.priority).isEqualTo(Priority.NORMAL);
        assertThat(JobOptions.DEFAULT.in).isNull();
        assertThat(JobOptions.DEFAULT.at).isNull();
        assertThat(JobOptions.DEFAULT.expiresAfter).isNull();
        assertThat(JobOptions.DEFAULT.headers).isEmpty();
    }

    @Test
    void each_option_changes_itself_only_and_leaves_the_original_alone() {
        var changed = JobOptions.DEFAULT
                .queue("billing")
                .priority(Priority.BULK)
                .tenant("acme")
                .tag("import");

        assertThat(changed).hasToString("{queue=billing, priority=bulk, tags=import, tenant=acme}");
        assertThat(JobOptions.DEFAULT).hasToString("{queue=default, priority=normal}");
    }

    @Test
    void the_last_word_on_the_time_counts() {
        var moment = Instant.parse("2027-01-01T00:00:00Z");

        assertThat(JobOptions.DEFAULT.in(Duration.ofMinutes(5)).at(moment))
                .hasToString("{queue=default, priority=normal, at=2027-01-01T00:00:00Z}");
        assertThat(JobOptions.DEFAULT.at(moment).in(Duration.ofMinutes(5)))
                .hasToString("{queue=default, priority=normal, in=5 min}");
        assertThat(JobOptions.DEFAULT.at(moment).in(Duration.ZERO).in).isNull();
    }

    @Test
    void tags_add_up_and_headers_replace_each_other() {
        var options = JobOptions.DEFAULT.tag("a").tag("b").header("trace", "1").header("trace", "2");

        assertThat(options.headers).containsEntry("tags", "a,b").containsEntry("trace", "2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"default", "a", "9", "eu-west.mail_2"})
    void these_are_names_of_queues(String name) {
        assertThat(JobOptions.DEFAULT.queue(name).queue).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "with space", "Billing", "-a", "ü", "a/b", "a:b", "a\n"})
    void these_are_not(String name) {
        assertThatThrownBy(() -> JobOptions.DEFAULT.queue(name))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("can't be called")
                .hasMessageContaining("would do");
    }

    @Test
    void a_wrong_name_is_answered_with_one_that_would_do() {
        assertThatThrownBy(() -> JobOptions.DEFAULT.queue("My Queue"))
                .hasMessage(
                        "A queue can't be called \"My Queue\". A name has 1 to 63 lower-case letters, digits, dots, dashes or underscores, and begins with a letter or digit: \"my-queue\" would do.");
    }

    @Test
    void limits_are_told_with_what_was_said() {
        refused(
                o -> o.in(Duration.ofSeconds(-5)),
                "A delay of -5 s lies in the past. It is zero to ten years: 0 s would do.");
        refused(
                o -> o.in(Duration.ofDays(4_000)),
                "A delay of 4000 d is longer than ten years, the most there is. Check its unit; it is zero to ten years: 3650 d would do.");
        refused(
                o -> o.expiresAfter(Duration.ZERO),
                "An expiry of 0 s is too short. It is 1 ms to 3650 d: 1 ms would do.");
        refused(o -> o.idempotencyKey(" "), "An idempotency key is empty. Leave it out, or give it text.");
        refused(
                o -> o.tenant("x".repeat(201)),
                "A tenant has 201 characters; at most 200 are stored. Shorten it, or use a hash of it.");
        refused(
                o -> o.header("trace", "a\0b"),
                "The header \"trace\" holds a control character, such as a line break or a zero. Use visible characters.");
        refused(
                o -> o.tenant("a\uD83D"),
                "A tenant holds half of a surrogate pair, which is no character. Cut texts between characters.");
        refused(o -> o.tag("a,b"), "The tag \"a,b\" holds a comma, which separates tags. Give them one by one.");
        refused(
                o -> o.header("tenant", "acme"),
                "The header \"tenant\" is the engine's own. Use tenant(…), or another name.");
    }

    @Test
    void headers_are_few() {
        refused(
                o -> {
                    for (int i = 0; i <= Bounds.HEADERS; i++) o = o.header("h" + i, "x");
                    return o;
                },
                "A job has at most 32 headers, tenant and tags included. What its handler needs belongs in its payload.");
    }

    private static void refused(UnaryOperator<JobOptions> options, String message) {
        assertThatThrownBy(() -> options.apply(JobOptions.DEFAULT))
                .isInstanceOf(MillraceException.class)
                .hasMessage(message);
    }
}
