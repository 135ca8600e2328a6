package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** Errors that are about the whole process. */
@Isolated // the handler that hears of them is the process's, and other tests' tools set their own
class SickJvmTest {

    @Kind("echo")
    record Echo(String text) implements Job<String> {}

    @Test
    void errors_of_the_jvm_are_told_to_the_thread_s_handler_and_the_job_is_tried_again() {
        var told = new AtomicInteger();
        var before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> told.incrementAndGet());
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(Echo.class, (job, attempt) -> switch (attempt.number()) {
                        case 1 -> throw new OutOfMemoryError("planted");
                        case 2 -> throw new StackOverflowError();
                        case 3 -> throw new NoClassDefFoundError("com/acme/Gone");
                        default -> "attempt " + attempt.number();
                    })
                    .retry(Retry.fixed(Duration.ofMillis(1)))
                    .start();

            assertThat(millrace.enqueue(new Echo("x")).get(Duration.ofSeconds(10)))
                    .isEqualTo("attempt 4");
            assertThat(told).hasValue(1);
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }
}
