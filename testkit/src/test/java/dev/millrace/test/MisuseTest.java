package dev.millrace.test;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.MillraceException;
import dev.millrace.Retry;
import dev.millrace.State;
import dev.millrace.test.Shop.Billing;
import dev.millrace.test.Shop.Receipt;
import dev.millrace.test.Shop.Remind;
import dev.millrace.test.Shop.SendInvoice;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;

class MisuseTest {

    private final Billing billing = new Billing();

    @Test
    void a_handler_that_really_blocks_is_shown_where_it_stands() {
        var never = new CountDownLatch(1);
        var millrace = TestMillrace.withOptions(
                o -> o.patience(ofMillis(100)), node -> node.handle(Remind.class, job -> never.await()));
        try (millrace) {
            millrace.enqueue(new Remind(1));

            assertThatThrownBy(() -> millrace.advance(ZERO))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("The handler of remind")
                    .hasMessageContaining("100 ms of real time")
                    .hasMessageContaining("TestMillrace.sleep")
                    .cause()
                    .satisfies(where -> assertThat(where.getStackTrace())
                            .anyMatch(frame -> frame.getClassName().startsWith(MisuseTest.class.getName())));
            assertThatThrownBy(() -> millrace.advance(ZERO))
                    .hasMessageContaining("Nothing goes on in this test any more");
        }
    }

    @Test
    void a_handler_can_let_no_time_pass_for_all() {
        try (var millrace = TestMillrace.with()) {
            millrace.node()
                    .handle(Remind.class, job -> millrace.advance(ofSeconds(1)))
                    .retry(Retry.none())
                    .start();
            millrace.enqueue(new Remind(1));

            millrace.advance(ZERO);

            assertThat(millrace.failures())
                    .singleElement()
                    .satisfies(
                            failure -> assertThat(failure.message()).contains("A handler can't let time pass for all"));
        }
    }

    @Test
    void a_handler_can_wait_for_no_job() {
        try (var millrace = TestMillrace.with()) {
            millrace.node()
                    .handle(Remind.class, job -> {
                        millrace.enqueue(new SendInvoice(1)).get(ofSeconds(1));
                    })
                    .retry(Retry.none())
                    .start();
            millrace.enqueue(new Remind(1));

            millrace.advance(ZERO);

            assertThat(millrace.failures())
                    .singleElement()
                    .satisfies(
                            failure -> assertThat(failure.message()).contains("A handler can't wait for another job"));
        }
    }

    @Test
    void a_listener_can_let_no_time_pass() {
        try (var millrace = TestMillrace.with()) {
            millrace.node()
                    .with(Shop.sending(billing))
                    .onEvent(event -> millrace.advance(ZERO))
                    .start();
            millrace.enqueue(new SendInvoice(1));

            assertThatThrownBy(() -> millrace.advance(ZERO)).hasMessageContaining("Time is passing already");
        }
    }

    @Test
    void what_a_listener_throws_fails_the_test_and_harms_no_job() {
        try (var millrace = TestMillrace.with()) {
            millrace.node()
                    .with(Shop.sending(billing))
                    .onEvent(event -> {
                        throw new IllegalStateException("no such metric");
                    })
                    .start();
            var invoice = millrace.enqueue(new SendInvoice(1));

            assertThatThrownBy(() -> millrace.advance(ZERO)).hasMessage("no such metric"); // as it started
            assertThatThrownBy(() -> millrace.advance(ZERO)).hasMessage("no such metric"); // as it ended
            millrace.advance(ZERO);

            assertThat(invoice.state()).isEqualTo(State.COMPLETED);
        }
    }

    @Test
    void a_handler_with_a_transaction_is_refused_with_what_to_do_instead() {
        assertThatThrownBy(
                        () -> TestMillrace.with(node -> node.transact(Remind.class, (job, tx) -> tx.createStatement())))
                .hasMessageContaining("has no connection to give")
                .hasMessageContaining("Test such a handler on a PostgresStore");
    }

    @Test
    void a_job_can_join_no_transaction() {
        var tx = (Connection) Proxy.newProxyInstance(
                MisuseTest.class.getClassLoader(), new Class<?>[] {Connection.class}, (self, method, given) -> false);
        try (var millrace = TestMillrace.with(Shop.sending(billing))) {
            assertThatThrownBy(() -> millrace.enqueue(tx, new SendInvoice(1)))
                    .hasMessageContaining("Jobs in memory can't join a transaction");
            assertThat(millrace.enqueued(SendInvoice.class)).isEmpty();
        }
    }

    @Test
    void time_goes_forward_only() {
        try (var millrace = TestMillrace.with()) {
            assertThatThrownBy(() -> millrace.advance(ofSeconds(-1))).hasMessageContaining("Time can't go back");
            assertThatThrownBy(() -> millrace.advance(Duration.ofDays(40_000))).hasMessageContaining("a century");
            assertThatThrownBy(() -> millrace.sleep(ofSeconds(-1))).hasMessageContaining("Nobody can sleep");
        }
    }

    @Test
    void once_closed_nothing_can_be_asked_of_it() {
        var millrace = TestMillrace.with(Shop.sending(billing));
        millrace.close();
        millrace.close();

        assertThatThrownBy(() -> millrace.enqueue(new SendInvoice(1))).hasMessageContaining("closed");
        assertThatThrownBy(() -> millrace.advance(ZERO)).hasMessageContaining("closed");
        assertThatThrownBy(() -> millrace.crash()).hasMessageContaining("closed");
    }

    @Test
    void a_handler_that_sleeps_ends_with_the_test() {
        var told = new CountDownLatch(1);
        var millrace = TestMillrace.with();
        millrace.node()
                .handle(SendInvoice.class, job -> {
                    try {
                        millrace.sleep(ofSeconds(60));
                        return new Receipt("R");
                    } finally {
                        told.countDown();
                    }
                })
                .start();
        millrace.enqueue(new SendInvoice(1));
        millrace.advance(ofSeconds(1));

        millrace.close();

        assertThat(told.getCount()).isZero();
    }

    @Test
    void a_class_without_a_kind_was_never_enqueued() {
        record Nameless() implements dev.millrace.Job<Void> {}
        try (var millrace = TestMillrace.with()) {
            assertThatThrownBy(() -> millrace.enqueued(Nameless.class)).hasMessageContaining("Nameless has no @Kind");
        }
    }

    @Test
    void options_that_make_no_sense_are_refused() {
        assertThatThrownBy(() -> TestMillrace.withOptions(o -> o.nodes(0), Shop.sending(billing)))
                .hasMessageContaining("can't have 0 nodes");
        assertThatThrownBy(() -> TestMillrace.withOptions(o -> o.patience(ZERO)))
                .hasMessageContaining("is none");
    }

    @Test
    void other_threads_may_enqueue() {
        try (var millrace = TestMillrace.with(Shop.sending(billing));
                var pool = new ForkJoinPool(4)) {
            var sent = pool.submit(() -> millrace.enqueue(new SendInvoice(1))).join();

            millrace.advance(ZERO);

            assertThat(sent.state()).isEqualTo(State.COMPLETED);
        }
    }
}
