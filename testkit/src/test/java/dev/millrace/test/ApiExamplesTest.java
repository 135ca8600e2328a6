package dev.millrace.test;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Attempt;
import dev.millrace.Handlers;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.test.Shop.Billing;
import dev.millrace.test.Shop.Receipt;
import dev.millrace.test.Shop.SendInvoice;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the API page shows of tests, as it stands there; the order is placed by a handler that may be run again from its top. */
class ApiExamplesTest {

    record Line(String sku, int count) {}

    @Kind("place-order")
    record PlaceOrder(String order, long number, List<Line> lines) implements Job<Receipt> {}

    /** Charges each order once, whoever asks again. */
    private static final class Payments {
        private final Map<String, Integer> charged = new HashMap<>();
        private int asked;

        void charge(String order) {
            asked++;
            charged.putIfAbsent(order, asked);
        }

        int charges() {
            return charged.size();
        }
    }

    private final Payments payments = new Payments();
    private final Billing billing = new Billing();
    private final Handlers invoices = Shop.sending(billing);
    private final Handlers orders = node -> node.handle(PlaceOrder.class, this::place);

    private Receipt place(PlaceOrder job, Attempt attempt) {
        payments.charge(job.order());
        attempt.enqueue(new SendInvoice(job.number()), o -> o.idempotencyKey("invoice of " + job.order()));
        return new Receipt(Long.toString(job.number()));
    }

    @Test
    void task_15_a_crash_after_the_charge_does_not_charge_twice() {
        try (var millrace = TestMillrace.with(invoices, orders)) {
            millrace.crashAfter("place-order");
            var order = millrace.enqueue(new PlaceOrder("A-7", 7, List.of(new Line("chair", 2))));
            millrace.advance(ofDays(15));

            assertThat(order.get(ZERO)).isEqualTo(new Receipt("7"));
            assertThat(payments.charges()).isEqualTo(1);
            assertThat(payments.asked).as("it was run again from its top").isEqualTo(2);
            assertThat(millrace.enqueued(SendInvoice.class)).containsExactly(new SendInvoice(7));
            assertThat(billing.sent).containsExactly(7L);
        }
    }
}
