package dev.millrace.api;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.Batch;
import dev.millrace.Handle;
import dev.millrace.Handlers;
import dev.millrace.Job;
import dev.millrace.JobEvent;
import dev.millrace.JobId;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.Outcome;
import dev.millrace.Priority;
import dev.millrace.Result;
import dev.millrace.Result.Cancelled;
import dev.millrace.Result.Completed;
import dev.millrace.Result.Discarded;
import dev.millrace.Result.Pending;
import dev.millrace.Retry;
import dev.millrace.Schedule;
import dev.millrace.Schedule.Gap;
import dev.millrace.Schedule.Missed;
import dev.millrace.Schedule.Overlap;
import dev.millrace.ScheduleView;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.Unique;
import dev.millrace.Why;
import dev.millrace.api.Shop.Album;
import dev.millrace.api.Shop.Billing;
import dev.millrace.api.Shop.Books;
import dev.millrace.api.Shop.Catalogue;
import dev.millrace.api.Shop.CloseDay;
import dev.millrace.api.Shop.Greet;
import dev.millrace.api.Shop.Images;
import dev.millrace.api.Shop.ImportCatalogue;
import dev.millrace.api.Shop.Ledger;
import dev.millrace.api.Shop.Orders;
import dev.millrace.api.Shop.Publish;
import dev.millrace.api.Shop.Receipt;
import dev.millrace.api.Shop.Reindex;
import dev.millrace.api.Shop.SendInvoice;
import dev.millrace.api.Shop.SendReminder;
import dev.millrace.api.Shop.SyncProduct;
import dev.millrace.api.Shop.Thumbnail;
import dev.millrace.api.Shop.Till;
import dev.millrace.api.Shop.TooManyRequests;
import dev.millrace.api.Shop.Transfer;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Currency;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** What the API page shows for each task: it compiles as it stands there, and where memory is enough, it runs. */
class ApiExamplesTest {

    private final Billing billing = new Billing();
    private final Books books = new Books();
    private final Till till = new Till();
    private final Ledger ledger = new Ledger();
    private final Orders orders = new Orders();
    private final Catalogue catalogue = new Catalogue();
    private final Images images = new Images();

    @Test
    void task_1_hello_world() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(Greet.class, greet -> "Hello, " + greet.name())
                    .start();

