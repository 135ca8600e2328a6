package dev.millrace.test;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.State;
import dev.millrace.test.Shop.Receipt;
import dev.millrace.test.Shop.SendInvoice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(MillraceExtension.class)
class ExtensionWithoutNodeTest {

    @Test
    void a_producer_is_tested_without_a_node(TestMillrace millrace) {
        var invoice = millrace.enqueue(new SendInvoice(1));

        millrace.runUntilIdle();

        assertThat(millrace.enqueued(SendInvoice.class)).containsExactly(new SendInvoice(1));
        assertThat(invoice.state()).isEqualTo(State.AVAILABLE);
    }

    @Test
    void a_handler_that_needs_the_millrace_is_started_later(TestMillrace millrace) {
        millrace.node()
                .handle(SendInvoice.class, job -> new Receipt(millrace.now().toString()))
                .start();

        assertThat(millrace.enqueue(new SendInvoice(1)).get(ofSeconds(1)))
                .isEqualTo(new Receipt("2027-01-01T00:00:00Z"));
    }
}
