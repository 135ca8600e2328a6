package dev.millrace.app.torture;

import dev.millrace.world.World;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which process fires the run's schedule, as the database said last: looked at once a second, since a fault can't wait for an answer. */
final class Leader implements AutoCloseable {

    private static final Duration REST = Duration.ofSeconds(1);

    private final Thread thread;
    private volatile @Nullable String name;

    Leader(TortureLedger ledger, World world) {
        thread = Thread.ofVirtual().name("torture-leader").start(() -> {
            try {
                while (true) {
                    look(ledger);
                    world.sleep(REST);
                }
            } catch (InterruptedException closed) {
                // nobody asks any more
            }
        });
    }

    private void look(TortureLedger ledger) {
        try {
            name = ledger.leader();
        } catch (SQLException | RuntimeException away) {
            // the server is away, which is a fault of its own: what it said last stands
        }
    }

    /** Its name; empty if nobody has the schedule yet. */
    Optional<String> name() {
        return Optional.ofNullable(name);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
