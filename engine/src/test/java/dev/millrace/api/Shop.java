package dev.millrace.api;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.Limit;
import dev.millrace.Outcome;
import dev.millrace.Reduce;
import dev.millrace.Retry;
import dev.millrace.Unique;
import java.io.Serial;
import java.net.URI;
import java.sql.Connection;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Currency;
import java.util.List;

/** A small application, as far as the examples need one: its jobs, and its own code that knows nothing of Millrace. */
final class Shop {

    private Shop() {}

    @Kind("greet")
    record Greet(String name) implements Job<String> {}

    @Kind("send-invoice")
    record SendInvoice(long order) implements Job<Receipt> {}

    @Kind("transfer")
    record Transfer(long from, long to, long cents) implements Job<Void> {}

    @Kind("import-catalogue")
    record ImportCatalogue(String file) implements Job<Long> {}

    @Kind("thumbnail")
    record Thumbnail(URI image) implements Job<Image> {}

    @Kind("publish")
    record Publish(String album) implements Reduce<Image, Album> {}

    static final Limit PER_SHOP = Limit.named("shop").concurrency(2).rate(100, ofMinutes(1));

    @Kind("sync-product")
    record SyncProduct(String shop, String product) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.queue("sync").tenant(shop).inOrder(shop, product).limit(PER_SHOP, shop);
        }
    }

    @Kind("close-day")
    record CloseDay(LocalDate day) implements Job<Void> {}

    @Kind("send-reminder")
    record SendReminder(long customer, String template) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.unique(customer, template);
        }
    }

    @Kind("reindex")
    record Reindex(String document) implements Job<Void> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.unique(Unique.by(document).debounce(ofSeconds(5), ofMinutes(1)));
        }
    }

    record Receipt(String number) {}

    record Image(String name) {}

    record Album(String name, int images) {}

    static class Images {
        Image scale(Thumbnail job) {
            if (job.image().toString().startsWith("broken")) throw new IllegalStateException("no image");
            return new Image(job.image().toString());
        }

        Album publish(String album, List<Image> images) {
            return new Album(album, images.size());
        }
    }

    static class Billing {
        Receipt send(SendInvoice job) {
            if (job.order() == 404) throw new BadAddress();
            return new Receipt("R-" + job.order());
        }

        boolean isOpen() {
            return true;
        }
    }

    static class Till {
        Receipt pay(long order, Currency currency) {
            return new Receipt("R-" + order + "-" + currency);
        }
    }

    static class Mail {
        void greet(Greet job) {}
    }

    static class Books {
        void close(LocalDate day) {}
    }

    static class Ledger {
        void move(Connection tx, Transfer transfer) {}
    }

    static class Orders {
        long insert(Connection tx, String what) {
            return 42;
        }
    }

    static class Catalogue {
        long lines(String file) {
            return 2_500;
        }

        boolean load(String file, long line) {
            return line % 100 != 0;
        }
    }

    static final class TooManyRequests extends RuntimeException {
        @Serial
        private static final long serialVersionUID = 1L;

        Duration retryAfter() {
            return Duration.ofSeconds(30);
        }
    }

    static final class BadAddress extends RuntimeException {
        @Serial
        private static final long serialVersionUID = 1L;
    }

    static final Retry POLITE = Retry.exponential(Duration.ofSeconds(2))
            .atMost(Duration.ofMinutes(10))
            .attempts(8)
            .on(TooManyRequests.class, e -> Outcome.retry(e.retryAfter(), "the provider asked us to wait"))
            .never(BadAddress.class);
}
