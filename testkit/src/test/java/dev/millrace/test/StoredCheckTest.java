package dev.millrace.test;

import static java.time.Duration.ZERO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.IfUnreadable;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MillraceException;
import dev.millrace.NodeBuilder;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A new build that can't read what waits, in virtual time. */
class StoredCheckTest {

    @Kind(value = "pay", version = 2)
    record Pay(long order, String currency) implements Job<String> {
        @Kind("pay")
        record V1(long order) implements Job<String> {}
    }

    private static NodeBuilder newBuild(TestMillrace millrace) {
        return millrace.node().handle(Pay.class, job -> "paid " + job.order());
    }

    @Test
    void a_node_that_is_to_refuse_does_not_start_and_one_with_the_way_up_does() {
        try (var millrace = TestMillrace.with()) {
            var old = millrace.enqueue(new Pay.V1(1));

            assertThatThrownBy(() ->
                            newBuild(millrace).checkStored(IfUnreadable.REFUSE).start())
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("was not started");

            newBuild(millrace)
                    .upcast(Pay.V1.class, Pay.class, v1 -> new Pay(v1.order(), "EUR"))
                    .checkStored(IfUnreadable.REFUSE)
                    .start();
            millrace.advance(ZERO);
            assertThat(old.get(ZERO)).isEqualTo("paid 1");
        }
    }

    @Test
    void a_start_looks_at_nothing_unless_that_is_said() {
        try (var millrace = TestMillrace.with()) {
            var read = new AtomicInteger();
            millrace.enqueue(new Pay.V1(1));

            newBuild(millrace)
                    .upcast(Pay.V1.class, Pay.class, v1 -> {
                        read.incrementAndGet();
                        return new Pay(v1.order(), "EUR");
                    })
                    .start();

            assertThat(read).hasValue(0);
        }
    }
}
