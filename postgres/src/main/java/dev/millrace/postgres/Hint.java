package dev.millrace.postgres;

import java.sql.Connection;
import java.sql.SQLException;

/** How nodes elsewhere hear of new jobs. */
enum Hint {
    /** Our own transaction says it, and is about to be committed. */
    IN_TRANSACTION,
    /** The caller's transaction stays silent. */
    AFTERWARDS;

    void tell(Notifier notifier, Connection connection, String queue) throws SQLException {
        switch (this) {
            case IN_TRANSACTION -> notifier.inTransaction(connection, queue);
            case AFTERWARDS -> notifier.afterwards(queue);
        }
    }
}
