package dev.millrace.test;

import dev.millrace.Handlers;
import dev.millrace.Job;
import dev.millrace.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A small application, and a stand-in for what it depends on. */
final class Shop {

    private Shop() {}

    @Kind("send-invoice")
    record SendInvoice(long order) implements Job<Receipt> {}

    @Kind("remind")
    record Remind(long order) implements Job<Void> {}

    record Receipt(String number) {}

    static final class Unreachable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unreachable() {
            super("connection refused");
        }
    }

    /** Sends invoices, as often as it is asked; some of them badly. */
    static final class Billing {
        final List<Long> sent = new ArrayList<>();
        private final Set<Long> known = new HashSet<>();
        int failures;

        /** The next so many attempts fail. */
        void fails(int times) {
            failures = times;
        }

        Receipt send(SendInvoice job) {
            if (failures > 0) {
                failures--;
                throw new Unreachable();
            }
            sent.add(job.order());
            return new Receipt("R-" + job.order());
        }

        /** Charges each order once: it knows what it has charged. */
        Receipt sendOnce(SendInvoice job) {
            if (known.add(job.order())) sent.add(job.order());
            return new Receipt("R-" + job.order());
        }
    }

    static Handlers sending(Billing billing) {
        return node -> node.handle(SendInvoice.class, billing::send);
    }

    /** Each invoice takes so long. */
    static Handlers slow(TestMillrace millrace, Duration time) {
        return node -> node.handle(SendInvoice.class, job -> {
            millrace.sleep(time);
            return new Receipt("R-" + job.order());
        });
    }
}
