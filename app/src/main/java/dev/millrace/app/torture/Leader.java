package dev.millrace.app.torture;

import dev.millrace.world.World;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which process fires the run's schedule, as the database said last: looked at once a second, since a fault can't wait for an answer. While the database can't be asked, what it said last stands;
 * that is told once, and so is its end.
 */
final class Leader implements AutoCloseable {

    private static final Duration REST = Duration.ofSeconds(1);

    private final Journal journal;
    private final Thread thread;
    private volatile @Nullable String name;
    private volatile @Nullable String trouble;

    Leader(TortureLedger ledger, World world, Journal journal) {
        this.journal = journal;
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
            if (trouble != null) journal.say("who fires the schedule can be asked again");
            trouble = null;
        } catch (SQLException | RuntimeException away) { // the server may be away, which is a fault of its own
            var message = String.valueOf(away.getMessage());
            if (trouble == null) journal.say("who fires the schedule can't be asked: " + message);
            trouble = message;
        }
    }

    /** Its name; empty if nobody has the schedule yet. */
    Optional<String> name() {
        return Optional.ofNullable(name);
    }

    /** Why the database could not be asked at the last look; empty if it answered. */
    Optional<String> trouble() {
        return Optional.ofNullable(trouble);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