            assertThat(millrace.enqueue(new Greet("Ada")).get(ofSeconds(5))).isEqualTo("Hello, Ada");
        }
    }

    @Test
    void task_2_your_own_method_is_the_handler() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node().handle(SendInvoice.class, billing::send).start();

            Receipt receipt = millrace.enqueue(new SendInvoice(42)).get(ofSeconds(30));

            assertThat(receipt).isEqualTo(new Receipt("R-42"));
        }
    }

    @Test
    void task_3_memory_has_no_transactions_and_says_so_at_start() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            var node = millrace.node().transact(Transfer.class, (transfer, tx) -> ledger.move(tx, transfer));

            assertThatThrownBy(node::start)
                    .isInstanceOf(MillraceException.class)
                    .hasMessage(
                            "Jobs in memory can't join a transaction. Use enqueue(job), or run this test on PostgresStore.");
        }
    }

    /** Compiled only: it needs a database. */
    void task_3_in_your_transaction(Millrace millrace, DataSource dataSource) throws SQLException {
        try (var tx = dataSource.getConnection()) {
            tx.setAutoCommit(false);
            long order = orders.insert(tx, "a chair");
            millrace.enqueue(tx, new SendInvoice(order));
            millrace.enqueueAll(tx, LongStream.range(0, 10).mapToObj(SendInvoice::new));
            tx.commit();
        }
        millrace.node()
                .transact(Transfer.class, (transfer, tx) -> ledger.move(tx, transfer))
                .transact(SendInvoice.class, (invoice, tx) -> new Receipt("R-" + invoice.order()))
                .decide(ImportCatalogue.class, (job, attempt) -> {
                    try (var tx = dataSource.getConnection()) {
                        tx.setAutoCommit(false);
                        attempt.enqueue(tx, new SendInvoice(7));
                        attempt.checkpoint(tx, 7L);
                        var outcome = attempt.complete(tx, 7L);
                        tx.commit();
                        return outcome;
                    }
                })
                .start();
    }

    @Test
    void task_4_in_bulk() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node().handle(SendInvoice.class, billing::send).start();
            var unpaid = List.of(1L, 2L, 3L);

            List<Handle<Receipt>> sent =
                    millrace.enqueueAll(unpaid.stream().map(SendInvoice::new), o -> o.priority(Priority.BULK));

            assertThat(sent)
                    .extracting(handle -> handle.get(ofMinutes(5)).number())
                    .containsExactly("R-1", "R-2", "R-3");
        }
    }

    @Test
    void task_5_retries_deadline_snooze_cancel() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .decide(SendInvoice.class, (job, attempt) -> {
                        if (!billing.isOpen()) return Outcome.snooze(ofHours(1));
                        if (job.order() < 0) return Outcome.cancel("there is no such order");
                        return Outcome.done(billing.send(job));
                    })
                    .retry(Shop.POLITE)
                    .deadline(ofMinutes(2))
                    .start();

            var handle = millrace.enqueue(
                    new SendInvoice(42), o -> o.in(ofMinutes(5)).expiresAfter(ofDays(1)));
            handle.cancel("the customer withdrew");

            assertThat(handle.await(ofSeconds(5))).isEqualTo(new Cancelled<>("the customer withdrew"));
            assertThat(millrace.enqueue(new SendInvoice(-1)).await(ofSeconds(5)))
                    .isEqualTo(new Cancelled<>("there is no such order"));
            assertThat(millrace.enqueue(new SendInvoice(404)).await(ofSeconds(5)))
                    .isInstanceOfSatisfying(
                            Discarded.class,
                            ended -> assertThat(ended.failure().attempt()).isEqualTo(1));
        }
    }

    @Test
    void task_6_cron() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            var nightly = Schedule.cron("30 2 * * *", ZoneId.of("Europe/Berlin"))
                    .inGap(Gap.RUN_AFTER)
                    .inOverlap(Overlap.FIRST)
                    .ifMissed(Missed.ONCE)
                    .lookBack(ofHours(12));
            millrace.node()
                    .handle(CloseDay.class, job -> books.close(job.day()))
                    .schedule(
                            "close-day",
                            nightly,
                            slot -> new CloseDay(slot.toLocalDate().minusDays(1)))
                    .start();

            assertThat(nightly.next(3, Instant.parse("2027-03-27T00:00:00Z")))
                    .extracting(Object::toString)
                    .containsExactly(
                            "2027-03-27T02:30+01:00[Europe/Berlin]",
                            "2027-03-28T03:00+02:00[Europe/Berlin]",
                            "2027-03-29T02:30+02:00[Europe/Berlin]");
            await().atMost(ofSeconds(10))
                    .untilAsserted(() -> assertThat(millrace.operations("mara").schedules())
                            .extracting(ScheduleView::name)
                            .containsExactly("close-day"));
        }
    }

    @Test
    void task_7_unique_and_debounce() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            Handle<Void> first = millrace.enqueue(new SendReminder(7, "due"));
            Handle<Void> reminder = millrace.enqueue(new SendReminder(7, "due"));
            var daily = millrace.enqueue(
                    new SendReminder(7, "due"),
                    o -> o.unique(Unique.by(7, "due").within(ofDays(1))));
            var indexed = millrace.enqueue(new Reindex("a.html"));
            var indexedAgain = millrace.enqueue(new Reindex("a.html"));

            assertThat(reminder.existed()).isTrue();
            assertThat(reminder.id()).isEqualTo(first.id());
            assertThat(daily.id()).as("one key, whoever asks for how long").isEqualTo(first.id());
            assertThat(indexedAgain.id()).isEqualTo(indexed.id());
            assertThat(indexed.state()).isEqualTo(State.SCHEDULED);
        }
    }

    @Test
    void task_8_order_concurrency_and_rate_per_key() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            var synced = Collections.synchronizedList(new ArrayList<String>());
            millrace.node()
                    .queue("sync")
                    .handle(SyncProduct.class, job -> {
                        synced.add(job.product());
                    })
                    .start();

            for (var product : List.of("chair", "table"))
                millrace.enqueue(new SyncProduct("acme", product)).await(ofSeconds(30));

            assertThat(synced).containsExactly("chair", "table");
        }
    }

    @Test
    void task_9_a_batch_whose_callback_sees_failures() {
        var lines = new AtomicReference<List<String>>(List.of());
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(Thumbnail.class, images::scale)
                    .retry(Retry.none())
                    .reduce(Publish.class, (job, parts, attempt) -> {
                        parts.failed().forEach(part -> attempt.log("left out {}: {}", part.job(), part.result()));
                        return images.publish(job.album(), parts.values().toList());
                    })
                    .start();
            var uris = List.of(URI.create("forum.jpg"), URI.create("broken.jpg"), URI.create("tiber.jpg"));

            Batch<Album> batch = millrace.batch(uris.stream().map(Thumbnail::new), new Publish("Rome"));
            Album rome = batch.get(ofMinutes(10));

            assertThat(rome).isEqualTo(new Album("Rome", 2));
            await().atMost(ofSeconds(5)).until(() -> {
                lines.set(millrace.operations("mara").history(batch.id()).orElseThrow().log().stream()
                        .map(line -> line.text())
                        .toList());
                return !lines.get().isEmpty();
            });
            assertThat(lines.get()).singleElement().asString().startsWith("left out ");
        }
    }

    @Test
    void task_11_a_long_job() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(ImportCatalogue.class, (job, attempt) -> {
                        long total = catalogue.lines(job.file());
                        for (long line = attempt.checkpoint(Long.class).orElse(0L);
                                line < total && !attempt.cancelled();
                                line++) {
                            if (!catalogue.load(job.file(), line)) attempt.log("line {} has no price", line);
                            attempt.progress(line, total);
                            attempt.heartbeat();
                            if (line % 1_000 == 0) attempt.checkpoint(line);
                        }
                        return total;
                    })
                    .deadline(ofMinutes(1))
                    .concurrency(2)
                    .start();

            var handle = millrace.enqueue(new ImportCatalogue("a.csv"));

            assertThat(handle.get(ofSeconds(10))).isEqualTo(2_500);
            await().untilAsserted(() -> assertThat(millrace.operations("mara")
                            .history(handle.id())
                            .orElseThrow()
                            .log())
                    .hasSize(25)
                    .first()
                    .satisfies(line -> assertThat(line.text()).isEqualTo("line 0 has no price")));
        }
    }

    @Test
    void task_12_wait_for_a_result_from_elsewhere() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node().handle(SendInvoice.class, billing::send).start();
            UUID id = millrace.enqueue(new SendInvoice(42)).id().value();

            Handle<Receipt> handle = millrace.find(SendInvoice.class, new JobId(id));
            String text = switch (handle.await(ofSeconds(10))) {
                case Completed(var receipt) -> "sent as " + receipt.number();
                case Cancelled(var reason) -> "cancelled: " + reason;
                case Discarded(var failure) -> "failed: " + failure.message();
                case Pending(var state) -> "still " + state;
            };

            assertThat(text).isEqualTo("sent as R-42");
        }
    }

    @Test
    void task_13_events() {
        var timed = Collections.synchronizedList(new ArrayList<String>());
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(Greet.class, greet -> "Hello, " + greet.name())
                    .onEvent(event -> {
                        switch (event) {
                            case JobEvent.Ended e -> timed.add(e.kind() + " " + e.state());
                            case JobEvent.Rescued e -> timed.add("rescued from " + e.deadNode());
                            default -> {}
                        }
                    })
                    .start();

            millrace.enqueue(new Greet("Ada")).get(ofSeconds(5));

            await().untilAsserted(() -> assertThat(timed).containsExactly("greet " + State.COMPLETED));
        }
    }

    @Kind(value = "pay", version = 2)
    record Pay(long order, Currency currency) implements Job<Receipt> {
        @Kind("pay")
        record V1(long order) {}
    }

    /** As an older build of the application enqueued it. */
    @Kind("pay")
    record PayAsItWas(long order) implements Job<Receipt> {}

    @Test
    void task_14_a_payload_that_changed() {
        try (var millrace = Millrace.on(new MemoryStore(new WordsCodec()))) {
            millrace.node()
                    .handle(Pay.class, job -> till.pay(job.order(), job.currency()))
                    .upcast(Pay.V1.class, Pay.class, v1 -> new Pay(v1.order(), Currency.getInstance("EUR")))
                    .start();

            assertThat(millrace.enqueue(new PayAsItWas(7)).get(ofSeconds(5))).isEqualTo(new Receipt("R-7-EUR"));
            assertThat(millrace.enqueue(new Pay(8, Currency.getInstance("USD"))).get(ofSeconds(5)))
                    .isEqualTo(new Receipt("R-8-USD"));
        }
    }

    @Test
    void task_16_a_module_brings_its_handlers() {
        Handlers invoices = node -> node.handle(SendInvoice.class, billing::send);
        Handlers greetings = node -> node.handle(Greet.class, greet -> "Hello, " + greet.name());
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node().with(invoices).with(greetings).start();

            assertThat(millrace.enqueue(new SendInvoice(1)).get(ofSeconds(5))).isEqualTo(new Receipt("R-1"));
            assertThat(millrace.enqueue(new Greet("Ada")).get(ofSeconds(5))).isEqualTo("Hello, Ada");
        }
    }

    @Test
    void task_17_a_producer_has_no_node() {
        var requestKey = "order-42";
        try (var millrace = Millrace.on(new MemoryStore())) {
            var handle = millrace.enqueue(new SendInvoice(42), o -> o.idempotencyKey(requestKey));
            var again = millrace.enqueue(new SendInvoice(42), o -> o.idempotencyKey(requestKey));

            assertThat(handle.existed()).isFalse();
            assertThat(again.existed()).isTrue();
            assertThat(again.id()).isEqualTo(handle.id());
            assertThatThrownBy(() -> millrace.enqueue(new SendInvoice(43), o -> o.idempotencyKey(requestKey)))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("order-42");
        }
    }

    @Test
    void task_18_operations() {
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(SendInvoice.class, job -> {
                        throw new TooManyRequests();
                    })
                    .retry(Retry.none())
                    .start();
            var failed = millrace.enqueue(new SendInvoice(42));
            failed.await(ofSeconds(10));

            var ops = millrace.operations("mara");
            ops.pause(Scope.queue("default"), "so that what is requeued waits");
            var plan = ops.jobs(f -> f.kind(SendInvoice.class)
                            .state(State.DISCARDED)
                            .failedWith(TooManyRequests.class)
                            .since(ofHours(6)))
                    .requeue(o -> o.priority(Priority.BULK));
            assertThat(plan.count() + ", for example " + plan.sample()).startsWith("1, for example ");
            assertThat(failed.state()).as("nothing has happened yet").isEqualTo(State.DISCARDED);
            var operation = plan.run("the provider is back");
            assertThat(operation.view().changed()).isEqualTo(1);
            operation.undo("wrong hour");
            ops.pause(Scope.queue("billing"), "the provider is down");
            var stuck = millrace.enqueue(new SendInvoice(43), o -> o.queue("billing"))
                    .id();

            assertThat(ops.why(stuck).reasons())
                    .extracting(Why.Reason::text)
                    .anySatisfy(text -> assertThat(text).contains("the provider is down"));
        }
    }

    /** Every shape that a handler may have. Compiled, and told apart by the compiler. */
    @Test
    void lambdas_and_method_references_become_the_shape_that_fits() {
        var mail = new Shop.Mail();
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(Nothing.class, job -> mail.greet(new Greet(job.name())))
                    .handle(Nothing2.class, (job, attempt) -> {
                        attempt.progress(1, 1);
                    })
                    .handle(Nothing3.class, this::nothing)
                    .handle(Nothing4.class, this::nothingAtAll)
                    .handle(Nothing5.class, job -> {
                        throw new IllegalStateException();
                    })
                    .handle(Some.class, this::some)
                    .handle(Some2.class, this::someAttempted)
                    .handle(Some3.class, (job, attempt) -> attempt.number())
                    .handle(Some4.class, new Counting())
                    .retry(Shop.POLITE)
                    .start();

            Integer counted = millrace.enqueue(new Some4()).get(Duration.ofSeconds(5));
            Result<Void> nothing = millrace.enqueue(new Nothing3()).await(Duration.ofSeconds(5));

            assertThat(counted).isEqualTo(4);
            assertThat(nothing).isInstanceOf(Completed.class);
        }
    }

    @Kind("nothing-1")
    record Nothing(String name) implements Job<Void> {}

    @Kind("nothing-2")
    record Nothing2() implements Job<Void> {}

    @Kind("nothing-3")
    record Nothing3() implements Job<Void> {}

    @Kind("nothing-4")
    record Nothing4() implements Job<Void> {}

    @Kind("nothing-5")
    record Nothing5() implements Job<Void> {}

    @Kind("some-1")
    record Some() implements Job<Integer> {}

    @Kind("some-2")
    record Some2() implements Job<Integer> {}

    @Kind("some-3")
    record Some3() implements Job<Integer> {}

    @Kind("some-4")
    record Some4() implements Job<Integer> {}

    void nothing(Nothing3 job) {}

    void nothingAtAll(Nothing4 job, dev.millrace.Attempt attempt) {}

    int some(Some job) {
        return 1;
    }

    Integer someAttempted(Some2 job, dev.millrace.Attempt attempt) throws java.io.IOException {
        return 2;
    }

    static final class Counting implements dev.millrace.Handler<Some4, Integer> {
        @Override
        public Integer handle(Some4 job, dev.millrace.Attempt attempt) {
            return 4;
        }
    }
}
