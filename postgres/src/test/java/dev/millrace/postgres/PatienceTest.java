package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.store.StoreException;
import dev.millrace.world.World;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** What happens when a server goes without a word: seen from this side, a connection that says nothing any more. */
class PatienceTest {

    private final List<String> said = new CopyOnWriteArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();
    private final CountDownLatch second = new CountDownLatch(2);
    private final AtomicLong nanos = new AtomicLong();
    private int networkTimeout;
    private volatile boolean aborted;

    @Test
    void a_look_and_a_transaction_wait_no_longer_than_the_patience_and_leave_the_connection_as_it_was() {
        var pool = new Pool(dataSource());
        networkTimeout = 7;

        int looking = pool.look("look", Connection::getNetworkTimeout);
        assertThat(looking).isEqualTo(30_000);
        assertThat(networkTimeout).isEqualTo(7);
        int writing = pool.transaction("write", Connection::getNetworkTimeout);
        assertThat(writing).isEqualTo(30_000);
        assertThat(networkTimeout).isEqualTo(7);
        assertThatThrownBy(() -> pool.look("look", c -> {
                    throw new SQLException("Read timed out", "08006");
                }))
                .isInstanceOf(StoreException.Unavailable.class);
        assertThat(networkTimeout).isEqualTo(7);
    }

    @Test
    void a_step_that_does_not_come_back_from_its_connection_is_cut_off_and_the_next_has_another_one() {
        try (var session = new Session(dataSource(), "flush", Duration.ofMillis(40))) {
            assertThatThrownBy(() -> session.step("flush", this::skipForEver))
                    .isInstanceOf(StoreException.CommitUnknown.class);

            int before = connections.get();
            assertThat(session.<Integer>step("flush", c -> 1)).isEqualTo(1);
            assertThat(connections).hasValue(before + 1);
        }
    }

    /** As the driver does with an answer that was torn in its midst, until its socket is closed. */
    private int skipForEver(Connection connection) throws SQLException {
        while (!aborted) Thread.onSpinWait();
        throw new SQLException("Socket closed", "08006");
    }

    @Test
    void a_transaction_of_a_handler_takes_as_long_as_it_takes() throws SQLException {
        try (var connection = new Pool(dataSource()).borrow("a handler's transaction")) {
            assertThat(connection.getNetworkTimeout()).isZero();
        }
    }

    @Test
    void a_statement_that_may_take_hours_is_given_them() {
        var pool = new Pool(dataSource());
        networkTimeout = 7;

        int waiting = pool.unhurried("rebase", Connection::getNetworkTimeout);

        assertThat(waiting).isZero();
        assertThat(networkTimeout).isEqualTo(7);
        assertThat(said).containsExactly("SET statement_timeout = 0", "RESET statement_timeout");
    }

    @Test
    void who_listens_asks_a_silent_server_whether_it_is_there_and_turns_to_another_connection_if_not()
            throws Exception {
        var listener = new Listener(dataSource(), "channel", new TimeOfLooks(), wakeup -> {}).start();
        try {
            assertThat(second.await(10, TimeUnit.SECONDS)).isTrue();

            assertThat(said).startsWith("LISTEN channel", "SELECT 1", "LISTEN channel");
            assertThat(nanos.get())
                    .isGreaterThanOrEqualTo(Duration.ofSeconds(30).toNanos());
            assertThat(networkTimeout).as("of a statement that gets no answer").isEqualTo(10_000);
        } finally {
            listener.close();
        }
    }

    private DataSource dataSource() {
        return (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (self, method, given) -> {
                    connections.incrementAndGet();
                    return connection();
                });
    }

    private Object connection() {
        return Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Connection.class, PGConnection.class},
                (self, method, given) -> answer(self, method.getName(), given));
    }

    private @Nullable Object answer(Object self, String method, @Nullable Object @Nullable [] given) {
        switch (method) {
            case "abort" -> aborted = true;
            case "setNetworkTimeout" -> networkTimeout = (int) java.util.Objects.requireNonNull(given)[1];
            case "getNetworkTimeout" -> {
                return networkTimeout;
            }
            case "getTransactionIsolation" -> {
                return Connection.TRANSACTION_READ_COMMITTED;
            }
            case "getAutoCommit", "isClosed" -> {
                return false;
            }
            case "unwrap" -> {
                return self;
            }
            case "createStatement" -> {
                return statement();
            }
            case "getNotifications" -> {
                nanos.addAndGet(Duration.ofMillis(500).toNanos());
                Thread.onSpinWait();
            }
            default -> {}
        }
        return null;
    }

    private Object statement() {
        return Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Statement.class}, (self, method, given) -> {
                    if (!method.getName().equals("execute")) return null;
                    var sql = String.valueOf(given[0]);
                    said.add(sql);
                    if (sql.equals("LISTEN channel")) second.countDown();
                    if (sql.equals("SELECT 1") && connections.get() == 1)
                        throw new SQLException("Read timed out", "08006");
                    return false;
                });
    }

    /** Time that goes on as one waits for notifications. */
    private final class TimeOfLooks implements World {
        @Override
        public Instant now() {
            return Instant.EPOCH;
        }

        @Override
        public long nanoTime() {
            return nanos.get();
        }

        @Override
        public RandomGenerator random() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void sleep(Duration duration) {}
    }
}
