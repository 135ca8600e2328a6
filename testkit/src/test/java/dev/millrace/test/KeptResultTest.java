package dev.millrace.test;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.EncryptionKey;
import dev.millrace.Handle;
import dev.millrace.Job;
import dev.millrace.KeyRing;
import dev.millrace.Kind;
import dev.millrace.MillraceException;
import dev.millrace.Outcome;
import dev.millrace.Reduce;
import dev.millrace.ResultExpired;
import dev.millrace.State;
import dev.millrace.postgres.PostgresStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A result that is kept for a time is given until then, and afterwards neither it nor anything else in its place. */
class KeptResultTest {

    @Kind("issue-token")
    record IssueToken(String user) implements Job<String> {}

    @Kind("all-tokens")
    record AllTokens() implements Reduce<String, List<String>> {}

    /** A name, and what a store makes of results. */
    record Keeping(String name, UnaryOperator<TestOptions> options) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Keeping> keeping() {
        var ring = KeyRing.writing(EncryptionKey.of("now", Base64.getEncoder().encodeToString(new byte[32])));
        return Stream.of(
                new Keeping("values", o -> o),
                new Keeping("text", o -> o.codec(PostgresStore.json())),
                new Keeping("encrypted text", o -> o.codec(PostgresStore.json().encrypted(ring))));
    }

    private static TestMillrace open(Keeping keeping, Duration kept) {
        var slept = new AtomicBoolean();
        return TestMillrace.withOptions(
                keeping.options(),
                node -> node.decide(IssueToken.class, (job, attempt) -> issued(job, slept))
                        .keepResult(kept)
                        .reduce(
                                AllTokens.class,
                                (job, parts, attempt) -> parts.values().toList()));
    }

    /** One is a day late. */
    private static Outcome<String> issued(IssueToken job, AtomicBoolean slept) {
        return job.user().equals("late") && slept.compareAndSet(false, true)
                ? Outcome.snooze(ofDays(1))
                : Outcome.done("token of " + job.user());
    }

    /** What an operator sees of the result: nothing at all where values are kept. */
    private static String shown(TestMillrace millrace, Handle<?> handle) {
        var found = millrace.operations("mara").find(handle.id()).orElseThrow().result();
        var history = millrace.history(handle.id()).job().result();
        assertThat(history).isEqualTo(found);
        return found == null ? "" : found;
    }

    @ParameterizedTest
    @MethodSource("keeping")
    void a_result_is_given_until_its_time_is_over(Keeping keeping) {
        try (var millrace = open(keeping, ofHours(1))) {
            var handle = millrace.enqueue(new IssueToken("ada"));

            millrace.advance(ofMinutes(59));

            assertThat(handle.get(ZERO)).isEqualTo("token of ada");
            assertThat(shown(millrace, handle)).isIn("", "\"token of ada\"");
        }
    }

    @ParameterizedTest
    @MethodSource("keeping")
    void after_its_time_everybody_is_told_that_it_is_gone(Keeping keeping) {
        try (var millrace = open(keeping, ofHours(1))) {
            var handle = millrace.enqueue(new IssueToken("ada"));

            millrace.advance(ofMinutes(61));

            for (var asked : List.of(handle, millrace.find(IssueToken.class, handle.id()))) {
                assertThatThrownBy(() -> asked.get(ZERO))
                        .isInstanceOfSatisfying(
                                ResultExpired.class,
                                gone -> assertThat(gone.kept()).isEqualTo(ofHours(1)))
                        .hasMessageContaining("has completed, and its result is gone: it was kept for 1 h, until ");
                assertThatThrownBy(() -> asked.await(ofSeconds(1))).isInstanceOf(ResultExpired.class);
                assertThat(asked.state()).isEqualTo(State.COMPLETED);
            }
            assertThat(shown(millrace, handle))
                    .matches("|.\"\\$millrace\":\"the result was kept for 1 h, until [0-9T:.Z-]+, and is gone\".");
        }
    }

    @ParameterizedTest
    @MethodSource("keeping")
    void the_job_that_follows_a_batch_gets_the_results_of_its_parts_however_late(Keeping keeping) {
        try (var millrace = open(keeping, ofMinutes(1))) {
            var batch = millrace.batch(Stream.of(new IssueToken("ada"), new IssueToken("late")), new AllTokens());

            millrace.advance(ofDays(2));

            assertThat(batch.get(ZERO)).containsExactly("token of ada", "token of late");
        }
    }

    @Test
    void a_kind_that_says_nothing_keeps_its_results_as_long_as_its_jobs() {
        try (var millrace = TestMillrace.with(node -> node.handle(IssueToken.class, job -> "token of " + job.user()))) {
            var handle = millrace.enqueue(new IssueToken("ada"));

            millrace.advance(ofDays(6));

            assertThat(handle.get(ZERO)).isEqualTo("token of ada");
        }
    }

    @Test
    void a_job_without_a_result_has_none_that_could_be_gone() {
        try (var millrace =
                TestMillrace.with(node -> node.decide(IssueToken.class, (job, attempt) -> Outcome.cancel("no"))
                        .keepResult(ofSeconds(1)))) {
            var handle = millrace.enqueue(new IssueToken("ada"));

            millrace.advance(ofHours(1));

            assertThat(handle.state()).isEqualTo(State.CANCELLED);
        }
    }

    @Test
    void a_time_that_makes_no_sense_is_refused() {
        try (var millrace = TestMillrace.with()) {
            var kind = millrace.node().handle(IssueToken.class, job -> "x");

            assertThatThrownBy(() -> kind.keepResult(ZERO))
                    .isInstanceOf(MillraceException.class)
                    .hasMessage(
                            "The time that a result is kept of 0 s is too short. It is 1 ms to 3650 d: 1 ms would do.");
            assertThatThrownBy(() -> kind.keepResult(ofDays(4_000))).hasMessageContaining("is too long");
        }
    }
}
