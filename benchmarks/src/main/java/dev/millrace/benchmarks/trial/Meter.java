package dev.millrace.benchmarks.trial;

import dev.millrace.benchmarks.contender.Ground;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the database's levels again and again, over a connection of its own. A reading that fails spoils none of those after it: it is
 * not a number, and the next one comes from a new connection. For one thread.
 */
final class Meter implements AutoCloseable {

    /** Levels at one moment; each is not a number if it could not be read. */
    record Levels(double walBytes, double streamBytes, double otherBytes, double deadRows) {

        static final Levels UNKNOWN = new Levels(Double.NaN, Double.NaN, Double.NaN, Double.NaN);
    }

    private final Ground ground;
    private @Nullable Database database;

    Meter(Ground ground) {
        this.ground = ground;
    }

    Levels read() {
        try {
            var open = database;
            if (open == null) {
                open = Database.on(ground);
                database = open;
            }
            double dead = open.deadRows();
            double stream = open.streamBytes();
            double other = open.otherBytes();
            return new Levels(open.walBytes(), stream, other, dead); // last, next to what the engine counts
        } catch (SQLException e) {
            forget();
            return Levels.UNKNOWN;
        }
    }

    private void forget() {
        try {
            close();
        } catch (SQLException gone) {
            // it was to be closed
        }
    }

    @Override
    public void close() throws SQLException {
        var open = database;
        database = null;
        if (open != null) open.close();
    }
}
