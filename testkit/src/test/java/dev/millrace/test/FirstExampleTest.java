package dev.millrace.test;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Handle;
import dev.millrace.Millrace;
import dev.millrace.test.Shop.Billing;
import dev.millrace.test.Shop.Receipt;
import dev.millrace.test.Shop.SendInvoice;
import org.junit.jupiter.api.Test;

/** The first example of the README, in a test; and what a test has that production hasn't. */
class FirstExampleTest {

    private final Billing billing = new Billing();

    @Test
    void the_readme_runs_as_it_stands() {
        try (Millrace millrace = TestMillrace.with()) {
            millrace.node().handle(SendInvoice.class, billing::send).start();

            Receipt receipt = millrace.enqueue(new SendInvoice(42)).get(ofSeconds(30));

            assertThat(receipt).isEqualTo(new Receipt("R-42"));
        }
    }

    @Test
    void code_that_is_given_a_millrace_does_not_know_that_it_is_tested() {
        record Orders(Millrace millrace) {
            Handle<Receipt> place(long order) {
                return millrace.enqueue(new SendInvoice(order), o -> o.in(ofDays(14)));
            }
        }
        try (var millrace = TestMillrace.with(Shop.sending(billing))) {
            var invoice = new Orders(millrace).place(7);

            millrace.advance(ofDays(13));
            assertThat(billing.sent).isEmpty();
            millrace.advance(ofDays(1));

            assertThat(invoice.get(ZERO)).isEqualTo(new Receipt("R-7"));
            assertThat(millrace.enqueued(SendInvoice.class)).containsExactly(new SendInvoice(7));
        }
    }

    @Test
    void a_crash_after_the_invoice_was_sent_does_not_send_it_twice() {
        try (var millrace = TestMillrace.with(node -> node.handle(SendInvoice.class, billing::sendOnce))) {
            millrace.crashAfter("send-invoice");
            var invoice = millrace.enqueue(new SendInvoice(42));

            millrace.advance(ofMinutes(1));

            assertThat(invoice.get(ZERO)).isEqualTo(new Receipt("R-42"));
            assertThat(billing.sent).containsExactly(42L);
        }
    }
}
