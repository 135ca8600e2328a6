package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.State;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A store that joins whatever transaction its caller is in. */
@ExtendWith(RealServer.class)
class JoinedTransactionIT {

    @Kind("send-invoice")
    record SendInvoice(long order) implements Job<Void> {}

    private static final AtomicInteger DATABASES = new AtomicInteger();

    private static final ThreadLocal<Connection> CURRENT = new ThreadLocal<>();

    private final HikariDataSource pool;
    private final Millrace millrace;

    JoinedTransactionIT(TestServer server) {
        pool = PostgresContract.pool(server.freshDatabase("joined" + DATABASES.incrementAndGet()));
        millrace = Millrace.on(new PostgresStore(pool).joining(CURRENT::get));
    }

    @AfterEach
    void close() {
        CURRENT.remove();
        millrace.close();
        pool.close();
    }

    private int waiting() {
        return millrace.operations("a test").list(f -> f.state(State.AVAILABLE)).size();
    }

    @Test
    void what_is_enqueued_commits_or_rolls_back_with_the_callers_transaction() throws SQLException {
        try (var tx = pool.getConnection()) {
            tx.setAutoCommit(false);
            CURRENT.set(tx);
            millrace.enqueue(new SendInvoice(1));
            millrace.enqueueAll(Stream.of(new SendInvoice(2), new SendInvoice(3)));
            tx.rollback();
            assertThat(waiting()).isZero();

            millrace.enqueue(new SendInvoice(1));
            millrace.enqueueAll(Stream.of(new SendInvoice(2), new SendInvoice(3)));
            tx.commit();
            assertThat(waiting()).isEqualTo(3);
            tx.setAutoCommit(true);
        }
    }

    @Test
    void without_one_it_has_a_transaction_of_its_own() {
        millrace.enqueue(new SendInvoice(1));

        assertThat(waiting()).isEqualTo(1);
    }

    @Test
    void a_connection_that_commits_by_itself_is_refused() throws SQLException {
        try (var connection = pool.getConnection()) {
            CURRENT.set(connection);

            assertThatThrownBy(() -> millrace.enqueue(new SendInvoice(1)))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("setAutoCommit(false)");
        }
        CURRENT.remove();
        assertThat(waiting()).isZero();
    }
}
