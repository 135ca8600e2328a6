package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class FailuresTest {

    @Test
    void a_failure_tells_the_class_the_message_the_attempt_and_the_trace() {
        var failure = Failures.of(new IOException("no route"), 3);

        assertThat(failure.type()).isEqualTo("java.io.IOException");
        assertThat(failure.message()).isEqualTo("no route");
        assertThat(failure.attempt()).isEqualTo(3);
        assertThat(failure.trace()).startsWith("java.io.IOException: no route").contains("FailuresTest");
    }

    @Test
    void errors_from_one_place_have_one_fingerprint_whatever_they_say() {
        assertThat(print(thrownHere("one")))
                .isEqualTo(print(thrownHere("other")))
                .hasSize(16);
    }

    @Test
    void errors_from_another_place_or_of_another_class_or_cause_have_another() {
        var here = print(thrownHere("x"));

        assertThat(print(thrownThere("x"))).isNotEqualTo(here);
        assertThat(print(wrapped(new IOException()))).isNotEqualTo(print(wrapped(new InterruptedException())));
    }

    @Test
    void a_moved_line_does_not_change_the_fingerprint() {
        var one = thrownHere("x");
        var moved = thrownHere("x");
        var frames = moved.getStackTrace();
        for (int i = 0; i < frames.length; i++)
            frames[i] = new StackTraceElement(
                    frames[i].getClassName(), frames[i].getMethodName(), frames[i].getFileName(), 9_999);
        moved.setStackTrace(frames);

        assertThat(print(moved)).isEqualTo(print(one));
    }

    @Test
    void lambdas_and_generated_classes_are_known_by_their_place_not_by_their_number() {
        assertThat(print(at("app.Mail", "lambda$send$3"))).isEqualTo(print(at("app.Mail", "lambda$send$12")));
        assertThat(print(at("app.Mail$$Lambda/0x00007f1b", "send")))
                .isEqualTo(print(at("app.Mail$$Lambda/0x00007eee", "send")));
        assertThat(print(at("app.Mail", "lambda$send$3"))).isNotEqualTo(print(at("app.Mail", "lambda$draft$3")));
    }

    @Test
    void an_endless_recursion_is_stored_as_far_as_there_is_room() {
        var failure = Failures.of(overflow(), 1);

        assertThat(failure.type()).isEqualTo("java.lang.StackOverflowError");
        assertThat(failure.trace().length()).isEqualTo(Failure.MAX_TRACE);
    }

    @Test
    void an_exception_that_throws_when_it_is_asked_does_not_hide_the_failure() {
        var hostile = new RuntimeException() {
            private static final long serialVersionUID = 1L;

            @Override
            public String getMessage() {
                throw new IllegalStateException("no");
            }
        };

        var failure = Failures.of(hostile, 1);

        assertThat(failure.message())
                .isEqualTo("(its message can't be read: it threw java.lang.IllegalStateException)");
        assertThat(failure.trace()).contains("can't be printed");
    }

    @Test
    void a_failure_without_a_message_says_so() {
        assertThat(Failures.of(new RuntimeException(), 1).message()).isEqualTo("(no message)");
    }

    @Test
    void an_error_is_told_in_few_lines_with_where_it_came_from_and_its_causes() {
        var cause = new IllegalArgumentException("order -1 " + "x".repeat(1_000));
        var told = Failures.told(new IllegalStateException("not sent", cause));

        assertThat(told.lines())
                .satisfiesExactly(
                        line -> assertThat(line).isEqualTo("java.lang.IllegalStateException: not sent"),
                        line -> assertThat(line).startsWith("  at dev.millrace.FailuresTest.an_error_is_told"),
                        line -> assertThat(line)
                                .startsWith("caused by java.lang.IllegalArgumentException: order -1 xxx")
                                .hasSizeLessThan(300),
                        line -> assertThat(line).startsWith("  at dev.millrace.FailuresTest."));
    }

    @Test
    void a_chain_of_causes_that_bites_its_tail_is_read_once() {
        var first = new Exception("first");
        first.initCause(new Exception("second", first));

        assertThat(Failures.of(first, 1).fingerprint()).isNotEmpty();
    }

    private static String print(Throwable thrown) {
        return Failures.fingerprintOf(thrown);
    }

    private static RuntimeException thrownHere(String message) {
        return new IllegalStateException(message);
    }

    private static RuntimeException thrownThere(String message) {
        return new IllegalStateException(message);
    }

    private static RuntimeException wrapped(Exception cause) {
        return new IllegalStateException(cause);
    }

    private static RuntimeException at(String type, String method) {
        var thrown = new RuntimeException();
        thrown.setStackTrace(new StackTraceElement[] {new StackTraceElement(type, method, "Mail.java", 1)});
        return thrown;
    }

    private static StackOverflowError overflow() {
        try {
            return deeper(0);
        } catch (StackOverflowError thrown) {
            return thrown;
        }
    }

    private static StackOverflowError deeper(int depth) {
        return depth < 0 ? new StackOverflowError() : deeper(depth + 1);
    }
}
